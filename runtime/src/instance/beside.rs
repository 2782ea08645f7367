//! Calls beside a keeper's own: checks, updates and questions, which may overlap whatever the machine is doing.
//!
//! They are made only while the machine is initialised, and `stop-machine` waits for them: a driver never sees a call for a
//! machine that it was told to stop.

use super::{CallEnd, Instance, Payload};
use crate::broker::Call;
use std::sync::Arc;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// The instance that a machine is initialised in.
#[derive(Clone)]
pub struct Live {
    /// The instance.
    pub instance: Arc<Instance>,
    /// Which start of it.
    pub generation: u64,
}

/// A machine that is not stopped before this goes.
pub struct Held(OwnedRwLockReadGuard<Option<Live>>);

impl Held {
    /// Makes a call; nothing if the machine was not initialised.
    pub async fn call(self, call: Arc<Call>, payload: Payload) -> Option<CallEnd> {
        let Live { instance, generation } = self.0.as_ref()?;
        Some(instance.call(*generation, call, payload).await)
    }
}

/// The way to a machine's driver, for those who are not its keeper.
#[derive(Clone, Default)]
pub struct Beside(Arc<RwLock<Option<Live>>>);

impl Beside {
    /// Makes a call; nothing while the machine is not initialised.
    pub async fn call(&self, call: Arc<Call>, payload: Payload) -> Option<CallEnd> {
        self.hold().await.call(call, payload).await
    }

    /// Keeps the machine as it is now, for a call that is made later.
    pub async fn hold(&self) -> Held {
        Held(Arc::clone(&self.0).read_owned().await)
    }

    /// The machine is initialised there from now on. `look` runs while nobody holds the machine: who held it before had no
    /// instance to call.
    pub async fn open<T>(&self, live: Live, look: impl FnOnce() -> T) -> (Held, T) {
        let mut machine = Arc::clone(&self.0).write_owned().await;
        *machine = Some(live);
        let seen = look();
        (Held(machine.downgrade()), seen)
    }

    /// Lets nobody begin a call any more, and waits for those that have begun. They are held off until the guard goes.
    pub async fn close(&self) -> OwnedRwLockWriteGuard<Option<Live>> {
        let mut live = Arc::clone(&self.0).write_owned().await;
        *live = None;
        live
    }
}

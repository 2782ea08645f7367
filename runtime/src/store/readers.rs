//! Connections for reading. WAL lets them see the last commit while the writer works on the next one.

use super::{Result, StoreError, schema};
use parking_lot::Mutex;
use rusqlite::Connection;
use std::{path::PathBuf, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many reads run side by side.
const READERS: usize = 4;

/// A pool of read-only connections, which are opened when they are first needed.
pub(super) struct Readers {
    database: PathBuf,
    // A std-like mutex and not a tokio one: it is held for a push or a pop.
    idle: Mutex<Vec<Connection>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(database: PathBuf) -> Self {
        Self { database, idle: Mutex::default(), turns: Arc::new(Semaphore::new(READERS)) }
    }

    /// Waits until a connection is free.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.map_err(|_| StoreError::Stopped)
    }

    /// Blocks. The caller holds a turn. A connection whose work panics is closed, not used again.
    pub(super) fn run<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_for_reading(&self.database)?,
        };
        let result = work(&connection);
        self.idle.lock().push(connection);
        result
    }
}

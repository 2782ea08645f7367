//! Who may use a machine's device at this moment? One call at a time.
//!
//! Calls that talk to the device take the gate before they start. Calls that overlap them (`validate-settings`,
//! `update-machine`) take it when they connect, and get `busy` if it is taken.

use super::call::Call;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use tokio::sync::OwnedMutexGuard;

/// The gate of one machine.
#[derive(Default)]
pub struct Gate {
    turn: Arc<tokio::sync::Mutex<()>>,
    holder: Arc<Mutex<Weak<Call>>>,
}

/// The right to use the device; lives in the call that has it.
pub struct DeviceGuard {
    _turn: OwnedMutexGuard<()>,
    holder: Arc<Mutex<Weak<Call>>>,
}

impl DeviceGuard {
    /// Gives the device back.
    pub fn release(self) {
        *self.holder.lock() = Weak::new();
    }
}

impl Gate {
    /// Waits until the device is free and hands it to the call.
    pub async fn enter(&self, call: &Arc<Call>) {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        self.give(turn, call);
    }

    /// Hands the device to the call if it is free now.
    pub fn try_enter(&self, call: &Arc<Call>) -> bool {
        match Arc::clone(&self.turn).try_lock_owned() {
            Ok(turn) => {
                self.give(turn, call);
                true
            }
            Err(_) => false,
        }
    }

    /// The call that has the device.
    pub fn holder(&self) -> Option<Arc<Call>> {
        self.holder.lock().upgrade().filter(|call| !call.has_ended())
    }

    fn give(&self, turn: OwnedMutexGuard<()>, call: &Arc<Call>) {
        *self.holder.lock() = Arc::downgrade(call);
        call.hold_device(DeviceGuard { _turn: turn, holder: Arc::clone(&self.holder) });
    }
}

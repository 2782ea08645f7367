//! What is known elsewhere, as it is at the moment of a scrape. The registry makes it.

use crate::{
    instance::UsageView,
    model::{JobState, MachineId, Slug},
};
use std::collections::HashMap;

/// What is known elsewhere.
#[derive(Debug, Default)]
pub struct Scene {
    /// Every machine.
    pub machines: Vec<MachineSeen>,
    /// Every running instance.
    pub instances: Vec<InstanceSeen>,
    /// Jobs that are not over, as many as there are of a machine in a state.
    pub queue: HashMap<(MachineId, JobState), u64>,
    /// The store.
    pub store: StoreSeen,
}

/// A machine.
#[derive(Debug)]
pub struct MachineSeen {
    /// Its id.
    pub id: MachineId,
    /// What the operator calls it.
    pub name: String,
    /// The slug of its type.
    pub machine_type: Slug,
    /// The slug of its driver.
    pub driver: Slug,
    /// The name of its state.
    pub state: &'static str,
    /// The status that it shows.
    pub status: u16,
    /// How many connections to its devices are open.
    pub connections: usize,
}

/// An instance of a driver.
#[derive(Debug)]
pub struct InstanceSeen {
    /// The driver.
    pub driver: Slug,
    /// The machine that it is for, if it is for one alone.
    pub machine: Option<MachineId>,
    /// What it uses.
    pub usage: UsageView,
    /// The linear memory that it may use, in bytes.
    pub memory_limit: usize,
}

/// The store.
#[derive(Debug, Default)]
pub struct StoreSeen {
    /// Whether something keeps it from writing.
    pub trouble: bool,
    /// Operations that wait for the writer.
    pub waiting: usize,
    /// The number of the newest event.
    pub last_event: Option<i64>,
}

//! The model: what was decided and what went wrong, and the state that follows for each machine.

/// Traps of a machine's calls that bring it into quarantine.
pub const BLAMES: u32 = 3;

/// The states of a machine, without their reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Inactive,
    DriverMissing,
    Incomplete,
    Quarantined,
    Failed,
    Ready,
}

/// A machine as the model sees it.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // a model is made of them
pub struct Machine {
    pub active: bool,
    /// Whether its required setting has a value.
    pub needed: bool,
    /// Whether its `init-machine` fails.
    pub fail: bool,
    /// Its calls that trapped since it was released last.
    pub blames: u32,
    /// Initialised, and not stopped since.
    pub up: bool,
}

/// Everything.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub enabled: bool,
    pub machines: Vec<Option<Machine>>,
}

impl World {
    /// The states that follow. Machines that may start do, as far as their driver lets them.
    pub fn settle(&mut self) {
        let enabled = self.enabled;
        for machine in self.machines.iter_mut().flatten() {
            let may_run = machine.active && enabled && machine.needed && machine.blames < BLAMES;
            machine.up = may_run && (machine.up || !machine.fail);
        }
    }

    /// The state of a machine, once settled.
    pub fn state(&self, machine: &Machine) -> State {
        if !machine.active {
            State::Inactive
        } else if !self.enabled {
            State::DriverMissing
        } else if !machine.needed {
            State::Incomplete
        } else if machine.blames >= BLAMES {
            State::Quarantined
        } else if machine.up {
            State::Ready
        } else {
            State::Failed
        }
    }

    /// How many machines the enabled driver has, whatever their states.
    pub fn machines_of_driver(&self) -> usize {
        if self.enabled { self.machines.iter().flatten().count() } else { 0 }
    }

    /// The driver's instance ended, or is another one: every machine starts anew.
    pub fn all_down(&mut self) {
        self.machines.iter_mut().flatten().for_each(|machine| machine.up = false);
    }
}

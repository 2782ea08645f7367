//! Adding, changing, restarting and removing machines.

use super::{
    ChangeError, Entry, Registry,
    change::{Proposal, machine_state, tell_driver},
    command::Command,
};
use crate::{
    model::{MachineId, MachineRecord, Slug, Timestamp},
    store::StoreError,
};
use std::sync::Arc;
use thiserror::Error;

/// The longest name of a machine, in characters.
const MAX_NAME: usize = 255;

/// A machine to be added.
#[derive(Debug, Clone)]
pub struct NewMachine {
    /// What the operator calls it.
    pub name: String,
    /// Its type.
    pub machine_type: Slug,
    /// Its driver.
    pub driver: Slug,
    /// Whether it runs at once.
    pub active: bool,
    /// Settings to begin with.
    pub settings: Vec<Proposal>,
}

/// Why something cannot be done with a machine.
#[derive(Debug, Error)]
pub enum MachineError {
    /// A field is refused.
    #[error("{field}: {message}")]
    Field {
        /// `name`, `machine_type` or `driver`.
        field: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
    /// Settings are refused.
    #[error(transparent)]
    Settings(#[from] ChangeError),
    /// The store failed, or there is no such thing.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registry {
    /// Adds a machine. Everything is checked before anything is stored.
    pub async fn add_machine(self: &Arc<Self>, new: NewMachine, by: &str) -> Result<Entry, MachineError> {
        let name = check_name(&new.name)?;
        let catalog = self.catalog();
        let machine_type = catalog.get(&new.machine_type).ok_or_else(|| MachineError::Field {
            field: "machine_type",
            message: format!("there is no machine type '{}'; `ostler type list` shows them", new.machine_type),
        })?;
        let machine_type = Arc::clone(machine_type);
        // One that is not there may come later: the machine waits for it, and says so.
        let driver = self.driver(&new.driver);
        if let Some(driver) = driver.as_ref().filter(|driver| driver.machine_type.slug != machine_type.slug) {
            let message =
                format!("'{}' is incompatible with machine type '{}'", driver.installed.info.name, machine_type.name);
            return Err(MachineError::Field { field: "driver", message });
        }
        let record = MachineRecord {
            id: MachineId::generate(),
            name,
            machine_type: new.machine_type,
            driver: new.driver,
            active: new.active,
            created_at: Timestamp::now(),
            ping_interval_ms: None,
            paused: false,
        };
        let draft = crate::broker::Machine::draft(
            record.id,
            record.name.clone(),
            Arc::clone(&machine_type),
            record.driver.clone(),
            crate::broker::Settings::new(
                &machine_type.settings,
                driver.as_ref().map_or(&[], |driver| &driver.installed.info.settings),
                std::collections::BTreeMap::new(),
            ),
            Arc::clone(&self.services),
        );
        let writes = self.check_new(&draft, &new.settings)?;
        let store = &self.services.store;
        store.insert_machine(record.clone(), by).await?;
        if !writes.is_empty() {
            store.write_settings(record.id, writes, by).await?;
        }
        let values = store.settings(record.id).await?;
        Ok(self.load(record, values))
    }

    /// Renames a machine, or switches it on or off.
    pub async fn update_machine(
        &self,
        entry: &Entry,
        name: Option<&str>,
        active: Option<bool>,
        by: &str,
    ) -> Result<(), MachineError> {
        let machine = &entry.machine;
        let held = entry.beside.hold().await;
        let old = machine_state(machine);
        let store = &self.services.store;
        if let Some(name) = name.map(check_name).transpose()?.filter(|name| *name != machine.name()) {
            store.rename_machine(machine.id, &name, by).await?;
            machine.rename(name);
        }
        if let Some(active) = active.filter(|active| *active != machine.is_active()) {
            store.set_machine_active(machine.id, active, by).await?;
            machine.set_active(active);
        }
        tell_driver(held, Arc::clone(machine), old);
        entry.nudge();
        Ok(())
    }

    /// Sets the time between two pings of a machine: none for the daemon's, 0 for never.
    pub async fn set_ping_interval(&self, entry: &Entry, ms: Option<u32>, by: &str) -> Result<(), StoreError> {
        self.services.store.set_ping_interval(entry.machine.id, ms, by).await?;
        entry.machine.set_ping_interval(ms);
        entry.nudge();
        Ok(())
    }

    /// Restarts a machine; `hard` stops and initialises it again.
    pub async fn restart_machine(&self, entry: &Entry, hard: bool, by: &str) -> Result<(), StoreError> {
        let audit = crate::store::NewAudit {
            who: by.to_owned(),
            action: "machine.restart".to_owned(),
            subject: format!("machine:{}", entry.machine.id),
            before: None,
            after: Some(serde_json::json!({ "hard": hard })),
        };
        self.services.store.audit(audit).await?;
        entry.ask(|reply| Command::Restart { hard, reply }).await;
        Ok(())
    }

    /// Stops a machine and removes it with its settings; its finished jobs stay.
    pub async fn remove_machine(&self, id: MachineId, by: &str) -> Result<(), StoreError> {
        let entry = self.machines.write().remove(&id);
        if let Some(entry) = &entry {
            entry.ask(|reply| Command::Remove { reply }).await;
        }
        self.services.metrics.forget_machine(id);
        let removed = self.services.store.remove_machine(id, by).await;
        if removed.is_ok() {
            self.forget_capture(id).await;
        }
        if removed.is_err()
            && let Some(entry) = entry
        {
            // The machine is stopped but still stored; it is loaded again with the next start.
            tracing::error!(machine = %entry.machine.id, "the machine was stopped but could not be removed");
        }
        removed
    }
}

fn check_name(name: &str) -> Result<String, MachineError> {
    let name = name.trim();
    let message = if name.is_empty() {
        "give the machine a name"
    } else if name.chars().count() > MAX_NAME {
        "a name has at most 255 characters"
    } else if name.contains(char::is_control) {
        "a name is one line of text"
    } else {
        return Ok(name.to_owned());
    };
    Err(MachineError::Field { field: "name", message: message.to_owned() })
}

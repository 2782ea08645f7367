//! Which types and drivers are there: at the start, and again whenever plugins change.
//!
//! Types come first, since a driver is registered for a type, and machines last, since they want both.

use super::{Catalog, Driver, Entry, Registry, RegistryError, Slot, command::Command};
use crate::{
    contract::conformance,
    model::{InstalledDriver, Plugin, Timestamp, plugin::PluginDriver},
    store::StoreError,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::{sync::Arc, time::Instant};

/// A stage of the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stage {
    /// `machine types`, `drivers` or `machines`.
    pub name: &'static str,
    /// How many were found.
    pub found: usize,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// When it was over.
    pub at: Timestamp,
}

impl Registry {
    pub(super) fn stage(&self, name: &'static str, found: usize, began: Instant) {
        let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(found, took_us, "discovered {name}");
        self.stages.lock().push(Stage { name, found, took_us, at: Timestamp::now() });
    }

    /// The stages of the start, in order.
    pub fn stages(&self) -> Vec<Stage> {
        self.stages.lock().clone()
    }

    /// Takes over the types of the enabled plugins, and answers with all plugins.
    pub(super) async fn discover_types(&self) -> Result<Vec<Plugin>, StoreError> {
        let plugins = self.services.store.plugins().await?;
        let mut errors = Vec::new();
        let (enabled, before) = (plugins.clone(), self.catalog());
        match tokio::task::spawn_blocking(move || Catalog::build(&enabled, Some(&before))).await {
            Ok(Ok(catalog)) => {
                for (source, error) in &catalog.packages.errors {
                    errors.push(RegistryError::now(source, error.to_string()));
                }
                *self.catalog.write() = Arc::new(catalog);
            }
            Ok(Err(error)) => errors.push(RegistryError::now("machine types", error.to_string())),
            Err(_) => {
                let message = "reading them made the parser fail; the types are those of before".to_owned();
                errors.push(RegistryError::now("machine types", message));
            }
        }
        for plugin in plugins.iter().filter(|plugin| plugin.enabled) {
            for PluginDriver { file, problem, .. } in &plugin.drivers {
                let source = format!("plugin '{}', {file}", plugin.slug);
                errors.extend(problem.as_ref().map(|problem| RegistryError::now(&source, problem.clone())));
            }
        }
        self.errors.lock().catalog = errors;
        Ok(plugins)
    }

    /// Puts every enabled driver whose type is there into its slot, and takes out those whose type is gone. A driver that
    /// is in its slot and whose type is still the same is left alone. While the daemon runs types may have changed since a
    /// driver was compared with them, so `compare` it again.
    pub(super) async fn discover_drivers(&self, plugins: &[Plugin], compare: bool) -> Result<(), StoreError> {
        let catalog = self.catalog();
        let installed = self.services.store.drivers().await?;
        for driver in installed.iter().filter(|driver| driver.enabled) {
            let now = self.driver(&driver.info.slug);
            let machine_type = catalog.get(&driver.info.machine_type);
            let same = now.as_ref().zip(machine_type).is_some_and(|(now, of)| Arc::ptr_eq(&now.machine_type, of));
            let switched_off =
                driver.plugin.as_ref().and_then(|slug| plugins.iter().find(|plugin| plugin.slug == *slug));
            let disabled = switched_off.is_some_and(|plugin| !plugin.enabled);
            match machine_type {
                // Its plugin's end was not carried through.
                Some(_) if disabled => drop(self.slot(&driver.info.slug).0.send_replace(Slot::default())),
                Some(_) if same => {}
                Some(_) => match if compare { self.compare(driver).await? } else { Ok(()) } {
                    Ok(()) => self.put_in_slot(driver.clone()).await?,
                    Err(problem) => {
                        let slug = &driver.info.slug;
                        self.switch_off(slug, "daemon: its machine type has changed").await?;
                        self.report(&format!("driver '{slug}'"), format!("{problem}; it was disabled"));
                    }
                },
                None => {
                    self.slot(&driver.info.slug).0.send_replace(Slot::default());
                    // A driver of a plugin that is switched off is not missed.
                    if switched_off.is_none_or(|plugin| plugin.enabled) {
                        let message = format!("Machine type '{}' not found", driver.info.machine_type);
                        let source = format!("driver '{}'", driver.info.slug);
                        self.errors.lock().catalog.push(RegistryError::now(&source, message));
                    }
                }
            }
        }
        for driver in installed {
            let disabled =
                plugins.iter().find(|plugin| !plugin.enabled && driver.plugin.as_ref() == Some(&plugin.slug));
            let (slot, _) = self.slot(&driver.info.slug);
            if let Some(plugin) = disabled.filter(|_| slot.borrow().driver.is_none()) {
                slot.send_modify(|slot| slot.disabled_plugin = Some(plugin.slug.clone()));
            }
        }
        Ok(())
    }

    /// Takes over what changed of plugins: types, then drivers, then the machines of types that changed.
    pub(super) async fn refresh(self: &Arc<Self>) -> Result<(), StoreError> {
        let plugins = self.discover_types().await?;
        self.discover_drivers(&plugins, true).await?;
        let catalog = self.catalog();
        let is_other = |entry: &Entry| {
            let now = &entry.machine.machine_type;
            match catalog.get(&now.slug) {
                Some(of) => !Arc::ptr_eq(of, now),
                None => !now.is_missing,
            }
        };
        let reloads = self.machines().into_iter().filter(is_other).map(|entry| self.reload(entry));
        futures::future::try_join_all(reloads).await?;
        Ok(())
    }

    /// Stops a machine after the job in hand and loads it again, for its type is another one now.
    async fn reload(self: &Arc<Self>, entry: Entry) -> Result<(), StoreError> {
        entry.ask(|reply| Command::Reload { reply }).await;
        let id = entry.machine.id;
        let record = self.services.store.machines().await?.into_iter().find(|record| record.id == id);
        let values = self.services.store.settings(id).await?;
        // It may have been removed meanwhile, or the daemon may stop.
        let is_there = self.machine(id).is_some_and(|now| Arc::ptr_eq(&now.machine, &entry.machine));
        if let Some(record) = record.filter(|_| is_there) {
            self.load(record, values);
        }
        Ok(())
    }

    /// What keeps a component from being used with the contracts as they are now.
    pub(super) async fn compare(&self, driver: &InstalledDriver) -> Result<Result<(), String>, StoreError> {
        let bytes = self.services.store.read_component(driver.digest).await?;
        let catalog = self.catalog();
        let checked = tokio::task::spawn_blocking(move || conformance::check(&catalog.packages, &bytes)).await;
        let problem = match checked {
            Ok(Ok(_)) => return Ok(Ok(())),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "reading it made the parser fail".to_owned(),
        };
        Ok(Err(format!("driver '{}' does not fit the contracts as they are now: {problem}", driver.info.slug)))
    }

    pub(super) async fn put_in_slot(&self, installed: InstalledDriver) -> Result<(), StoreError> {
        let slug = installed.info.slug.clone();
        let catalog = self.catalog();
        let Some(machine_type) = catalog.get(&installed.info.machine_type) else {
            let message = format!(
                "driver '{slug}' is for the machine type '{}', which is not there",
                installed.info.machine_type
            );
            self.errors.lock().catalog.push(RegistryError::now(slug.as_str(), message));
            return Ok(());
        };
        let grants = self.grants_of(&installed).await?;
        let driver = Driver::new(
            installed,
            Arc::clone(machine_type),
            self.services.store.isolation(&slug).await?,
            grants,
            Arc::clone(&self.services),
            self.guests.clone(),
            self.code.clone(),
        );
        self.slot(&slug).0.send_replace(Slot { driver: Some(driver), disabled_plugin: None });
        Ok(())
    }
}

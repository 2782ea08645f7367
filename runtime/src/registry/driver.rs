//! An enabled driver: what it says about itself, and its one instance, which lives while a machine uses it.

use crate::{
    broker::{DriverContext, Services},
    contract::MachineType,
    instance::{
        GuestEngine, Instance, UsageView,
        code::{CodeCache, CodeError, Loaded},
    },
    model::InstalledDriver,
};
use std::sync::{Arc, Weak};

/// One enabled digest of a driver.
pub struct Driver {
    /// The installed component.
    pub installed: InstalledDriver,
    /// The type that it serves.
    pub machine_type: Arc<MachineType>,
    /// Its log, errors and machines.
    pub context: Arc<DriverContext>,
    services: Arc<Services>,
    guests: GuestEngine,
    code: CodeCache,
    /// Loaded once, by the first machine that needs it; the instance ends with its last user.
    running: tokio::sync::Mutex<Running>,
}

#[derive(Default)]
struct Running {
    loaded: Option<Arc<Loaded>>,
    instance: Weak<Instance>,
}

impl Driver {
    /// A driver that does not run yet.
    pub fn new(
        installed: InstalledDriver,
        machine_type: Arc<MachineType>,
        services: Arc<Services>,
        guests: GuestEngine,
        code: CodeCache,
    ) -> Arc<Self> {
        let context = DriverContext::new(installed.info.slug.to_string(), Some(Arc::clone(&services)));
        let running = tokio::sync::Mutex::default();
        Arc::new(Self { installed, machine_type, context, services, guests, code, running })
    }

    /// What its instance uses now, if it runs.
    pub async fn usage(&self) -> Option<UsageView> {
        Some(self.running.lock().await.instance.upgrade()?.usage())
    }

    /// The running instance, started if nobody uses it yet.
    pub async fn instance(&self) -> Result<Arc<Instance>, CodeError> {
        let mut running = self.running.lock().await;
        if let Some(instance) = running.instance.upgrade() {
            return Ok(instance);
        }
        let loaded = match &running.loaded {
            Some(loaded) => Arc::clone(loaded),
            None => {
                let machine_type = Arc::clone(&self.machine_type);
                Arc::new(self.code.load(&self.services.store, self.installed.digest, machine_type).await?)
            }
        };
        running.loaded = Some(Arc::clone(&loaded));
        let limits = self.services.limit_table.of(self.installed.info.slug.as_str()).clone();
        let instance = Instance::start(&self.guests, loaded, Arc::clone(&self.context), limits);
        running.instance = Arc::downgrade(&instance);
        Ok(instance)
    }
}

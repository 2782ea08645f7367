//! An enabled driver: what it says about itself, and its instance, which lives while a machine uses it; or one instance for
//! each machine, if the operator wants them apart.

use crate::{
    broker::{DriverContext, Services},
    contract::MachineType,
    instance::{
        GuestEngine, Instance, Limits, UsageView,
        code::{CodeCache, CodeError, Loaded},
    },
    model::{InstalledDriver, Isolation, MachineId},
};
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

/// One enabled digest of a driver.
pub struct Driver {
    /// The installed component.
    pub installed: InstalledDriver,
    /// The type that it serves.
    pub machine_type: Arc<MachineType>,
    /// How many machines an instance serves.
    pub isolation: Isolation,
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
    /// By the machine that it is for, or the one of all machines.
    instances: HashMap<Option<MachineId>, Weak<Instance>>,
}

impl Driver {
    /// A driver that does not run yet.
    pub fn new(
        installed: InstalledDriver,
        machine_type: Arc<MachineType>,
        isolation: Isolation,
        services: Arc<Services>,
        guests: GuestEngine,
        code: CodeCache,
    ) -> Arc<Self> {
        let context = DriverContext::new(installed.info.slug.to_string(), Some(Arc::clone(&services)));
        let running = tokio::sync::Mutex::default();
        Arc::new(Self { installed, machine_type, isolation, context, services, guests, code, running })
    }

    /// What its instance uses now, or the instances of its machines together, if any runs.
    pub async fn usage(&self) -> Option<UsageView> {
        let running = self.running.lock().await;
        let usages = running.instances.values().filter_map(Weak::upgrade).map(|instance| instance.usage());
        usages.reduce(UsageView::with)
    }

    /// The running instance for a machine, started if nobody uses it yet.
    pub async fn instance(&self, machine: MachineId) -> Result<Arc<Instance>, CodeError> {
        let of = match self.isolation {
            Isolation::Driver => None,
            Isolation::Machine => Some(machine),
        };
        let mut running = self.running.lock().await;
        if let Some(instance) = running.instances.get(&of).and_then(Weak::upgrade) {
            return Ok(instance);
        }
        let loaded = self.load(&mut running).await?;
        let instance = Instance::start(&self.guests, loaded, Arc::clone(&self.context), self.limits());
        running.instances.retain(|_, instance| instance.strong_count() > 0);
        running.instances.insert(of, Arc::downgrade(&instance));
        Ok(instance)
    }

    /// Another instance, for a rehearsal. It has no machines, its log and errors are not kept, and it ends with its user.
    pub async fn rehearsal(&self) -> Result<Arc<Instance>, CodeError> {
        let loaded = self.load(&mut *self.running.lock().await).await?;
        let nobody = DriverContext::new(self.installed.info.slug.to_string(), Some(Arc::clone(&self.services)));
        Ok(Instance::start(&self.guests, loaded, nobody, self.limits()))
    }

    async fn load(&self, running: &mut Running) -> Result<Arc<Loaded>, CodeError> {
        if let Some(loaded) = &running.loaded {
            return Ok(Arc::clone(loaded));
        }
        let machine_type = Arc::clone(&self.machine_type);
        let loaded = Arc::new(self.code.load(&self.services.store, self.installed.digest, machine_type).await?);
        running.loaded = Some(Arc::clone(&loaded));
        Ok(loaded)
    }

    fn limits(&self) -> Limits {
        self.services.limits_of(self.installed.info.slug.as_str())
    }
}

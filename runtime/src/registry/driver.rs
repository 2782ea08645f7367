//! An enabled driver: what it says about itself, and its instance, which lives while a machine uses it; or one instance for
//! each machine, if the operator wants them apart.

use crate::{
    broker::{DriverContext, Services, grants::Grants},
    contract::MachineType,
    instance::{
        GuestEngine, Instance, Limits, UsageView,
        code::{CodeCache, CodeError, Loaded},
    },
    model::{InstalledDriver, Isolation, MachineId},
};
use parking_lot::Mutex;
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
    /// Loaded once, by the first machine that needs it.
    loaded: tokio::sync::Mutex<Option<Arc<Loaded>>>,
    /// By the machine that it is for, or the one of all machines; an instance ends with its last user. Apart from what is
    /// loaded, so that nobody who only looks waits for a compiler.
    instances: Mutex<HashMap<Option<MachineId>, Weak<Instance>>>,
}

impl Driver {
    /// A driver that does not run yet.
    pub fn new(
        installed: InstalledDriver,
        machine_type: Arc<MachineType>,
        isolation: Isolation,
        grants: Grants,
        services: Arc<Services>,
        guests: GuestEngine,
        code: CodeCache,
    ) -> Arc<Self> {
        let slug = installed.info.slug.to_string();
        let context = DriverContext::with_grants(slug, Some(Arc::clone(&services)), grants);
        let (loaded, instances) = (tokio::sync::Mutex::default(), Mutex::default());
        Arc::new(Self { installed, machine_type, isolation, context, services, guests, code, loaded, instances })
    }

    /// What its instance uses now, or the instances of its machines together, if any runs.
    pub fn usage(&self) -> Option<UsageView> {
        self.running().into_iter().map(|(_, instance)| instance.usage()).reduce(UsageView::with)
    }

    /// Its instances that run, with the machine that one is for if it is for one alone.
    pub fn running(&self) -> Vec<(Option<MachineId>, Arc<Instance>)> {
        let instances = self.instances.lock();
        instances.iter().filter_map(|(machine, instance)| Some((*machine, instance.upgrade()?))).collect()
    }

    /// The running instance for a machine, started if nobody uses it yet.
    pub async fn instance(&self, machine: MachineId) -> Result<Arc<Instance>, CodeError> {
        let of = match self.isolation {
            Isolation::Driver => None,
            Isolation::Machine => Some(machine),
        };
        let loaded = self.load().await?;
        let mut instances = self.instances.lock();
        if let Some(instance) = instances.get(&of).and_then(Weak::upgrade) {
            return Ok(instance);
        }
        let instance = Instance::start(&self.guests, loaded, Arc::clone(&self.context), self.limits());
        instances.retain(|_, instance| instance.strong_count() > 0);
        instances.insert(of, Arc::downgrade(&instance));
        Ok(instance)
    }

    /// Another instance, for a rehearsal. It has no machines, its log and errors are not kept, and it ends with its user.
    pub async fn rehearsal(&self) -> Result<Arc<Instance>, CodeError> {
        let loaded = self.load().await?;
        let nobody = DriverContext::new(self.installed.info.slug.to_string(), Some(Arc::clone(&self.services)));
        Ok(Instance::start(&self.guests, loaded, nobody, self.limits()))
    }

    async fn load(&self) -> Result<Arc<Loaded>, CodeError> {
        let mut loaded = self.loaded.lock().await;
        if let Some(loaded) = &*loaded {
            return Ok(Arc::clone(loaded));
        }
        let machine_type = Arc::clone(&self.machine_type);
        let fresh = Arc::new(self.code.load(&self.services.store, self.installed.digest, machine_type).await?);
        *loaded = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    fn limits(&self) -> Limits {
        self.services.limits_of(self.installed.info.slug.as_str())
    }
}

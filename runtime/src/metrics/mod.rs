//! What is counted, and how does it look for Prometheus?
//!
//! Who does something counts it, with a handle that was looked up once: a driver's, a machine's, the store's, the renderer's.
//! That costs an atomic or two. What is known elsewhere (states, queues, memory) is not kept here a second time: a [`Scene`] of
//! it is made for each scrape. Series of a machine or a driver live as long as it is listed here, so that machines that come and
//! go leave nothing behind.
//!
//! * [`outcome`]: how a call or a connection ended, as a label
//! * [`meter`]: what is counted of one driver and of one machine
//! * [`shared`]: what is counted of the store, the renderer and the API
//! * [`scene`]: what is known elsewhere, at the moment of a scrape
//! * `families`: every family with its name, its help and its labels; `page`: how families are written
//! * `process`: the daemon's process, in the names that all exporters have
//!
//! Invariant: names of families stand in `families` and `process` alone, and nothing here asks anybody for anything.

mod families;
pub mod meter;
pub mod outcome;
mod page;
mod process;
pub mod scene;
pub mod shared;

pub use meter::{DriverMeter, MachineMeter};
pub use outcome::Outcome;
pub use scene::Scene;
pub use shared::{ApiMeter, RenderMeter, RenderRequest, StoreMeter};

use crate::model::{MachineId, Slug};
use parking_lot::RwLock;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
    time::SystemTime,
};

/// The media type of [`Metrics::page`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted.
pub struct Metrics {
    /// The renderer.
    pub render: Arc<RenderMeter>,
    /// The API.
    pub api: ApiMeter,
    store: Arc<StoreMeter>,
    drivers: RwLock<BTreeMap<String, Arc<DriverMeter>>>,
    machines: RwLock<HashMap<MachineId, Arc<MachineMeter>>>,
    started: SystemTime,
}

impl Metrics {
    /// Nothing is counted yet but what the store did.
    pub fn new(store: Arc<StoreMeter>) -> Arc<Self> {
        Arc::new(Self {
            render: Arc::default(),
            api: ApiMeter::default(),
            store,
            drivers: RwLock::default(),
            machines: RwLock::default(),
            started: SystemTime::now(),
        })
    }

    /// The meter of a driver, which is listed from now on.
    pub fn driver(&self, slug: &str) -> Arc<DriverMeter> {
        if let Some(meter) = self.drivers.read().get(slug) {
            return Arc::clone(meter);
        }
        Arc::clone(self.drivers.write().entry(slug.to_owned()).or_insert_with(|| DriverMeter::unlisted(slug)))
    }

    /// The meter of a machine, which is listed from now on. One that is loaded again goes on where it was.
    pub fn machine(&self, id: MachineId, driver: &Slug) -> Arc<MachineMeter> {
        let meter = || MachineMeter::unlisted(id, self.driver(driver.as_str()));
        Arc::clone(self.machines.write().entry(id).or_insert_with(meter))
    }

    /// The series of a machine end: it was removed.
    pub fn forget_machine(&self, id: MachineId) {
        self.machines.write().remove(&id);
    }

    /// The series of a driver end: no component of it is installed any more. While machines have it, they stay, for these
    /// count on.
    pub fn forget_driver(&self, slug: &Slug) {
        let wanted = |meter: &Arc<MachineMeter>| meter.driver.slug == slug.as_str();
        if !self.machines.read().values().any(wanted) {
            self.drivers.write().remove(slug.as_str());
        }
    }

    /// All of it as text for Prometheus. Blocks for as long as it takes to write some thousand lines.
    pub fn page(self: &Arc<Self>, scene: Scene) -> Result<String, fmt::Error> {
        page::write(Arc::clone(self), scene)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (machines, drivers) = (self.machines.read().len(), self.drivers.read().len());
        write!(f, "metrics of {machines} machines and {drivers} drivers")
    }
}

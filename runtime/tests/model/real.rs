//! The registry under test: the real one, on a store in memory where the system has such a folder.

use ostler::{
    broker::Services,
    instance::{GuestEngine, LimitTable, Limits, code::CodeCache},
    model::{Digest, Slug},
    registry::{Catalog, ChangeError, Entry, NewMachine, Press, Registry},
    store::Store,
};
use ostler_render::{RenderLimits, RenderPool, WorkerCommand};
use serde_json::{Value as Json, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

/// Who decides in the tests.
const ANNA: &str = "anna";

/// What all sequences share: the engine, and two components of one driver.
#[derive(Clone)]
pub struct Real {
    guests: GuestEngine,
    components: Arc<[Vec<u8>; 2]>,
    /// Compiled code, so that each component is compiled once.
    cache: Arc<TempDir>,
}

/// One registry.
pub struct House {
    pub registry: Arc<Registry>,
    pub digests: [Digest; 2],
    slug: Slug,
    _folder: TempDir,
}

impl Real {
    pub async fn prepare() -> Self {
        let guests = GuestEngine::start().unwrap();
        let file = guests_folder().join("ostler_driver_scripted.wasm");
        let first =
            std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}: run `just guests`", file.display()));
        // Another digest, and the same driver: a custom section with the name "v" and nothing in it.
        let second = [first.as_slice(), &[0, 2, 1, b'v']].concat();
        let cache = Arc::new(tempfile::tempdir().unwrap());
        let real = Self { guests, components: Arc::new([first, second]), cache };
        // Compiles both, before anything is measured or waited for.
        real.open().await.close().await;
        real
    }

    /// A registry with both components installed and the first one enabled.
    pub async fn open(&self) -> House {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let store = Store::open(folder.path()).unwrap();
        let limits = Limits {
            restarts: u32::MAX,
            restart_pause_ms: 0,
            ping_interval_ms: 0,
            blames: super::world::BLAMES,
            ..Limits::default()
        };
        let program = PathBuf::from(env!("CARGO_BIN_EXE_ostler"));
        let code = CodeCache::new(self.cache.path().to_owned(), self.guests.engine(), limits.clone(), program.clone());
        let worker = WorkerCommand { program, args: vec!["render-worker".into()] };
        let render = RenderPool::new(RenderLimits::default(), worker);
        let services = Services::start(store, render, LimitTable::of_all(limits));
        let catalog = Catalog::build(&[], None).unwrap();
        let registry = Registry::start(services, self.guests.clone(), code, catalog).await.unwrap();
        let mut digests = Vec::new();
        for component in self.components.iter() {
            digests.push(registry.install(component.clone(), ANNA).await.unwrap().driver.digest);
        }
        let slug: Slug = "scripted".parse().unwrap();
        registry.enable(&slug, Some(digests[0]), ANNA).await.unwrap();
        House { registry, digests: digests.try_into().unwrap(), slug, _folder: folder }
    }
}

fn guests_folder() -> PathBuf {
    std::env::var_os("OSTLER_GUESTS").map_or_else(
        || Path::new(env!("CARGO_BIN_EXE_ostler")).parent().unwrap().join("../wasm32-wasip2/guest"),
        PathBuf::from,
    )
}

impl House {
    pub async fn add(&self, name: String, active: bool, needed: bool, fail: bool) -> Entry {
        let mut settings = vec![("FAIL", json!(fail))];
        settings.extend(needed.then(|| ("NEEDED", json!("here"))));
        let settings = settings.into_iter().map(|(key, value)| (ostler::model::Scope::Driver, key.to_owned(), value));
        let new = NewMachine {
            name,
            machine_type: "label-printer".parse().unwrap(),
            driver: self.slug.clone(),
            active,
            settings: settings.collect(),
        };
        self.registry.add_machine(new, ANNA).await.unwrap()
    }

    pub async fn set(&self, entry: &Entry, key: &str, value: Json) {
        let proposal = (ostler::model::Scope::Driver, key.to_owned(), value);
        self.registry.set_settings(entry, &[proposal], false, ANNA).await.unwrap();
    }

    /// Offers a value that the driver refuses; says whether it did.
    pub async fn offer(&self, entry: &Entry) -> bool {
        let proposal = (ostler::model::Scope::Driver, "NEEDED".to_owned(), json!("refused"));
        let answer = self.registry.set_settings(entry, &[proposal], false, ANNA).await;
        matches!(answer, Err(ChangeError::Fields(errors)) if errors.to_string().contains("not this value"))
    }

    /// How many machines the enabled driver has.
    pub fn machines_of_driver(&self) -> usize {
        self.registry.driver(&self.slug).map_or(0, |driver| driver.context.machines.read().len())
    }

    pub async fn switch(&self, entry: &Entry, active: bool) {
        self.registry.update_machine(entry, None, Some(active), ANNA).await.unwrap();
    }

    pub async fn trap(&self, entry: &Entry) {
        let pressed = self.registry.run_action(entry, "trap", Press::default(), ANNA).await;
        pressed.expect_err("the button traps");
    }

    pub async fn enable(&self, version: usize) {
        self.registry.enable(&self.slug, Some(self.digests[version]), ANNA).await.unwrap();
    }

    pub async fn disable(&self) {
        self.registry.disable(&self.slug, ANNA).await.unwrap();
    }

    pub async fn restart(&self, entry: &Entry, hard: bool) {
        self.registry.restart_machine(entry, hard, ANNA).await.unwrap();
    }

    pub async fn remove(&self, entry: &Entry) {
        self.registry.remove_machine(entry.machine.id, ANNA).await.unwrap();
    }

    pub async fn close(self) {
        self.registry.shutdown().await;
    }
}

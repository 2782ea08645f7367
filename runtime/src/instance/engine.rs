//! The engine that all drivers share, its epoch ticker, and the tokio runtime that guests run on.
//!
//! Guests have a runtime of their own, apart from the one that serves the API and the database, with several workers a
//! core: a worker that a computing guest holds must not be one that somebody waits for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use wasmtime::{Config, Engine};

/// The time between two epochs.
pub const TICK: Duration = Duration::from_millis(10);
/// Workers of the guests' runtime for each processor.
const WORKERS_PER_CORE: usize = 4;

/// The configuration of the engine; the process that compiles uses the same.
pub fn config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config
}

/// The engine and what drives it. Cheap to clone; ends with the last clone.
#[derive(Clone)]
pub struct GuestEngine {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    /// Taken when the engine ends: a runtime must not be dropped where blocking is not allowed.
    runtime: Option<tokio::runtime::Runtime>,
    stop: Arc<AtomicBool>,
}

impl GuestEngine {
    /// Starts the ticker and the guests' runtime.
    pub fn start() -> wasmtime::Result<Self> {
        let engine = Engine::new(&config())?;
        let stop = Arc::new(AtomicBool::new(false));
        {
            let (engine, stop) = (engine.weak(), Arc::clone(&stop));
            thread::Builder::new().name("epoch-ticker".to_owned()).spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    thread::sleep(TICK);
                    let Some(engine) = engine.upgrade() else { break };
                    engine.increment_epoch();
                }
            })?;
        }
        let cores = thread::available_parallelism().map_or(2, usize::from);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(cores * WORKERS_PER_CORE)
            .thread_name("guest")
            .enable_all()
            .build()?;
        Ok(Self { inner: Arc::new(Inner { engine, runtime: Some(runtime), stop }) })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Runs a future where guests run.
    pub fn spawn<F>(&self, future: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match &self.inner.runtime {
            Some(runtime) => runtime.spawn(future),
            None => tokio::spawn(future),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

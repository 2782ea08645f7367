//! The data of a store: handles, limits, a WASI with nothing behind it, and the driver that it belongs to.

use super::{cpu::CpuMeter, limits::Limits};
use crate::broker::{BrokerView, DriverContext, LogRing};
use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
use wasmtime::{
    AsContextMut as _, ResourceLimiter, Store, StoreLimits, StoreLimitsBuilder, UpdateDeadline,
    component::ResourceTable,
};
use wasmtime_wasi::{
    WasiCtx, WasiCtxView, WasiView,
    cli::{IsTerminal, StdoutStream},
};

/// The data of a driver's store.
pub struct DriverStore {
    table: ResourceTable,
    wasi: WasiCtx,
    limits: Metered,
    driver: Arc<DriverContext>,
    /// Processor time by call.
    pub cpu: CpuMeter,
}

impl DriverStore {
    /// A store with every limit in force.
    pub fn create(
        engine: &wasmtime::Engine,
        driver: Arc<DriverContext>,
        limits: &Limits,
        turns: Arc<AtomicU64>,
        usage: Arc<Usage>,
    ) -> Store<Self> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let wasi = WasiCtx::builder()
            .stdout(LogStream { log: Arc::clone(&driver.log), level: "info" })
            .stderr(LogStream { log: Arc::clone(&driver.log), level: "warn" })
            .max_random_size(limits.random_bytes)
            .build();
        let store_limits = StoreLimitsBuilder::new()
            .memory_size(limits.memory_bytes)
            .table_elements(limits.table_elements)
            .instances(limits.instances)
            .memories(limits.instances)
            .tables(limits.instances)
            .build();
        let cpu = CpuMeter::new(limits.cpu_slice_ms, turns, Arc::clone(&driver.meter));
        let mut store =
            Store::new(engine, Self { table, wasi, limits: Metered { limits: store_limits, usage }, driver, cpu });
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(limits.hostcall_bytes);
        store.set_max_component_handles(limits.handles);
        if let Some(table) = store.concurrent_resource_table() {
            // A call takes four to five entries.
            table.set_max_capacity(limits.calls_in_flight.saturating_mul(8));
        }
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| {
            let task = context.as_context_mut().async_call_stack().ok().and_then(Iterator::last);
            context.data_mut().cpu.tick(task)?;
            Ok(UpdateDeadline::Yield(1))
        });
        store
    }

    /// The driver.
    pub fn driver(&self) -> &Arc<DriverContext> {
        &self.driver
    }

    /// What the host functions see.
    pub fn broker(&mut self) -> BrokerView<'_> {
        BrokerView { table: &mut self.table, driver: &self.driver, calls: &self.cpu }
    }

    /// Counts the handles.
    pub fn count_handles(&mut self) {
        let handles = self.table.iter_mut().count();
        self.limits.usage.handles.store(handles, Ordering::Relaxed);
    }

    /// The handle table.
    pub fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}

impl WasiView for DriverStore {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// What an instance uses now.
#[derive(Debug, Default)]
pub struct Usage {
    /// Linear memory in bytes.
    pub memory: AtomicUsize,
    /// Table elements.
    pub elements: AtomicUsize,
    /// Handles, as they were counted last: the table does not say how many it has without being walked through.
    pub handles: AtomicUsize,
}

/// The engine's limiter, with a count of what was granted.
struct Metered {
    limits: StoreLimits,
    usage: Arc<Usage>,
}

impl ResourceLimiter for Metered {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = self.limits.memory_growing(current, desired, maximum)?;
        if granted {
            self.usage.memory.fetch_add(desired.saturating_sub(current), Ordering::Relaxed);
        }
        Ok(granted)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.limits.memory_grow_failed(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = self.limits.table_growing(current, desired, maximum)?;
        if granted {
            self.usage.elements.fetch_add(desired.saturating_sub(current), Ordering::Relaxed);
        }
        Ok(granted)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.limits.table_grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.limits.instances()
    }

    fn tables(&self) -> usize {
        self.limits.tables()
    }

    fn memories(&self) -> usize {
        self.limits.memories()
    }
}

/// Standard output or error of a guest: whole lines go to the driver's log.
#[derive(Clone)]
struct LogStream {
    log: Arc<LogRing>,
    level: &'static str,
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(LineWriter { stream: self.clone(), line: Vec::new() })
    }
}

/// The longest line that is gathered before it is written in pieces.
const MAX_LINE: usize = 4096;

struct LineWriter {
    stream: LogStream,
    line: Vec<u8>,
}

impl LineWriter {
    fn write_line(&mut self) {
        if !self.line.is_empty() {
            self.stream.log.push(self.stream.level, &String::from_utf8_lossy(&self.line), Vec::new());
            self.line.clear();
        }
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        self.write_line();
    }
}

impl tokio::io::AsyncWrite for LineWriter {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        for byte in bytes {
            if *byte == b'\n' {
                self.write_line();
            } else {
                self.line.push(*byte);
                if self.line.len() >= MAX_LINE {
                    self.write_line();
                }
            }
        }
        std::task::Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

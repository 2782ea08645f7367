//! What may a driver do? Every effect of a driver passes through here, and this is the only place that decides.
//!
//! A call comes with handles that know their machine and their call. Each host function asks, in this order: does the
//! machine still exist, is the call still running, may this kind of call do it, and does the operator's setting allow
//! it. The answer to a refusal is a typed error that names the rule; it is written to the audit as well.
//!
//! * [`call`]: one invocation of an export: its kind, its cancel token, its activity
//! * [`machine`]: what the host holds in memory of one machine
//! * [`settings`]: declared and stored values
//! * [`board`]: status, text, properties, errors; written behind
//! * [`grants`]: what a driver may beyond the settings of its machines
//! * [`address`]: where a device URI leads, and which addresses are refused
//! * [`device`]: opening a device; [`serial`]: how the bits of a serial line are sent
//! * [`connection`]: reading and writing, counted
//! * [`capture`]: what goes over the wire, while somebody wants to see it
//! * [`gate`]: who may use a machine's device at this moment
//! * [`mod@print`]: the ledger of a print job's labels; [`unwritten`]: what of it is written behind
//! * [`log`]: the bounded log of a machine or driver
//! * [`renderer`]: documents to dots
//! * [`services`]: what the capabilities share: store, renderer, limits, audit of refusals
//! * [`host_machine`], [`host_driver`], [`host_print`]: the generated traits, over the above
//!
//! Invariant: nothing outside this module lets a guest reach anything.

pub mod address;
pub mod board;
pub mod call;
pub mod capture;
pub mod connection;
pub mod device;
pub mod gate;
pub mod grants;
mod host_driver;
mod host_machine;
mod host_print;
pub mod log;
pub mod machine;
pub mod print;
pub mod renderer;
pub mod serial;
pub mod services;
pub mod settings;
pub mod unwritten;

pub use board::{Board, BoardSnapshot};
pub use call::{Call, CallKind};
pub use connection::ConnectionHandle;
pub use log::{LogLine, LogRing};
pub use machine::{Asked, Machine, MachineHandle};
pub use print::{LabelHandle, PrintJobHandle, PrintRun};
pub use renderer::Renderer;
pub use services::{DriverContext, Services};
pub use settings::Settings;

use wasmtime::component::{HasData, ResourceTable};

/// What the host functions see of a store: its handle table and its driver.
pub struct BrokerView<'a> {
    /// The handles that the guest holds. Only the guest's drop removes an entry.
    pub table: &'a mut ResourceTable,
    /// The driver that asks.
    pub driver: &'a std::sync::Arc<DriverContext>,
    /// Its calls that run.
    pub calls: &'a crate::instance::cpu::CpuMeter,
}

/// Names [`BrokerView`] for the generated bindings.
pub struct HasBroker;

impl HasData for HasBroker {
    type Data<'a> = BrokerView<'a>;
}

//! Write drivers for Ostler: a driver is a struct, a trait and one macro. No WIT, no `unsafe`, no bindings in sight.
//!
//! # A ladder of examples
//!
//! **1. A whole driver.** It prints on a label printer that takes PNG files on a TCP port.
//!
//! ```
//! use ostler_sdk::label_printer::{LabelPrinter, SetStatus, Status};
//! use ostler_sdk::printing::{PrintJob, Proof, Raster};
//! use ostler_sdk::{Driver, DriverInfo, Machine, Result, Setting};
//!
//! struct PngPrinter;
//!
//! impl Driver for PngPrinter {
//!     fn describe() -> DriverInfo {
//!         DriverInfo::new("png-printer", "PNG printer", env!("CARGO_PKG_VERSION"))
//!             .setting(Setting::device_uri("CONNECTION", "Connection", &["tcp"]).required())
//!     }
//!
//!     async fn init_driver() -> Result<Self> {
//!         Ok(Self)
//!     }
//! }
//!
//! impl LabelPrinter for PngPrinter {
//!     async fn print_label(&self, machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
//!         let png = job.label(index)?.png(&Raster::new(8, 812, 1218)).await?;
//!         let printer = machine.connect("CONNECTION").await?;
//!         job.label_started(index).await?; // from here on, bytes count
//!         printer.write_all(&png).await?;
//!         machine.set_status(Status::Connected);
//!         job.label_done(index, Proof::Sent).await
//!     }
//! }
//!
//! ostler_sdk::export_label_printer!(PngPrinter);
//! # fn main() {}
//! ```
//!
//! `cargo build --release --target wasm32-wasip2` of a crate with `crate-type = ["cdylib"]` makes the component.
//!
//! **2. Settings** are typed, and an error names the key ([`Machine::setting`]). Their values have already been
//! checked against the declaration.
//!
//! ```
//! # use ostler_sdk::{Machine, Result, Setting};
//! fn declarations() -> Vec<Setting> {
//!     vec![
//!         Setting::decimal("WIDTH", "Label width").units("mm").min(10).max(300).default(101.5),
//!         Setting::choice("DPMM", "Density", [("8", "8 dots/mm (203 dpi)"), ("12", "12 dots/mm (300 dpi)")]).default("8"),
//!         Setting::integer("DARKNESS", "Darkness").min(0).max(30),
//!     ]
//! }
//!
//! fn read(machine: &Machine) -> Result<(f64, u32, Option<u8>)> {
//!     Ok((machine.setting("WIDTH")?, machine.setting("DPMM")?, machine.optional_setting("DARKNESS")?))
//! }
//! ```
//!
//! **3. Errors** say what the host should do next ([`Error`]): try again, wait for somebody at the device, or give
//! up.
//!
//! ```
//! # use ostler_sdk::{Error, Outcome};
//! let error = Error::needs_attention("no-media", "Out of labels. Load a new roll.").with_outcome(Outcome::NotPrinted);
//! assert_eq!(error.to_string(), "Out of labels. Load a new roll.");
//! ```
//!
//! **4. Talking to the device.** Everything that waits is awaited: other machines of this driver go on meanwhile.
//!
//! ```
//! # use ostler_sdk::{Error, Machine, Result};
//! # use std::time::Duration;
//! async fn firmware(machine: &Machine) -> Result<String> {
//!     let device = machine.connect("CONNECTION").await?;
//!     device.write_all(b"VERSION\r\n").await?;
//!     let line = device.read_until(b'\n', 200, Duration::from_secs(2)).await?;
//!     String::from_utf8(line).map_err(|_| Error::permanent("protocol", "the device answered in no known encoding"))
//! }
//! ```
//!
//! **5. Computing.** A long computation stops all machines of the driver; [`yield_now`] lets them in.
//!
//! ```
//! # async fn compress(rows: &[Vec<u8>]) {
//! for strip in rows.chunks(500) {
//!     // ... compute ...
//!     ostler_sdk::yield_now().await;
//! }
//! # }
//! ```
//!
//! **6. Buttons, checks and choices** are further methods of [`Driver`], each with a default.
//!
//! **7. A machine type of your own** comes from its `.wit` and `machine-type.toml` by [`machine_type!`];
//! `docs/machine-types.md` makes one step by step.
//!
//! # Layout
//!
//! * [`Driver`]: what every driver implements.
//! * [`Machine`], [`Connection`]: what the host offers to a call; [`log`] for the driver's own log.
//! * [`DriverInfo`], [`Setting`], [`Action`], [`Property`]: declarations, built step by step.
//! * [`Error`] and [`Result`].
//! * [`printing`]: jobs and labels, for all types that print.
//! * [`label_printer`]: a machine type, made by [`machine_type!`].
//!
//! Of a component's two sides, the one towards the host is in `__private`, generated from `wit/`.

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic))]

// What `machine_type!` writes says `::ostler_sdk`, in this crate and in others.
#[doc(hidden)]
pub extern crate self as ostler_sdk;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod connection;
mod declare;
mod driver;
mod error;
pub mod label_printer;
pub mod log;
mod machine;
pub mod printing;
mod value;

pub use __private::core::ostler::machine::types::{
    Action, Candidate, Choice, Constraint, DriverInfo, ErrorKind, FieldError, GrantRequest, MachineState,
    MissingSetting, Outcome, Property, PropertyKind, Scope, Setting, SettingValue, Translation, Value,
};
pub use connection::Connection;
pub use driver::Driver;
pub use error::{Error, Result};
pub use machine::{Machine, MachineFilter, machines, report_driver_error};
/// Makes a machine type's bindings, trait and export macro out of its `.wit` and `machine-type.toml`.
///
/// ```ignore
/// ostler_sdk::machine_type! {
///     path: "../abc",             // the type's folder, seen from Cargo.toml
///     deps: ["../units"],         // further packages that it uses; left out when none
///     module: types,              // the module of this invocation; left out at the crate's root
///
///     /// What a driver of the type `abc` implements.
///     pub trait Abc {
///         // A body for a function of the contract: drivers need not write it.
///         async fn multiply(&self, _: &Machine, x: i32, y: i32) -> Result<i64> { Ok(i64::from(x) * i64::from(y)) }
///         // A method that is not in the contract.
///         async fn measure_once(&self, machine: &Machine) -> Result<f64>;
///     }
/// }
/// ```
///
/// What it leaves behind, in the module where it stands:
///
/// * the trait, below [`Driver`]. Each function of the contract is a method: `machine` becomes [`&Machine`](Machine),
///   `print-job` becomes [`&PrintJob`](printing::PrintJob), other parameters are owned, and `result<T, error>`
///   becomes [`Result<T>`]. Functions that the manifest lists as `optional` answer `unsupported` unless a driver
///   writes them; the others must be written.
/// * the types that the contract declares, `Status` from its interface `status`, and the trait `SetStatus`, by which
///   drivers say `machine.set_status(Status::Connected)`.
/// * `SLUG`, and the macro `export_abc!(MyDriver)` at the crate's root.
///
/// The folder `plugins/abc` of the repository is a whole type with two drivers.
pub use ostler_sdk_macros::machine_type;
pub use value::FromValue;

/// Lets the other calls of this driver's instance run. Put it into every loop that computes for more than some
/// milliseconds: the calls of all machines share one thread.
pub async fn yield_now() {
    wit_bindgen::yield_async().await;
}

/// Runs a future beside the current call. It may outlive the call; then it has no device: writing answers `denied`.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    wit_bindgen::spawn_local(future);
}

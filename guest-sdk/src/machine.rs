//! One machine, as the call that brought it may use it.

use std::time::Duration;

use crate::__private::core::ostler::machine::host;
use crate::log::LogLevel;
use crate::value::read;
use crate::{Connection, Error, FromValue, MissingSetting, Property, Result, Scope, Value};

pub use crate::__private::core::ostler::machine::host::MachineFilter;

/// One machine: its identity, settings, status, log, and the way to its device.
///
/// A call gets it by reference. It cannot be kept; work that goes on after a call finds machines by [`machines`],
/// whose handles reach no device.
#[derive(Debug)]
pub struct Machine(host::Machine);

impl Machine {
    /// The name that the operator gave it. Unique, but it may be changed.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Whether the operator has switched it on.
    pub fn is_active(&self) -> bool {
        self.0.is_active()
    }

    /// The slug of its machine type.
    pub fn type_slug(&self) -> String {
        self.0.type_slug()
    }

    /// The name of its machine type.
    pub fn type_name(&self) -> String {
        self.0.type_name()
    }

    /// The slug of this driver.
    pub fn driver_slug(&self) -> String {
        self.0.driver_slug()
    }

    /// The value of a setting that the driver declared, or its default. Neither is an `invalid` error that names the
    /// key.
    pub fn setting<T: FromValue>(&self, key: &str) -> Result<T> {
        self.required(Scope::Driver, key)
    }

    /// Like [`setting`](Self::setting), but a setting without value and default is nothing.
    pub fn optional_setting<T: FromValue>(&self, key: &str) -> Result<Option<T>> {
        self.optional(Scope::Driver, key)
    }

    /// The value of a setting that the machine's type declared, or its default. Neither is an `invalid` error.
    pub fn type_setting<T: FromValue>(&self, key: &str) -> Result<T> {
        self.required(Scope::Machine, key)
    }

    /// Like [`type_setting`](Self::type_setting), but a setting without value and default is nothing.
    pub fn optional_type_setting<T: FromValue>(&self, key: &str) -> Result<Option<T>> {
        self.optional(Scope::Machine, key)
    }

    fn required<T: FromValue>(&self, scope: Scope, key: &str) -> Result<T> {
        let missing = || Error::invalid("setting", format!("setting {key} has no value"));
        self.optional(scope, key)?.ok_or_else(missing)
    }

    fn optional<T: FromValue>(&self, scope: Scope, key: &str) -> Result<Option<T>> {
        self.0.get_setting(scope, key)?.map(|value| read(key, &value)).transpose()
    }

    /// Stores a setting that the driver declared; ok means committed. `update_machine` is not called.
    ///
    /// Settings of the kinds device-uri, url, secret and reference are the operator's alone: writing one is `denied`.
    pub async fn set_setting(&self, key: &str, value: impl Into<Value>) -> Result<()> {
        Ok(self.0.set_setting(Scope::Driver, key.to_owned(), value.into()).await?)
    }

    /// The required settings that have neither value nor default.
    pub fn check_settings(&self) -> Vec<MissingSetting> {
        self.0.check_settings()
    }

    /// Free text beside the status, at most 255 characters; longer text is cut.
    pub fn set_status_text(&self, text: impl AsRef<str>) {
        self.0.set_status_text(text.as_ref());
    }

    /// Replaces all properties; at most 64.
    pub fn set_properties(&self, properties: &[Property]) {
        self.0.set_properties(properties);
    }

    /// Asks the operator to restart the machine.
    pub fn require_restart(&self, reason: &str) {
        self.0.require_restart(reason);
    }

    /// Adds to the errors that the machine shows. The same kind, code and message again only counts.
    pub fn report_error(&self, error: &Error) {
        self.0.report_error(&error.clone().into());
    }

    /// Forgets the errors that the machine shows.
    pub fn clear_errors(&self) {
        self.0.clear_errors();
    }

    /// Opens the device whose address the operator typed into this setting of the driver, of kind device-uri.
    ///
    /// Not reachable is `transient`. A call that may not use the device gets `denied`; one that overlaps another gets
    /// `busy`.
    pub async fn connect(&self, key: &str) -> Result<Connection> {
        Ok(self.0.connect(Scope::Driver, key.to_owned()).await?.into())
    }

    /// Reads from the driver's own small durable store of this machine.
    pub async fn store_get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.store_get(key.to_owned()).await?)
    }

    /// Writes to the store, or removes the key; ok means committed. At most 64 keys of 100 characters, values of 8
    /// KiB.
    pub async fn store_set(&self, key: &str, value: Option<&[u8]>) -> Result<()> {
        Ok(self.0.store_set(key.to_owned(), value.map(<[u8]>::to_vec)).await?)
    }

    /// Waits, and lets other calls run meanwhile. Ends early with a `cancelled` error when the call is cancelled or
    /// its deadline passes.
    ///
    /// `std::thread::sleep` would stop all machines of the driver; the host refuses it.
    pub async fn sleep(&self, time: Duration) -> Result<()> {
        Ok(self.0.sleep(millis(time)).await?)
    }

    /// Writes to the machine's log, with fields that are shown beside the message.
    pub fn log(&self, level: LogLevel, message: &str, fields: &[(&str, &str)]) {
        self.0.log(level, message, &crate::log::owned(fields));
    }

    /// Writes to the machine's log at level `debug`.
    pub fn debug(&self, message: impl AsRef<str>) {
        self.log(LogLevel::Debug, message.as_ref(), &[]);
    }

    /// Writes to the machine's log at level `info`.
    pub fn info(&self, message: impl AsRef<str>) {
        self.log(LogLevel::Info, message.as_ref(), &[]);
    }

    /// Writes to the machine's log at level `warn`.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.log(LogLevel::Warn, message.as_ref(), &[]);
    }

    /// The handle below, for what `machine_type!` generates.
    #[doc(hidden)]
    pub fn __raw(&self) -> &host::Machine {
        &self.0
    }
}

impl From<host::Machine> for Machine {
    fn from(handle: host::Machine) -> Self {
        Self(handle)
    }
}

/// This driver's machines. The handles carry no call: they have no deadline and reach no device. At most 1,000 are
/// returned.
pub fn machines(filter: &MachineFilter) -> Vec<Machine> {
    host::machines(filter).into_iter().map(Machine).collect()
}

/// Adds to the errors that the driver, not one machine, shows.
pub fn report_driver_error(error: &Error) {
    host::report_driver_error(&error.clone().into());
}

/// A time as the contract has it; what does not fit 49 days waits that long.
pub(crate) fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

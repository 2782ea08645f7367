//! The driver's own log. What concerns one machine goes to [`Machine::log`](crate::Machine::log).

use crate::__private::core::ostler::machine::host;

pub use crate::__private::core::ostler::machine::host::LogLevel;

/// Writes to the driver's log, with fields that are shown beside the message.
pub fn write(level: LogLevel, message: &str, fields: &[(&str, &str)]) {
    host::log(level, message, &owned(fields));
}

/// Writes to the driver's log at level `debug`.
pub fn debug(message: impl AsRef<str>) {
    write(LogLevel::Debug, message.as_ref(), &[]);
}

/// Writes to the driver's log at level `info`.
pub fn info(message: impl AsRef<str>) {
    write(LogLevel::Info, message.as_ref(), &[]);
}

/// Writes to the driver's log at level `warn`.
pub fn warn(message: impl AsRef<str>) {
    write(LogLevel::Warn, message.as_ref(), &[]);
}

/// Writes to the driver's log at level `error`.
pub fn error(message: impl AsRef<str>) {
    write(LogLevel::Error, message.as_ref(), &[]);
}

pub(crate) fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

//! The sections of the file.

use super::key::{Key, Section};
use crate::instance::Limits;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use toml::{Table, Value};
use tracing_subscriber::EnvFilter;

/// The table inside `[limits]` with limits of single drivers.
pub const DRIVER: &str = "driver";

/// Every section, in the order of the file.
pub const SECTIONS: &[Spec] = &[spec::<General>("", false), spec::<Limits>("limits", true)];

crate::section! {
    /// The daemon as a whole.
    pub struct General {
        /// What is logged: error, warn, info, debug or trace, for all or by part, such as `info,ostler::registry=debug`.
        #[applies(Reload)]
        pub log: LogFilter = LogFilter("info".to_owned()),
        /// Folders with components (.wasm) that are installed at start; nothing is enabled by it. A relative path begins at
        /// the folder of this file.
        #[applies(Restart)]
        pub drivers: Vec<PathBuf> = Vec::new(),
        /// Watch these folders, and install and enable components as soon as they are built. For driver authors.
        #[applies(Restart)]
        pub dev: bool = false,
    }
}

/// What is logged, in the form of `tracing`'s filters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct LogFilter(String);

impl LogFilter {
    /// The filter.
    pub fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl TryFrom<String> for LogFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match EnvFilter::try_new(&text) {
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(format!("'{text}' is no filter for a log ({error}): write \"info\", for instance")),
        }
    }
}

/// A section without its type.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Its name; empty for the keys at the top of the file.
    pub name: &'static str,
    /// Whether single drivers may have their own values.
    pub by_driver: bool,
    /// What it is about, a line each.
    pub about: &'static [&'static str],
    /// Its keys.
    pub keys: &'static [Key],
    /// Its defaults.
    pub defaults: fn() -> Table,
    /// Whether a key may have a value; says why not.
    pub check: fn(&str, &Value) -> Result<(), String>,
}

const fn spec<S: Section>(name: &'static str, by_driver: bool) -> Spec {
    Spec { name, by_driver, about: S::ABOUT, keys: S::KEYS, defaults: defaults::<S>, check: check::<S> }
}

impl Spec {
    /// The whole name of a key.
    pub fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// The environment variable of a key.
    pub fn variable(&self, key: &str) -> String {
        format!("{}{}", self.variable_prefix(), key.to_uppercase())
    }

    /// What the variables of the section begin with.
    pub fn variable_prefix(&self) -> String {
        if self.name.is_empty() { "OSTLER_".to_owned() } else { format!("OSTLER_{}_", self.name.to_uppercase()) }
    }

    /// The key of a name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

fn defaults<S: Section>() -> Table {
    match Value::try_from(S::default()) {
        Ok(Value::Table(table)) => table,
        // A struct is a table; that all of them can be written is what the test of the example shows.
        _ => Table::new(),
    }
}

fn check<S: Section>(key: &str, value: &Value) -> Result<(), String> {
    let table = Table::from_iter([(key.to_owned(), value.clone())]);
    table.try_into::<S>().map(drop).map_err(|error| error.message().to_owned())
}

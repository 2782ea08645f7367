//! The sections of the file.

use super::key::{Key, Section};
use crate::instance::Limits;
use serde::{Deserialize, Serialize};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};
use toml::{Table, Value};
use tracing_subscriber::EnvFilter;

/// The table inside `[limits]` with limits of single drivers.
pub const DRIVER: &str = "driver";

/// Every section, in the order of the file.
pub const SECTIONS: &[Spec] =
    &[spec::<General>("", false), spec::<Http>("http", false), spec::<Limits>("limits", true)];

crate::section! {
    /// The daemon as a whole.
    pub struct General {
        /// What is logged: error, warn, info, debug or trace, for all or by part, such as `info,ostler::registry=debug`.
        #[applies(Reload)]
        pub log: LogFilter = LogFilter("info".to_owned()),
        /// How a line of the log is written: "text" for people, "json" for programs.
        #[applies(Restart)]
        pub log_format: LogFormat = LogFormat::Text,
        /// Folders with components (.wasm) that are installed at start; nothing is enabled by it. A relative path begins at
        /// the folder of this file.
        #[applies(Restart)]
        pub drivers: Vec<PathBuf> = Vec::new(),
        /// Watch these folders, and install and enable components as soon as they are built. For driver authors.
        #[applies(Restart)]
        pub dev: bool = false,
    }
}

crate::section! {
    /// Where the API and the page are reached, beside the socket in the data folder. Whoever comes this way shows a token.
    pub struct Http {
        /// An address and port, such as `127.0.0.1:7420`; port 0 for one that the system picks, `off` for none.
        #[applies(Restart)]
        pub listen: Listen = Listen::default(),
        /// A file with the certificate and those that it was signed with, in PEM: needed beyond this machine.
        #[applies(Restart)]
        pub tls_certificate: PathBuf = PathBuf::new(),
        /// The file with the certificate's key, in PEM.
        #[applies(Restart)]
        pub tls_key: PathBuf = PathBuf::new(),
        /// Listen beyond this machine without TLS: whoever is on the network can read every token.
        #[applies(Restart)]
        pub insecure: bool = false,
    }
}

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Listen {
    /// Nowhere.
    Off,
    /// At an address.
    At(SocketAddr),
}

impl Default for Listen {
    fn default() -> Self {
        Self::At((Ipv4Addr::LOCALHOST, PORT).into())
    }
}

impl TryFrom<String> for Listen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == OFF {
            return Ok(Self::Off);
        }
        let wrong = |_| format!("'{text}' is no address with a port: write \"127.0.0.1:{PORT}\", or \"{OFF}\"");
        text.parse().map(Self::At).map_err(wrong)
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        match listen {
            Listen::Off => OFF.to_owned(),
            Listen::At(address) => address.to_string(),
        }
    }
}

/// Where a daemon listens that was told nothing.
const PORT: u16 = 7420;
/// How no listening is written.
const OFF: &str = "off";

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object in JSON a line.
    Json,
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

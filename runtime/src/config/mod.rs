//! What may an operator configure, and where does each value come from?
//!
//! Defaults are overlaid by one TOML file, that by environment variables, and those by flags. A key that does not exist is an
//! error, wherever it stands.
//!
//! * [`key`]: how a section is written: keys, docs and defaults in one place
//! * [`sections`]: the sections; a new one is a struct, a line in [`sections::SECTIONS`] and a field of [`Config`]
//! * [`error`]: what can be wrong, and what was probably meant
//! * [`layers`]: file, environment and flags, one over the other
//! * [`example`]: the documented file with every default
//! * [`live`]: the configuration of a running daemon, and what a reload changes
//!
//! `data` is not among the keys, because the file lies in the data folder.

pub mod error;
pub mod example;
pub mod key;
pub mod layers;
pub mod live;
pub mod sections;

pub use error::{ConfigError, Problem};
pub use key::{Applies, Key};
pub use layers::{Entry, Flag, Loaded, Origin, Sources};
pub use live::Live;
pub use sections::{General, Http, Listen, LogFilter, LogFormat};

use crate::instance::LimitTable;

/// The file's name in the data folder.
pub const FILE: &str = "ostler.toml";

/// Everything that is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The keys at the top of the file.
    pub general: General,
    /// `[http]`.
    pub http: Http,
    /// `[limits]` and `[limits.driver.SLUG]`.
    pub limits: LimitTable,
}

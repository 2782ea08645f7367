//! What can be wrong with a configuration, and what was probably meant.

use super::{Origin, sections::SECTIONS};
use std::{fmt, io, path::PathBuf};
use thiserror::Error;

/// How far a wrong name may be from a right one to be taken for it: 1 is the same.
const ALIKE: f64 = 0.7;

/// Why a configuration is not used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read ({error}): name one that exists with --config", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is not TOML.
    #[error("{}:{line}: {message}", file.display())]
    NotToml {
        /// The file.
        file: PathBuf,
        /// Where.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// Keys that do not exist, or values that they cannot have.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Problems(Vec<Problem>),
}

/// Something that is wrong in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub origin: Origin,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.message)
    }
}

impl Problem {
    /// A key that does not exist, with the nearest one that does.
    pub fn unknown(origin: Origin, path: &str, known: impl IntoIterator<Item = String>) -> Self {
        let hint = match nearest(path, known) {
            Some(name) => format!("did you mean '{name}'?"),
            None => "`ostler config example` lists those that there are".to_owned(),
        };
        Self { origin, message: format!("there is no key '{path}': {hint}") }
    }

    /// A value that a key cannot have.
    pub fn value(origin: Origin, path: &str, message: &str) -> Self {
        Self { origin, message: format!("'{path}' cannot have this value: {message}") }
    }
}

/// The whole names of all keys.
pub fn all_paths() -> impl Iterator<Item = String> {
    SECTIONS.iter().flat_map(|section| section.keys.iter().map(|key| section.path(key.name)))
}

/// The name that is most like another one, if there is one that is like it. Last parts are compared, so that a key that stands
/// in the wrong section is found, too; the right section counts a little more.
pub fn nearest(name: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    let parts = |path: &str| match path.rsplit_once('.') {
        Some((section, key)) => (section.to_owned(), key.to_owned()),
        None => (String::new(), path.to_owned()),
    };
    let (section, key) = parts(name);
    known
        .into_iter()
        .map(|of| {
            let (of_section, of_key) = parts(&of);
            let elsewhere = if of_section == section { 0.0 } else { 0.01 };
            (strsim::jaro_winkler(&key, &of_key) - elsewhere, of)
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, of)| of)
}

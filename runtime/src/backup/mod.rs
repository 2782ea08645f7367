//! What is in a backup, and how is it written and read?
//!
//! A backup is a tar archive, compressed by zstd or not, or a folder with the same files:
//!
//! * `manifest.json`, which comes first: version, time, and size and sha256 of every other file
//! * `ostler.db`: the database, as one transaction saw it
//! * `components/<sha256>.wasm`: every component that this database names
//! * `secret.key`: what opens the secret settings
//! * `ostler.toml`: the configuration, if it lies in the data folder
//!
//! [`crate::store`] makes the consistent copy; [`archive`] writes and reads it; [`mod@restore`] makes a data folder of it.

pub mod archive;
pub mod restore;

pub use archive::BackupError;
pub use restore::{Restored, restore};

use crate::model::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

/// The version of this form.
pub const FORMAT: u32 = 1;
/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";
/// The database's name.
pub const DATABASE: &str = "ostler.db";
/// The key file's name.
pub const KEY_FILE: &str = "secret.key";
/// The folder of components.
pub const COMPONENTS: &str = "components";

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the form of the backup.
    pub format: u32,
    /// The version of the ostler that made it.
    pub ostler: String,
    /// The form of its database.
    pub database_form: u32,
    /// When it was made: what happened later is not in it.
    pub at: Timestamp,
    /// Every other file, in the order in which they come.
    pub files: Vec<FileEntry>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Digest,
}

impl Manifest {
    /// The size of all files in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

/// Whether a backup may have a file of this path: nothing else is ever written to a disk.
fn is_known(path: &str) -> bool {
    let component = || -> Option<bool> {
        let name = path.strip_prefix(COMPONENTS)?.strip_prefix('/')?.strip_suffix(".wasm")?;
        Some(name.parse::<Digest>().is_ok_and(|digest| digest.to_string() == name))
    };
    matches!(path, DATABASE | KEY_FILE | crate::config::FILE) || component().unwrap_or(false)
}

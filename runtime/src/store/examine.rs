//! Looking at a data folder without opening it: beside a daemon that uses it, or without one.

use super::{Result, Secrets, StoreError, backup, columns, schema};
use crate::{
    backup::{COMPONENTS, DATABASE, KEY_FILE},
    model::{Digest, Timestamp},
};
use rusqlite::Connection;
use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    path::Path,
};

/// What a database looks like.
#[derive(Debug)]
pub struct Examined {
    /// The form that it has.
    pub form: u32,
    /// The newest form that this program knows.
    pub known_form: u32,
    /// Its size, in bytes.
    pub bytes: u64,
    /// Components that it names and that are missing or damaged.
    pub bad_components: Vec<Digest>,
    /// Secret settings.
    pub secrets: usize,
    /// Names of keys that sealed some of them and are not in the key file.
    pub missing_keys: BTreeSet<String>,
    /// When the newest event was written.
    pub newest_event: Option<Timestamp>,
}

/// Whether a process has the folder open. Nothing when that cannot be found out.
pub fn in_use(folder: &Path) -> Option<bool> {
    let lock = match File::open(folder.join("lock")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(false),
        Err(_) => return None,
    };
    // Shared, so that two that look do not take each other for a daemon.
    match lock.try_lock_shared() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}

/// Reads the database of a folder; nothing when there is none. Blocks, for long if the database is large.
pub fn examine(folder: &Path) -> Result<Option<Examined>> {
    let database = folder.join(DATABASE);
    let bytes = match fs::metadata(&database) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::file(&database, &error)),
    };
    let connection = schema::open_for_reading(&database)?;
    let form = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known_form = u32::try_from(schema::MIGRATIONS.len()).unwrap_or(u32::MAX);
    if form > known_form {
        return Err(StoreError::Newer { database, found: form, known: known_form });
    }
    backup::sound(&connection)?;
    let key_file = folder.join(KEY_FILE);
    let keys = match fs::read_to_string(&key_file) {
        Ok(text) => Secrets::key_names(&text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeSet::new(),
        Err(error) => return Err(StoreError::file(&key_file, &error)),
    };
    let sealed = sealed_with(&connection)?;
    let whole = |digest: &Digest| {
        let file = File::open(folder.join(COMPONENTS).join(format!("{digest}.wasm")));
        file.and_then(|mut file| Digest::of_reader(&mut file)).is_ok_and(|found| found == *digest)
    };
    Ok(Some(Examined {
        form,
        known_form,
        bytes,
        bad_components: backup::digests(&connection)?.into_iter().filter(|digest| !whole(digest)).collect(),
        secrets: sealed.len(),
        missing_keys: sealed.into_iter().filter(|key| !keys.contains(key)).collect(),
        newest_event: connection
            .query_row("SELECT max(at) FROM events", [], |row| row.get::<_, Option<i64>>(0))?
            .map(Timestamp),
    }))
}

/// The name of the key of each sealed secret.
fn sealed_with(connection: &Connection) -> Result<Vec<String>> {
    let mut rows = connection.prepare("SELECT value FROM settings WHERE masked = 1")?;
    let values = rows.query_map([], |row| columns::json::<serde_json::Value>(row, "value"))?;
    let mut keys = Vec::new();
    for value in values {
        let value = value?;
        keys.extend(value.as_str().and_then(|text| text.split(':').nth(1)).map(str::to_owned));
    }
    Ok(keys)
}

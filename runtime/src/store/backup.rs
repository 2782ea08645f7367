//! A consistent copy of everything that lasts, while all goes on.
//!
//! One transaction for reading sees one state from the first page to the last, however much is written meanwhile; in WAL mode
//! it holds up nobody. Components are added before the database names them, and are removed after it forgets them, so what
//! the copy names is there as long as no file is removed before it is linked.

use super::{Result, Store, StoreError, blocking, columns, folder, schema};
use crate::{
    backup::{COMPONENTS, DATABASE, KEY_FILE},
    config,
    model::Digest,
};
use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    thread,
};
use tempfile::TempDir;

/// How many pages of the database are copied at a time.
const PAGES: i32 = 1024;
/// What must stay free on the disk beside a copy of the database, in bytes.
const ROOM: u64 = 64 << 20;
/// What the names of unfinished copies begin with.
const TAKING: &str = "taking-";

/// A copy of the state. Its folder goes when it is dropped.
#[derive(Debug)]
pub struct StateCopy {
    /// Where it lies.
    pub folder: TempDir,
    /// The form of its database.
    pub form: u32,
    /// Its files.
    pub files: Vec<String>,
}

/// What a restored database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct RestoredState {
    /// Machines.
    pub machines: u32,
    /// Installed components.
    pub drivers: u32,
    /// Jobs that are not over.
    pub open_jobs: u32,
}

impl Store {
    /// Copies the state. Removals of components wait meanwhile.
    pub async fn copy_state(&self) -> Result<StateCopy> {
        let guard = self.inner.removals.write().await;
        let inner = std::sync::Arc::clone(&self.inner);
        let copied = blocking(move || copy(&inner.folder)).await;
        drop(guard);
        copied
    }

    /// Looks at a restored folder before it becomes a data folder: its database is sound, of a known form, and each
    /// component that it names is there. `paused` keeps its machines from printing until somebody resumes them. Blocks.
    pub fn check_restored(folder: &Path, paused: bool) -> Result<RestoredState> {
        let database = folder.join(DATABASE);
        let connection = Connection::open(&database)?;
        sound(&connection)?;
        let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let known = u32::try_from(schema::MIGRATIONS.len()).unwrap_or(u32::MAX);
        if found > known {
            return Err(StoreError::Newer { database, found, known });
        }
        for digest in digests(&connection)? {
            let path = folder.join(COMPONENTS).join(format!("{digest}.wasm"));
            if !path.is_file() {
                return Err(StoreError::Corrupt { what: format!("the component {digest} is missing") });
            }
        }
        if paused {
            connection.execute("UPDATE machines SET paused = 1", [])?;
        }
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get(0));
        let state = RestoredState {
            machines: count("SELECT count(*) FROM machines")?,
            drivers: count("SELECT count(*) FROM drivers")?,
            open_jobs: count(
                "SELECT count(*) FROM jobs WHERE state NOT IN ('done', 'failed', 'cancelled', 'unknown')",
            )?,
        };
        // Folds its log in, which the folder then does not have.
        connection.close().map_err(|(_, error)| error)?;
        Ok(state)
    }
}

/// Whether a database is what was written.
pub(super) fn sound(connection: &Connection) -> Result<()> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" { Ok(()) } else { Err(StoreError::Corrupt { what: said }) }
}

/// Removes copies that were not finished: nobody else uses the folder.
pub(super) fn remove_unfinished(folder: &folder::DataFolder) {
    let Ok(entries) = fs::read_dir(folder.backups()) else { return };
    for entry in entries.filter_map(Result::ok).filter(|entry| entry.file_name().to_string_lossy().starts_with(TAKING))
    {
        if let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(%error, path = %entry.path().display(), "an unfinished backup could not be removed");
        }
    }
}

fn copy(from: &folder::DataFolder) -> Result<StateCopy> {
    folder::make_folder(&from.backups())?;
    let to = tempfile::Builder::new()
        .prefix(TAKING)
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(from.backups())
        .map_err(|error| StoreError::file(&from.backups(), &error))?;
    let connection = schema::open_for_reading(&from.database())?;
    let snapshot = connection.unchecked_transaction()?;
    // The first read begins the snapshot.
    let form = snapshot.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let named = digests(&snapshot)?;
    room_for(&snapshot, to.path())?;
    copy_database(&snapshot, &to.path().join(DATABASE))?;
    drop(snapshot);

    let mut files = vec![DATABASE.to_owned()];
    let components = to.path().join(COMPONENTS);
    folder::make_folder(&components)?;
    for digest in named {
        let name = format!("{digest}.wasm");
        let (path, copy) = (from.components().join(&name), components.join(&name));
        if !path.is_file() {
            let what = format!("the component {digest} has no file: install it again, or remove it");
            return Err(StoreError::Corrupt { what });
        }
        link(&path, &copy)?;
        if File::open(&copy).and_then(|mut file| Digest::of_reader(&mut file)).ok() != Some(digest) {
            return Err(StoreError::Corrupt { what: format!("'{}' is not what was installed", path.display()) });
        }
        files.push(format!("{COMPONENTS}/{name}"));
    }
    for name in [KEY_FILE, config::FILE] {
        if let Some(bytes) = folder::read_whole(&from.path().join(name))? {
            folder::write_whole(&to.path().join(name), &bytes)?;
            files.push(name.to_owned());
        }
    }
    Ok(StateCopy { folder: to, form, files })
}

pub(super) fn digests(connection: &Connection) -> Result<Vec<Digest>> {
    let mut rows = connection.prepare("SELECT digest FROM drivers ORDER BY digest")?;
    let digests = rows.query_map([], |row| columns::parsed(row, "digest"))?;
    Ok(digests.collect::<Result<_, _>>()?)
}

/// A copy must not fill the disk: jobs could not be stored any more.
fn room_for(snapshot: &Connection, folder: &Path) -> Result<()> {
    let pages: u32 = snapshot.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let page: u32 = snapshot.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let needed = u64::from(pages) * u64::from(page) + ROOM;
    let disk = rustix::fs::statvfs(folder).map_err(|error| StoreError::file(folder, &error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < needed {
        let what = format!("a backup needs {} MiB for a moment, and {} MiB are free", needed >> 20, free >> 20);
        return Err(StoreError::Full { what });
    }
    Ok(())
}

fn copy_database(snapshot: &Connection, to: &Path) -> Result<()> {
    drop(folder::private_file(to).map_err(|error| StoreError::file(to, &error))?);
    let mut copy = Connection::open(to)?;
    // It is no use after a crash, and is thrown away then.
    copy.execute_batch("PRAGMA synchronous = OFF;")?;
    {
        let backup = Backup::new(snapshot, &mut copy)?;
        while !matches!(backup.step(PAGES)?, StepResult::Done) {
            thread::yield_now();
        }
    }
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// The files of components never change, so another name for the same file is a copy; elsewhere than on one disk it must be
/// a real one.
fn link(from: &Path, to: &Path) -> Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(_) => fs::copy(from, to).map(drop).map_err(|error| StoreError::file(from, &error)),
    }
}

//! Opening the database: its migrations, the backup before them, and how connections are set up.

use super::{
    Result, StoreError,
    folder::{self, DataFolder},
};
use crate::model::Timestamp;
use rusqlite::{Connection, OpenFlags, backup::Backup, config::DbConfig};
use std::{path::Path, time::Duration};

/// The migrations in order. Each one brings the database from the form before its number to its number. A released
/// migration never changes.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001-tables.sql"),
    include_str!("migrations/0002-fields.sql"),
    include_str!("migrations/0003-plugins.sql"),
    include_str!("migrations/0004-queue.sql"),
    include_str!("migrations/0005-templates.sql"),
    include_str!("migrations/0006-tokens.sql"),
    include_str!("migrations/0007-api.sql"),
    include_str!("migrations/0008-places.sql"),
];

/// How many prepared statements each connection keeps.
const STATEMENTS: usize = 128;

/// How long a connection waits for a lock that another process holds, for instance a person with `sqlite3`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the database, makes it when it is missing and migrates it.
pub(super) fn open_for_writing(folder: &DataFolder, most_bytes: Option<u64>) -> Result<Connection> {
    let connection = open_with(folder, MIGRATIONS)?;
    if let Some(bytes) = most_bytes {
        let page: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        // A database that is larger already stays as it is, and grows no further.
        connection
            .query_row(&format!("PRAGMA max_page_count = {}", (bytes / u64::from(page)).max(1)), [], |_| Ok(()))?;
    }
    Ok(connection)
}

/// Opens the database for reading. It must have been opened for writing before.
pub(super) fn open_for_reading(database: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    set_up(&connection)?;
    Ok(connection)
}

/// Opens the database with these migrations.
pub(super) fn open_with(folder: &DataFolder, migrations: &[&str]) -> Result<Connection> {
    let database = folder.database();
    // SQLite gives its log and index files the permissions of the database, so those of the database come first.
    drop(folder::private_file(&database).map_err(|error| StoreError::file(&database, &error))?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&database, flags)?;
    set_up(&connection)?;
    let journal: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if journal != "wal" {
        let what = format!("{}: the file system cannot hold a write-ahead log", database.display());
        return Err(StoreError::Io { what });
    }
    // FULL makes each commit durable, not only consistent. The cache is for the unique index of documents, the log's
    // size for jobs: with documents of some ten kilobytes the default would fold it in every few dozen jobs.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    migrate(&mut connection, folder, migrations)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans do not depend on values, so that a prepared statement is not planned anew for each of them: that took longer than
    // the statement.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;")?;
    Ok(())
}

/// Brings the database to the newest form, after a backup when it has content. Each migration is one transaction.
fn migrate(connection: &mut Connection, folder: &DataFolder, migrations: &[&str]) -> Result<()> {
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::Newer { database: folder.database(), found, known });
    }
    if found > 0 && found < known {
        back_up(connection, folder, found)?;
    }
    if found == known {
        return Ok(());
    }
    // A table that is made anew would take the rows along that refer to it.
    connection.execute_batch("PRAGMA foreign_keys = OFF;")?;
    for (number, sql) in (1u32..).zip(migrations).filter(|(number, _)| *number > found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        let dangling = transaction.prepare("PRAGMA foreign_key_check")?.exists([])?;
        if dangling {
            let what = format!("form {number} of the database would leave rows behind that refer to nothing");
            return Err(StoreError::Corrupt { what });
        }
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
        tracing::info!(form = number, "migrated the database");
    }
    connection.execute_batch("PRAGMA foreign_keys = ON;")?;
    Ok(())
}

/// Copies the database to `backups/ostler-<form>-<time>.db`, including what still stands in its log.
fn back_up(connection: &Connection, folder: &DataFolder, form: u32) -> Result<()> {
    folder::make_folder(&folder.backups())?;
    // A colon is not welcome in file names.
    let time = Timestamp::now().to_string().replace(':', "");
    let path = folder.backups().join(format!("ostler-{form}-{time}.db"));
    drop(folder::private_file(&path).map_err(|error| StoreError::file(&path, &error))?);
    let mut copy = Connection::open(&path)?;
    Backup::new(connection, &mut copy)?.run_to_completion(1024, Duration::ZERO, None)?;
    copy.close().map_err(|(_, error)| error)?;
    folder::sync_folder(&folder.backups())?;
    tracing::info!(backup = %path.display(), "copied the database before migrating it");
    Ok(())
}

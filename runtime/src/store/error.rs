//! What can go wrong, and what to do about it.

use crate::model::JobId;
use rusqlite::ffi::ErrorCode;
use std::{any::Any, io, path::PathBuf};
use thiserror::Error;

/// Why the store did not do something. When an operation fails, nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// Another process has the data folder open.
    #[error("the data folder '{}' is used by another ostler: stop that one, or choose another folder", folder.display())]
    Locked {
        /// The data folder.
        folder: PathBuf,
    },
    /// A newer version of this program has written the database.
    #[error(
        "the database '{}' has form {found}, and this ostler knows forms up to {known}: use the newer ostler that \
         wrote it, or put back a copy from the folder 'backups'", database.display()
    )]
    Newer {
        /// The database file.
        database: PathBuf,
        /// The form that it has.
        found: u32,
        /// The newest form that this program knows.
        known: u32,
    },
    /// It contradicts what is stored.
    #[error("{what}")]
    Conflict {
        /// What contradicts what.
        what: String,
    },
    /// There is no such thing.
    #[error("{what}")]
    NotFound {
        /// What is missing.
        what: String,
    },
    /// A limit on what may be stored.
    #[error("{what}")]
    Quota {
        /// Which limit, and by what it was passed.
        what: String,
    },
    /// A secret cannot be sealed or opened.
    #[error("{what}")]
    Secret {
        /// Which one, why, and what to do.
        what: String,
    },
    /// No room on the disk.
    #[error("the disk with the data folder is full ({what}): free some space, then try again")]
    Full {
        /// What the system said.
        what: String,
    },
    /// Another process writes to the database, and does not come to its end.
    #[error(
        "another program holds the database ({what}): end it, or what it does; nothing that was acknowledged is lost"
    )]
    Busy {
        /// What the system said.
        what: String,
    },
    /// The disk or its permissions.
    #[error("the data folder cannot be read or written ({what}): check the disk and the owner of the folder")]
    Io {
        /// What the system said, about which file.
        what: String,
    },
    /// What is stored is not what was written.
    #[error("the stored state is damaged ({what}): stop ostler and put back a copy of the data folder")]
    Corrupt {
        /// What does not fit.
        what: String,
    },
    /// The store is closing.
    #[error("the store is closed: the daemon is stopping")]
    Stopped,
    /// A mistake in this program.
    #[error("the store failed ({what}): this is a mistake in ostler, please report it")]
    Other {
        /// What happened.
        what: String,
    },
}

impl StoreError {
    /// There is no such job, or it is not for whoever asks.
    pub fn no_job(id: JobId) -> Self {
        Self::not_found(format!("there is no job {id}"))
    }

    /// Whether the same may succeed later without anybody changing what was asked for: the disk is full or fails, or
    /// another program is in the way.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Busy { .. } | Self::Io { .. })
    }

    pub(super) fn conflict(what: impl Into<String>) -> Self {
        Self::Conflict { what: what.into() }
    }

    pub(super) fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// A panic inside an operation.
    pub(super) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self::Other { what: format!("an operation panicked: {}", text.unwrap_or("no message")) }
    }

    /// A failure of the file system at `path`.
    pub(super) fn file(path: &std::path::Path, error: &io::Error) -> Self {
        let what = format!("{}: {error}", path.display());
        if error.kind() == io::ErrorKind::StorageFull { Self::Full { what } } else { Self::Io { what } }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let what = error.to_string();
        match &error {
            E::FromSqlConversionFailure(..) | E::IntegralValueOutOfRange(..) | E::InvalidColumnType(..) => {
                Self::Corrupt { what }
            }
            _ => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Self::Full { what },
                Some(
                    ErrorCode::SystemIoFailure
                    | ErrorCode::CannotOpen
                    | ErrorCode::ReadOnly
                    | ErrorCode::PermissionDenied,
                ) => Self::Io { what },
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { what },
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { what },
                _ => Self::Other { what },
            },
        }
    }
}

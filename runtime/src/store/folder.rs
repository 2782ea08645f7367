//! The data folder: where everything lies, who may read it, and that only one process uses it.

use super::{Result, StoreError};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::Write as _,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// An open and locked data folder. The lock is given back on drop, or by the system when the process dies.
pub(super) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder when it is missing (mode 0700) and locks it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        make_folder(path)?;
        let path = path.canonicalize().map_err(|error| StoreError::file(path, &error))?;
        let lock_path = path.join("lock");
        let lock = private_file(&lock_path).map_err(|error| StoreError::file(&lock_path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked { folder: path }),
            Err(TryLockError::Error(error)) => return Err(StoreError::file(&lock_path, &error)),
        }
        let folder = Self { path, _lock: lock };
        make_folder(&folder.components())?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The database file.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join("ostler.db")
    }

    /// The folder of component files.
    pub(super) fn components(&self) -> PathBuf {
        self.path.join("components")
    }

    /// The folder of copies that were made before migrations.
    pub(super) fn backups(&self) -> PathBuf {
        self.path.join("backups")
    }

    /// The file with the keys that seal secrets.
    pub(super) fn secret_key(&self) -> PathBuf {
        self.path.join("secret.key")
    }
}

/// Makes a folder that only its owner may enter, with its parents. An existing one is left as it is.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| StoreError::file(path, &error))
}

/// Opens a file for writing and makes it with mode 0600 when it is missing.
pub(super) fn private_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)
}

/// Writes a whole file (mode 0600) so that after a crash it is either there completely or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = |error: &std::io::Error| StoreError::file(path, error);
    // A temporary file has mode 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error.error))?;
    sync_folder(folder)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<()> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| StoreError::file(path, &error))
}

/// Reads a whole file; `None` when there is none.
pub(super) fn read_whole(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::file(path, &error)),
    }
}

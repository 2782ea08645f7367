//! A data folder from a backup: all of it, or nothing.
//!
//! Everything is checked while it is written into a folder beside the wanted one, and that folder takes the wanted name at
//! the very end.

use super::{BackupError, Manifest, archive};
use crate::store::{RestoredState, Store};
use archive::{Sink, at};
use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// What the backup says about itself.
    pub manifest: Manifest,
    /// What its database has.
    pub state: RestoredState,
    /// The data folder.
    pub data: PathBuf,
}

/// Makes a data folder of a backup. `paused`: no machine takes a job before somebody resumes it. Blocks.
pub fn restore(
    from: &Path,
    data: &Path,
    paused: bool,
    moved: impl FnMut(&Manifest, u64),
) -> Result<Restored, BackupError> {
    let data = target(data)?;
    let parent = data.parent().unwrap_or(Path::new("/")).to_owned();
    let new = tempfile::Builder::new()
        .prefix(".ostler-restoring-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(&parent)
        .map_err(at(&parent))?;
    let sink = Sink::Folder(new.path());
    let manifest = if from.is_dir() {
        archive::read_folder(from, &sink)?
    } else {
        archive::read(archive::open(from)?, &sink, moved)?
    };
    let state = Store::check_restored(new.path(), paused)?;
    // A folder takes the place of an empty one, and of no other.
    fs::rename(new.path(), &data).map_err(|error| match error.kind() {
        ErrorKind::DirectoryNotEmpty => not_empty(&data),
        ErrorKind::ResourceBusy => BackupError::Target(format!(
            "{} is a mount point, which no folder can take the place of: restore into a folder in it",
            data.display()
        )),
        _ => at(&data)(error),
    })?;
    let _ = new.keep();
    fs::File::open(&parent).and_then(|folder| folder.sync_all()).map_err(at(&parent))?;
    Ok(Restored { manifest, state, data })
}

/// The wanted folder's whole path; it is missing or empty, and its parent is there.
fn target(data: &Path) -> Result<PathBuf, BackupError> {
    let path = match data.canonicalize() {
        Ok(path) => path,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let whole = std::path::absolute(data).map_err(at(data))?;
            if let Some(parent) = whole.parent() {
                fs::create_dir_all(parent).map_err(at(parent))?;
            }
            return Ok(whole);
        }
        Err(error) => return Err(at(data)(error)),
    };
    let mut entries = fs::read_dir(&path).map_err(at(&path))?;
    if entries.next().is_none() {
        return Ok(path);
    }
    match fs::File::open(path.join("lock")).map(|lock| lock.try_lock()) {
        Ok(Err(fs::TryLockError::WouldBlock)) => Err(BackupError::Target(format!(
            "{} is the data folder of a daemon that runs: restore into an empty folder",
            path.display()
        ))),
        _ => Err(not_empty(&path)),
    }
}

fn not_empty(path: &Path) -> BackupError {
    let path = path.display();
    BackupError::Target(format!("{path} is not empty: restore into an empty folder, or move what is there away"))
}

/// Whether a backup can be restored, without writing anything. Blocks.
pub fn check(from: &Path) -> Result<Manifest, BackupError> {
    if from.is_dir() {
        archive::read_folder(from, &Sink::Nowhere)
    } else {
        archive::read(archive::open(from)?, &Sink::Nowhere, |_, _| {})
    }
}

impl From<BackupError> for io::Error {
    fn from(error: BackupError) -> Self {
        Self::other(error)
    }
}

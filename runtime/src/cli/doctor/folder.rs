//! Data folder, key file, compiled code.

use super::Check;
use crate::backup::KEY_FILE;
use std::{
    fs::{self, Metadata},
    io::ErrorKind,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

/// Less room than this is a problem, and less than the second one a warning; in bytes.
const ROOM: (u64, u64) = (64 << 20, 1 << 30);

pub(super) fn look(data: &Path) -> Vec<Check> {
    let metadata = match fs::metadata(data) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let found = format!("{} does not exist", data.display());
            return vec![Check::warning(
                "data folder",
                found,
                "`ostler serve` makes it, or name another one with --data",
            )];
        }
        Err(error) => {
            let found = format!("{}: {error}", data.display());
            return vec![Check::problem("data folder", found, "run this as the user that runs the daemon")];
        }
    };
    let mut checks = vec![folder(data, &metadata), room(data)];
    checks.push(key_file(&data.join(KEY_FILE)));
    let cache = data.join("cache");
    if let Ok(metadata) = fs::metadata(&cache) {
        checks.push(compiled_code(&cache, &metadata));
    }
    checks
}

fn folder(data: &Path, metadata: &Metadata) -> Check {
    const ABOUT: &str = "data folder";
    let (path, mode) = (data.display(), metadata.permissions().mode() & 0o777);
    let user = rustix::process::geteuid().as_raw();
    if !metadata.is_dir() {
        return Check::problem(ABOUT, format!("{path} is not a folder"), "name another one with --data");
    }
    if metadata.uid() != user {
        let found = format!("{path} belongs to the user {}, and this is the user {user}", metadata.uid());
        return Check::problem(ABOUT, found, "run this as the user that runs the daemon");
    }
    if let Err(error) = rustix::fs::access(data, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK) {
        let found = format!("{path} cannot be written: {error}");
        return Check::problem(ABOUT, found, format!("chmod 700 {path}, or mount its disk for writing"));
    }
    if mode & 0o077 != 0 {
        return Check::warning(
            ABOUT,
            format!("{path} has mode {mode:03o}: others may enter it"),
            format!("chmod 700 {path}"),
        );
    }
    Check::ok(ABOUT, format!("{path}, mode {mode:03o}"))
}

fn room(data: &Path) -> Check {
    const ABOUT: &str = "free space";
    let disk = match rustix::fs::statvfs(data) {
        Ok(disk) => disk,
        Err(error) => return Check::warning(ABOUT, format!("not known: {error}"), "look at the disk with `df`"),
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let found = format!("{} MiB", free >> 20);
    let advice =
        "jobs cannot be stored on a full disk: free some space, or keep jobs for less long (limits.job_retention_s)";
    match free {
        free if free < ROOM.0 => Check::problem(ABOUT, found, advice),
        free if free < ROOM.1 => Check::warning(ABOUT, found, advice),
        _ => Check::ok(ABOUT, found),
    }
}

fn key_file(path: &Path) -> Check {
    const ABOUT: &str = "key file";
    match fs::metadata(path) {
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o777;
            let for_others = mode & 0o077;
            if for_others == 0 {
                Check::ok(ABOUT, format!("{}, mode {mode:03o}", path.display()))
            } else {
                let found = format!("{} has mode {mode:03o}: others may read it", path.display());
                Check::problem(ABOUT, found, format!("chmod 600 {}", path.display()))
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Check::ok(ABOUT, "there is none yet; the first start makes it")
        }
        Err(error) => {
            Check::problem(ABOUT, format!("{}: {error}", path.display()), "give it back to the daemon's user")
        }
    }
}

fn compiled_code(path: &Path, metadata: &Metadata) -> Check {
    const ABOUT: &str = "compiled code";
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o022 != 0 {
        // What lies there is run as native code.
        let advice = format!("chmod 700 {}, and remove what is in it: it is compiled again", path.display());
        return Check::problem(
            ABOUT,
            format!("{} has mode {mode:03o}: others may write there", path.display()),
            advice,
        );
    }
    let entries =
        fs::read_dir(path).map(|entries| entries.filter_map(Result::ok).collect::<Vec<_>>()).unwrap_or_default();
    let bytes: u64 = entries.iter().filter_map(|entry| Some(entry.metadata().ok()?.len())).sum();
    Check::ok(ABOUT, format!("{} components, {} MiB", entries.len(), bytes.div_ceil(1 << 20)))
}

//! `ostler backup` and `ostler restore`: all of the state in one file, and back.

use super::{
    client::Client,
    output::{Output, line},
    progress::Progress,
};
use crate::backup::{
    Manifest,
    archive::{self, Sink, Tee},
    restore::{check as check_backup, restore as restore_backup},
};
use anyhow::{Context as _, Result, bail};
use http_body_util::BodyExt as _;
use hyper::{Method, body::Bytes};
use serde_json::json;
use std::{
    io::{self, Read, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use tokio::sync::mpsc;

/// How many pieces of the answer may wait.
const PIECES: usize = 16;

/// Where the backup goes.
#[derive(Debug, clap::Args)]
pub struct Take {
    /// A new file that ends in .tar.zst or .tar, or a new folder. It will hold the keys of the secret settings: keep it as
    /// safe as the data folder.
    to: PathBuf,
}

/// What is restored.
#[derive(Debug, clap::Args)]
pub struct Restore {
    /// The backup: a .tar.zst, a .tar or a folder. It is restored into the folder that --data names, which must be empty.
    from: PathBuf,
    /// Pause every machine: what was queued when the backup was taken, and was printed later, would be printed again.
    #[arg(long)]
    paused: bool,
    /// Only check the backup; nothing is written.
    #[arg(long, conflicts_with = "paused")]
    check: bool,
}

/// Takes a backup of the running daemon.
pub async fn take(client: &Client, out: Output, Take { to }: Take) -> Result<()> {
    if std::fs::symlink_metadata(&to).is_ok() {
        bail!("{} is there already: name a new file or folder", to.display());
    }
    let mut body = client.send(Method::POST, "/api/backup/", None).await?.into_body();
    let (pieces, receiver) = mpsc::channel(PIECES);
    let bar = Progress::of_bytes(out, "taking the backup");
    let target = to.clone();
    let writing = tokio::task::spawn_blocking(move || write(Pieces { receiver, rest: Bytes::new() }, &target, &bar));
    while let Some(frame) = body.frame().await {
        let piece = frame.map(|frame| frame.into_data().unwrap_or_default()).map_err(io::Error::other);
        let broken = piece.is_err();
        // A writer that ended says why below.
        if pieces.send(piece).await.is_err() || broken {
            break;
        }
    }
    drop(pieces);
    let manifest = writing.await.context("the backup was not written")??;
    let told = json!({ "to": to, "manifest": manifest });
    let (to, bytes) = (to.display(), size(manifest.bytes()));
    out.say(&told, &format!("{to} has the state of {}: {} files, {bytes}", manifest.at, manifest.files.len()))
}

/// Restores a backup, without a daemon.
pub fn restore(out: Output, data: &Path, Restore { from, paused, check }: &Restore) -> Result<()> {
    if *check {
        let manifest = check_backup(from)?;
        let sentence = format!("{} is whole: {}, by ostler {}", from.display(), manifest.at, manifest.ostler);
        return out.say(&manifest, &sentence);
    }
    let bar = Progress::of_bytes(out, "restoring");
    let restored = restore_backup(from, data, *paused, |manifest, bytes| bar.moved(manifest.bytes(), bytes))?;
    drop(bar);
    let (state, manifest) = (restored.state, &restored.manifest);
    let told = json!({ "data": restored.data, "state": state, "manifest": manifest, "paused": paused });
    let data = restored.data.display();
    let sentence = format!(
        "{data} has the state of {}: {} machines, {} components, {} jobs that are not over",
        manifest.at, state.machines, state.drivers, state.open_jobs
    );
    out.say(&told, &sentence)?;
    if out.is_json() {
        return Ok(());
    }
    if *paused {
        line("\nEvery machine is paused. Cancel what was printed since, then: ostler machine resume NAME")?;
    } else if state.open_jobs > 0 {
        line("\nThese jobs go on when the daemon starts, also those that were printed after the backup was taken.")?;
        line("If there may be such, restore with --paused instead, and look at them first.")?;
    }
    line(&format!("\nStart it: ostler --data {data} serve"))
}

/// Checks an archive while it comes, and writes it: all of it, or nothing.
fn write(pieces: Pieces, to: &Path, bar: &Progress) -> Result<Manifest> {
    let name = to.file_name().with_context(|| format!("{} is no name for a file", to.display()))?.to_string_lossy();
    let parent = match to.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let place = || format!("writing to {}", parent.display());
    let moved = |manifest: &Manifest, bytes| bar.moved(manifest.bytes(), bytes);
    let manifest = if name.ends_with(".tar") || name.ends_with(".tar.zst") {
        // Readable for its owner alone from the start.
        let file = tempfile::NamedTempFile::new_in(parent).with_context(place)?;
        let manifest = if name.ends_with(".zst") {
            let mut to = archive::compressor(file.reopen()?)?;
            let manifest = all(pieces, &mut to, moved)?;
            to.finish().with_context(place)?;
            manifest
        } else {
            all(pieces, file.as_file(), moved)?
        };
        file.as_file().sync_all().with_context(place)?;
        file.persist_noclobber(to).with_context(|| format!("writing {}", to.display()))?;
        manifest
    } else {
        let folder = tempfile::Builder::new()
            .prefix(".ostler-backup-")
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .with_context(place)?;
        let manifest = archive::read(pieces, &Sink::Folder(folder.path()), moved)?;
        let text = serde_json::to_vec_pretty(&manifest)?;
        let mut file = std::fs::File::create_new(folder.path().join(crate::backup::MANIFEST)).with_context(place)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        file.write_all(&text).and_then(|()| file.sync_all()).with_context(place)?;
        std::fs::rename(folder.path(), to).with_context(|| format!("writing {}", to.display()))?;
        let _ = folder.keep();
        manifest
    };
    std::fs::File::open(parent).and_then(|folder| folder.sync_all()).with_context(place)?;
    Ok(manifest)
}

/// Checks an archive and copies it to its last byte.
fn all(pieces: Pieces, to: impl io::Write, moved: impl FnMut(&Manifest, u64)) -> Result<Manifest> {
    let mut tee = Tee { from: pieces, to };
    let manifest = archive::read(&mut tee, &Sink::Nowhere, moved)?;
    io::copy(&mut tee, &mut io::sink())?;
    tee.to.flush()?;
    Ok(manifest)
}

/// Reads a body as it comes.
struct Pieces {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    rest: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => self.rest = piece?,
                None => return Ok(0),
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(buffer.len()));
        if let Some(to) = buffer.get_mut(..piece.len()) {
            to.copy_from_slice(&piece);
        }
        Ok(piece.len())
    }
}

/// A size for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{} MiB", bytes.div_ceil(1 << 20)),
    }
}

//! Writing a copy of the state as an archive, and reading an archive with every check.

use super::{DATABASE, FORMAT, FileEntry, KEY_FILE, MANIFEST, Manifest, is_known};
use crate::model::{Digest, Timestamp};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};
use tar::{Archive, Builder, EntryType, Header};
use thiserror::Error;

/// The first bytes of a zstd frame (RFC 8878, 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The largest manifest: more than ten thousand components.
const MAX_MANIFEST: u64 = 4 << 20;
/// How many bytes are moved at a time.
const BUFFER: usize = 256 << 10;
/// The compression level: higher ones take much longer for little.
const LEVEL: i32 = 3;

/// Why a backup is not taken or not restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The disk.
    #[error("{}: {error}", path.display())]
    File {
        /// What was read or written.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Not an archive, or one that ends too early.
    #[error("the backup cannot be read ({0}): it is damaged or not whole, take another one")]
    Archive(#[from] io::Error),
    /// Not a backup.
    #[error("this is not a backup: it does not begin with {MANIFEST}")]
    NoManifest,
    /// A manifest of another form.
    #[error("the backup has form {found}, and this ostler knows form {FORMAT}: use the ostler that made it ({ostler})")]
    Format {
        /// Its form.
        found: u32,
        /// Who made it.
        ostler: String,
    },
    /// What is in it does not fit.
    #[error("the backup is damaged: {0}. Take another one")]
    Damaged(String),
    /// The folder cannot be restored into.
    #[error("{0}")]
    Target(String),
    /// The database in it.
    #[error("the database of the backup: {0}")]
    Store(#[from] crate::store::StoreError),
}

/// An error of the disk at `path`.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |error| BackupError::File { path: path.to_owned(), error }
}

/// Makes the manifest of a folder with these files.
pub fn describe(folder: &Path, database_form: u32, files: &[String]) -> Result<Manifest, BackupError> {
    let describe = |path: &String| {
        let file = folder.join(path);
        let size = fs::metadata(&file).map_err(at(&file))?.len();
        let sha256 = File::open(&file).and_then(|mut file| Digest::of_reader(&mut file)).map_err(at(&file))?;
        Ok(FileEntry { path: path.clone(), size, sha256 })
    };
    let files = files.iter().map(describe).collect::<Result<_, BackupError>>()?;
    let ostler = env!("CARGO_PKG_VERSION").to_owned();
    Ok(Manifest { format: FORMAT, ostler, database_form, at: Timestamp::now(), files })
}

/// Writes a folder as a tar archive, its manifest first.
pub fn write(folder: &Path, manifest: &Manifest, to: impl Write) -> io::Result<()> {
    let mut archive = Builder::new(BufWriter::with_capacity(BUFFER, to));
    let seconds = u64::try_from(manifest.at.0 / 1000).unwrap_or_default();
    let header = |size: u64| {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(seconds);
        header
    };
    let text = serde_json::to_vec_pretty(manifest)?;
    archive.append_data(&mut header(text.len() as u64), MANIFEST, text.as_slice())?;
    for entry in &manifest.files {
        let file = File::open(folder.join(&entry.path))?;
        archive.append_data(&mut header(entry.size), &entry.path, file.take(entry.size))?;
    }
    archive.into_inner()?.flush()
}

/// Where files of a backup go.
pub enum Sink<'a> {
    /// They are only checked.
    Nowhere,
    /// Into a folder, which is there and empty.
    Folder(&'a Path),
}

/// Reads a tar archive: each file is in the manifest once, and as it says. `moved` is told of each file's bytes.
pub fn read(
    archive: impl Read,
    sink: &Sink<'_>,
    mut moved: impl FnMut(&Manifest, u64),
) -> Result<Manifest, BackupError> {
    let mut archive = Archive::new(archive);
    let mut entries = archive.entries()?;
    let mut first = entries.next().ok_or(BackupError::NoManifest)?.map_err(|_| BackupError::NoManifest)?;
    if first.path()?.to_str() != Some(MANIFEST) {
        return Err(BackupError::NoManifest);
    }
    let mut text = Vec::new();
    first.by_ref().take(MAX_MANIFEST).read_to_end(&mut text)?;
    let manifest = parse(&text)?;
    let mut awaited: BTreeMap<&str, &FileEntry> =
        manifest.files.iter().map(|file| (file.path.as_str(), file)).collect();
    for entry in entries {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let regular = entry.header().entry_type() == EntryType::Regular;
        let Some(wanted) = awaited.remove(path.as_str()).filter(|wanted| regular && wanted.size == entry.size()) else {
            return Err(BackupError::Damaged(format!("'{path}' is not as the manifest says")));
        };
        take(&mut entry, wanted, sink)?;
        moved(&manifest, wanted.size);
    }
    whole(&awaited)?;
    sync(sink)?;
    Ok(manifest)
}

/// Reads a backup that is a folder, with the same checks.
pub fn read_folder(folder: &Path, sink: &Sink<'_>) -> Result<Manifest, BackupError> {
    let file = folder.join(MANIFEST);
    let text = fs::read(&file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => BackupError::NoManifest,
        _ => at(&file)(error),
    })?;
    let manifest = parse(&text)?;
    for wanted in &manifest.files {
        let file = folder.join(&wanted.path);
        let opened = File::open(&file).map_err(at(&file))?;
        take(&mut BufReader::new(opened), wanted, sink)?;
    }
    sync(sink)?;
    Ok(manifest)
}

/// A file for writing, which compresses if its name says so, and must be finished.
pub fn compressor(file: File) -> io::Result<zstd::Encoder<'static, File>> {
    let mut encoder = zstd::Encoder::new(file, LEVEL)?;
    encoder.include_checksum(true)?;
    Ok(encoder)
}

/// Opens an archive, compressed or not.
pub fn open(path: &Path) -> Result<Box<dyn Read>, BackupError> {
    let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(at(path))?);
    let zstd = io::BufRead::fill_buf(&mut file).map_err(at(path))?.starts_with(&ZSTD);
    Ok(if zstd { Box::new(zstd::Decoder::with_buffer(file).map_err(at(path))?) } else { Box::new(file) })
}

fn parse(text: &[u8]) -> Result<Manifest, BackupError> {
    let manifest: Manifest = serde_json::from_slice(text)
        .map_err(|error| BackupError::Damaged(format!("{MANIFEST} cannot be read ({error})")))?;
    if manifest.format != FORMAT {
        return Err(BackupError::Format { found: manifest.format, ostler: manifest.ostler });
    }
    if let Some(file) = manifest.files.iter().find(|file| !is_known(&file.path)) {
        return Err(BackupError::Damaged(format!("it has the file '{}', which belongs to no backup", file.path)));
    }
    for needed in [DATABASE, KEY_FILE] {
        if manifest.files.iter().all(|file| file.path != needed) {
            return Err(BackupError::Damaged(format!("it has no {needed}")));
        }
    }
    Ok(manifest)
}

fn whole(missing: &BTreeMap<&str, &FileEntry>) -> Result<(), BackupError> {
    match missing.keys().next() {
        None => Ok(()),
        Some(path) => {
            Err(BackupError::Damaged(format!("{} of its files are missing, such as '{path}'", missing.len())))
        }
    }
}

/// Takes in one file, and no more than it may have.
fn take(from: &mut impl Read, wanted: &FileEntry, sink: &Sink<'_>) -> Result<(), BackupError> {
    let Sink::Folder(folder) = sink else { return pass(from, wanted, |_| Ok(())) };
    let path = folder.join(&wanted.path);
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(at(parent))?;
    }
    let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = new.map_err(at(&path))?;
    pass(from, wanted, |bytes| file.write_all(bytes).map_err(at(&path)))?;
    file.sync_all().map_err(at(&path))
}

/// Passes on a file's bytes, and compares their size and digest.
fn pass(
    from: &mut impl Read,
    wanted: &FileEntry,
    mut to: impl FnMut(&[u8]) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let mut from = from.take(wanted.size.saturating_add(1));
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;
    loop {
        let count = from.read(&mut buffer)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        hasher.update(bytes);
        to(bytes)?;
        size += bytes.len() as u64;
    }
    let found = Digest::from(hasher);
    if size != wanted.size || found != wanted.sha256 {
        return Err(BackupError::Damaged(format!("'{}' has the digest {found}, not {}", wanted.path, wanted.sha256)));
    }
    Ok(())
}

/// Makes the names in a folder durable.
fn sync(sink: &Sink<'_>) -> Result<(), BackupError> {
    let Sink::Folder(folder) = sink else { return Ok(()) };
    let components = folder.join(super::COMPONENTS);
    let folders = [components.as_path(), folder].into_iter().filter(|folder| folder.is_dir());
    for folder in folders {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))?;
    }
    Ok(())
}

/// A reader whose bytes go to a second place, too.
pub struct Tee<R, W> {
    /// Where they come from.
    pub from: R,
    /// Where they go, too.
    pub to: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.to.write_all(buffer.get(..count).unwrap_or_default())?;
        Ok(count)
    }
}

//! A plugin as it arrives: a tar archive, compressed by zstd or not, of a folder with `ostler-plugin.toml`.
//!
//! ```toml
//! slug = "scales"
//! name = "Scales"
//! description = "Reads shop scales."
//! version = "0.1.0"
//! types = ["scale"]                 # folders with .wit files and a machine-type.toml
//! drivers = ["toledo-8217.wasm"]    # components
//! ```
//!
//! The archive is untrusted: nothing of it is unpacked to the disk, and what it unpacks to is bounded.

use crate::model::{Slug, plugin::TypeSource};
use ruzstd::decoding::StreamingDecoder;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read},
    path::{Component, Path},
};
use thiserror::Error;

/// The manifest's name.
pub const MANIFEST: &str = "ostler-plugin.toml";
/// A machine type's manifest.
const TYPE_MANIFEST: &str = "machine-type.toml";
/// The first bytes of a zstd frame (RFC 8878, 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What an archive may unpack to, in bytes and in files.
const MAX_BYTES: u64 = 512 << 20;
const MAX_FILES: usize = 1000;
/// What headers and padding may take beside that.
const SLACK: u64 = 16 << 20;

/// A plugin that was read, and not checked further.
#[derive(Debug)]
pub struct Bundle {
    /// Its manifest.
    pub manifest: Manifest,
    /// The files of its types.
    pub types: Vec<TypeSource>,
    /// Its components, by file.
    pub components: Vec<(String, Vec<u8>)>,
}

/// `ostler-plugin.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name for programs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// What it brings.
    #[serde(default)]
    pub description: String,
    /// The plugin's own version.
    pub version: String,
    /// Folders of machine types.
    #[serde(default)]
    pub types: Vec<String>,
    /// Files of components.
    #[serde(default)]
    pub drivers: Vec<String>,
}

/// Why an archive is not a plugin.
#[derive(Debug, Error)]
pub enum BundleError {
    /// Not an archive, or a damaged one.
    #[error(
        "this is not a plugin: it cannot be read as a tar archive ({0}). Give `ostler plugin install` a folder or a .tar.zst"
    )]
    Archive(#[from] io::Error),
    /// Too large.
    #[error("the plugin unpacks to more than {} MiB or {MAX_FILES} files", MAX_BYTES >> 20)]
    TooLarge,
    /// A file that leads out of the archive.
    #[error("the archive has the file '{0}', and files of a plugin lie inside of it")]
    Path(String),
    /// No manifest.
    #[error("the plugin has no {MANIFEST} at its top")]
    NoManifest,
    /// A manifest that cannot be read.
    #[error("{MANIFEST}: {0}")]
    Manifest(String),
    /// The manifest names something that is not there.
    #[error("{MANIFEST} names '{0}', which the plugin does not have")]
    Missing(String),
}

impl Bundle {
    /// Reads an archive.
    pub fn read(archive: &[u8]) -> Result<Self, BundleError> {
        let mut files = if archive.starts_with(&ZSTD) {
            let decoder = StreamingDecoder::new(archive).map_err(|error| io::Error::other(error.to_string()))?;
            unpack(decoder)?
        } else {
            unpack(archive)?
        };
        let manifest = files.remove(MANIFEST).ok_or(BundleError::NoManifest)?;
        let manifest = str::from_utf8(&manifest).map_err(|error| BundleError::Manifest(error.to_string()))?;
        let manifest: Manifest =
            toml::from_str(manifest).map_err(|error| BundleError::Manifest(error.to_string().trim().to_owned()))?;
        for list in [&manifest.types, &manifest.drivers] {
            let mut seen = BTreeSet::new();
            if let Some(twice) = list.iter().find(|name| !seen.insert(*name)) {
                return Err(BundleError::Manifest(format!("'{twice}' is listed twice")));
            }
        }
        let types = manifest.types.iter().map(|folder| type_source(&files, folder)).collect::<Result<_, _>>()?;
        let component = |file: &String| {
            let bytes = files.remove(file.as_str()).ok_or_else(|| BundleError::Missing(file.clone()))?;
            Ok((file.clone(), bytes))
        };
        let components = manifest.drivers.iter().map(component).collect::<Result<_, BundleError>>()?;
        Ok(Self { manifest, types, components })
    }
}

fn type_source(files: &BTreeMap<String, Vec<u8>>, folder: &str) -> Result<TypeSource, BundleError> {
    let inside = format!("{}/", folder.trim_end_matches('/'));
    let mut source = TypeSource { folder: folder.to_owned(), wit: Vec::new(), manifest: None, problem: None };
    for (path, bytes) in files {
        let Some(name) = path.strip_prefix(&inside).filter(|name| !name.contains('/')) else { continue };
        let text =
            || String::from_utf8(bytes.clone()).map_err(|_| BundleError::Manifest(format!("{path} is not UTF-8")));
        if name == TYPE_MANIFEST {
            source.manifest = Some(text()?);
        } else if Path::new(name).extension().is_some_and(|ending| ending == "wit") {
            source.wit.push((name.to_owned(), text()?));
        }
    }
    if source.wit.is_empty() { Err(BundleError::Missing(format!("{inside}*.wit"))) } else { Ok(source) }
}

/// The regular files, by their paths below the folder that holds the manifest.
fn unpack(archive: impl Read) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    let mut files = BTreeMap::new();
    let mut bytes_left = MAX_BYTES;
    // All that is unpacked counts, also what is skipped here or read by the library for itself, such as long names.
    let archive = archive.take(MAX_BYTES + SLACK);
    for (count, entry) in tar::Archive::new(archive).entries()?.enumerate() {
        let mut entry = entry?;
        if count >= MAX_FILES || entry.size() > bytes_left {
            return Err(BundleError::TooLarge);
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path()?.into_owned();
        let name = inner_path(&path)?;
        bytes_left -= entry.size();
        let mut bytes = Vec::new();
        entry.by_ref().take(MAX_BYTES).read_to_end(&mut bytes)?;
        files.insert(name, bytes);
    }
    Ok(below_one_folder(files))
}

/// `./scale/scale.wit` as `scale/scale.wit`.
fn inner_path(path: &Path) -> Result<String, BundleError> {
    let outside = || BundleError::Path(path.display().to_string());
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str().ok_or_else(outside)?),
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => return Err(outside()),
        }
    }
    Ok(parts.join("/"))
}

/// An archive may hold the folder itself, as `tar c FOLDER` makes it, or what is in it.
fn below_one_folder(files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    if files.contains_key(MANIFEST) {
        return files;
    }
    let ending = format!("/{MANIFEST}");
    let folder = files.keys().find_map(|path| path.strip_suffix(&ending)).filter(|folder| !folder.contains('/'));
    let Some(folder) = folder.map(|folder| format!("{folder}/")) else { return files };
    files.into_iter().filter_map(|(path, bytes)| Some((path.strip_prefix(&folder)?.to_owned(), bytes))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            // Written as they are: a path that leads outside is refused by `append_data`, and not by others' tools.
            let name = header.as_gnu_mut().unwrap();
            name.name.iter_mut().zip(path.bytes()).for_each(|(place, byte)| *place = byte);
            header.set_cksum();
            archive.append(&header, text.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap()
    }

    const TOML: &str = "slug = 'x'\nname = 'X'\nversion = '1'\ntypes = ['abc']\ndrivers = ['x.wasm']";

    #[test]
    fn a_folder_inside_the_archive_is_the_plugin_too() {
        for folder in ["", "./", "plugin/", "./plugin/"] {
            let file = |name: &str| format!("{folder}{name}");
            let files = [file(MANIFEST), file("abc/abc.wit"), file("abc/machine-type.toml"), file("x.wasm")];
            let texts = [TOML, "package a:b;", "slug = 'abc'", "\0asm"];
            let all: Vec<_> = files.iter().map(String::as_str).zip(texts).collect();
            let bundle = Bundle::read(&archive(&all)).unwrap();
            assert_eq!(bundle.types.len(), 1, "{folder}");
            assert_eq!(bundle.types.first().unwrap().wit, [("abc.wit".to_owned(), "package a:b;".to_owned())]);
            assert_eq!(bundle.components, [("x.wasm".to_owned(), b"\0asm".to_vec())]);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |files: &[(&str, &str)]| Bundle::read(&archive(files)).unwrap_err().to_string();
        assert!(refused(&[("a.txt", "")]).contains("no ostler-plugin.toml"));
        assert!(refused(&[(MANIFEST, "slug = 'X'")]).contains("slug"));
        assert!(refused(&[(MANIFEST, &format!("{TOML}\ncolour = 'red'"))]).contains("colour"));
        assert!(refused(&[(MANIFEST, TOML)]).contains("'abc/*.wit'"));
        assert!(refused(&[(MANIFEST, TOML), ("abc/a.wit", "")]).contains("'x.wasm'"));
        assert!(refused(&[("../../etc/passwd", "root")]).contains("../../etc/passwd"));
        assert!(Bundle::read(b"hello").unwrap_err().to_string().contains("not a plugin"));
        assert!(Bundle::read(&[&ZSTD[..], b"hello"].concat()).unwrap_err().to_string().contains("not a plugin"));
    }
}

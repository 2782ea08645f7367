//! Plugins: those of the repository, put together as `scripts/plugin.sh` does it, and others that are made for one test.

use crate::place;
use std::{path::Path, process::Command};

/// Puts a plugin of the repository's `plugins/` together at `out`: a folder, or an archive when that ends in `.tar.zst`.
pub fn assemble(name: &str, out: &Path) {
    let mut command = Command::new(place::repository().join("scripts/plugin.sh"));
    command.arg(place::repository().join("plugins").join(name)).arg(out);
    let output = command.env("OSTLER_GUESTS", place::guests()).output().expect("bash is needed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A plugin that is made for one test.
#[derive(Debug, Clone)]
pub struct Bundle {
    slug: String,
    version: String,
    types: Vec<String>,
    drivers: Vec<String>,
    files: Vec<(String, Vec<u8>)>,
}

impl Bundle {
    /// A plugin that brings nothing yet.
    pub fn new(slug: &str, version: &str) -> Self {
        let (slug, version) = (slug.to_owned(), version.to_owned());
        Self { slug, version, types: Vec::new(), drivers: Vec::new(), files: Vec::new() }
    }

    /// Adds a component.
    #[must_use]
    pub fn driver(mut self, file: &str, component: Vec<u8>) -> Self {
        self.drivers.push(file.to_owned());
        self.files.push((file.to_owned(), component));
        self
    }

    /// Adds a machine type: its `.wit` and its `machine-type.toml`.
    #[must_use]
    pub fn machine_type(mut self, folder: &str, wit: &str, manifest: &str) -> Self {
        self.types.push(folder.to_owned());
        self.files.push((format!("{folder}/type.wit"), wit.as_bytes().to_vec()));
        self.files.push((format!("{folder}/machine-type.toml"), manifest.as_bytes().to_vec()));
        self
    }

    /// The tar archive.
    pub fn archive(&self) -> Vec<u8> {
        let Self { slug, version, types, drivers, files } = self;
        // Debug writes lists of texts as TOML does.
        let manifest = format!(
            "slug = '{slug}'\nname = 'The plugin {slug}'\nversion = '{version}'\ntypes = {types:?}\ndrivers = {drivers:?}\n"
        );
        let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
        archive(std::iter::once(("ostler-plugin.toml", manifest.as_bytes())).chain(files))
    }
}

/// A tar archive with these files, whose paths are written as they are, wherever they lead.
pub fn archive<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // `set_path` would refuse a path that leads outside.
        let name = &mut header.as_gnu_mut().unwrap().name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        archive.append(&header, bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

/// The same component with other bytes, and so with another digest: as another build of it would be.
pub fn another_build(component: &[u8], mark: &str) -> Vec<u8> {
    // A custom section: the id 0, the size of the rest, and a name with its size (component model, Binary.md). Sizes below
    // 128 are one byte.
    let size = u8::try_from(mark.len()).ok().filter(|size| *size < 127).expect("a short mark");
    [component, &[0, size + 1, size], mark.as_bytes()].concat()
}

//! A driver that is being written in Rust: its crate, and the component that cargo makes of it.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::SystemTime,
};
use tokio::process::Command;

/// The target of drivers.
pub const TARGET: &str = "wasm32-wasip2";

/// A folder with the `Cargo.toml` of a driver.
#[derive(Debug)]
pub struct Project {
    folder: PathBuf,
}

/// When files were written, and their sizes.
pub type Sources = BTreeMap<PathBuf, (SystemTime, u64)>;

impl Project {
    /// The driver of a folder.
    pub fn open(folder: &Path) -> Result<Self> {
        let shown = folder.display();
        // Whoever names the manifest means its folder.
        let folder = if folder.ends_with("Cargo.toml") { folder.parent().unwrap_or(folder) } else { folder };
        let folder = if folder == Path::new("") { Path::new(".") } else { folder };
        let whole = folder.canonicalize().with_context(|| format!("looking for {shown}"))?;
        if !whole.join("Cargo.toml").is_file() {
            bail!("{shown} has no Cargo.toml: name the folder of a driver, or begin one with `ostler driver new`");
        }
        Ok(Self { folder: whole })
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has cargo make the component, and answers with where it is. What the compiler says goes to stderr.
    pub async fn build(&self) -> Result<PathBuf> {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if !self.folder.is_dir() {
            bail!("{} is not there any more", self.folder.display());
        }
        let running = cargo.spawn().context("starting cargo: drivers in Rust need it (https://rustup.rs)")?;
        let output = running.wait_with_output().await.context("waiting for cargo")?;
        if !output.status.success() {
            if Toolchain::look().await == Toolchain::WithoutTarget {
                bail!("the target of drivers is missing: rustup target add {TARGET}");
            }
            bail!("cargo could not build the driver; it says why above");
        }
        let manifest = self.folder.join("Cargo.toml");
        let mut components: Vec<_> =
            output.stdout.split(|byte| *byte == b'\n').filter_map(|line| component(line, &manifest)).collect();
        match (components.pop(), components.is_empty()) {
            (Some(component), true) => Ok(component),
            (Some(_), false) => bail!("{} makes several components: name the folder of one driver", manifest.display()),
            (None, _) if is_a_workspace(&manifest) => {
                bail!("{} is a workspace: name the folder of one driver in it", manifest.display())
            }
            (None, _) => bail!(
                "{} makes no component: it needs crate-type = [\"cdylib\"] in its section [lib]",
                manifest.display()
            ),
        }
    }

    /// Its files, but for those that are built and those that are hidden.
    pub fn sources(&self) -> Sources {
        let mut found = Sources::new();
        gather(&self.folder, &mut found);
        found
    }
}

/// Whether a manifest has members and no package of its own.
fn is_a_workspace(manifest: &Path) -> bool {
    let table = std::fs::read_to_string(manifest).ok().and_then(|text| text.parse::<toml::Table>().ok());
    table.is_some_and(|table| table.contains_key("workspace") && !table.contains_key("package"))
}

/// The component that a message of cargo's tells of, if it is of this crate.
fn component(line: &[u8], manifest: &Path) -> Option<PathBuf> {
    let message: Value = serde_json::from_slice(line).ok()?;
    let is_ours = message.get("reason")? == "compiler-artifact"
        && Path::new(message.get("manifest_path")?.as_str()?) == manifest
        && message.get("target")?.get("kind")?.as_array()?.iter().any(|kind| kind == "cdylib");
    let files = message.get("filenames").filter(|_| is_ours)?.as_array()?.iter().filter_map(Value::as_str);
    files.map(PathBuf::from).find(|file| file.extension().is_some_and(|ending| ending == "wasm"))
}

fn gather(folder: &Path, found: &mut Sources) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        if name == "target" || name.to_string_lossy().starts_with('.') {
            continue;
        }
        match entry.metadata() {
            Ok(facts) if facts.is_dir() => gather(&entry.path(), found),
            Ok(facts) => {
                let written = facts.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.insert(entry.path(), (written, facts.len()));
            }
            Err(_) => {}
        }
    }
}

/// What there is of Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toolchain {
    /// No compiler.
    Absent,
    /// A compiler without the target of drivers.
    WithoutTarget,
    /// All that drivers need.
    Complete,
}

impl Toolchain {
    /// Asks the compiler.
    pub async fn look() -> Self {
        let printed = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output().await;
        match printed {
            Ok(output) if output.status.success() => {
                let folder = String::from_utf8_lossy(&output.stdout);
                if Path::new(folder.trim()).is_dir() { Self::Complete } else { Self::WithoutTarget }
            }
            Ok(_) | Err(_) => Self::Absent,
        }
    }
}

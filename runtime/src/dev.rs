//! `ostler serve --dev`: components of watched folders are installed and enabled as soon as they are built.
//!
//! Folders are looked at instead of being listened to: it works on every file system and in every container, and a
//! component that is still being written is told by its changing size.

use crate::registry::Registry;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// The time between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// When a file was written, and its size.
type Stamp = (SystemTime, u64);

/// Watches folders for ever.
pub async fn watch(registry: Arc<Registry>, folders: Vec<PathBuf>) {
    let mut seen: HashMap<PathBuf, Stamp> = HashMap::new();
    let mut taken: HashMap<PathBuf, Stamp> = HashMap::new();
    loop {
        for (file, stamp) in folders.iter().flat_map(|folder| components(folder)) {
            // Twice the same: nobody is writing it.
            let settled = seen.insert(file.clone(), stamp) == Some(stamp);
            if settled && taken.get(&file) != Some(&stamp) {
                taken.insert(file.clone(), stamp);
                take(&registry, &file).await;
            }
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn components(folder: &Path) -> Vec<(PathBuf, Stamp)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let stamp = |file: PathBuf| {
        let facts = std::fs::metadata(&file).ok().filter(std::fs::Metadata::is_file)?;
        Some((file, (facts.modified().ok()?, facts.len())))
    };
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files.filter(|file| file.extension().is_some_and(|ending| ending == "wasm")).filter_map(stamp).collect()
}

async fn take(registry: &Registry, file: &Path) {
    let source = file.display().to_string();
    let bytes = match tokio::fs::read(file).await {
        Ok(bytes) => bytes,
        Err(error) => return registry.report(&source, format!("the file cannot be read: {error}")),
    };
    let driver = match registry.install(bytes, "dev").await {
        Ok(installed) => installed.driver,
        Err(error) => return registry.report(&source, error.to_string()),
    };
    let (slug, digest) = (&driver.info.slug, driver.digest);
    match registry.enable(slug, Some(digest), "dev").await {
        Ok(_) => tracing::info!(driver = %slug, digest = %digest.short(), "enabled {source}"),
        Err(error) => registry.report(&source, error.to_string()),
    }
}

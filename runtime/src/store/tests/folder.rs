//! The data folder: its lock, its permissions, and that it survives a crash.

use super::*;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_folder_serves_one_store_at_a_time() {
    let (folder, store) = open();
    let refused = Store::open(folder.path()).err().unwrap();
    let text = refused.to_string();
    assert!(matches!(refused, StoreError::Locked { .. }));
    assert!(text.contains(&*folder.path().canonicalize().unwrap().to_string_lossy()), "{text}");
    assert!(text.contains("another ostler"), "{text}");
    drop(store);
    Store::open(folder.path()).expect("the lock goes with the store");
}

#[tokio::test]
async fn only_the_owner_may_look() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("new").join("ostler-data");
    let store = Store::open(&folder).unwrap();
    machine(&store, "Zebra").await;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_crash() {
    let (folder, store) = open();
    let machine = machine(&store, "Zebra").await;
    let job = job(&store, machine, 3).await;
    start(&store, job).await.unwrap();
    store.label_started(job, 0).await.unwrap();
    // The files as a power cut would leave them: nothing was closed or folded in.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["ostler.db", "ostler.db-wal", "secret.key"] {
        fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    let store = Store::open(crashed.path()).unwrap();
    let found = store.job(job).await.unwrap();
    assert_eq!(found.labels.started, Some(0));
    assert_eq!(store.machine(machine).await.unwrap().name, "Zebra");
}

#[tokio::test]
async fn components_are_checked_against_their_digest() {
    use crate::model::Digest;
    let (folder, store) = open();
    let digest = Digest::of(b"component");
    assert!(matches!(store.read_component(digest).await, Err(StoreError::NotFound { .. })));
    conflict(store.write_component(digest, b"another".to_vec()).await);
    store.write_component(digest, b"component".to_vec()).await.unwrap();
    assert_eq!(store.read_component(digest).await.unwrap(), b"component");
    let path = folder.path().join("components").join(format!("{digest}.wasm"));
    assert_eq!(mode(&path), 0o600);
    fs::write(&path, b"tampered").unwrap();
    assert!(matches!(store.read_component(digest).await, Err(StoreError::Corrupt { .. })));
    store.write_component(digest, b"component".to_vec()).await.unwrap();
    assert_eq!(store.read_component(digest).await.unwrap(), b"component");
}

//! Sealed settings: who can open them, and what people are told who cannot.

use super::*;
use crate::model::{Scope, SettingKey};
use std::fs;

fn key(text: &str) -> SettingKey {
    text.parse().unwrap()
}

fn refusal(result: Result<String>) -> String {
    match result {
        Err(StoreError::Secret { what }) => what,
        other => panic!("a secret must not open: {other:?}"),
    }
}

#[test]
fn a_sealed_secret_opens_for_its_setting_only() {
    let (_folder, store) = open();
    let (secrets, machine) = (store.secrets(), MachineId::generate());
    let sealed = secrets.seal(machine, Scope::Driver, &key("TOKEN"), "hunter2").unwrap();
    assert!(sealed.starts_with("v1:") && !sealed.contains("hunter2"));
    assert_eq!(secrets.open_sealed(machine, Scope::Driver, &key("TOKEN"), &sealed).unwrap(), "hunter2");
    let again = secrets.seal(machine, Scope::Driver, &key("TOKEN"), "hunter2").unwrap();
    assert_ne!(sealed, again, "equal secrets must not look equal");
    refusal(secrets.open_sealed(machine, Scope::Machine, &key("TOKEN"), &sealed));
    refusal(secrets.open_sealed(machine, Scope::Driver, &key("OTHER"), &sealed));
    refusal(secrets.open_sealed(MachineId::generate(), Scope::Driver, &key("TOKEN"), &sealed));
}

#[test]
fn a_tampered_secret_does_not_open() {
    let (_folder, store) = open();
    let (secrets, machine) = (store.secrets(), MachineId::generate());
    let sealed = secrets.seal(machine, Scope::Driver, &key("TOKEN"), "hunter2").unwrap();
    let at = sealed.rfind(':').unwrap() + 10;
    let changed = if sealed.as_bytes()[at] == b'A' { "B" } else { "A" };
    let tampered = format!("{}{changed}{}", &sealed[..at], &sealed[at + 1..]);
    assert!(refusal(secrets.open_sealed(machine, Scope::Driver, &key("TOKEN"), &tampered)).contains("changed"));
    for nonsense in ["", "v1:", "v1:x", "v2:a:b", "plain text", "v1:x:AAAA"] {
        assert!(refusal(secrets.open_sealed(machine, Scope::Driver, &key("TOKEN"), nonsense)).contains("enter"));
    }
}

#[test]
fn another_key_file_is_named_as_the_reason() {
    let (folder, store) = open();
    let machine = MachineId::generate();
    let sealed = store.secrets().seal(machine, Scope::Driver, &key("TOKEN"), "hunter2").unwrap();
    let old = fs::read_to_string(folder.path().join("secret.key")).unwrap();
    drop(store);
    fs::remove_file(folder.path().join("secret.key")).unwrap();
    let store = Store::open(folder.path()).unwrap();
    let refused = refusal(store.secrets().open_sealed(machine, Scope::Driver, &key("TOKEN"), &sealed));
    assert!(refused.contains(sealed.split(':').nth(1).unwrap()) && refused.contains("put that file back"), "{refused}");
    drop(store);

    // A new key on top seals, and the old one below still opens.
    let new = fs::read_to_string(folder.path().join("secret.key")).unwrap();
    fs::write(folder.path().join("secret.key"), format!("{new}{old}")).unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.secrets().open_sealed(machine, Scope::Driver, &key("TOKEN"), &sealed).unwrap(), "hunter2");
    let resealed = store.secrets().seal(machine, Scope::Driver, &key("TOKEN"), "hunter2").unwrap();
    assert_ne!(sealed.split(':').nth(1), resealed.split(':').nth(1));
}

#[test]
fn keys_stay_over_restarts_and_out_of_debug_output() {
    let (folder, store) = open();
    let machine = MachineId::generate();
    let sealed = store.secrets().seal(machine, Scope::Driver, &key("TOKEN"), "hunter2").unwrap();
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.secrets().open_sealed(machine, Scope::Driver, &key("TOKEN"), &sealed).unwrap(), "hunter2");
    let file = fs::read_to_string(folder.path().join("secret.key")).unwrap();
    let (_, secret) = file.lines().last().unwrap().split_once(' ').unwrap();
    assert!(!format!("{:?}", store.secrets()).contains(secret));
}

#[test]
fn a_damaged_key_file_stops_the_start() {
    let (folder, store) = open();
    drop(store);
    for damage in ["", "only-an-id\n", "id AAAA\n"] {
        fs::write(folder.path().join("secret.key"), damage).unwrap();
        let refused = Store::open(folder.path()).err().unwrap();
        assert!(refused.to_string().contains("secret.key"), "{refused}");
    }
}

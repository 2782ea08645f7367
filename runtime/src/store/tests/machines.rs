//! Machines with everything that belongs to them.

use super::*;
use crate::store::AuditFilter;
use crate::{
    model::{JobState, MachineState, NewEvent, Proof, Property, PropertyKind},
    store::{LastKnown, SettingWrite, machine_values},
};
use serde_json::json;

#[tokio::test]
async fn names_are_unique_and_case_counts() {
    let (_folder, store) = open();
    let first = machine(&store, "Zebra").await;
    let refused = conflict(store.insert_machine(record("Zebra"), "anna").await);
    assert_eq!(refused, "a machine named 'Zebra' already exists");
    let second = machine(&store, "zebra").await;
    conflict(store.rename_machine(second, "Zebra", "anna").await);
    store.rename_machine(second, "Brother", "anna").await.unwrap();
    store.rename_machine(first, "Zebra", "anna").await.expect("its own name is no conflict");
    let names: Vec<_> = store.machines().await.unwrap().into_iter().map(|machine| machine.name).collect();
    assert_eq!(names, ["Brother", "Zebra"]);
}

#[tokio::test]
async fn a_machine_comes_back_as_it_was_added() {
    let (_folder, store) = open();
    let machine = record("Zebra");
    store.insert_machine(machine.clone(), "anna").await.unwrap();
    assert_eq!(store.machine(machine.id).await.unwrap(), machine);
    conflict(store.insert_machine(MachineRecord { name: "Other".into(), ..machine }, "anna").await);
    assert!(matches!(store.machine(MachineId::generate()).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn every_decision_leaves_an_audit_and_an_event() {
    let (_folder, store) = open();
    let id = machine(&store, "Zebra").await;
    store.rename_machine(id, "Zebra 2", "bert").await.unwrap();
    assert!(store.set_machine_active(id, false, "bert").await.unwrap());
    assert!(!store.set_machine_active(id, false, "bert").await.unwrap(), "no change, no trace");
    assert!(!store.machine(id).await.unwrap().active);
    store.remove_machine(id, "bert").await.unwrap();
    assert_eq!(kinds(&store).await, ["machine.added", "machine.renamed", "machine.deactivated", "machine.removed"]);
    let audits = store.audits(AuditFilter { limit: 10, ..Default::default() }).await.unwrap();
    let actions: Vec<_> = audits.iter().rev().map(|audit| audit.action.as_str()).collect();
    assert_eq!(actions, ["machine.add", "machine.rename", "machine.deactivate", "machine.remove"]);
    assert_eq!((audits[2].before.clone(), audits[2].after.clone()), (Some(json!("Zebra")), Some(json!("Zebra 2"))));
    assert_eq!((audits[2].who.as_str(), audits[2].subject.clone()), ("bert", format!("machine:{id}")));
}

#[tokio::test]
async fn removing_a_machine_takes_its_belongings_and_leaves_its_jobs() {
    let (_folder, store, id, done) = printing(1).await;
    store.label_started(done, 0).await.unwrap();
    store.label_done(done, 0, Proof::Sent).await.unwrap();
    store.finish_job(done, JobState::Done, None).await.unwrap();
    let (wire, queued) = (job(&store, id, 2).await, job(&store, id, 1).await);
    start(&store, wire).await.unwrap();
    store.label_started(wire, 0).await.unwrap();
    let setting = SettingWrite {
        scope: crate::model::Scope::Machine,
        key: "LOCATION".parse().unwrap(),
        value: Some(crate::model::Value::Text("Hall 3".into())),
        masked: false,
    };
    store.write_settings(id, vec![setting], "anna").await.unwrap();
    store.kv_set(id, "counter", Some(vec![1])).await.unwrap();
    store.record_machine_state(id, &MachineState::Ready).await.unwrap();

    store.remove_machine(id, "bert").await.unwrap();
    assert!(store.settings(id).await.unwrap().is_empty());
    assert_eq!(store.kv_get(id, "counter").await.unwrap(), None);
    assert!(store.machine_states(id, 10).await.unwrap().is_empty());
    let ended = store.job(queued).await.unwrap();
    assert_eq!((ended.state, ended.machine_name.as_str()), (JobState::Cancelled, "Zebra"));
    assert!(ended.error.unwrap().message.contains("removed by bert"));
    let wire = store.job(wire).await.unwrap();
    assert_eq!((wire.state, wire.labels.started), (JobState::Unknown, Some(0)));
    assert_eq!(store.job(done).await.unwrap().state, JobState::Done);
    assert_eq!(store.next_job(id).await.unwrap(), None);
    assert!(matches!(store.enqueue(new_job(id, 1)).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(store.retry_job(queued, Some(0), "anna").await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_change_of_state_is_told_once_with_its_reason() {
    let (_folder, store) = open();
    let id = machine(&store, "Zebra").await;
    let incomplete = MachineState::Incomplete { reason: "Missing MACHINE settings: A".into() };
    assert!(store.record_machine_state(id, &incomplete).await.unwrap());
    assert!(!store.record_machine_state(id, &incomplete).await.unwrap());
    let failed = MachineState::Failed { reason: "no route".into(), attempt: 2, next_try_at: Timestamp(9_000) };
    assert!(store.record_machine_state(id, &failed).await.unwrap());
    let told: Vec<_> = store.events_after(1, 10).await.unwrap().events.into_iter().map(|event| event.data).collect();
    assert_eq!(
        told,
        [
            json!({ "from": null, "to": "incomplete", "reason": "Missing MACHINE settings: A" }),
            json!({ "from": "incomplete", "to": "failed", "reason": "no route" }),
        ]
    );
    let history = store.machine_states(id, 10).await.unwrap();
    assert_eq!(history.into_iter().map(|change| change.state).collect::<Vec<_>>(), [failed, incomplete]);
}

#[tokio::test]
async fn the_history_of_states_is_bounded() {
    let (_folder, store) = open();
    let id = machine(&store, "Zebra").await;
    for _ in 0..105 {
        store.record_machine_state(id, &MachineState::Starting).await.unwrap();
        store.record_machine_state(id, &MachineState::Ready).await.unwrap();
    }
    assert_eq!(store.machine_states(id, 1_000).await.unwrap().len(), 200);
}

#[tokio::test]
async fn what_a_machine_showed_outlives_a_restart() {
    let (folder, store) = open();
    let id = machine(&store, "Zebra").await;
    assert_eq!(store.last_known(id).await.unwrap(), None);
    let mut known = LastKnown {
        code: 100,
        name: "CONNECTED".into(),
        text: "idle".into(),
        properties: vec![Property {
            key: "Ribbon".into(),
            value: "40".into(),
            group: String::new(),
            kind: PropertyKind::Progress,
            max: Some(100.0),
        }],
        at: Timestamp(5_000),
    };
    store.save_last_known(id, known.clone(), None).await.unwrap();
    known.code = 300;
    let event = NewEvent::new("machine.status-changed", json!({ "code": 300 })).of_machine(id);
    store.save_last_known(id, known.clone(), Some(event)).await.unwrap();
    assert_eq!(kinds(&store).await, ["machine.added", "machine.status-changed"]);
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.last_known(id).await.unwrap(), Some(known.clone()));
    assert_eq!(store.all_last_known().await.unwrap(), [(id, known)].into());
}

#[tokio::test]
async fn a_drivers_values_keep_their_quota() {
    let (_folder, store) = open();
    let id = machine(&store, "Zebra").await;
    for i in 0..machine_values::MAX_KEYS {
        store.kv_set(id, &format!("key {i}"), Some(vec![0; machine_values::MAX_VALUE_SIZE])).await.unwrap();
    }
    let refused = store.kv_set(id, "one more", Some(vec![])).await;
    assert!(matches!(refused, Err(StoreError::Quota { .. })), "{refused:?}");
    store.kv_set(id, "key 0", Some(vec![7])).await.expect("a key that exists may change");
    assert_eq!(store.kv_get(id, "key 0").await.unwrap(), Some(vec![7]));
    store.kv_set(id, "key 1", None).await.unwrap();
    assert_eq!(store.kv_get(id, "key 1").await.unwrap(), None);
    let longest = "\u{e4}".repeat(machine_values::MAX_KEY_LENGTH);
    store.kv_set(id, &longest, Some(vec![])).await.expect("characters count, not bytes");
    let too_long = store.kv_set(id, &format!("{longest}x"), Some(vec![])).await;
    assert!(matches!(too_long, Err(StoreError::Quota { .. })));
    let too_large = store.kv_set(id, "key 2", Some(vec![0; machine_values::MAX_VALUE_SIZE + 1])).await;
    assert!(matches!(too_large, Err(StoreError::Quota { .. })));
    assert!(matches!(store.kv_set(MachineId::generate(), "k", None).await, Err(StoreError::NotFound { .. })));
}

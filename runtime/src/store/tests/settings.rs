//! Values of settings, and what is told about their changes.

use super::*;
use crate::store::AuditFilter;
use crate::{
    model::{Scope, Value},
    store::SettingWrite,
};
use serde_json::json;

fn set(scope: Scope, key: &str, value: Option<Value>) -> SettingWrite {
    SettingWrite { scope, key: key.parse().unwrap(), value, masked: false }
}

#[tokio::test]
async fn values_keep_their_type_and_scopes_do_not_mix() {
    let (folder, store) = open();
    let id = machine(&store, "Zebra").await;
    let values = [
        Value::Boolean(false),
        Value::Integer(i64::MIN),
        Value::Decimal(5.0),
        Value::Decimal(0.1),
        Value::Text("12".into()),
        Value::Text("true".into()),
    ];
    let mut writes = Vec::new();
    for (i, value) in values.iter().enumerate() {
        writes.push(set(Scope::Machine, &format!("K{i}"), Some(value.clone())));
        writes.push(set(Scope::Driver, &format!("K{i}"), Some(Value::Integer(1))));
    }
    store.write_settings(id, writes, "anna").await.unwrap();
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let stored = store.settings(id).await.unwrap();
    assert_eq!(stored.len(), 12);
    for (i, value) in values.iter().enumerate() {
        let key: crate::model::SettingKey = format!("k{i}").parse().unwrap();
        assert_eq!(stored.get(&(Scope::Machine, key.clone())), Some(value));
        assert_eq!(stored.get(&(Scope::Driver, key)), Some(&Value::Integer(1)));
    }
    assert_eq!(store.all_settings().await.unwrap(), [(id, stored)].into());
}

#[tokio::test]
async fn a_write_is_audited_with_both_values_and_told_with_keys_only() {
    let (_folder, store) = open();
    let id = machine(&store, "Zebra").await;
    let text = |text: &str| Some(Value::Text(text.into()));
    store.write_settings(id, vec![set(Scope::Machine, "LOCATION", text("Hall 1"))], "anna").await.unwrap();
    let changed = store
        .write_settings(
            id,
            vec![
                set(Scope::Machine, "LOCATION", text("Hall 2")),
                SettingWrite { masked: true, ..set(Scope::Driver, "TOKEN", text("v1:k:sealed")) },
            ],
            "bert",
        )
        .await
        .unwrap();
    assert_eq!(changed.len(), 2);
    let audits = store.audits(AuditFilter { limit: 2, ..Default::default() }).await.unwrap();
    assert_eq!(audits[1].subject, format!("machine:{id} M/LOCATION"));
    assert_eq!((audits[1].before.clone(), audits[1].after.clone()), (Some(json!("Hall 1")), Some(json!("Hall 2"))));
    assert_eq!((audits[0].before.clone(), audits[0].after.clone()), (None, Some(json!("***"))));
    assert_eq!(audits[0].who, "bert");
    let event = store.events_after(2, 10).await.unwrap().events.remove(0);
    assert_eq!(event.kind, "machine.settings-changed");
    let keys = json!([{ "scope": "machine", "key": "LOCATION" }, { "scope": "driver", "key": "TOKEN" }]);
    assert_eq!(event.data, json!({ "settings": keys, "by": "bert" }));

    // Replaced by something that is not masked, the old secret still is.
    store.write_settings(id, vec![set(Scope::Driver, "TOKEN", text("plain"))], "anna").await.unwrap();
    let audit = store.audits(AuditFilter { limit: 1, ..Default::default() }).await.unwrap().remove(0);
    assert_eq!((audit.before, audit.after), (Some(json!("***")), Some(json!("plain"))));
}

#[tokio::test]
async fn clearing_removes_the_value_and_writing_the_same_leaves_no_trace() {
    let (_folder, store) = open();
    let id = machine(&store, "Zebra").await;
    let seven = || vec![set(Scope::Machine, "N", Some(Value::Integer(7)))];
    assert_eq!(store.write_settings(id, seven(), "anna").await.unwrap().len(), 1);
    let events = store.last_event_id().await.unwrap();
    assert!(store.write_settings(id, seven(), "anna").await.unwrap().is_empty());
    assert_eq!(store.last_event_id().await.unwrap(), events);
    assert_eq!(store.write_settings(id, vec![set(Scope::Machine, "N", None)], "anna").await.unwrap().len(), 1);
    assert!(store.settings(id).await.unwrap().is_empty());
}

#[tokio::test]
async fn all_values_are_written_or_none() {
    let (_folder, store) = open();
    let id = machine(&store, "Zebra").await;
    let writes = vec![
        set(Scope::Machine, "GOOD", Some(Value::Integer(7))),
        set(Scope::Machine, "BAD", Some(Value::Decimal(f64::INFINITY))),
    ];
    conflict(store.write_settings(id, writes, "anna").await);
    assert!(store.settings(id).await.unwrap().is_empty());
    let nobody = store.write_settings(MachineId::generate(), vec![], "anna").await;
    assert!(matches!(nobody, Err(StoreError::NotFound { .. })));
}

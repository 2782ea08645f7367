//! Installed components.

use super::*;
use crate::model::{Digest, DriverInfo, InstalledDriver};
use crate::store::AuditFilter;

fn driver(slug: &str, version: &str) -> InstalledDriver {
    InstalledDriver {
        digest: Digest::of(format!("{slug} {version}").as_bytes()),
        info: DriverInfo {
            slug: slug.parse().unwrap(),
            name: "Zebra".into(),
            description: String::new(),
            version: version.into(),
            machine_type: "label-printer".parse().unwrap(),
            settings: Vec::new(),
            actions: Vec::new(),
            implements: vec!["media".into()],
            grants: Vec::new(),
            translations: Vec::new(),
        },
        contract: "ostler:label-printer/printer@0.1.0".into(),
        imports: vec!["ostler:machine/host@0.1.0".into()],
        size: 123_456,
        installed_at: Timestamp(1_000),
        enabled: false,
        enabled_at: None,
        plugin: None,
    }
}

#[tokio::test]
async fn installing_does_not_enable_and_twice_is_once() {
    let (_folder, store) = open();
    let zebra = driver("zebra", "1.0.0");
    assert!(store.insert_driver(InstalledDriver { enabled: true, ..zebra.clone() }, "anna").await.unwrap());
    assert!(!store.insert_driver(zebra.clone(), "anna").await.unwrap());
    assert_eq!(store.drivers().await.unwrap(), [zebra]);
    assert_eq!(kinds(&store).await, ["driver.installed"]);
    assert_eq!(store.audits(AuditFilter { limit: 10, ..Default::default() }).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_component_of_a_driver_is_enabled_at_a_time() {
    let (_folder, store) = open();
    let (one, two, other) = (driver("zebra", "1.0.0"), driver("zebra", "2.0.0"), driver("brother", "1.0.0"));
    for driver in [&one, &two, &other] {
        store.insert_driver(driver.clone(), "anna").await.unwrap();
    }
    let slug = one.info.slug.clone();
    assert_eq!(store.enable_driver(&slug, one.digest, "anna").await.unwrap(), None);
    assert_eq!(store.enable_driver(&other.info.slug, other.digest, "anna").await.unwrap(), None);
    assert_eq!(store.enable_driver(&slug, two.digest, "anna").await.unwrap(), Some(one.digest));
    assert_eq!(store.enable_driver(&slug, two.digest, "anna").await.unwrap(), Some(two.digest));
    let enabled: Vec<_> =
        store.drivers().await.unwrap().into_iter().filter(|driver| driver.enabled).map(|d| d.digest).collect();
    assert_eq!(enabled, [other.digest, two.digest]);
    conflict(store.enable_driver(&slug, other.digest, "anna").await);
    let missing = store.enable_driver(&slug, Digest::of(b"nothing"), "anna").await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));

    conflict(store.remove_driver(two.digest, "anna").await);
    assert_eq!(store.disable_driver(&slug, "anna").await.unwrap(), Some(two.digest));
    assert_eq!(store.disable_driver(&slug, "anna").await.unwrap(), None);
    let kinds = kinds(&store).await;
    assert_eq!(kinds[3..], ["driver.enabled", "driver.enabled", "driver.enabled", "driver.disabled"]);
    let audit = store.audits(AuditFilter { limit: 1, ..Default::default() }).await.unwrap().remove(0);
    assert_eq!((audit.action.as_str(), audit.subject.as_str()), ("driver.disable", "driver:zebra"));
}

#[tokio::test]
async fn removing_a_component_removes_its_file_and_its_compiled_code() {
    let (_folder, store) = open();
    let zebra = driver("zebra", "1.0.0");
    let compiled = Digest::of(b"code");
    // Compiling and writing come before the record in an install.
    store.set_compiled(zebra.digest, "engine 1", Digest::of(b"older code")).await.unwrap();
    store.set_compiled(zebra.digest, "engine 1", compiled).await.unwrap();
    store.write_component(zebra.digest, b"zebra 1.0.0".to_vec()).await.unwrap();
    store.insert_driver(zebra.clone(), "anna").await.unwrap();
    assert_eq!(store.compiled(zebra.digest, "engine 1").await.unwrap(), Some(compiled));
    assert_eq!(store.compiled(zebra.digest, "engine 2").await.unwrap(), None);
    assert_eq!(store.remove_driver(zebra.digest, "anna").await.unwrap(), zebra);
    assert_eq!(store.compiled(zebra.digest, "engine 1").await.unwrap(), None);
    assert!(matches!(store.read_component(zebra.digest).await, Err(StoreError::NotFound { .. })));
    assert!(store.drivers().await.unwrap().is_empty());
    assert!(matches!(store.remove_driver(zebra.digest, "anna").await, Err(StoreError::NotFound { .. })));
}

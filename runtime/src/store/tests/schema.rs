//! Migrations, the backup before them, and databases from the future.

use super::{
    super::{folder::DataFolder, jobs, schema},
    *,
};
use rusqlite::{Connection, StatementStatus};

const SECOND: &str = "ALTER TABLE machines ADD COLUMN note TEXT; CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT;";

fn migrations(more: &[&'static str]) -> Vec<&'static str> {
    [schema::MIGRATIONS, more].concat()
}

fn form(db: &Connection) -> u32 {
    db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn count_machines(db: &Connection) -> u32 {
    db.query_row("SELECT count(*) FROM machines", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn an_older_database_is_copied_and_then_migrated() {
    let (folder, store) = open();
    machine(&store, "Zebra").await;
    drop(store);
    let known = migrations(&[SECOND]);
    let data = DataFolder::open(folder.path()).unwrap();
    let db = schema::open_with(&data, &known).unwrap();
    assert_eq!(form(&db) as usize, known.len());
    assert_eq!(count_machines(&db), 1, "the content stays");
    db.execute("INSERT INTO notes DEFAULT VALUES", []).unwrap();

    let backups: Vec<_> = std::fs::read_dir(data.backups()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(backups.len(), 1);
    let name = backups[0].file_name().unwrap().to_string_lossy().into_owned();
    let old = schema::MIGRATIONS.len();
    assert!(name.starts_with(&format!("ostler-{old}-")), "{name}");
    let copy = Connection::open(&backups[0]).unwrap();
    assert_eq!(form(&copy) as usize, old);
    assert_eq!(count_machines(&copy), 1);
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    let (folder, store) = open();
    drop(store);
    let known = migrations(&[SECOND]);
    drop(schema::open_with(&DataFolder::open(folder.path()).unwrap(), &known).unwrap());
    let refused = Store::open(folder.path()).err().unwrap();
    let numbers = (schema::MIGRATIONS.len() + 1, schema::MIGRATIONS.len());
    assert!(
        matches!(&refused, StoreError::Newer { found, known, .. } if (*found as usize, *known as usize) == numbers),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("use the newer ostler"), "{refused}");
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing() {
    let (folder, store) = open();
    machine(&store, "Zebra").await;
    drop(store);
    let broken = migrations(&["DELETE FROM machines; CREATE TABLE machines (id TEXT);"]);
    assert!(schema::open_with(&DataFolder::open(folder.path()).unwrap(), &broken).is_err());
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.machines().await.unwrap().len(), 1);
}

#[test]
fn a_new_database_needs_no_backup() {
    let (folder, _store) = open();
    assert!(!folder.path().join("backups").exists());
}

#[test]
fn a_file_that_is_no_database_is_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ostler.db"), b"this is certainly not a database file").unwrap();
    assert!(matches!(Store::open(folder.path()).err(), Some(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn jobs_of_an_older_form_keep_their_numbers_and_what_refers_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let db = schema::open_with(&data, &schema::MIGRATIONS[..3]).unwrap();
    db.execute_batch(
        "INSERT INTO machines (id, name, machine_type, driver, active, created_at)
           VALUES ('0192f0c1-2b3c-7def-8a9b-0123456789ab', 'Zebra', 'label-printer', 'zebra', 1, 1);
         INSERT INTO documents (digest, bytes)
           VALUES ('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', x'61');
         INSERT INTO jobs (id, machine_id, machine_name, function, state, title, media_type, document_id, copies,
                           label_count, options, created_at)
           VALUES (7, '0192f0c1-2b3c-7def-8a9b-0123456789ab', 'Zebra', 'print-labels', 'queued', 'Box', 'image/png', 1, 1,
                   1, '{}', 1),
                  (9, '0192f0c1-2b3c-7def-8a9b-0123456789ab', 'Zebra', 'print-labels', 'queued', 'Box', 'image/png', 1, 1,
                   1, '{}', 1);
         INSERT INTO job_fields (job_id, fields) VALUES (7, '[{\"part\": \"M4\"}]');
         DELETE FROM jobs WHERE id = 9;",
    )
    .unwrap();
    drop((db, data));
    let store = Store::open(folder.path()).unwrap();
    let id = store.next_job("0192f0c1-2b3c-7def-8a9b-0123456789ab".parse().unwrap()).await.unwrap().unwrap().id;
    assert_eq!(id, JobId(7));
    assert_eq!(store.content(id).await.unwrap().fields[0]["part"], "M4");
    let next = store.enqueue(new_job(store.job(id).await.unwrap().machine, 1)).await.unwrap();
    assert_eq!(next.id, JobId(10), "numbers are never used again");
}

#[tokio::test]
async fn a_prepared_statement_is_not_planned_anew_for_another_value() {
    let (folder, store) = open();
    let machine = machine(&store, "Zebra").await;
    let both = [job(&store, machine, 1).await, job(&store, machine, 1).await];
    let db = schema::open_for_reading(&folder.path().join("ostler.db")).unwrap();
    let mut find = db.prepare(&jobs::find_sql()).unwrap();
    for job in both {
        assert!(find.exists([job.0]).unwrap());
    }
    let mut next = db.prepare(&jobs::next_sql()).unwrap();
    for of in [machine, MachineId::generate()] {
        assert_eq!(next.exists([of.to_string()]).unwrap(), of == machine);
    }
    assert_eq!([find, next].map(|statement| statement.get_status(StatementStatus::RePrepare)), [0, 0]);
}

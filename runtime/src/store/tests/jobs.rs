//! The queue: storing jobs and finding them.

use super::{
    super::{JobFilter, job_recovery, jobs},
    *,
};
use crate::model::{DriverError, JobState, Value};
use std::time::Duration;

#[tokio::test]
async fn a_job_comes_back_as_it_was_made() {
    let (folder, store) = open();
    let id = machine(&store, "Zebra").await;
    let mut new = new_job(id, 2);
    new.options.insert("darkness".into(), Value::Integer(12));
    new.fields = vec![[("part".to_owned(), "M4".to_owned())].into(), [("part".to_owned(), "M5".to_owned())].into()];
    let made = store.enqueue(new.clone()).await.unwrap();
    assert_eq!((made.state, made.machine_name.as_str()), (JobState::Queued, "Zebra"));
    assert_eq!(made.options, new.options);
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_same(&store.job(made.id).await.unwrap(), &made);
    let content = store.content(made.id).await.unwrap();
    assert_eq!((content.document, content.fields), (new.document, new.fields));
    assert!(matches!(store.job(JobId(99)).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(store.content(JobId(99)).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn equal_documents_are_stored_once() {
    let (_folder, store) = open();
    let id = machine(&store, "Zebra").await;
    let large = vec![7; 1024 * 1024];
    for document in [b"a".to_vec(), b"a".to_vec(), large.clone(), large] {
        store.enqueue(crate::model::NewJob { document, ..new_job(id, 1) }).await.unwrap();
    }
    let count: u32 =
        store.read(|db| Ok(db.query_row("SELECT count(*) FROM documents", [], |row| row.get(0))?)).await.unwrap();
    assert_eq!(count, 2);
}

#[tokio::test]
async fn the_next_job_is_the_oldest_that_is_not_over_also_while_it_waits() {
    let (_folder, store) = open();
    let (zebra, brother) = (machine(&store, "Zebra").await, machine(&store, "Brother").await);
    let (first, second) = (job(&store, zebra, 1).await, job(&store, zebra, 1).await);
    let other = job(&store, brother, 1).await;
    start(&store, first).await.unwrap();
    let error = DriverError::transient("refused", "connection refused");
    store.defer_job(first, error, Some(Timestamp(9_000))).await.unwrap();
    let next = store.next_job(zebra).await.unwrap().unwrap();
    assert_eq!((next.id, next.next_try_at), (first, Some(Timestamp(9_000))), "order is kept");
    store.cancel_job(first, "anna").await.unwrap();
    assert_eq!(store.next_job(zebra).await.unwrap().unwrap().id, second);
    assert_eq!(store.next_job(brother).await.unwrap().unwrap().id, other);
    store.cancel_job(other, "anna").await.unwrap();
    assert_eq!(store.next_job(brother).await.unwrap(), None);
    assert_eq!(store.machines_with_open_jobs().await.unwrap(), [zebra]);
}

pub(super) async fn plan(store: &Store, sql: String) -> String {
    store
        .read(move |db| {
            let mut rows = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let count = rows.parameter_count();
            let steps =
                rows.query_map(rusqlite::params_from_iter(vec![0; count]), |row| row.get::<_, String>("detail"))?;
            Ok(steps.collect::<Result<Vec<_>, _>>()?.join("; "))
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn jobs_are_found_through_indexes_without_sorting() {
    let (_folder, store) = open();
    let machine = Some(MachineId::generate());
    let list = |machine, states: &[JobState]| {
        jobs::list_sql(&JobFilter { machine, states: states.to_vec(), ..JobFilter::default() })
    };
    let bad = [JobState::Unknown, JobState::Failed];
    let mixed = [JobState::Unknown, JobState::Done];
    for (sql, index) in [
        (jobs::next_sql(), "SEARCH jobs USING INDEX jobs_open (machine_id=?)"),
        (list(machine, &[]), "SEARCH jobs USING INDEX jobs_by_machine (machine_id=? AND id<?)"),
        (list(machine, &mixed), "SEARCH jobs USING INDEX jobs_by_machine (machine_id=? AND id<?)"),
        (list(None, &bad), "SEARCH jobs USING INDEX jobs_not_done (id<?)"),
        (list(machine, &bad), "SEARCH jobs USING INDEX jobs_not_done (id<?)"),
        (list(None, &mixed), "SEARCH jobs USING INTEGER PRIMARY KEY (rowid<?)"),
    ] {
        let plan = plan(&store, sql.clone()).await;
        assert!(plan.contains(index), "{sql}\n{plan}");
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{sql}\n{plan}");
    }
}

#[tokio::test]
async fn the_few_open_jobs_are_found_without_looking_at_the_others() {
    let (_folder, store) = open();
    let recover = jobs::open_sql(job_recovery::LEFT_RUNNING);
    let of_machine = jobs::open_sql("machine_id = ?1");
    for sql in [recover, of_machine, jobs::MACHINES_WITH_OPEN_JOBS.to_owned(), jobs::QUEUE_DEPTHS.to_owned()] {
        let plan = plan(&store, sql.clone()).await;
        assert!(plan.contains("INDEX jobs_open"), "{sql}\n{plan}");
        // Every other step goes over held jobs, which are few as well.
        let steps = plan.split("; ").filter(|step| step.contains(" jobs"));
        assert!(steps.into_iter().all(|step| step.contains("jobs_open") || step.contains("jobs_held")), "{plan}");
    }
}

#[tokio::test]
async fn the_depth_of_each_queue_is_known_by_state() {
    let (_folder, store) = open();
    let (zebra, brother) = (machine(&store, "Zebra").await, machine(&store, "Brother").await);
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(job(&store, zebra, 1).await);
    }
    job(&store, brother, 1).await;
    store.hold_job(ids[1], "anna").await.unwrap();
    store.cancel_job(ids[2], "anna").await.unwrap();
    start(&store, ids[0]).await.unwrap();
    let depths = store.queue_depths().await.unwrap();
    let of = |machine, state| depths.get(&(machine, state)).copied().unwrap_or_default();
    let states = [JobState::Queued, JobState::Held, JobState::Printing, JobState::Waiting, JobState::Cancelled];
    assert_eq!(states.map(|state| of(zebra, state)), [1, 1, 1, 0, 0]);
    assert_eq!(states.map(|state| of(brother, state)), [1, 0, 0, 0, 0]);
}

#[tokio::test]
async fn lists_are_filtered_and_paged_newest_first() {
    let (_folder, store) = open();
    let (zebra, brother) = (machine(&store, "Zebra").await, machine(&store, "Brother").await);
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(job(&store, zebra, 1).await);
    }
    let other = job(&store, brother, 1).await;
    store.cancel_job(ids[1], "anna").await.unwrap();
    let ask = |filter: JobFilter| {
        let store = store.clone();
        async move { store.jobs(filter).await.unwrap().into_iter().map(|job| job.id).collect::<Vec<_>>() }
    };
    assert_eq!(ask(JobFilter::default()).await, [other, ids[3], ids[2], ids[1], ids[0]]);
    let page = JobFilter { machine: Some(zebra), limit: 2, before: Some(ids[3]), ..JobFilter::default() };
    assert_eq!(ask(page).await, [ids[2], ids[1]]);
    let queued = JobFilter { states: vec![JobState::Queued], ..JobFilter::default() };
    assert_eq!(ask(queued.clone()).await, [other, ids[3], ids[2], ids[0]]);
    assert_eq!(ask(JobFilter { machine: Some(brother), ..queued }).await, [other]);
    let cancelled = JobFilter { states: vec![JobState::Cancelled], ..JobFilter::default() };
    assert_eq!(ask(cancelled.clone()).await, [ids[1]]);
    assert_eq!(ask(JobFilter { machine: Some(brother), ..cancelled }).await, []);
    let both = JobFilter { states: vec![JobState::Cancelled, JobState::Queued], ..JobFilter::default() };
    assert_eq!(ask(both).await.len(), 5);
}

#[tokio::test]
async fn old_jobs_go_with_documents_that_nobody_else_has() {
    let (_folder, store) = open();
    let id = machine(&store, "Zebra").await;
    let (gone, kept) = (job(&store, id, 1).await, job(&store, id, 2).await);
    let fields = vec![[("part".to_owned(), "M4".to_owned())].into(); 2];
    let shared = store.enqueue(crate::model::NewJob { fields, ..new_job(id, 2) }).await.unwrap();
    let count = |table: &'static str| {
        let sql = format!("SELECT count(*) FROM {table}");
        store.read(move |db| Ok(db.query_row(&sql, [], |row| row.get::<_, u32>(0))?))
    };
    assert_eq!((count("documents").await.unwrap(), count("job_fields").await.unwrap()), (2, 1));
    for job in [gone, shared.id] {
        store.cancel_job(job, "anna").await.unwrap();
    }
    assert_eq!(store.prune_jobs(Timestamp(1_000), 100).await.unwrap(), 0, "too young");
    let later = Timestamp::now().after(Duration::from_secs(1));
    assert_eq!(store.prune_jobs(later, 100).await.unwrap(), 2);
    assert_eq!((count("documents").await.unwrap(), count("job_fields").await.unwrap()), (1, 0));
    store.content(kept).await.expect("it has the document of the job that is gone");
    assert_eq!(store.next_job(id).await.unwrap().unwrap().id, kept);
    assert!(job(&store, id, 1).await > shared.id, "numbers are never used again");
}

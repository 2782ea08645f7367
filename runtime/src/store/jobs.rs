//! The queue: storing jobs and finding them. `job_states` has the transitions, `job_labels` the ledger.

use super::{Result, Store, StoreError, blocking, columns, machines, writer::Write};
use crate::model::{
    Digest, JobContent, JobId, JobRecord, JobState, LabelProgress, MachineId, MachineRecord, NewEvent, NewJob, Proof,
    RequestKey, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde_json::json;
use std::{collections::HashMap, fmt::Write as _};

/// The columns of a [`JobRecord`], in the order in which [`record`] reads them.
pub(super) const SELECT: &str =
    "SELECT jobs.id, machine_id, machine_name, function, state, title, media_type, documents.digest, copies,
    label_count, options, labels_done, label_started, label_proof, attempts, error, next_try_at, created_at, created_by,
    started_at, finished_at, reprint_of FROM jobs";

/// When it is a job's turn, among those of its machine.
pub(super) const TURN: &str = "coalesce(jobs.place, jobs.id)";

/// Joins what [`SELECT`] needs.
pub(super) const JOIN: &str = "JOIN documents ON documents.id = jobs.document_id";

/// The query of [`Store::machines_with_open_jobs`].
pub(super) const MACHINES_WITH_OPEN_JOBS: &str =
    "SELECT DISTINCT machine_id FROM jobs WHERE state IN ('queued', 'printing', 'waiting')";

/// The query of [`Store::queue_depths`]. In two parts, for which there is an index each.
pub(super) const QUEUE_DEPTHS: &str = "
    SELECT machine_id, state, count(*) AS jobs FROM jobs WHERE state IN ('queued', 'printing', 'waiting')
    GROUP BY machine_id, state
    UNION ALL
    SELECT machine_id, state, count(*) AS jobs FROM jobs WHERE state = 'held' GROUP BY machine_id, state";

/// Which jobs to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFilter {
    /// Only jobs of this machine.
    pub machine: Option<MachineId>,
    /// Only jobs of these machines; none for all.
    pub among: Option<Vec<MachineId>>,
    /// Only jobs in one of these states; empty means any state.
    pub states: Vec<JobState>,
    /// How many at most.
    pub limit: u32,
    /// Only jobs that were made before this one: the last id of the page before.
    pub before: Option<JobId>,
}

impl Default for JobFilter {
    /// The latest 100 jobs.
    fn default() -> Self {
        Self { machine: None, among: None, states: Vec::new(), limit: 100, before: None }
    }
}

impl Store {
    /// Stores a job as `queued`. When this returns, the job survives a crash.
    pub async fn enqueue(&self, job: NewJob) -> Result<JobRecord> {
        // Hashing is the callers' work, side by side; the writer has one thread. A large document would hold up an
        // async thread too long.
        let (digest, job) = if job.document.len() < 256 * 1024 {
            (Digest::of(&job.document), job)
        } else {
            blocking(move || Ok((Digest::of(&job.document), job))).await?
        };
        self.write(move |write| enqueue(write, digest, job)).await
    }

    /// The job that a request with this key made, if there is one. [`StoreError::Conflict`] when that was another request.
    pub async fn job_of_request(&self, key: RequestKey) -> Result<Option<JobRecord>> {
        self.read(move |db| find_by_key(db, &key)).await
    }

    /// One job.
    pub async fn job(&self, id: JobId) -> Result<JobRecord> {
        self.read(move |db| find(db, id)).await
    }

    /// The jobs that a filter asks for, newest first.
    pub async fn jobs(&self, filter: JobFilter) -> Result<Vec<JobRecord>> {
        self.read(move |db| {
            let mut rows = db.prepare_cached(&list_sql(&filter))?;
            let before = filter.before.map_or(i64::MAX, |id| id.0);
            let machine = filter.machine.map(|id| id.to_string());
            Ok(rows.query_map((before, filter.limit, machine), record)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// What a job prints.
    pub async fn content(&self, id: JobId) -> Result<JobContent> {
        self.read(move |db| select_content(db, id)).await
    }

    /// Keeps what a function that runs as a job returned.
    pub async fn set_job_result(&self, id: JobId, result: serde_json::Value) -> Result<()> {
        self.write(move |write| {
            let sql = "INSERT OR REPLACE INTO job_results (job_id, result) VALUES (?1, ?2)";
            write.db.prepare_cached(sql)?.execute((id.0, columns::to_json(&result)?))?;
            Ok(())
        })
        .await
    }

    /// What a function that ran as a job returned; nothing before it is done.
    pub async fn job_result(&self, id: JobId) -> Result<Option<serde_json::Value>> {
        self.read(move |db| {
            find(db, id)?;
            Ok(db
                .prepare_cached("SELECT result FROM job_results WHERE job_id = ?1")?
                .query_row([id.0], |row| columns::json(row, "result"))
                .optional()?)
        })
        .await
    }

    /// How many jobs that are not over each machine has in each state. Jobs that are over are not looked at.
    pub async fn queue_depths(&self) -> Result<HashMap<(MachineId, JobState), u64>> {
        self.read(|db| {
            let mut rows = db.prepare_cached(QUEUE_DEPTHS)?;
            let depths = rows.query_map([], |row| {
                let place = (columns::parsed(row, "machine_id")?, columns::named(row, "state", JobState::parse)?);
                Ok((place, row.get::<_, i64>("jobs")?.unsigned_abs()))
            })?;
            Ok(depths.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The first job of a machine that is not over: the one that runs, or the one whose turn is next. Look at its
    /// state and `next_try_at` before starting it.
    pub async fn next_job(&self, machine: MachineId) -> Result<Option<JobRecord>> {
        self.read(move |db| select_next(db, machine)).await
    }

    /// The job behind another one in a machine's queue, if it waits for its turn, with what it prints. Nothing when its document
    /// has more than `most_bytes`.
    pub async fn job_behind(&self, job: JobId, most_bytes: i64) -> Result<Option<(JobRecord, JobContent)>> {
        self.read(move |db| {
            // In one transaction: each alone would read the pages anew that all of them need.
            let db = db.unchecked_transaction()?;
            let Some(next) = db.prepare_cached(&behind_sql())?.query_row([job.0], record).optional()? else {
                return Ok(None);
            };
            if next.state != JobState::Queued || document_length(&db, next.id)? > most_bytes {
                return Ok(None);
            }
            let content = select_content(&db, next.id)?;
            Ok(Some((next, content)))
        })
        .await
    }

    /// The machines with jobs that are not over, for start-up.
    pub async fn machines_with_open_jobs(&self) -> Result<Vec<MachineId>> {
        self.read(|db| {
            let mut rows = db.prepare_cached(MACHINES_WITH_OPEN_JOBS)?;
            Ok(rows.query_map([], |row| columns::parsed(row, "machine_id"))?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Removes up to `limit` jobs that were over before `time`, with documents that no other job has, and says how
    /// many. Call it again until that is 0. `unknown` jobs stay: they wait for a person.
    pub async fn prune_jobs(&self, time: Timestamp, limit: u32) -> Result<u64> {
        self.write(move |write| prune(write.db, time, limit)).await
    }
}

/// What a job prints.
pub(super) fn select_content(db: &Connection, id: JobId) -> Result<JobContent> {
    let document = db
        .prepare_cached("SELECT bytes FROM documents JOIN jobs ON documents.id = jobs.document_id WHERE jobs.id = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::no_job(id))?;
    let fields = db
        .prepare_cached("SELECT fields FROM job_fields WHERE job_id = ?1")?
        .query_row([id.0], |row| columns::json(row, "fields"))
        .optional()?
        .unwrap_or_default();
    Ok(JobContent { document, fields })
}

/// How long the document of a job is, in bytes.
pub(super) fn document_length(db: &Connection, id: JobId) -> Result<i64> {
    let sql = "SELECT length(bytes) FROM documents JOIN jobs ON documents.id = jobs.document_id WHERE jobs.id = ?1";
    Ok(db.prepare_cached(sql)?.query_row([id.0], |row| row.get(0))?)
}

/// The job whose turn it is.
pub(super) fn select_next(db: &Connection, machine: MachineId) -> Result<Option<JobRecord>> {
    Ok(db.prepare_cached(&next_sql())?.query_row([machine.to_string()], record).optional()?)
}

/// The query of [`Store::next_job`]. The list of states is that of the index `jobs_open`, word for word; only so does
/// `SQLite` see that the index has the answer.
pub(super) fn next_sql() -> String {
    format!(
        "{SELECT} {JOIN} WHERE machine_id = ?1 AND state IN ('queued', 'printing', 'waiting') ORDER BY {TURN} LIMIT 1"
    )
}

/// The query of [`Store::job_behind`].
fn behind_sql() -> String {
    format!(
        "{SELECT} {JOIN} WHERE machine_id = (SELECT machine_id FROM jobs WHERE id = ?1)
         AND {TURN} > (SELECT {TURN} FROM jobs WHERE id = ?1)
         AND state IN ('queued', 'printing', 'waiting') ORDER BY {TURN} LIMIT 1"
    )
}

/// The query of [`Store::jobs`], on the smallest index that has all of the answer.
pub(super) fn list_sql(filter: &JobFilter) -> String {
    let all_among =
        |states: &[JobState]| !filter.states.is_empty() && filter.states.iter().all(|state| states.contains(state));
    let mut sql = SELECT.to_owned();
    let mut conditions = String::new();
    if all_among(&[JobState::Queued, JobState::Printing, JobState::Waiting]) {
        sql += " INDEXED BY jobs_open";
        conditions += " AND state IN ('queued', 'printing', 'waiting')";
    } else if all_among(&[JobState::Held]) {
        sql += " INDEXED BY jobs_held";
        conditions += " AND state = 'held'";
    } else if all_among(&[JobState::Failed, JobState::Cancelled, JobState::Unknown]) {
        sql += " INDEXED BY jobs_not_done";
        conditions += " AND state IN ('failed', 'cancelled', 'unknown')";
    }
    if !filter.states.is_empty() {
        let names: Vec<_> = filter.states.iter().map(|state| format!("'{}'", state.name())).collect();
        // The plus keeps this term from being taken for an index's.
        let _ = write!(conditions, " AND +state IN ({})", names.join(", "));
    }
    if let Some(among) = &filter.among {
        let ids: Vec<_> = among.iter().map(|id| format!("'{id}'")).collect();
        let _ = write!(conditions, " AND +machine_id IN ({})", ids.join(", "));
    }
    // Without the machine the parameter is still there: it is null.
    conditions += if filter.machine.is_some() { " AND machine_id = ?3" } else { " AND ?3 IS NULL" };
    format!("{sql} {JOIN} WHERE jobs.id < ?1{conditions} ORDER BY jobs.id DESC LIMIT ?2")
}

fn enqueue(write: &mut Write<'_>, digest: Digest, job: NewJob) -> Result<JobRecord> {
    if let Some(key) = &job.key
        && let Some(same) = find_by_key(write.db, key)?
    {
        return Ok(same);
    }
    let MachineRecord { name: machine_name, .. } = machines::find(write.db, job.machine)?;
    let document_id = store_document(write.db, digest, &job.document)?;
    write
        .db
        .prepare_cached(
            "INSERT INTO jobs (machine_id, machine_name, function, state, title, media_type, document_id, copies,
                               label_count, options, created_at, request_key, request, created_by)
             VALUES (?1, ?2, ?3, 'queued', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            job.machine.to_string(),
            machine_name,
            job.function,
            job.title,
            job.media_type,
            document_id,
            job.copies,
            job.label_count,
            columns::to_json(&job.options)?,
            write.now.0,
            job.key.as_ref().map(|key| &key.key),
            job.key.as_ref().map(|key| key.request.to_string()),
            job.by,
        ])?;
    let id = JobId(write.db.last_insert_rowid());
    if !job.fields.is_empty() {
        write
            .db
            .prepare_cached("INSERT INTO job_fields (job_id, fields) VALUES (?1, ?2)")?
            .execute((id.0, columns::to_json(&job.fields)?))?;
    }
    let data = json!({ "from": null, "to": JobState::Queued, "title": job.title });
    write.event(NewEvent::new("job.state-changed", data).of_machine(job.machine).of_job(id))?;
    Ok(JobRecord {
        id,
        machine: job.machine,
        machine_name,
        function: job.function,
        state: JobState::Queued,
        title: job.title,
        media_type: job.media_type,
        document: digest,
        copies: job.copies,
        label_count: job.label_count,
        options: job.options,
        labels: LabelProgress::default(),
        attempts: 0,
        error: None,
        next_try_at: None,
        created_at: write.now,
        created_by: job.by,
        started_at: None,
        finished_at: None,
        reprint_of: None,
    })
}

/// The job of a key.
fn find_by_key(db: &Connection, key: &RequestKey) -> Result<Option<JobRecord>> {
    let found: Option<(i64, String)> = db
        .prepare_cached("SELECT id, request FROM jobs WHERE request_key = ?1")?
        .query_row([&key.key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((id, request)) = found else { return Ok(None) };
    if request != key.request.to_string() {
        return Err(StoreError::conflict(format!(
            "the idempotency key '{}' was used for job {id}, which is another request: take a new key for each request",
            key.key
        )));
    }
    find(db, JobId(id)).map(Some)
}

/// The id of the document, which is stored unless it is there already.
fn store_document(db: &Connection, digest: Digest, bytes: &[u8]) -> Result<i64> {
    let digest = digest.to_string();
    let known = db
        .prepare_cached("SELECT id FROM documents WHERE digest = ?1")?
        .query_row([&digest], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    db.prepare_cached("INSERT INTO documents (digest, bytes) VALUES (?1, ?2)")?.execute((digest, bytes))?;
    Ok(db.last_insert_rowid())
}

fn prune(db: &Connection, time: Timestamp, limit: u32) -> Result<u64> {
    let over: Vec<(i64, i64)> = db
        .prepare_cached(
            // Ids follow the time of creation: the walk ends at the first job that is too young to be over for so long.
            "SELECT id, document_id FROM jobs
             WHERE id < coalesce((SELECT id FROM jobs WHERE created_at >= ?1 ORDER BY id LIMIT 1), 9223372036854775807)
               AND state IN ('done', 'failed', 'cancelled') AND finished_at < ?1 ORDER BY id LIMIT ?2",
        )?
        .query_map((time.0, limit), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (job, document) in &over {
        db.prepare_cached("DELETE FROM jobs WHERE id = ?1")?.execute([job])?;
        db.prepare_cached(
            "DELETE FROM documents WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE document_id = ?1)",
        )?
        .execute([document])?;
    }
    Ok(over.len() as u64)
}

/// The job, or the error that there is none.
pub(super) fn find(db: &Connection, id: JobId) -> Result<JobRecord> {
    db.prepare_cached(&find_sql())?.query_row([id.0], record).optional()?.ok_or_else(|| StoreError::no_job(id))
}

/// The query of [`find`].
pub(super) fn find_sql() -> String {
    format!("{SELECT} {JOIN} WHERE jobs.id = ?1")
}

/// The held jobs of a machine, in the order of their turns.
pub(super) fn select_held(db: &Connection, machine: MachineId) -> Result<Vec<JobRecord>> {
    let sql = format!("{SELECT} INDEXED BY jobs_held {JOIN} WHERE state = 'held' AND machine_id = ?1 ORDER BY {TURN}");
    Ok(db.prepare_cached(&sql)?.query_map([machine.to_string()], record)?.collect::<Result<_, _>>()?)
}

/// The jobs that may run and meet a condition, oldest first. The condition's only parameter is `?1`.
pub(super) fn select_open(db: &Connection, condition: &str, parameter: Option<String>) -> Result<Vec<JobRecord>> {
    let mut rows = db.prepare_cached(&open_sql(condition))?;
    Ok(rows.query_map(params_from_iter(parameter), record)?.collect::<Result<_, _>>()?)
}

/// The query of [`select_open`]. Left to itself, `SQLite` would walk the whole table to save the sorting.
pub(super) fn open_sql(condition: &str) -> String {
    format!(
        "{SELECT} INDEXED BY jobs_open {JOIN} WHERE state IN ('queued', 'printing', 'waiting') AND ({condition})
         ORDER BY jobs.id"
    )
}

/// By number: to find two dozen names takes longer than to find the row.
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<JobRecord> {
    let proof = if columns::is_null(row, 13)? { None } else { Some(columns::named(row, 13, Proof::parse)?) };
    Ok(JobRecord {
        id: JobId(row.get(0)?),
        machine: columns::parsed(row, 1)?,
        machine_name: row.get(2)?,
        function: row.get(3)?,
        state: columns::named(row, 4, JobState::parse)?,
        title: row.get(5)?,
        media_type: row.get(6)?,
        document: columns::parsed(row, 7)?,
        copies: row.get(8)?,
        label_count: row.get(9)?,
        options: columns::json(row, 10)?,
        labels: LabelProgress { done: row.get(11)?, started: row.get(12)?, proof },
        attempts: row.get(14)?,
        error: columns::json_option(row, 15)?,
        next_try_at: columns::time_option(row, 16)?,
        created_at: columns::time(row, 17)?,
        created_by: row.get(18)?,
        started_at: columns::time_option(row, 19)?,
        finished_at: columns::time_option(row, 20)?,
        reprint_of: row.get::<_, Option<i64>>(21)?.map(JobId),
    })
}

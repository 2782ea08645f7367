//! Turns that are changed: a job goes to another place in the queue of its machine, or to the queue of another one.
//!
//! Whoever waits for a turn can be moved: jobs that are queued, held, or wait for another attempt. Those that change their order
//! trade their places among each other, so no other job notices. The job whose call runs is behind nobody and stays where it is.

use super::{
    NewAudit, Result, Store, StoreError,
    jobs::{self, JOIN, SELECT, TURN},
    machines,
    writer::Write,
};
use crate::model::{JobId, JobRecord, JobState, MachineId, NewEvent, Place};
use rusqlite::Connection;
use serde_json::json;

/// Open jobs and held ones are found through an index each.
pub(super) fn queue_sql() -> String {
    let part = |index: &str, condition: &str| {
        format!("{SELECT} INDEXED BY {index} {JOIN} WHERE machine_id = ?1 AND {condition}").replacen(
            " FROM jobs",
            &format!(", {TURN} AS turn FROM jobs"),
            1,
        )
    };
    let open = part("jobs_open", "state IN ('queued', 'printing', 'waiting')");
    let held = part("jobs_held", "state = 'held'");
    format!("SELECT * FROM ({open} UNION ALL {held}) ORDER BY turn LIMIT ?2")
}

impl Store {
    /// The jobs of a machine that are not over, in the order of their turns.
    pub async fn queue(&self, machine: MachineId, limit: u32) -> Result<Vec<JobRecord>> {
        self.read(move |db| {
            let mut rows = db.prepare_cached(&queue_sql())?;
            Ok(rows.query_map((machine.to_string(), limit), jobs::record)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Moves a job that waits for its turn within the queue of its machine. [`StoreError::Conflict`] for one that runs or is over,
    /// and when the other job is none of that queue.
    pub async fn move_job(&self, id: JobId, place: Place, by: &str) -> Result<JobRecord> {
        let by = by.to_owned();
        self.write(move |write| {
            let job = movable(write.db, id)?;
            let before = turns(write.db, job.machine)?;
            let order = order_with(write.db, &before, &job, place)?;
            if trade_places(write.db, &before, &order)? {
                let facts = json!({ "position": order.iter().position(|other| *other == id).map(|index| index + 1) });
                moved(write, &by, &job, &[job.machine], &facts)?;
            }
            jobs::find(write.db, id)
        })
        .await
    }

    /// Moves a job that waits for its turn to the end of the queue of another machine, where it goes on with its first label that is
    /// not finished. Whether that machine takes it must have been asked before. A held job stays held.
    pub async fn move_job_to(&self, id: JobId, to: MachineId, by: &str) -> Result<JobRecord> {
        let by = by.to_owned();
        self.write(move |write| {
            let job = movable(write.db, id)?;
            let machine = machines::find(write.db, to)?;
            write
                .db
                .prepare_cached(
                    "UPDATE jobs SET machine_id = ?2, machine_name = ?3, next_try_at = NULL,
                                     state = CASE state WHEN 'held' THEN 'held' ELSE 'queued' END,
                                     error = CASE state WHEN 'held' THEN error END
                     WHERE id = ?1",
                )?
                .execute((id.0, to.to_string(), machine.name))?;
            let after = jobs::find(write.db, id)?;
            let there = turns(write.db, to)?;
            let order = order_with(write.db, &there, &after, Place::Last)?;
            trade_places(write.db, &there, &order)?;
            if after.state != job.state {
                let data = json!({ "from": job.state, "to": after.state, "error": null, "next-try-at": null });
                write.event(NewEvent::new("job.state-changed", data).of_machine(to).of_job(id))?;
            }
            let facts = json!({ "position": order.len(), "from-machine": job.machine, "to-machine": to });
            // Whoever follows one of the machines hears of it.
            moved(write, &by, &after, &[job.machine, to], &facts)?;
            Ok(after)
        })
        .await
    }
}

/// A job that may be moved, or why it may not.
fn movable(db: &Connection, id: JobId) -> Result<JobRecord> {
    let job = jobs::find(db, id)?;
    let hint = match job.state {
        JobState::Queued | JobState::Held => return Ok(job),
        JobState::Waiting if job.labels.started.is_none() => return Ok(job),
        JobState::Printing | JobState::Waiting => format!("it is printed now; `ostler job cancel {id}` ends that"),
        JobState::Done => format!("it is done; `ostler job reprint {id}` prints it again"),
        state => format!("it is {}; `ostler job retry {id}` puts it back into the queue", state.name()),
    };
    Err(StoreError::conflict(format!("job {id} cannot be moved: {hint}")))
}

/// The jobs of a machine that can be moved with their places, in the order of their turns.
fn turns(db: &Connection, machine: MachineId) -> Result<Vec<(JobId, i64)>> {
    let sql = format!(
        "SELECT id, {TURN} AS turn FROM jobs INDEXED BY jobs_open
         WHERE machine_id = ?1 AND state IN ('queued', 'printing', 'waiting')
           AND state <> 'printing' AND label_started IS NULL
         UNION ALL
         SELECT id, {TURN} AS turn FROM jobs INDEXED BY jobs_held WHERE machine_id = ?1 AND state = 'held'
         ORDER BY turn"
    );
    let mut rows = db.prepare_cached(&sql)?;
    let turns = rows.query_map([machine.to_string()], |row| Ok((JobId(row.get(0)?), row.get(1)?)))?;
    Ok(turns.collect::<Result<_, _>>()?)
}

/// The order with a job elsewhere.
fn order_with(db: &Connection, turns: &[(JobId, i64)], job: &JobRecord, to: Place) -> Result<Vec<JobId>> {
    let mut ids: Vec<JobId> = turns.iter().map(|(id, _)| *id).filter(|id| *id != job.id).collect();
    let beside = |other: JobId| match ids.iter().position(|id| *id == other) {
        Some(index) => Ok(index),
        None if other == job.id => Err(StoreError::conflict(format!("job {other} cannot be moved beside itself"))),
        None => {
            let found = jobs::find(db, other)?;
            Err(StoreError::conflict(if found.machine == job.machine {
                format!(
                    "job {other} waits for no turn: it is {}; `ostler job queue` shows those that do",
                    found.state.name()
                )
            } else {
                format!(
                    "job {other} is in the queue of '{}', and job {} in that of '{}'",
                    found.machine_name, job.id, job.machine_name
                )
            }))
        }
    };
    let index = match to {
        Place::First => 0,
        Place::Last => ids.len(),
        Place::Before(other) => beside(other)?,
        Place::After(other) => beside(other)? + 1,
    };
    ids.insert(index, job.id);
    Ok(ids)
}

/// Gives jobs their turns in this order, with the places that they have together. Says whether that was a change.
fn trade_places(db: &Connection, turns: &[(JobId, i64)], order: &[JobId]) -> Result<bool> {
    let mut changed = false;
    for (id, (before, place)) in order.iter().zip(turns) {
        if id != before {
            db.prepare_cached("UPDATE jobs SET place = ?2 WHERE id = ?1")?.execute((id.0, place))?;
            changed = true;
        }
    }
    Ok(changed)
}

fn moved(
    write: &mut Write<'_>,
    who: &str,
    job: &JobRecord,
    told: &[MachineId],
    facts: &serde_json::Value,
) -> Result<()> {
    for machine in told {
        write.event(NewEvent::new("job.moved", facts.clone()).of_machine(*machine).of_job(job.id))?;
    }
    write.audit(&NewAudit {
        who: who.to_owned(),
        action: "job.move".to_owned(),
        subject: format!("job:{}", job.id),
        before: None,
        after: Some(facts.clone()),
    })
}

//! The durable feed: reading it, and keeping it short.

use super::{Result, Store, columns};
use crate::model::{Event, JobId, NewEvent, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};
use std::time::Duration;

/// How many events one pruning operation removes, so that other operations are not held up.
const PRUNED_AT_ONCE: i64 = 5_000;

/// Which events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRetention {
    /// Older ones are removed.
    pub age: Duration,
    /// The oldest beyond this number are removed.
    pub count: u32,
}

impl Default for EventRetention {
    /// 30 days, and at most 1,000,000.
    fn default() -> Self {
        Self { age: Duration::from_hours(30 * 24), count: 1_000_000 }
    }
}

/// A piece of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    /// The events in order.
    pub events: Vec<Event>,
    /// Whether events between the asked-for place and the first of these were pruned.
    pub gap: bool,
}

impl Store {
    /// At most `limit` events that follow the one with this id; 0 is the place before the first.
    pub async fn events_after(&self, id: i64, limit: u32) -> Result<EventPage> {
        self.read(move |db| {
            // Both questions must see the same commit.
            let snapshot = db.unchecked_transaction()?;
            let oldest: Option<i64> = snapshot.query_row("SELECT min(id) FROM events", [], |row| row.get(0))?;
            let mut rows = snapshot.prepare_cached("SELECT * FROM events WHERE id > ?1 ORDER BY id LIMIT ?2")?;
            let events = rows.query_map((id, limit), event)?.collect::<Result<_, _>>()?;
            Ok(EventPage { events, gap: oldest.is_some_and(|oldest| oldest > id.saturating_add(1)) })
        })
        .await
    }

    /// The id of the newest event, 0 when there is none.
    pub async fn last_event_id(&self) -> Result<i64> {
        self.read(|db| Ok(db.query_row("SELECT coalesce(max(id), 0) FROM events", [], |row| row.get(0))?)).await
    }

    /// Writes an event about something that is not stored.
    pub async fn append_event(&self, event: NewEvent) -> Result<Event> {
        self.write(move |write| write.event(event)).await
    }

    /// Removes the events that are too old or too many as of `now` and says how many. The newest one always stays.
    pub async fn prune_events(&self, now: Timestamp, keep: EventRetention) -> Result<u64> {
        let oldest_time = now.0.saturating_sub(i64::try_from(keep.age.as_millis()).unwrap_or(i64::MAX));
        let mut pruned = 0;
        loop {
            let removed = self.write(move |write| prune_some(write.db, oldest_time, keep.count)).await?;
            pruned += removed;
            if removed == 0 {
                return Ok(pruned);
            }
        }
    }
}

/// Removes one portion from the low end of the feed.
fn prune_some(db: &Connection, oldest_time: i64, count: u32) -> Result<u64> {
    let ends = "SELECT min(id), max(id) FROM events";
    let (Some(oldest), Some(newest)) = db.query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?)))? else {
        return Ok(0);
    };
    let (oldest, newest): (i64, i64) = (oldest, newest);
    let portion = oldest + PRUNED_AT_ONCE;
    // Walks from the low end and stops at the first event that is young enough.
    let young: Option<i64> = db
        .prepare_cached("SELECT id FROM events WHERE id < ?1 AND at >= ?2 ORDER BY id LIMIT 1")?
        .query_row((portion, oldest_time), |row| row.get(0))
        .optional()?;
    let first_kept = young.unwrap_or(portion).max(newest - i64::from(count) + 1).min(portion).min(newest);
    Ok(db.prepare_cached("DELETE FROM events WHERE id < ?1")?.execute([first_kept])? as u64)
}

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        id: row.get("id")?,
        at: columns::time(row, "at")?,
        v: row.get("v")?,
        kind: row.get("kind")?,
        machine: columns::parsed_option(row, "machine_id")?,
        driver: columns::parsed_option(row, "driver")?,
        job: row.get::<_, Option<i64>>("job_id")?.map(JobId),
        data: columns::json(row, "data")?,
    })
}

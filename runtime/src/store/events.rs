//! The durable feed: reading it, and keeping it short.

use super::{Result, Store, columns};
use crate::model::{Event, EventFilter, JobId, NewEvent, Timestamp, event::About};
use rusqlite::{Connection, OptionalExtension, Row};
use std::time::Duration;

/// How many events one pruning operation removes, so that other operations are not held up.
const PRUNED_AT_ONCE: i64 = 5_000;
/// How many events one page looks at, so that a filter that few pass does not hold a connection.
const SCANNED_AT_ONCE: i64 = 5_000;
/// A page ends with the event that makes its facts as large as this, in bytes.
const PAGE_BYTES: usize = 64 << 10;
/// How far back the latest events are looked for.
const LATEST: i64 = 50_000;

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
    /// Everything up to this id was looked at: whoever goes on goes on here.
    pub seen: i64,
    /// Whether there is more behind it.
    pub more: bool,
}

impl Store {
    /// At most `limit` events that follow the one with this id; 0 is the place before the first.
    pub async fn events_after(&self, id: i64, limit: u32) -> Result<EventPage> {
        self.events_matching(id, EventFilter::default(), limit).await
    }

    /// At most `limit` events that follow the one with this id and pass a filter. A page may have fewer or none although there
    /// are more: a filter that few events pass, and events that are large, do not hold a connection for long.
    pub async fn events_matching(&self, id: i64, filter: EventFilter, limit: u32) -> Result<EventPage> {
        self.read(move |db| {
            // All questions must see the same commit.
            let snapshot = db.unchecked_transaction()?;
            let page = page(&snapshot, id, &filter, limit as usize)?;
            Ok(page)
        })
        .await
    }

    /// The place before the last `count` events that pass a filter, as far as these are among the latest.
    pub async fn place_before_latest(&self, filter: EventFilter, count: u32) -> Result<i64> {
        self.read(move |db| {
            let newest: i64 = db.query_row("SELECT coalesce(max(id), 0) FROM events", [], |row| row.get(0))?;
            let mut rows = db.prepare_cached("SELECT * FROM events WHERE id > ?1 ORDER BY id DESC")?;
            let mut rows = rows.query([newest - LATEST])?;
            let (mut place, mut left) = (newest, count);
            while left > 0
                && let Some(row) = rows.next()?
            {
                if accepts(&filter, row)? {
                    place = row.get::<_, i64>("id")? - 1;
                    left -= 1;
                }
            }
            Ok(place)
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

fn page(db: &Connection, id: i64, filter: &EventFilter, limit: usize) -> Result<EventPage> {
    let ends = "SELECT (SELECT min(id) FROM events), (SELECT max(id) FROM events)";
    let ends: (Option<i64>, Option<i64>) = db.query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(oldest), Some(newest)) = ends else {
        return Ok(EventPage { events: Vec::new(), gap: false, seen: id, more: false });
    };
    // Ids have no holes behind the oldest one.
    let first = id.max(oldest - 1);
    let last = first.saturating_add(SCANNED_AT_ONCE).min(newest);
    let mut rows = db.prepare_cached("SELECT * FROM events WHERE id > ?1 AND id <= ?2 ORDER BY id")?;
    let mut rows = rows.query((first, last))?;
    let (mut events, mut seen, mut bytes) = (Vec::new(), last.max(id), 0);
    while let Some(row) = rows.next()? {
        if !accepts(filter, row)? {
            continue;
        }
        bytes += row.get_ref("data")?.as_bytes().map_or(0, <[u8]>::len);
        let event = event(row)?;
        let at = event.id;
        events.push(event);
        if events.len() >= limit || bytes >= PAGE_BYTES {
            seen = at;
            break;
        }
    }
    Ok(EventPage { events, gap: oldest > id.saturating_add(1), seen, more: seen < newest })
}

fn accepts(filter: &EventFilter, row: &Row<'_>) -> rusqlite::Result<bool> {
    Ok(filter.accepts(About {
        kind: row.get_ref("kind")?.as_str()?,
        machine: columns::parsed_option(row, "machine_id")?,
        driver: row.get_ref("driver")?.as_str_or_null()?,
        job: row.get::<_, Option<i64>>("job_id")?.map(JobId),
    }))
}

/// Removes one portion from the low end of the feed.
fn prune_some(db: &Connection, oldest_time: i64, count: u32) -> Result<u64> {
    // Each by itself is read off an end of the table; together they would be looked for in all of it.
    let ends = "SELECT (SELECT min(id) FROM events), (SELECT max(id) FROM events)";
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

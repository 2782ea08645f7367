//! The configured devices. Every change here is an operator's, so each takes their name and leaves an audit entry
//! and an event in the same transaction.

use super::{NewAudit, Result, Store, StoreError, columns, writer::Write};
use crate::model::{MachineId, MachineRecord, NewEvent};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

impl Store {
    /// Adds a machine. [`StoreError::Conflict`] when the name is taken.
    pub async fn insert_machine(&self, machine: MachineRecord, by: &str) -> Result<()> {
        let by = by.to_owned();
        self.write(move |write| {
            check_name(write.db, &machine.name, machine.id)?;
            write
                .db
                .prepare_cached(
                    "INSERT INTO machines (id, name, machine_type, driver, active, created_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
                )?
                .execute(params![
                    machine.id.to_string(),
                    machine.name,
                    machine.machine_type.as_str(),
                    machine.driver.as_str(),
                    machine.active,
                    machine.created_at.0,
                ])
                .map_err(StoreError::from)
                .and_then(|count| {
                    let taken = || StoreError::conflict(format!("a machine with the id {} already exists", machine.id));
                    columns::changed_one(count, taken)
                })?;
            let facts = json!({
                "name": machine.name, "machine-type": machine.machine_type, "driver": machine.driver,
                "active": machine.active,
            });
            decided(write, &by, "machine.add", machine.id, (None, Some(facts.clone())))?;
            write.event(NewEvent::new("machine.added", facts).of_machine(machine.id))?;
            Ok(())
        })
        .await
    }

    /// Every machine, ordered by name.
    pub async fn machines(&self) -> Result<Vec<MachineRecord>> {
        self.read(|db| {
            let mut rows = db.prepare_cached("SELECT * FROM machines ORDER BY name")?;
            Ok(rows.query_map([], machine)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// One machine.
    pub async fn machine(&self, id: MachineId) -> Result<MachineRecord> {
        self.read(move |db| find(db, id)).await
    }

    /// Gives a machine another name. [`StoreError::Conflict`] when the name is taken.
    pub async fn rename_machine(&self, id: MachineId, name: &str, by: &str) -> Result<()> {
        let (name, by) = (name.to_owned(), by.to_owned());
        self.write(move |write| {
            let old = find(write.db, id)?.name;
            if old == name {
                return Ok(());
            }
            check_name(write.db, &name, id)?;
            write.db.prepare_cached("UPDATE machines SET name = ?2 WHERE id = ?1")?.execute((id.to_string(), &name))?;
            decided(write, &by, "machine.rename", id, (Some(json!(old)), Some(json!(name))))?;
            write.event(NewEvent::new("machine.renamed", json!({ "from": old, "to": name })).of_machine(id))?;
            Ok(())
        })
        .await
    }

    /// Switches a machine on or off. Says whether that was a change.
    pub async fn set_machine_active(&self, id: MachineId, active: bool, by: &str) -> Result<bool> {
        let by = by.to_owned();
        self.write(move |write| {
            if find(write.db, id)?.active == active {
                return Ok(false);
            }
            write
                .db
                .prepare_cached("UPDATE machines SET active = ?2 WHERE id = ?1")?
                .execute((id.to_string(), active))?;
            let (action, kind) = if active {
                ("machine.activate", "machine.activated")
            } else {
                ("machine.deactivate", "machine.deactivated")
            };
            decided(write, &by, action, id, (None, None))?;
            write.event(NewEvent::new(kind, json!({})).of_machine(id))?;
            Ok(true)
        })
        .await
    }

    /// Makes a machine's jobs wait, or lets them go on. Says whether that was a change.
    pub async fn set_machine_paused(&self, id: MachineId, paused: bool, by: &str) -> Result<bool> {
        let by = by.to_owned();
        self.write(move |write| {
            if find(write.db, id)?.paused == paused {
                return Ok(false);
            }
            write
                .db
                .prepare_cached("UPDATE machines SET paused = ?2 WHERE id = ?1")?
                .execute((id.to_string(), paused))?;
            let (action, kind) =
                if paused { ("machine.pause", "machine.paused") } else { ("machine.resume", "machine.resumed") };
            decided(write, &by, action, id, (None, None))?;
            write.event(NewEvent::new(kind, json!({ "by": by })).of_machine(id))?;
            Ok(true)
        })
        .await
    }

    /// Sets the time between two pings: none for the daemon's, 0 for never.
    pub async fn set_ping_interval(&self, id: MachineId, ms: Option<u32>, by: &str) -> Result<()> {
        let by = by.to_owned();
        self.write(move |write| {
            let before = find(write.db, id)?.ping_interval_ms;
            if before == ms {
                return Ok(());
            }
            let sql = "UPDATE machines SET ping_interval_ms = ?2 WHERE id = ?1";
            write.db.prepare_cached(sql)?.execute((id.to_string(), ms))?;
            decided(write, &by, "machine.ping-interval", id, (Some(json!(before)), Some(json!(ms))))?;
            let facts = json!({ "ping-interval-ms": ms });
            write.event(NewEvent::new("machine.ping-interval-changed", facts).of_machine(id))?;
            Ok(())
        })
        .await
    }

    /// Removes a machine with its settings, its driver's values and its history. Its jobs stay, under the name that
    /// they keep: open ones become `cancelled`, or `unknown` when a label of theirs may be on the wire. Stop the
    /// machine first, so that this does not happen.
    pub async fn remove_machine(&self, id: MachineId, by: &str) -> Result<()> {
        let by = by.to_owned();
        self.write(move |write| {
            let machine = find(write.db, id)?;
            write.end_jobs_of_removed(&machine, &by)?;
            write.db.prepare_cached("DELETE FROM machines WHERE id = ?1")?.execute([id.to_string()])?;
            let facts = json!({
                "name": machine.name, "machine-type": machine.machine_type, "driver": machine.driver,
            });
            decided(write, &by, "machine.remove", id, (Some(facts.clone()), None))?;
            write.event(NewEvent::new("machine.removed", facts).of_machine(id))?;
            Ok(())
        })
        .await
    }
}

/// The machine, or the error that there is none.
pub(super) fn find(db: &Connection, id: MachineId) -> Result<MachineRecord> {
    db.prepare_cached("SELECT * FROM machines WHERE id = ?1")?
        .query_row([id.to_string()], machine)
        .optional()?
        .ok_or_else(|| StoreError::not_found(format!("there is no machine with the id {id}")))
}

/// How audits name a machine.
pub(super) fn subject(id: MachineId) -> String {
    format!("machine:{id}")
}

fn check_name(db: &Connection, name: &str, id: MachineId) -> Result<()> {
    let taken =
        db.prepare_cached("SELECT 1 FROM machines WHERE name = ?1 AND id <> ?2")?.exists((name, id.to_string()))?;
    if taken {
        return Err(StoreError::conflict(format!("a machine named '{name}' already exists")));
    }
    Ok(())
}

fn decided(
    write: &mut Write<'_>,
    who: &str,
    action: &str,
    id: MachineId,
    (before, after): (Option<Value>, Option<Value>),
) -> Result<()> {
    write.audit(&NewAudit { who: who.to_owned(), action: action.to_owned(), subject: subject(id), before, after })
}

fn machine(row: &Row<'_>) -> rusqlite::Result<MachineRecord> {
    Ok(MachineRecord {
        id: columns::parsed(row, "id")?,
        name: row.get("name")?,
        machine_type: columns::parsed(row, "machine_type")?,
        driver: columns::parsed(row, "driver")?,
        active: row.get("active")?,
        created_at: columns::time(row, "created_at")?,
        ping_interval_ms: row.get("ping_interval_ms")?,
        paused: row.get("paused")?,
    })
}

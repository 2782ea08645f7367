//! What machines were and showed: the history of their states, and the status that outlives a restart.

use super::{Result, Store, columns, machines, writer::Write};
use crate::model::{MachineId, MachineState, NewEvent, Property, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// How many changes of state are kept for each machine.
const HISTORY: u32 = 200;

/// A change of a machine's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateChange {
    /// The new state.
    #[serde(flatten)]
    pub state: MachineState,
    /// When it began.
    pub at: Timestamp,
}

/// What a machine last showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LastKnown {
    /// The status code of the machine's type.
    pub code: u32,
    /// The status name of the machine's type.
    pub name: String,
    /// The driver's free text.
    pub text: String,
    /// Facts that the driver found out.
    pub properties: Vec<Property>,
    /// When it was so.
    pub at: Timestamp,
}

impl Store {
    /// Writes a change of state with the event `machine.state-changed` `{from, to, reason}`. Writes nothing, and says
    /// `false`, when the machine is in exactly this state already.
    pub async fn record_machine_state(&self, id: MachineId, state: &MachineState) -> Result<bool> {
        let state = state.clone();
        self.write(move |write| {
            machines::find(write.db, id)?;
            let latest: Option<StateChange> = write
                .db
                .prepare_cached("SELECT detail, at FROM machine_states WHERE machine_id = ?1 ORDER BY id DESC LIMIT 1")?
                .query_row([id.to_string()], state_change)
                .optional()?;
            if latest.as_ref().is_some_and(|latest| latest.state == state) {
                return Ok(false);
            }
            insert_state(write, id, &state)?;
            let data = json!({
                "from": latest.map(|latest| latest.state.name()), "to": state.name(), "reason": state.reason(),
            });
            write.event(NewEvent::new("machine.state-changed", data).of_machine(id))?;
            Ok(true)
        })
        .await
    }

    /// The latest changes of a machine's state, newest first; at most 200 are kept.
    pub async fn machine_states(&self, id: MachineId, limit: u32) -> Result<Vec<StateChange>> {
        self.read(move |db| {
            let mut rows = db.prepare_cached(
                "SELECT detail, at FROM machine_states WHERE machine_id = ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            Ok(rows.query_map((id.to_string(), limit), state_change)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Stores what a machine shows now, together with an event where there is one to tell
    /// (`machine.status-changed`).
    pub async fn save_last_known(&self, id: MachineId, known: LastKnown, event: Option<NewEvent>) -> Result<()> {
        self.write(move |write| {
            machines::find(write.db, id)?;
            write
                .db
                .prepare_cached(
                    "INSERT OR REPLACE INTO last_known (machine_id, code, name, text, properties, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    id.to_string(),
                    known.code,
                    known.name,
                    known.text,
                    columns::to_json(&known.properties)?,
                    known.at.0,
                ])?;
            if let Some(event) = event {
                write.event(event)?;
            }
            Ok(())
        })
        .await
    }

    /// What a machine last showed, if it ever showed something.
    pub async fn last_known(&self, id: MachineId) -> Result<Option<LastKnown>> {
        self.read(move |db| find_last_known(db, id)).await
    }

    /// How often a machine's configuration was changed, and what it last showed. 0 for a machine that is gone.
    pub async fn revision_and_last_known(&self, id: MachineId) -> Result<(i64, Option<LastKnown>)> {
        self.read(move |db| {
            let sql = "SELECT revision FROM machines WHERE id = ?1";
            let revision = db.prepare_cached(sql)?.query_row([id.to_string()], |row| row.get(0)).optional()?;
            Ok((revision.unwrap_or_default(), find_last_known(db, id)?))
        })
        .await
    }

    /// What all machines last showed, for start-up.
    pub async fn all_last_known(&self) -> Result<BTreeMap<MachineId, LastKnown>> {
        self.read(|db| {
            let mut rows = db.prepare_cached("SELECT * FROM last_known")?;
            let all = rows.query_map([], |row| Ok((columns::parsed(row, "machine_id")?, last_known(row)?)))?;
            Ok(all.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// Adds a change and drops the one that is now too many.
fn insert_state(write: &Write<'_>, id: MachineId, state: &MachineState) -> Result<()> {
    let machine = id.to_string();
    write
        .db
        .prepare_cached(
            "INSERT INTO machine_states (machine_id, state, reason, detail, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![machine, state.name(), state.reason(), columns::to_json(state)?, write.now.0])?;
    write
        .db
        .prepare_cached(
            "DELETE FROM machine_states WHERE machine_id = ?1 AND id <=
             (SELECT id FROM machine_states WHERE machine_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute((machine, HISTORY))?;
    Ok(())
}

fn state_change(row: &Row<'_>) -> rusqlite::Result<StateChange> {
    Ok(StateChange { state: columns::json(row, "detail")?, at: columns::time(row, "at")? })
}

fn find_last_known(db: &Connection, id: MachineId) -> Result<Option<LastKnown>> {
    let mut rows = db.prepare_cached("SELECT * FROM last_known WHERE machine_id = ?1")?;
    Ok(rows.query_row([id.to_string()], last_known).optional()?)
}

fn last_known(row: &Row<'_>) -> rusqlite::Result<LastKnown> {
    Ok(LastKnown {
        code: row.get("code")?,
        name: row.get("name")?,
        text: row.get("text")?,
        properties: columns::json(row, "properties")?,
        at: columns::time(row, "at")?,
    })
}

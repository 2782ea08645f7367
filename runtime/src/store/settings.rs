//! The values of settings. Checking them against their declarations is the callers' part.

use super::{NewAudit, Result, Store, StoreError, audits::MASK, columns, machines, writer::Write};
use crate::model::{MachineId, NewEvent, Scope, SettingKey, Value};
use rusqlite::{OptionalExtension, Row, params};
use serde_json::json;
use std::collections::BTreeMap;

/// The stored values of one machine. A setting that is not here has its default.
pub type Settings = BTreeMap<(Scope, SettingKey), Value>;

/// A value to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingWrite {
    /// Who declared the setting.
    pub scope: Scope,
    /// Its key.
    pub key: SettingKey,
    /// The new value, or none to go back to the default. A secret is sealed before it comes here.
    pub value: Option<Value>,
    /// Whether audits show `***` for the value, now and when it is replaced one day.
    pub masked: bool,
}

impl Store {
    /// The stored values of a machine; empty for a machine that does not exist.
    pub async fn settings(&self, machine: MachineId) -> Result<Settings> {
        self.read(move |db| {
            let mut rows = db.prepare_cached("SELECT scope, key, value FROM settings WHERE machine_id = ?1")?;
            Ok(rows.query_map([machine.to_string()], setting)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The stored values of all machines, for start-up. A machine without values is left out.
    pub async fn all_settings(&self) -> Result<BTreeMap<MachineId, Settings>> {
        self.read(|db| {
            let mut rows = db.prepare_cached("SELECT machine_id, scope, key, value FROM settings")?;
            let mut all = BTreeMap::<_, Settings>::new();
            for row in rows.query_map([], |row| Ok((columns::parsed(row, "machine_id")?, setting(row)?)))? {
                let (machine, (key, value)) = row?;
                all.entry(machine).or_default().insert(key, value);
            }
            Ok(all)
        })
        .await
    }

    /// Writes values in one transaction: all or none. Each value that is new leaves an audit entry with the old and
    /// the new value; together they leave the event `machine.settings-changed`, with keys and no values. Values that
    /// are stored already are skipped. The answer lists what changed.
    pub async fn write_settings(
        &self,
        machine: MachineId,
        settings: Vec<SettingWrite>,
        author: &str,
    ) -> Result<Vec<(Scope, SettingKey)>> {
        let author = author.to_owned();
        self.write(move |write| {
            machines::find(write.db, machine)?;
            let mut changed = Vec::new();
            for setting in settings {
                if write_one(write, machine, &setting, &author)? {
                    changed.push((setting.scope, setting.key));
                }
            }
            if !changed.is_empty() {
                let keys: Vec<_> = changed.iter().map(|(scope, key)| json!({ "scope": scope, "key": key })).collect();
                let data = json!({ "settings": keys, "by": author });
                write.event(NewEvent::new("machine.settings-changed", data).of_machine(machine))?;
            }
            Ok(changed)
        })
        .await
    }
}

/// Writes one value; says whether it was new.
fn write_one(write: &mut Write<'_>, machine: MachineId, setting: &SettingWrite, author: &str) -> Result<bool> {
    let place = (machine.to_string(), setting.scope.letter(), setting.key.as_str());
    let old: Option<(Value, bool)> = write
        .db
        .prepare_cached("SELECT value, masked FROM settings WHERE machine_id = ?1 AND scope = ?2 AND key = ?3")?
        .query_row((&place.0, place.1, place.2), |row| Ok((columns::json(row, "value")?, row.get("masked")?)))
        .optional()?;
    if old.as_ref().map(|(value, _)| value) == setting.value.as_ref() {
        return Ok(false);
    }
    match &setting.value {
        Some(value) => write
            .db
            .prepare_cached(
                "INSERT INTO settings (machine_id, scope, key, value, masked, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (machine_id, scope, key) DO UPDATE
                 SET value = excluded.value, masked = excluded.masked, changed_at = excluded.changed_at",
            )?
            .execute(params![place.0, place.1, place.2, encode(value)?, setting.masked, write.now.0])?,
        None => write
            .db
            .prepare_cached("DELETE FROM settings WHERE machine_id = ?1 AND scope = ?2 AND key = ?3")?
            .execute((&place.0, place.1, place.2))?,
    };
    let shown = |value: &Value, masked: bool| if masked { json!(MASK) } else { json!(value) };
    write.audit(&NewAudit {
        who: author.to_owned(),
        action: "setting.write".to_owned(),
        subject: format!("{} {}/{}", machines::subject(machine), place.1, place.2),
        before: old.as_ref().map(|(value, masked)| shown(value, *masked || setting.masked)),
        after: setting.value.as_ref().map(|value| shown(value, setting.masked)),
    })?;
    Ok(true)
}

/// JSON has no form for infinities; they would come back as null.
fn encode(value: &Value) -> Result<String> {
    if matches!(value, Value::Decimal(number) if !number.is_finite()) {
        return Err(StoreError::conflict(format!("{value} is not a finite number and cannot be stored")));
    }
    columns::to_json(value)
}

fn setting(row: &Row<'_>) -> rusqlite::Result<((Scope, SettingKey), Value)> {
    let scope = columns::named(row, "scope", Scope::parse)?;
    Ok(((scope, columns::parsed(row, "key")?), columns::json(row, "value")?))
}

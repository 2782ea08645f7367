//! The small durable store that a driver has for each of its machines, and its quota
//! (`ostler:machine/host.machine.store-get` and `store-set`).

use super::{Result, Store, StoreError, machines};
use crate::model::MachineId;
use rusqlite::OptionalExtension;

/// How many keys a machine has at most.
pub const MAX_KEYS: u32 = 64;

/// The longest key, in characters.
pub const MAX_KEY_LENGTH: usize = 100;

/// The largest value, in bytes.
pub const MAX_VALUE_SIZE: usize = 8 * 1024;

impl Store {
    /// The value of a key.
    pub async fn kv_get(&self, machine: MachineId, key: &str) -> Result<Option<Vec<u8>>> {
        let key = key.to_owned();
        self.read(move |db| {
            Ok(db
                .prepare_cached("SELECT value FROM machine_values WHERE machine_id = ?1 AND key = ?2")?
                .query_row((machine.to_string(), key), |row| row.get(0))
                .optional()?)
        })
        .await
    }

    /// Sets the value of a key, or removes the key. [`StoreError::Quota`] names the limit that it would pass.
    pub async fn kv_set(&self, machine: MachineId, key: &str, value: Option<Vec<u8>>) -> Result<()> {
        let length = key.chars().count();
        if length > MAX_KEY_LENGTH {
            return Err(quota(format!("the key has {length} characters, and at most {MAX_KEY_LENGTH} are allowed")));
        }
        if let Some(size) = value.as_ref().map(Vec::len).filter(|size| *size > MAX_VALUE_SIZE) {
            return Err(quota(format!(
                "the value of '{key}' has {size} bytes, and at most {MAX_VALUE_SIZE} are allowed"
            )));
        }
        let key = key.to_owned();
        self.write(move |write| {
            machines::find(write.db, machine)?;
            let machine = machine.to_string();
            let Some(value) = value else {
                let sql = "DELETE FROM machine_values WHERE machine_id = ?1 AND key = ?2";
                write.db.prepare_cached(sql)?.execute((machine, key))?;
                return Ok(());
            };
            let others: u32 = write
                .db
                .prepare_cached("SELECT count(*) FROM machine_values WHERE machine_id = ?1 AND key <> ?2")?
                .query_row((&machine, &key), |row| row.get(0))?;
            if others >= MAX_KEYS {
                return Err(quota(format!(
                    "the machine has {others} keys already, and at most {MAX_KEYS} are allowed: remove one first"
                )));
            }
            write
                .db
                .prepare_cached(
                    "INSERT INTO machine_values (machine_id, key, value) VALUES (?1, ?2, ?3)
                     ON CONFLICT (machine_id, key) DO UPDATE SET value = excluded.value",
                )?
                .execute((machine, key, value))?;
            Ok(())
        })
        .await
    }
}

fn quota(what: String) -> StoreError {
    StoreError::Quota { what }
}

//! Tokens and sessions of the page. What is stored of a secret is its hash.

use super::{NewAudit, Result, Store, StoreError, columns, writer::Write};
use crate::model::{MachineId, NewEvent, NewToken, Role, SessionRecord, Timestamp, TokenId, TokenRecord};
use rusqlite::{OptionalExtension, Row, params};
use serde_json::json;
use std::collections::BTreeSet;

/// The SHA-256 of a secret.
pub type SecretHash = [u8; 32];

impl Store {
    /// Every token with the hash of its secret, oldest first; revoked ones too.
    pub async fn tokens(&self) -> Result<Vec<(TokenRecord, SecretHash)>> {
        self.read(|db| {
            let mut rows = db.prepare_cached("SELECT * FROM tokens ORDER BY id")?;
            Ok(rows.query_map([], |row| Ok((token(row)?, row.get("hash")?)))?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Makes a token. [`StoreError::Conflict`] when another one of this name is in use.
    pub async fn insert_token(&self, new: NewToken, hash: SecretHash, by: &str) -> Result<TokenRecord> {
        let by = by.to_owned();
        self.write(move |write| {
            let taken = "SELECT 1 FROM tokens WHERE name = ?1 AND revoked_at IS NULL";
            if write.db.prepare_cached(taken)?.exists([&new.name])? {
                return Err(StoreError::conflict(format!(
                    "there is a token '{}' already: choose another name, or revoke that one first",
                    new.name
                )));
            }
            let machines = new.machines.as_ref().map(columns::to_json).transpose()?;
            write
                .db
                .prepare_cached(
                    "INSERT INTO tokens (name, hash, role, machines, created_at, created_by, expires_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    new.name,
                    hash,
                    new.role.name(),
                    machines,
                    write.now.0,
                    by,
                    new.expires_at.map(|at| at.0),
                ])?;
            let made = TokenRecord {
                pk: TokenId(write.db.last_insert_rowid()),
                name: new.name,
                role: new.role,
                machines: new.machines,
                created_at: write.now,
                created_by: by.clone(),
                expires_at: new.expires_at,
                revoked_at: None,
                last_used_at: None,
            };
            decided(write, &by, ("token.create", "token.created"), &made)?;
            Ok(made)
        })
        .await
    }

    /// Revokes a token and ends its sessions. One that is revoked stays as it is.
    pub async fn revoke_token(&self, id: TokenId, by: &str) -> Result<TokenRecord> {
        let by = by.to_owned();
        self.write(move |write| {
            let mut found = write
                .db
                .prepare_cached("SELECT * FROM tokens WHERE id = ?1")?
                .query_row([id.0], token)
                .optional()?
                .ok_or_else(|| StoreError::not_found(format!("there is no token {id}")))?;
            if found.revoked_at.is_none() {
                write
                    .db
                    .prepare_cached("UPDATE tokens SET revoked_at = ?2 WHERE id = ?1")?
                    .execute((id.0, write.now.0))?;
                write.db.prepare_cached("DELETE FROM sessions WHERE token_id = ?1")?.execute([id.0])?;
                found.revoked_at = Some(write.now);
                decided(write, &by, ("token.revoke", "token.revoked"), &found)?;
            }
            Ok(found)
        })
        .await
    }

    /// Takes note of when tokens were used.
    pub async fn tokens_used(&self, used: Vec<(TokenId, Timestamp)>) -> Result<()> {
        self.write(move |write| {
            let mut sql = write.db.prepare_cached("UPDATE tokens SET last_used_at = ?2 WHERE id = ?1")?;
            for (id, at) in used {
                sql.execute((id.0, at.0))?;
            }
            Ok(())
        })
        .await
    }

    /// Sessions that have not ended, with the hashes of their secrets.
    pub async fn sessions(&self) -> Result<Vec<(SessionRecord, SecretHash)>> {
        self.read(|db| {
            let mut rows = db.prepare_cached("SELECT * FROM sessions WHERE expires_at > ?1")?;
            let read = |row: &Row<'_>| {
                let record = SessionRecord {
                    id: row.get("id")?,
                    token: TokenId(row.get("token_id")?),
                    expires_at: columns::time(row, "expires_at")?,
                };
                Ok((record, row.get("hash")?))
            };
            Ok(rows.query_map([Timestamp::now().0], read)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Begins a session; those that have ended go.
    pub async fn insert_session(
        &self,
        token: TokenId,
        hash: SecretHash,
        expires_at: Timestamp,
    ) -> Result<SessionRecord> {
        self.write(move |write| {
            write.db.prepare_cached("DELETE FROM sessions WHERE expires_at <= ?1")?.execute([write.now.0])?;
            write
                .db
                .prepare_cached("INSERT INTO sessions (token_id, hash, expires_at) VALUES (?1, ?2, ?3)")?
                .execute(params![token.0, hash, expires_at.0])?;
            Ok(SessionRecord { id: write.db.last_insert_rowid(), token, expires_at })
        })
        .await
    }

    /// Ends a session.
    pub async fn remove_session(&self, id: i64) -> Result<()> {
        self.write(move |write| {
            write.db.prepare_cached("DELETE FROM sessions WHERE id = ?1")?.execute([id])?;
            Ok(())
        })
        .await
    }
}

fn token(row: &Row<'_>) -> rusqlite::Result<TokenRecord> {
    Ok(TokenRecord {
        pk: TokenId(row.get("id")?),
        name: row.get("name")?,
        role: columns::named(row, "role", Role::parse)?,
        machines: columns::json_option::<BTreeSet<MachineId>>(row, "machines")?,
        created_at: columns::time(row, "created_at")?,
        created_by: row.get("created_by")?,
        expires_at: columns::time_option(row, "expires_at")?,
        revoked_at: columns::time_option(row, "revoked_at")?,
        last_used_at: columns::time_option(row, "last_used_at")?,
    })
}

fn decided(write: &mut Write<'_>, who: &str, (action, kind): (&str, &'static str), token: &TokenRecord) -> Result<()> {
    let facts = json!({
        "role": token.role, "machines": token.machines, "expires_at": token.expires_at, "revoked_at": token.revoked_at,
    });
    write.audit(&NewAudit {
        who: who.to_owned(),
        action: action.to_owned(),
        subject: format!("token:{}", token.name),
        before: None,
        after: Some(facts),
    })?;
    write.event(NewEvent::new(kind, json!({ "token": token.pk, "name": token.name })))?;
    Ok(())
}

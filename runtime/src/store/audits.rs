//! Who decided what: operators' changes and refused requests of drivers.

use super::{Result, Store, columns, writer::Write};
use crate::model::Timestamp;
use rusqlite::params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What stands in place of a value that must not be copied.
pub(super) const MASK: &str = "***";

/// A decision to be written down.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAudit {
    /// Whose decision: a user, a token's name, `daemon`.
    pub who: String,
    /// What was done: `machine.rename`.
    pub action: String,
    /// To what: `machine:<id>`.
    pub subject: String,
    /// How it was before. Never a secret.
    pub before: Option<serde_json::Value>,
    /// How it is now. Never a secret.
    pub after: Option<serde_json::Value>,
}

/// A decision as it was written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// Its number; later ones are higher.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Whose decision.
    pub who: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// How it was before.
    pub before: Option<serde_json::Value>,
    /// How it is now.
    pub after: Option<serde_json::Value>,
}

/// Which decisions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// How many at most.
    pub limit: u32,
    /// Only those before this number.
    pub before: Option<i64>,
    /// Whose.
    pub who: Option<String>,
    /// What was done, or how that begins.
    pub action: Option<String>,
    /// To what, or how that begins.
    pub subject: Option<String>,
}

impl Store {
    /// Writes a decision down that has no operation of its own in the store.
    pub async fn audit(&self, audit: NewAudit) -> Result<()> {
        self.write(move |write| write.audit(&audit)).await
    }

    /// Decisions, newest first.
    pub async fn audits(&self, filter: AuditFilter) -> Result<Vec<Audit>> {
        self.read(move |db| {
            // `instr` and not LIKE, whose wildcards may stand in a subject.
            let mut rows = db.prepare_cached(
                "SELECT * FROM audits WHERE id < ?2 AND (?3 IS NULL OR who = ?3)
                 AND (?4 IS NULL OR instr(action, ?4) = 1) AND (?5 IS NULL OR instr(subject, ?5) = 1)
                 ORDER BY id DESC LIMIT ?1",
            )?;
            let AuditFilter { limit, before, who, action, subject } = filter;
            let parameters = params![limit, before.unwrap_or(i64::MAX), who, action, subject];
            let audits = rows.query_map(parameters, |row| {
                Ok(Audit {
                    id: row.get("id")?,
                    at: columns::time(row, "at")?,
                    who: row.get("who")?,
                    action: row.get("action")?,
                    subject: row.get("subject")?,
                    before: columns::json_option(row, "before")?,
                    after: columns::json_option(row, "after")?,
                })
            })?;
            Ok(audits.collect::<Result<_, _>>()?)
        })
        .await
    }
}

impl Write<'_> {
    /// Writes a decision into the transaction of the change.
    pub(super) fn audit(&mut self, audit: &NewAudit) -> Result<()> {
        let text = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string);
        self.db
            .prepare_cached(
                "INSERT INTO audits (at, who, action, subject, before, after) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                self.now.0,
                audit.who,
                audit.action,
                audit.subject,
                text(&audit.before),
                text(&audit.after),
            ])?;
        Ok(())
    }
}

//! What operators allow drivers beyond the settings of their machines.

use super::{NewAudit, Result, Store, columns, writer::Write};
use crate::model::{Grant, NewEvent, Slug, grant::Approval};
use serde_json::json;
use std::collections::BTreeMap;

impl Store {
    /// The grants that are approved for a driver, by name, whether it asks for them now or not.
    pub async fn grants(&self, driver: &Slug) -> Result<BTreeMap<String, Approval>> {
        let driver = driver.clone();
        self.read(move |db| {
            let mut rows = db.prepare_cached("SELECT name, who, at FROM grants WHERE driver = ?1")?;
            let approvals = rows.query_map([driver.as_str()], |row| {
                Ok((row.get("name")?, Approval { by: row.get("who")?, at: columns::time(row, "at")? }))
            })?;
            Ok(approvals.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Approves a grant for a driver. Says whether that was a change.
    pub async fn approve_grant(&self, driver: &Slug, grant: Grant, by: &str) -> Result<bool> {
        let (driver, by) = (driver.clone(), by.to_owned());
        self.write(move |write| {
            let sql = "INSERT INTO grants (driver, name, who, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
            let row = (driver.as_str(), grant.name(), &by, write.now.0);
            let new = write.db.prepare_cached(sql)?.execute(row)? > 0;
            if new {
                decided(write, &by, &driver, grant.name(), "approve")?;
            }
            Ok(new)
        })
        .await
    }

    /// Takes an approval back. Says whether that was a change.
    pub async fn revoke_grant(&self, driver: &Slug, grant: Grant, by: &str) -> Result<bool> {
        let (driver, by) = (driver.clone(), by.to_owned());
        self.write(move |write| {
            let sql = "DELETE FROM grants WHERE driver = ?1 AND name = ?2";
            let gone = write.db.prepare_cached(sql)?.execute((driver.as_str(), grant.name()))? > 0;
            if gone {
                decided(write, &by, &driver, grant.name(), "revoke")?;
            }
            Ok(gone)
        })
        .await
    }
}

/// Takes all approvals of a driver back.
pub(super) fn forget(write: &mut Write<'_>, driver: &Slug, by: &str) -> Result<()> {
    let names: Vec<String> = write
        .db
        .prepare_cached("DELETE FROM grants WHERE driver = ?1 RETURNING name")?
        .query_map([driver.as_str()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    names.iter().try_for_each(|name| decided(write, by, driver, name, "revoke"))
}

fn decided(write: &mut Write<'_>, who: &str, driver: &Slug, grant: &str, what: &str) -> Result<()> {
    let facts = json!({ "grant": grant });
    write.audit(&NewAudit {
        who: who.to_owned(),
        action: format!("driver.{what}"),
        subject: format!("driver:{driver}"),
        before: None,
        after: Some(facts.clone()),
    })?;
    let kind = if what == "approve" { "driver.grant-approved" } else { "driver.grant-revoked" };
    write.event(NewEvent::new(kind, facts).of_driver(driver.clone()))?;
    Ok(())
}

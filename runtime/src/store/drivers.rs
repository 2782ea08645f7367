//! Installed components, which of them the operator enabled, and what is known about their compiled code.

use super::{NewAudit, Result, Store, StoreError, columns, grants, writer::Write};
use crate::model::{Digest, InstalledDriver, Isolation, NewEvent, Slug};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

impl Store {
    /// Stores a component that passed its install, not enabled, whatever its record says. Says `false`, and changes
    /// nothing, when this digest is installed already.
    pub async fn insert_driver(&self, driver: InstalledDriver, by: &str) -> Result<bool> {
        let by = by.to_owned();
        self.write(move |write| {
            let count = write
                .db
                .prepare_cached(
                    "INSERT INTO drivers (digest, slug, info, contract, imports, size, installed_at, enabled, plugin)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8) ON CONFLICT (digest) DO NOTHING",
                )?
                .execute(params![
                    driver.digest.to_string(),
                    driver.info.slug.as_str(),
                    columns::to_json(&driver.info)?,
                    driver.contract,
                    columns::to_json(&driver.imports)?,
                    i64::try_from(driver.size).unwrap_or(i64::MAX),
                    driver.installed_at.0,
                    driver.plugin.as_ref().map(Slug::as_str),
                ])?;
            if count == 0 {
                return Ok(false);
            }
            let facts = json!({ "version": driver.info.version, "contract": driver.contract, "size": driver.size });
            decided(write, &by, "driver.install", &driver.info.slug, driver.digest, facts)?;
            announce(write, "driver.installed", &driver.info.slug, driver.digest, json!({}))?;
            Ok(true)
        })
        .await
    }

    /// Every installed component, by slug, the newest first.
    pub async fn drivers(&self) -> Result<Vec<InstalledDriver>> {
        self.read(|db| {
            let mut rows = db.prepare_cached("SELECT * FROM drivers ORDER BY slug, installed_at DESC, digest")?;
            Ok(rows.query_map([], driver)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Enables one component of a driver, in place of the one that was enabled, which is the answer.
    pub async fn enable_driver(&self, slug: &Slug, digest: Digest, by: &str) -> Result<Option<Digest>> {
        let (slug, by) = (slug.clone(), by.to_owned());
        self.write(move |write| {
            if find(write.db, digest)?.info.slug != slug {
                return Err(StoreError::conflict(format!("the component {digest} is not of the driver '{slug}'")));
            }
            let previous = enabled(write.db, &slug)?;
            if previous == Some(digest) {
                return Ok(previous);
            }
            set_enabled(write, &slug, Some(digest))?;
            let facts = json!({ "previous": previous });
            decided(write, &by, "driver.enable", &slug, digest, facts.clone())?;
            announce(write, "driver.enabled", &slug, digest, facts)?;
            Ok(previous)
        })
        .await
    }

    /// Disables a driver. The answer is the component that was enabled.
    pub async fn disable_driver(&self, slug: &Slug, by: &str) -> Result<Option<Digest>> {
        let (slug, by) = (slug.clone(), by.to_owned());
        self.write(move |write| {
            let previous = enabled(write.db, &slug)?;
            if let Some(digest) = previous {
                set_enabled(write, &slug, None)?;
                decided(write, &by, "driver.disable", &slug, digest, json!({}))?;
                announce(write, "driver.disabled", &slug, digest, json!({}))?;
            }
            Ok(previous)
        })
        .await
    }

    /// Removes a component, its file and what is known about its compiled code, and answers with its record.
    /// [`StoreError::Conflict`] while it is enabled.
    pub async fn remove_driver(&self, digest: Digest, by: &str) -> Result<InstalledDriver> {
        let by = by.to_owned();
        let removed = self
            .write(move |write| {
                let driver = find(write.db, digest)?;
                if driver.enabled {
                    let what = format!("the component {digest} is enabled: disable '{}' first", driver.info.slug);
                    return Err(StoreError::conflict(what));
                }
                let digest_text = digest.to_string();
                write.db.prepare_cached("DELETE FROM compiled WHERE digest = ?1")?.execute([&digest_text])?;
                write.db.prepare_cached("DELETE FROM drivers WHERE digest = ?1")?.execute([&digest_text])?;
                // Another author's driver of that name is not to have what this one was allowed.
                let last = !write
                    .db
                    .prepare_cached("SELECT 1 FROM drivers WHERE slug = ?1")?
                    .exists([driver.info.slug.as_str()])?;
                if last {
                    grants::forget(write, &driver.info.slug, &by)?;
                }
                let facts = json!({ "version": driver.info.version });
                decided(write, &by, "driver.remove", &driver.info.slug, digest, facts)?;
                announce(write, "driver.removed", &driver.info.slug, digest, json!({}))?;
                Ok(driver)
            })
            .await?;
        // After the commit: a file without a record is waste, a record without a file is a fault.
        self.remove_component(digest).await?;
        Ok(removed)
    }

    /// How many machines an instance of a driver serves.
    pub async fn isolation(&self, slug: &Slug) -> Result<Isolation> {
        let slug = slug.clone();
        self.read(move |db| {
            Ok(db
                .prepare_cached("SELECT isolation FROM driver_policies WHERE slug = ?1")?
                .query_row([slug.as_str()], |row| columns::named(row, "isolation", Isolation::parse))
                .optional()?
                .unwrap_or_default())
        })
        .await
    }

    /// Decides how many machines an instance of a driver serves. Says whether that was a change.
    pub async fn set_isolation(&self, slug: &Slug, isolation: Isolation, by: &str) -> Result<bool> {
        let before = self.isolation(slug).await?;
        let (slug, by) = (slug.clone(), by.to_owned());
        self.write(move |write| {
            if before == isolation {
                return Ok(false);
            }
            let sql = "INSERT OR REPLACE INTO driver_policies (slug, isolation) VALUES (?1, ?2)";
            write.db.prepare_cached(sql)?.execute((slug.as_str(), isolation.name()))?;
            write.audit(&NewAudit {
                who: by,
                action: "driver.isolation".to_owned(),
                subject: format!("driver:{slug}"),
                before: Some(json!(before)),
                after: Some(json!(isolation)),
            })?;
            let facts = json!({ "isolation": isolation });
            write.event(NewEvent::new("driver.isolation-changed", facts).of_driver(slug))?;
            Ok(true)
        })
        .await
    }

    /// The digest of the code that was compiled from a component for an engine with this compatibility hash.
    pub async fn compiled(&self, digest: Digest, compatibility: &str) -> Result<Option<Digest>> {
        let compatibility = compatibility.to_owned();
        self.read(move |db| {
            Ok(db
                .prepare_cached("SELECT compiled_digest FROM compiled WHERE digest = ?1 AND compatibility = ?2")?
                .query_row((digest.to_string(), compatibility), |row| columns::parsed(row, "compiled_digest"))
                .optional()?)
        })
        .await
    }

    /// Forgets the code that was compiled from a component.
    pub async fn forget_compiled(&self, digest: Digest) -> Result<()> {
        self.write(move |write| {
            write.db.prepare_cached("DELETE FROM compiled WHERE digest = ?1")?.execute([digest.to_string()])?;
            Ok(())
        })
        .await
    }

    /// Remembers the digest of compiled code, which may be loaded only while it has that digest.
    pub async fn set_compiled(&self, digest: Digest, compatibility: &str, compiled: Digest) -> Result<()> {
        let compatibility = compatibility.to_owned();
        self.write(move |write| {
            let sql =
                "INSERT OR REPLACE INTO compiled (digest, compatibility, compiled_digest, at) VALUES (?1, ?2, ?3, ?4)";
            let row = (digest.to_string(), compatibility, compiled.to_string(), write.now.0);
            write.db.prepare_cached(sql)?.execute(row)?;
            Ok(())
        })
        .await
    }
}

fn find(db: &Connection, digest: Digest) -> Result<InstalledDriver> {
    db.prepare_cached("SELECT * FROM drivers WHERE digest = ?1")?
        .query_row([digest.to_string()], driver)
        .optional()?
        .ok_or_else(|| StoreError::not_found(format!("no component {digest} is installed")))
}

fn enabled(db: &Connection, slug: &Slug) -> Result<Option<Digest>> {
    Ok(db
        .prepare_cached("SELECT digest FROM drivers WHERE slug = ?1 AND enabled = 1")?
        .query_row([slug.as_str()], |row| columns::parsed(row, "digest"))
        .optional()?)
}

/// First off, then on: the unique index allows one a slug at every moment.
fn set_enabled(write: &Write<'_>, slug: &Slug, digest: Option<Digest>) -> Result<()> {
    let off = "UPDATE drivers SET enabled = 0 WHERE slug = ?1 AND enabled = 1";
    write.db.prepare_cached(off)?.execute([slug.as_str()])?;
    if let Some(digest) = digest {
        let on = "UPDATE drivers SET enabled = 1, enabled_at = ?2 WHERE digest = ?1";
        write.db.prepare_cached(on)?.execute((digest.to_string(), write.now.0))?;
    }
    Ok(())
}

fn decided(
    write: &mut Write<'_>,
    who: &str,
    action: &str,
    slug: &Slug,
    digest: Digest,
    mut facts: Value,
) -> Result<()> {
    add(&mut facts, "digest", json!(digest));
    write.audit(&NewAudit {
        who: who.to_owned(),
        action: action.to_owned(),
        subject: format!("driver:{slug}"),
        before: None,
        after: Some(facts),
    })
}

fn announce(write: &mut Write<'_>, kind: &'static str, slug: &Slug, digest: Digest, mut facts: Value) -> Result<()> {
    add(&mut facts, "digest", json!(digest));
    write.event(NewEvent::new(kind, facts).of_driver(slug.clone()))?;
    Ok(())
}

fn add(facts: &mut Value, key: &str, value: Value) {
    if let Some(object) = facts.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

fn driver(row: &Row<'_>) -> rusqlite::Result<InstalledDriver> {
    Ok(InstalledDriver {
        digest: columns::parsed(row, "digest")?,
        info: columns::json(row, "info")?,
        contract: row.get("contract")?,
        imports: columns::json(row, "imports")?,
        size: row.get::<_, i64>("size")?.unsigned_abs(),
        installed_at: columns::time(row, "installed_at")?,
        enabled: row.get("enabled")?,
        enabled_at: columns::time_option(row, "enabled_at")?,
        plugin: if columns::is_null(row, "plugin")? { None } else { Some(columns::parsed(row, "plugin")?) },
    })
}

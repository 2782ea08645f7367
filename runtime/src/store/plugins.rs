//! Installed plugins.

use super::{NewAudit, Result, Store, StoreError, columns, writer::Write};
use crate::model::{NewEvent, Plugin, Slug};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

impl Store {
    /// Every installed plugin, in the order of their first install.
    pub async fn plugins(&self) -> Result<Vec<Plugin>> {
        self.read(|db| {
            let mut rows = db.prepare_cached("SELECT * FROM plugins ORDER BY rowid")?;
            Ok(rows.query_map([], plugin)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Stores a plugin in place of an earlier version of it. Whether it is enabled stays as it was; a new one is not.
    pub async fn put_plugin(&self, plugin: Plugin, by: &str) -> Result<Plugin> {
        let by = by.to_owned();
        self.write(move |write| {
            let before = find(write.db, &plugin.slug)?;
            let plugin = Plugin { enabled: before.as_ref().is_some_and(|before| before.enabled), ..plugin };
            write
                .db
                .prepare_cached(
                    "INSERT INTO plugins (slug, name, description, version, types, drivers, installed_at, enabled)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)
                     ON CONFLICT (slug) DO UPDATE SET name = ?2, description = ?3, version = ?4, types = ?5,
                                                      drivers = ?6, installed_at = ?7",
                )?
                .execute(params![
                    plugin.slug.as_str(),
                    plugin.name,
                    plugin.description,
                    plugin.version,
                    columns::to_json(&plugin.types)?,
                    columns::to_json(&plugin.drivers)?,
                    plugin.installed_at.0,
                ])?;
            let before = before.map(|before| json!({ "version": before.version }));
            decided(write, &by, "plugin.install", &plugin.slug, before, json!({ "version": plugin.version }))?;
            Ok(plugin)
        })
        .await
    }

    /// Enables or disables a plugin.
    pub async fn set_plugin_enabled(&self, slug: &Slug, enabled: bool, by: &str) -> Result<Plugin> {
        let (slug, by) = (slug.clone(), by.to_owned());
        self.write(move |write| {
            let plugin = find(write.db, &slug)?.ok_or_else(|| missing(&slug))?;
            if plugin.enabled == enabled {
                return Ok(plugin);
            }
            write
                .db
                .prepare_cached("UPDATE plugins SET enabled = ?2 WHERE slug = ?1")?
                .execute((slug.as_str(), enabled))?;
            let action = if enabled { "plugin.enable" } else { "plugin.disable" };
            decided(write, &by, action, &slug, None, json!({ "version": plugin.version }))?;
            Ok(Plugin { enabled, ..plugin })
        })
        .await
    }

    /// Removes a plugin; its drivers have been removed before.
    pub async fn remove_plugin(&self, slug: &Slug, by: &str) -> Result<()> {
        let (slug, by) = (slug.clone(), by.to_owned());
        self.write(move |write| {
            let plugin = find(write.db, &slug)?.ok_or_else(|| missing(&slug))?;
            write.db.prepare_cached("DELETE FROM plugins WHERE slug = ?1")?.execute([slug.as_str()])?;
            decided(write, &by, "plugin.remove", &slug, Some(json!({ "version": plugin.version })), json!(null))
        })
        .await
    }
}

fn missing(slug: &Slug) -> StoreError {
    StoreError::not_found(format!("no plugin '{slug}' is installed; `ostler plugin list` shows what is"))
}

fn find(db: &Connection, slug: &Slug) -> Result<Option<Plugin>> {
    Ok(db.prepare_cached("SELECT * FROM plugins WHERE slug = ?1")?.query_row([slug.as_str()], plugin).optional()?)
}

/// An audit row and an event of the same name in the past tense.
fn decided(
    write: &mut Write<'_>,
    who: &str,
    action: &'static str,
    slug: &Slug,
    before: Option<Value>,
    after: Value,
) -> Result<()> {
    let kind = match action {
        "plugin.enable" => "plugin.enabled",
        "plugin.disable" => "plugin.disabled",
        "plugin.remove" => "plugin.removed",
        _ => "plugin.installed",
    };
    let facts = json!({ "plugin": slug, "before": before, "after": after });
    write.audit(&NewAudit {
        who: who.to_owned(),
        action: action.to_owned(),
        subject: format!("plugin:{slug}"),
        before,
        after: Some(after),
    })?;
    write.event(NewEvent::new(kind, facts))?;
    Ok(())
}

fn plugin(row: &Row<'_>) -> rusqlite::Result<Plugin> {
    Ok(Plugin {
        slug: columns::parsed(row, "slug")?,
        name: row.get("name")?,
        description: row.get("description")?,
        version: row.get("version")?,
        types: columns::json(row, "types")?,
        drivers: columns::json(row, "drivers")?,
        installed_at: columns::time(row, "installed_at")?,
        enabled: row.get("enabled")?,
    })
}

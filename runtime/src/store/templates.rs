//! Label templates: a source for each version, and rows of values that are kept for them. Jobs hold their own copy of a source,
//! so that what is printed again later is what was printed.

use super::{NewAudit, Result, Store, StoreError, columns, writer::Write};
use crate::model::{Fields, NewEvent, Slug, StoredTemplate, TemplateRow};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

/// A version with its template.
const SELECT: &str =
    "SELECT templates.id, name, built_in, templates.version AS latest, template_versions.version AS version,
                             source, created_at, created_by
                      FROM templates JOIN template_versions ON template_id = templates.id";

impl Store {
    /// The latest version of every template, by name.
    pub async fn templates(&self) -> Result<Vec<StoredTemplate>> {
        self.read(|db| {
            let sql = format!("{SELECT} WHERE template_versions.version = templates.version ORDER BY name");
            let mut rows = db.prepare_cached(&sql)?;
            Ok(rows.query_map([], template)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// A version of a template, or its latest one.
    pub async fn template(&self, id: i64, version: Option<u32>) -> Result<StoredTemplate> {
        self.read(move |db| {
            let sql = format!(
                "{SELECT} WHERE templates.id = ?1 AND template_versions.version = coalesce(?2, templates.version)"
            );
            db.prepare_cached(&sql)?.query_row((id, version), template).optional()?.ok_or_else(|| match version {
                None => StoreError::not_found(format!("there is no template {id}")),
                Some(version) => StoreError::not_found(format!("there is no version {version} of template {id}")),
            })
        })
        .await
    }

    /// All versions of a template, the latest first.
    pub async fn template_versions(&self, id: i64) -> Result<Vec<StoredTemplate>> {
        self.read(move |db| {
            let sql = format!("{SELECT} WHERE templates.id = ?1 ORDER BY template_versions.version DESC");
            let mut rows = db.prepare_cached(&sql)?;
            Ok(rows.query_map([id], template)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Stores a source as the next version of the template of this name, which is made if there is none. The same source as the
    /// latest version's changes nothing.
    pub async fn put_template(&self, name: &Slug, source: String, by: &str) -> Result<StoredTemplate> {
        let (name, by) = (name.clone(), by.to_owned());
        self.write(move |write| put(write, &name, &source, &by, false)).await
    }

    /// Stores the templates that come with ostler, unless somebody has made versions of their own.
    pub async fn put_built_in_templates(&self, sources: Vec<(Slug, &'static str)>) -> Result<()> {
        self.write(move |write| {
            for (name, source) in sources {
                let theirs = "SELECT 1 FROM template_versions JOIN templates ON template_id = templates.id
                              WHERE name = ?1 AND created_by <> ?2";
                if !write.db.prepare_cached(theirs)?.exists((name.as_str(), BUILDER))? {
                    put(write, &name, source, BUILDER, true)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Removes a template with its versions and rows. Jobs keep what they print.
    pub async fn remove_template(&self, id: i64, by: &str) -> Result<()> {
        let by = by.to_owned();
        self.write(move |write| {
            let (name, built_in): (String, bool) = write
                .db
                .prepare_cached("SELECT name, built_in FROM templates WHERE id = ?1")?
                .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?
                .ok_or_else(|| StoreError::not_found(format!("there is no template {id}")))?;
            if built_in {
                return Err(StoreError::conflict(format!(
                    "the template '{name}' comes with ostler and cannot be removed; add a version of your own, or one of another name"
                )));
            }
            write.db.prepare_cached("DELETE FROM templates WHERE id = ?1")?.execute([id])?;
            decided(write, &by, ("template.remove", "template.removed"), &name, &json!(null))
        })
        .await
    }

    /// The rows that are kept with a template, oldest first.
    pub async fn template_rows(&self, id: i64) -> Result<Vec<TemplateRow>> {
        self.read(move |db| {
            let sql = "SELECT * FROM template_rows WHERE template_id = ?1 ORDER BY id";
            let mut rows = db.prepare_cached(sql)?;
            Ok(rows.query_map([id], kept)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Rows of a template by their numbers, in that order.
    pub async fn template_rows_of(&self, id: i64, rows: Vec<i64>) -> Result<Vec<TemplateRow>> {
        self.read(move |db| {
            let mut sql = db.prepare_cached("SELECT * FROM template_rows WHERE template_id = ?1 AND id = ?2")?;
            let mut find = |row: i64| {
                let missing = || StoreError::not_found(format!("there is no row {row} of template {id}"));
                sql.query_row((id, row), kept).optional()?.ok_or_else(missing)
            };
            rows.into_iter().map(&mut find).collect()
        })
        .await
    }

    /// Keeps rows with a template.
    pub async fn add_template_rows(&self, id: i64, rows: Vec<Fields>) -> Result<Vec<TemplateRow>> {
        self.write(move |write| {
            if !write.db.prepare_cached("SELECT 1 FROM templates WHERE id = ?1")?.exists([id])? {
                return Err(StoreError::not_found(format!("there is no template {id}")));
            }
            let mut sql = write
                .db
                .prepare_cached("INSERT INTO template_rows (template_id, fields, created_at) VALUES (?1, ?2, ?3)")?;
            let mut kept = Vec::new();
            for fields in rows {
                sql.execute(params![id, columns::to_json(&fields)?, write.now.0])?;
                kept.push(TemplateRow { pk: write.db.last_insert_rowid(), fields, created_at: write.now });
            }
            Ok(kept)
        })
        .await
    }

    /// Removes a row.
    pub async fn remove_template_row(&self, id: i64, row: i64) -> Result<()> {
        self.write(move |write| {
            let sql = "DELETE FROM template_rows WHERE template_id = ?1 AND id = ?2";
            let count = write.db.prepare_cached(sql)?.execute((id, row))?;
            columns::changed_one(count, || StoreError::not_found(format!("there is no row {row} of template {id}")))
        })
        .await
    }
}

/// Who stores what comes with ostler.
const BUILDER: &str = "ostler";

fn put(write: &mut Write<'_>, name: &Slug, source: &str, by: &str, built_in: bool) -> Result<StoredTemplate> {
    if let Some(latest) = find(write.db, name)?
        && latest.source == source
    {
        return Ok(latest);
    }
    write
        .db
        .prepare_cached(
            "INSERT INTO templates (name, built_in, version) VALUES (?1, ?2, 1)
             ON CONFLICT (name) DO UPDATE SET version = version + 1",
        )?
        .execute((name.as_str(), built_in))?;
    write
        .db
        .prepare_cached(
            "INSERT INTO template_versions (template_id, version, source, created_at, created_by)
             SELECT id, version, ?2, ?3, ?4 FROM templates WHERE name = ?1",
        )?
        .execute(params![name.as_str(), source, write.now.0, by])?;
    let stored =
        find(write.db, name)?.ok_or_else(|| StoreError::not_found(format!("there is no template '{name}'")))?;
    // What comes with ostler is nobody's decision.
    if by != BUILDER {
        decided(write, by, ("template.add", "template.added"), name.as_str(), &json!({ "version": stored.version }))?;
    }
    Ok(stored)
}

/// The latest version of the template of this name.
fn find(db: &Connection, name: &Slug) -> Result<Option<StoredTemplate>> {
    let sql = format!("{SELECT} WHERE name = ?1 AND template_versions.version = templates.version");
    Ok(db.prepare_cached(&sql)?.query_row([name.as_str()], template).optional()?)
}

fn decided(
    write: &mut Write<'_>,
    who: &str,
    (action, kind): (&str, &'static str),
    name: &str,
    after: &Value,
) -> Result<()> {
    write.audit(&NewAudit {
        who: who.to_owned(),
        action: action.to_owned(),
        subject: format!("template:{name}"),
        before: None,
        after: Some(after.clone()),
    })?;
    write.event(NewEvent::new(kind, json!({ "template": name, "after": after })))?;
    Ok(())
}

fn template(row: &Row<'_>) -> rusqlite::Result<StoredTemplate> {
    Ok(StoredTemplate {
        id: row.get("id")?,
        name: columns::parsed(row, "name")?,
        built_in: row.get("built_in")?,
        version: row.get("version")?,
        latest: row.get("latest")?,
        source: row.get("source")?,
        created_at: columns::time(row, "created_at")?,
        created_by: row.get("created_by")?,
    })
}

fn kept(row: &Row<'_>) -> rusqlite::Result<TemplateRow> {
    Ok(TemplateRow {
        pk: row.get("id")?,
        fields: columns::json(row, "fields")?,
        created_at: columns::time(row, "created_at")?,
    })
}

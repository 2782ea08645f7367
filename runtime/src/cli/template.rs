//! `ostler template`: label templates.

use super::{
    client::{Client, encode},
    document::rows_of,
    output::Output,
};
use crate::{api::templates::TemplateView, model::TemplateRow};
use anyhow::{Context as _, Result};
use clap::Subcommand;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What to do with templates.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the templates.
    List,
    /// Store a file as a template, or as the next version of one of its name.
    Add {
        /// The file: Typst with a header, see docs/templates.md.
        file: PathBuf,
    },
    /// Show a template: its size and its fields.
    Show {
        /// Its name or number.
        template: String,
        /// Which version; the latest unless given.
        #[arg(long, value_name = "N")]
        version: Option<u32>,
        /// Print the file itself.
        #[arg(long)]
        source: bool,
    },
    /// List the versions of a template, the latest first.
    Versions {
        /// Its name or number.
        template: String,
    },
    /// Write how a label looks: of a row, or of the sample.
    Preview {
        /// Its name or number.
        template: String,
        /// Rows: a file in JSON or CSV.
        #[arg(long, value_name = "FILE")]
        rows: Option<PathBuf>,
        /// Which of them, counted from 1.
        #[arg(long, value_name = "N", default_value_t = 1)]
        row: usize,
        /// Dots per millimetre: 8 is 203 dpi, 12 is 300, 24 is 600.
        #[arg(long, value_name = "N", default_value_t = 8)]
        dpmm: u32,
        /// A PDF instead of the exact dots.
        #[arg(long)]
        pdf: bool,
        /// Which version; the latest unless given.
        #[arg(long, value_name = "N")]
        version: Option<u32>,
        /// Where to write it; `NAME.png` or `NAME.pdf` unless given.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Keep rows with a template, to print them by their numbers.
    AddRows {
        /// Its name or number.
        template: String,
        /// A file in JSON or CSV.
        file: PathBuf,
    },
    /// List the rows that are kept with a template.
    Rows {
        /// Its name or number.
        template: String,
    },
    /// Remove a row.
    RemoveRow {
        /// The template's name or number.
        template: String,
        /// The row's number.
        row: i64,
    },
    /// Remove a template with its versions and rows. Jobs keep what they print.
    Remove {
        /// Its name or number.
        template: String,
    },
}

/// Does it.
pub async fn run(client: &Client, out: Output, command: Command) -> Result<()> {
    match command {
        Command::List => {
            let all: Vec<TemplateView> = client.get("/api/template/").await?;
            table(out, &all)
        }
        Command::Add { file } => {
            let source = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            let body = ("text/vnd.ostler.template".into(), source.into());
            let view: TemplateView = client.upload("/api/template/", body).await?;
            out.say(&view, &format!("{} is stored, version {}", view.name, view.version))
        }
        Command::Show { template, version, source } => {
            let query = version.map(|version| format!("?version={version}")).unwrap_or_default();
            let view: TemplateView = client.get(&format!("{}{query}", path(&template))).await?;
            if source && !out.is_json() {
                return super::output::line(view.source.as_deref().unwrap_or_default().trim_end());
            }
            show(out, &view)
        }
        Command::Versions { template } => {
            let all: Vec<TemplateView> = client.get(&format!("{}versions/", path(&template))).await?;
            table(out, &all)
        }
        Command::Preview { template, rows, row, dpmm, pdf, version, to } => {
            let format = if pdf { "pdf" } else { "png" };
            let version = version.map(|version| format!("&version={version}")).unwrap_or_default();
            let query = format!("{}preview/?row={row}&dpmm={dpmm}&format={format}{version}", path(&template));
            let body = match &rows {
                Some(file) => rows_of(file)?,
                None => ("application/json".into(), Bytes::new()),
            };
            let file = client.exchange(&query, body).await?;
            let to = to.unwrap_or_else(|| PathBuf::from(format!("{template}.{format}")));
            std::fs::write(&to, &file).with_context(|| format!("writing {}", to.display()))?;
            let sentence = format!("{} shows {template}", to.display());
            out.say(&json!({ "file": to }), &sentence)
        }
        Command::AddRows { template, file } => {
            let rows: Vec<TemplateRow> = client.upload(&format!("{}row/", path(&template)), rows_of(&file)?).await?;
            let numbers: Vec<_> = rows.iter().map(|row| row.pk.to_string()).collect();
            out.say(&rows, &format!("kept with {template}: rows {}", numbers.join(", ")))
        }
        Command::Rows { template } => {
            let rows: Vec<TemplateRow> = client.get(&format!("{}row/", path(&template))).await?;
            out.rows(&rows, ["ROW", "VALUES"], |row| {
                let values: Vec<_> = row.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                [row.pk.to_string(), values.join("  ")]
            })
        }
        Command::RemoveRow { template, row } => {
            client.delete(&format!("{}row/{row}/", path(&template))).await?;
            out.say(&json!({ "row": row }), &format!("row {row} of {template} is removed"))
        }
        Command::Remove { template } => {
            client.delete(&path(&template)).await?;
            out.say(&json!({ "template": template }), &format!("{template} is removed"))
        }
    }
}

fn path(template: &str) -> String {
    format!("/api/template/{}/", encode(template))
}

fn table(out: Output, all: &[TemplateView]) -> Result<()> {
    out.rows(all, ["NAME", "VERSION", "SIZE", "TITLE", "FIELDS", "STORED"], |view| {
        let fields: Vec<_> =
            view.fields.as_array().into_iter().flatten().filter_map(|field| field["name"].as_str()).collect();
        let stored = if view.built_in && view.created_by == "ostler" {
            "comes with ostler".to_owned()
        } else {
            view.created_at.to_string()
        };
        [view.name.clone(), view.version.to_string(), size(view), view.title.clone(), fields.join(" "), stored]
    })
}

fn size(view: &TemplateView) -> String {
    format!("{} x {} mm", f64::from(view.width_um) / 1000.0, f64::from(view.height_um) / 1000.0)
}

fn show(out: Output, view: &TemplateView) -> Result<()> {
    let field = |field: &Value| {
        let text = |key: &str| field[key].as_str().unwrap_or_default().to_owned();
        let required = if field["required"] == true { ", required" } else { "" };
        let sample = field["sample"].as_str().map(|sample| format!(", such as '{sample}'")).unwrap_or_default();
        let description = field["description"].as_str().filter(|text| !text.is_empty());
        let description = description.map(|text| format!(": {text}")).unwrap_or_default();
        format!("{} ({}{required}{sample}){description}", text("name"), text("kind"))
    };
    let fields: Vec<_> = view.fields.as_array().into_iter().flatten().map(field).collect();
    out.one(
        view,
        &[
            ("template", view.name.clone()),
            ("title", view.title.clone()),
            ("description", view.description.clone()),
            ("version", format!("{} of {}", view.version, view.latest)),
            ("size", size(view)),
            ("fields", fields.join("\n")),
            ("stored", format!("{} by {}", view.created_at, view.created_by)),
        ],
    )
}

//! A document on its way to the daemon, with what is to be done with it: a form as `/api/job/` takes it.

use super::client::Body;
use anyhow::{Context as _, Result};
use hyper::body::Bytes;
use serde_json::{Map, Value};
use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};
use uuid::Uuid;

/// What to print, and how.
#[derive(Debug, clap::Args)]
pub struct Document {
    /// The document: PDF, PNG, JPEG or SVG, a template, or a file in the machine's own language where it takes that.
    #[arg(required_unless_present = "template")]
    file: Option<PathBuf>,
    /// A stored template in place of a document: its name or number.
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    template: Option<String>,
    /// Which version of it; the latest unless given.
    #[arg(long, value_name = "N", requires = "template")]
    version: Option<u32>,
    /// How often to print each label: 1 to 999.
    #[arg(long, default_value_t = 1)]
    copies: u32,
    /// An option of the machine, KEY=VALUE; may be given several times. `ostler machine options` shows what there is.
    #[arg(long = "option", short = 'o', value_name = "KEY=VALUE", value_parser = pair)]
    options: Vec<(String, String)>,
    /// A value for a place in the document or a field of the template, KEY=VALUE; may be given several times.
    #[arg(long = "field", short = 'f', value_name = "KEY=VALUE", value_parser = pair, conflicts_with = "rows")]
    fields: Vec<(String, String)>,
    /// A label for each row of this file: JSON (an object or a list of them), or CSV with a line of names.
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
    /// A label for a row that is kept with the template, by its number; may be given several times.
    #[arg(long = "row", value_name = "N", requires = "template")]
    kept: Vec<i64>,
}

impl Document {
    /// What to call it: the file's name, or the template's.
    pub fn title(&self) -> String {
        let file = self.file.as_ref().and_then(|file| file.file_name()).map(|name| name.to_string_lossy().into_owned());
        file.or_else(|| self.template.clone()).unwrap_or_default()
    }

    /// The form, with further parameters.
    pub fn form(&self, parameters: &[(&str, String)]) -> Result<Body> {
        let object = |pairs: &[(String, String)]| -> Value {
            pairs.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect::<Map<_, _>>().into()
        };
        let mut texts = vec![("title", self.title()), ("copies", self.copies.to_string())];
        if !self.options.is_empty() {
            texts.push(("options", object(&self.options).to_string()));
        }
        if !self.fields.is_empty() {
            texts.push(("fields", object(&self.fields).to_string()));
        }
        if !self.kept.is_empty() {
            texts.push(("row", self.kept.iter().map(i64::to_string).collect::<Vec<_>>().join(",")));
        }
        texts.extend(self.template.clone().map(|template| ("template", template)));
        texts.extend(self.version.map(|version| ("version", version.to_string())));
        texts.extend(parameters.iter().cloned());
        let mut files = Vec::new();
        if let Some(file) = &self.rows {
            let (media_type, bytes) = rows_of(file)?;
            files.push(("rows", media_type, bytes));
        }
        if let Some(file) = &self.file {
            files.push(("document", media_type(file).into(), read(file)?));
        }
        Ok(form(&texts, &files))
    }
}

/// A file of rows, as a request carries it.
pub fn rows_of(file: &Path) -> Result<Body> {
    let media_type = match extension(file).as_deref() {
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    };
    Ok((media_type.into(), read(file)?))
}

/// The media type that a document's name tells; the others tell it by their first bytes.
fn media_type(file: &Path) -> &'static str {
    match extension(file).as_deref() {
        Some("zpl") => "application/vnd.zebra-zpl",
        _ => "application/octet-stream",
    }
}

fn extension(file: &Path) -> Option<String> {
    file.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase)
}

fn read(file: &Path) -> Result<Bytes> {
    Ok(std::fs::read(file).with_context(|| format!("reading {}", file.display()))?.into())
}

/// `KEY=VALUE` in two.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("'{text}' is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// `multipart/form-data` (RFC 7578).
pub fn form(texts: &[(&str, String)], files: &[(&str, Cow<'static, str>, Bytes)]) -> Body {
    // Random, so that it stands in no document.
    let boundary = Uuid::now_v7().simple().to_string();
    let mut body = Vec::new();
    let head = |name: &str| format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n");
    for (name, value) in texts {
        body.extend(format!("{}\r\n{value}\r\n", head(name)).into_bytes());
    }
    for (name, media_type, bytes) in files {
        body.extend(format!("{}Content-Type: {media_type}\r\n\r\n", head(name)).into_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").into_bytes());
    (format!("multipart/form-data; boundary={boundary}").into(), body.into())
}

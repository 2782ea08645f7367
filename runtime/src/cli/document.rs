//! A document on its way to the daemon, with what is to be done with it: a form as `/api/job/` takes it.

use super::client::Body;
use anyhow::{Context as _, Result};
use serde_json::{Map, Value};
use std::{fmt::Write as _, path::PathBuf};
use uuid::Uuid;

/// What to print, and how.
#[derive(Debug, clap::Args)]
pub struct Document {
    /// The document: PDF, PNG, JPEG or SVG, or a file in the machine's own language where it takes that.
    file: PathBuf,
    /// How often to print each label: 1 to 999.
    #[arg(long, default_value_t = 1)]
    copies: u32,
    /// An option of the machine, KEY=VALUE; may be given several times. `ostler machine options` shows what there is.
    #[arg(long = "option", short = 'o', value_name = "KEY=VALUE", value_parser = pair)]
    options: Vec<(String, String)>,
    /// A value for a place in the document, KEY=VALUE; may be given several times.
    #[arg(long = "field", short = 'f', value_name = "KEY=VALUE", value_parser = pair, conflicts_with = "rows")]
    fields: Vec<(String, String)>,
    /// Values for the places in the document: a JSON file with an object for each label.
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
}

impl Document {
    /// The file's name.
    pub fn title(&self) -> String {
        self.file.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The form, with further parameters.
    pub fn form(&self, parameters: &[(&str, String)]) -> Result<Body> {
        let document = std::fs::read(&self.file).with_context(|| format!("reading {}", self.file.display()))?;
        let object = |pairs: &[(String, String)]| -> Value {
            pairs.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect::<Map<_, _>>().into()
        };
        let mut parts = vec![("title", self.title()), ("copies", self.copies.to_string())];
        if !self.options.is_empty() {
            parts.push(("options", object(&self.options).to_string()));
        }
        if let Some(file) = &self.rows {
            let rows = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            parts.push(("fields", rows));
        } else if !self.fields.is_empty() {
            parts.push(("fields", object(&self.fields).to_string()));
        }
        parts.extend(parameters.iter().cloned());
        Ok(form(&parts, self.media_type(), &document))
    }

    /// The media type that the file's name tells; the others tell it by their first bytes.
    fn media_type(&self) -> &'static str {
        match self.file.extension().and_then(|extension| extension.to_str()) {
            Some("zpl" | "ZPL") => "application/vnd.zebra-zpl",
            _ => "application/octet-stream",
        }
    }
}

/// `KEY=VALUE` in two.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("'{text}' is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// `multipart/form-data` (RFC 7578).
fn form(parts: &[(&str, String)], media_type: &str, document: &[u8]) -> Body {
    // Random, so that it stands in no document.
    let boundary = Uuid::now_v7().simple().to_string();
    let mut head = String::new();
    for (name, value) in parts {
        let _ = write!(head, "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    let _ = write!(
        head,
        "--{boundary}\r\nContent-Disposition: form-data; name=\"document\"\r\nContent-Type: {media_type}\r\n\r\n"
    );
    let body = [head.as_bytes(), document, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
    (format!("multipart/form-data; boundary={boundary}").into(), body.into())
}

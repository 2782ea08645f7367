//! Label templates: storing them, showing them, and making rows for them out of what people have.

use super::Registry;
use crate::{
    jobs::submit::template_rows,
    model::{Fields, Slug, StoredTemplate, TemplateRow},
    store::StoreError,
};
use ostler_render::{
    ErrorClass, Output, Raster, RenderError, Rendered,
    template::{self, BUILT_IN, MEDIA_TYPE, Template},
};
use thiserror::Error;

/// The longest template, in bytes.
pub const MOST_BYTES: usize = 1 << 20;

/// Why a template cannot be stored or shown.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// There is no such template.
    #[error("there is no template '{0}'; `ostler template list` shows them")]
    Unknown(String),
    /// It is no text, or too long.
    #[error("{0}")]
    File(String),
    /// It is no template, or no label can be made of its sample.
    #[error("{0}")]
    Source(RenderError),
    /// Its name is none.
    #[error("the template's name: {0}")]
    Name(String),
    /// Rows that do not fit it.
    #[error("{0}")]
    Rows(RenderError),
    /// There is no such row.
    #[error("there is no row {row}: there are {rows}")]
    NoSuchRow {
        /// From 1.
        row: usize,
        /// How many there are.
        rows: usize,
    },
    /// The renderer failed; trying again may help.
    #[error("the template could not be tried: {0}")]
    Renderer(RenderError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registry {
    /// Stores the templates that come with ostler.
    pub(super) async fn put_built_in_templates(&self) -> Result<(), StoreError> {
        let mut sources = Vec::new();
        for source in BUILT_IN {
            match template::parse(source).map(|read| read.name.parse::<Slug>()) {
                Ok(Ok(name)) => sources.push((name, *source)),
                Ok(Err(error)) => self.report("templates", error.to_string()),
                Err(error) => self.report("templates", error.to_string()),
            }
        }
        self.services.store.put_built_in_templates(sources).await
    }

    /// Reads a template, makes a label of its sample, and stores it as the next version of its name.
    pub async fn put_template(&self, source: Vec<u8>, by: &str) -> Result<StoredTemplate, TemplateError> {
        if source.len() > MOST_BYTES {
            return Err(TemplateError::File(format!(
                "a template has at most {MOST_BYTES} bytes, and this one has {}",
                source.len()
            )));
        }
        let source = String::from_utf8(source)
            .map_err(|error| TemplateError::File(format!("a template is text in UTF-8, and this is not: {error}")))?;
        let read = read(&source)?;
        let name = read.name.parse::<Slug>().map_err(|error| TemplateError::Name(error.to_string()))?;
        self.services.render.inspect(source.as_bytes(), MEDIA_TYPE).await.map_err(refusal)?;
        Ok(self.services.store.put_template(&name, source, by).await?)
    }

    /// A template by its number or its name.
    pub async fn template(&self, which: &str, version: Option<u32>) -> Result<StoredTemplate, TemplateError> {
        let store = &self.services.store;
        let id = match which.parse::<i64>() {
            Ok(id) => id,
            Err(_) => {
                let all = store.templates().await?;
                let named = all.into_iter().find(|template| template.name.as_str() == which);
                let latest = named.ok_or_else(|| TemplateError::Unknown(which.to_owned()))?;
                if version.is_none_or(|version| version == latest.version) {
                    return Ok(latest);
                }
                latest.id
            }
        };
        Ok(store.template(id, version).await?)
    }

    /// Keeps rows with a template, once every one fits it.
    pub async fn keep_rows(
        &self,
        stored: &StoredTemplate,
        rows: Vec<Fields>,
    ) -> Result<Vec<TemplateRow>, TemplateError> {
        let rows = template_rows(&read(&stored.source)?, &rows).map_err(TemplateError::Rows)?;
        Ok(self.services.store.add_template_rows(stored.id, rows).await?)
    }

    /// One label of a template, at a density or as a PDF: of a row (from 1), or of the sample if there are no rows.
    pub async fn show_template(
        &self,
        source: &str,
        rows: &[Fields],
        row: usize,
        dpmm: u32,
        output: Output,
    ) -> Result<Vec<u8>, TemplateError> {
        let template = read(source)?;
        let rows = if rows.is_empty() {
            vec![template.sample_row()]
        } else {
            template_rows(&template, rows).map_err(TemplateError::Rows)?
        };
        let Some(fields) = row.checked_sub(1).and_then(|index| rows.get(index)) else {
            return Err(TemplateError::NoSuchRow { row, rows: rows.len() });
        };
        let dots = |um: u32| u32::try_from((u64::from(um) * u64::from(dpmm) + 500) / 1000).unwrap_or(u32::MAX).max(1);
        let raster = Raster::new(dpmm, dots(template.width_um), dots(template.height_um));
        let rendered = self.services.render.render_label(source.as_bytes(), fields, raster, output).await;
        match rendered.map_err(refusal)? {
            Rendered::Png(file) | Rendered::Pdf(file) => Ok(file),
            Rendered::Bitmap(bitmap) => bitmap.to_png(dpmm).map_err(refusal),
        }
    }
}

/// What a source says about itself.
pub fn read(source: &str) -> Result<Template, TemplateError> {
    template::parse(source).map_err(|error| TemplateError::Source(RenderError::Template(error)))
}

fn refusal(error: RenderError) -> TemplateError {
    match error.class() {
        ErrorClass::Worker => TemplateError::Renderer(error),
        ErrorClass::Document | ErrorClass::Raster | ErrorClass::Limit => TemplateError::Source(error),
    }
}

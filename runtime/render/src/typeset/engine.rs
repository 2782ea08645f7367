//! What does Typst see?
//!
//! One source, one row, the density, and the fonts that come with Ostler: `DejaVu` Sans, Serif and Sans Mono. No file, no
//! package, no clock. What is the same for all labels is made once, and the parsed sources of the last templates are kept, so
//! that a further row costs its evaluation and layout alone.

use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Decimal, Dict, Duration, Smart, Str, Value};
use typst::layout::{Abs, Length, Margin, PageElem, Rel, Sides};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook, FontFamily, FontList, TextElem, TextSize};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;

use super::{explain, functions};
use crate::error::RenderError;
use crate::fonts;
use crate::template::{self, Fields, Kind, Template, TemplateError};

/// Templates whose sources are kept.
const TEMPLATES: usize = 8;

/// Labels for which something that was computed, and not used again, is kept.
const KEPT_LABELS: usize = 4;

/// Points of text without a size of its own.
const TEXT_SIZE: f64 = 8.0;

/// The only file there is.
static MAIN: LazyLock<FileId> = LazyLock::new(|| Source::detached("").id());

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);

/// What is the same for all labels.
pub(crate) struct Engine {
    fonts: Vec<Font>,
    book: LazyHash<FontBook>,
    library: Library,
    /// The last one was used last.
    templates: Mutex<Vec<Arc<Parsed>>>,
}

struct Parsed {
    template: Template,
    source: Source,
}

/// A page that was laid out, with what is needed to speak about it.
pub(crate) struct Label {
    parsed: Arc<Parsed>,
    row: Fields,
    pub document: PagedDocument,
}

impl Label {
    pub fn template(&self) -> &Template {
        &self.parsed.template
    }

    /// An error at a place in the template.
    pub fn error(&self, span: typst::syntax::Span, message: impl Into<String>) -> RenderError {
        let diagnostic = SourceDiagnostic::error(span, message.into());
        RenderError::Template(explain::explain(&self.parsed.source, &diagnostic))
    }

    /// Where in the template something comes from, in words to stand behind its name; nothing when that is not known.
    pub fn origin(&self, span: typst::syntax::Span) -> String {
        let error = explain::explain(&self.parsed.source, &SourceDiagnostic::error(span, ""));
        let place = error.line.zip(error.column);
        place.map(|(line, column)| format!(" (line {line}, column {column})")).unwrap_or_default()
    }

    /// An error about a text that is drawn, which a field may have been the source of.
    pub fn error_of_text(&self, span: typst::syntax::Span, text: &str, message: impl Into<String>) -> RenderError {
        let mut error = self.error(span, message);
        let text = text.trim();
        if let RenderError::Template(TemplateError { field: field @ None, .. }) = &mut error
            && !text.is_empty()
        {
            *field = self.row.iter().find(|(_, value)| value.contains(text)).map(|(name, _)| name.clone());
        }
        error
    }
}

impl Engine {
    /// The one of this process.
    pub fn of_process() -> &'static Self {
        &ENGINE
    }

    fn new() -> Self {
        let fonts: Vec<_> = fonts::files().into_iter().flat_map(|file| Font::iter(Bytes::new(file))).collect();
        let mut library = Library::builder().build();
        functions::define(library.global.scope_mut());
        library.styles.set(TextElem::font, FontList(vec![FontFamily::new("DejaVu Sans")]));
        library.styles.set(TextElem::size, TextSize(Abs::pt(TEXT_SIZE).into()));
        let none = Sides::splat(Some(Smart::Custom(Rel::zero())));
        library.styles.set(PageElem::margin, Smart::Custom(Margin { sides: none, two_sided: Some(false) }));
        Self { book: LazyHash::new(FontBook::from_fonts(&fonts)), fonts, library, templates: Mutex::default() }
    }

    /// The header of a template.
    pub fn template(&self, document: &[u8]) -> Result<Template, RenderError> {
        Ok(self.parsed(document)?.template.clone())
    }

    fn parsed(&self, document: &[u8]) -> Result<Arc<Parsed>, RenderError> {
        let text = str::from_utf8(document).map_err(|error| {
            let message = format!("a template is UTF-8 text, and byte {} is none", error.valid_up_to());
            RenderError::Template(TemplateError::new(message))
        })?;
        let mut templates = self.templates.lock();
        let known = templates.iter().position(|parsed| parsed.source.text() == text);
        let parsed = match known {
            Some(at) => templates.remove(at),
            None => {
                let template = template::parse(text).map_err(RenderError::Template)?;
                Arc::new(Parsed { template, source: Source::new(*MAIN, text.to_owned()) })
            }
        };
        if templates.len() >= TEMPLATES {
            templates.remove(0);
        }
        templates.push(Arc::clone(&parsed));
        Ok(parsed)
    }

    /// Lays out one row for a device of `dpmm` dots a millimetre.
    pub fn lay_out(&self, document: &[u8], fields: &Fields, dpmm: u32) -> Result<Label, RenderError> {
        let parsed = self.parsed(document)?;
        let template = &parsed.template;
        let row = template.row_of_texts(fields).map_err(|errors| RenderError::Fields { errors })?;
        let mut library = self.library.clone();
        let scope = library.global.scope_mut();
        scope.define("fields", typed(template, &row));
        scope.define("dpmm", i64::from(dpmm));
        scope.define("dot", Length::from(Abs::mm(1.0 / f64::from(dpmm))));
        let (width, height) = (mm(template.width_um), mm(template.height_um));
        library.styles.set(PageElem::width, Smart::Custom(width.into()));
        library.styles.set(PageElem::height, Smart::Custom(height.into()));

        let world = Seen { engine: self, library: LazyHash::new(library), source: &parsed.source };
        let compiled = typst::compile::<PagedDocument>(&world);
        typst::comemo::evict(KEPT_LABELS);
        let wrong = |diagnostic: &SourceDiagnostic| RenderError::Template(explain::explain(&parsed.source, diagnostic));
        // What Typst only warns of may be missing on the label.
        if let Some(warning) = compiled.warnings.iter().find(|warning| explain::is_error(warning)) {
            return Err(wrong(warning));
        }
        let document = compiled.output.map_err(|errors| match errors.first() {
            Some(error) => wrong(error),
            None => RenderError::Template(TemplateError::new("it cannot be laid out")),
        })?;
        check_page(&document, width, height)?;
        Ok(Label { parsed: Arc::clone(&parsed), row, document })
    }
}

fn check_page(document: &PagedDocument, width: Abs, height: Abs) -> Result<(), RenderError> {
    let wrong = |message: String| Err(RenderError::Template(TemplateError::new(message)));
    let [page] = document.pages() else {
        let pages = document.pages().len();
        let message =
            format!("its content takes {pages} pages, and a label is one; make it smaller, or the label larger");
        return wrong(message);
    };
    let size = page.frame.size();
    let tolerance = Abs::mm(0.01);
    if (size.x - width).abs() > tolerance || (size.y - height).abs() > tolerance {
        return wrong(format!(
            "it sets a page of {:.1} x {:.1} mm, and its header says {:.1} x {:.1} mm; leave the size of the page to the header",
            size.x.to_mm(),
            size.y.to_mm(),
            width.to_mm(),
            height.to_mm()
        ));
    }
    Ok(())
}

fn mm(um: u32) -> Abs {
    Abs::mm(f64::from(um) / 1_000.0)
}

/// The dictionary `fields`: every field of the template, `none` where the row has no value.
fn typed(template: &Template, row: &Fields) -> Dict {
    let value = |kind: &Kind, text: &str| match kind {
        Kind::Text { .. } | Kind::Choice { .. } => Some(Value::Str(Str::from(text))),
        Kind::Integer { .. } => text.parse().ok().map(Value::Int),
        Kind::Decimal { .. } => Decimal::from_str(text).ok().map(Value::Decimal),
        Kind::Boolean => Some(Value::Bool(text == "true")),
        Kind::Date => {
            let mut parts = text.splitn(3, '-');
            let year = parts.next()?.parse().ok()?;
            let month = parts.next()?.parse().ok()?;
            Datetime::from_ymd(year, month, parts.next()?.parse().ok()?).map(Value::Datetime)
        }
    };
    let pair = |field: &template::Field| {
        let value = row.get(&field.name).and_then(|text| value(&field.kind, text));
        (Str::from(field.name.as_str()), value.unwrap_or(Value::None))
    };
    template.fields.iter().map(pair).collect()
}

struct Seen<'a> {
    engine: &'a Engine,
    library: LazyHash<Library>,
    source: &'a Source,
}

fn no_files<T>() -> FileResult<T> {
    Err(FileError::Other(Some("a template reads nothing but its fields: no files and no packages".into())))
}

impl World for Seen<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.engine.book
    }

    fn main(&self) -> FileId {
        *MAIN
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == *MAIN { Ok(self.source.clone()) } else { no_files() }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        no_files()
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.engine.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

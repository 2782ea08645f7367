//! PDF: every page is a label. Drawn by hayro, whose standard fonts stand in for those that a document does not embed.
//!
//! Facts are from ISO 32000-1: a point is 1/72 inch (8.3.2.3), the page is what its crop box shows, turned as it says
//! (14.11.2, 7.7.3.3), the header may stand within the first 1024 bytes (annex H, note 13 of table H.2).

use std::sync::{Arc, OnceLock};

use hayro::hayro_interpret::util::TransformExt as _;
use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning};
use hayro::hayro_syntax::page::Page as PdfPage;
use hayro::hayro_syntax::{LoadPdfError, Pdf};
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings};
use png::ColorType;

use crate::document::{DocumentInfo, Page, wrong_format};
use crate::error::RenderError;
use crate::hairline;
use crate::lightness;
use crate::limits::RenderLimits;
use crate::picture::Picture;
use crate::place::{Drawing, draw_at};
use crate::raster::Raster;

const FORMAT: &str = "PDF";
const MM_PER_POINT: f64 = 25.4 / 72.0;

/// A dot of which this or more, of 255, is covered takes the colour: half of it.
const HALF_A_DOT: u8 = 128;
/// A dot that is touched takes the colour.
const TOUCH: u8 = 1;

/// The page is moved by so much of a dot, so that a bar whose edges both lie in the middle of a dot takes one of these dots and
/// not both.
const NUDGE: f64 = 1.0 / 128.0;

/// What the document is.
pub(super) fn inspect(document: &[u8], limits: &RenderLimits) -> Result<DocumentInfo, RenderError> {
    let pdf = open(document)?;
    let pages = pdf.pages();
    let count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    // Before a list of them is made.
    limits.check_pages(count)?;
    let pages = pages.iter().map(size_mm).map(|(width, height)| Page::of_millimetres(width, height)).collect();
    Ok(DocumentInfo { media_type: "application/pdf".to_owned(), pages })
}

/// The picture of the page at index `page`, drawn for `raster`: one pixel is one dot.
pub(super) fn page(document: &[u8], page: u32, raster: &Raster, limits: &RenderLimits) -> Result<Picture, RenderError> {
    let pdf = open(document)?;
    let pages = pdf.pages();
    let no_such_page = || RenderError::NoSuchPage { page, pages: u32::try_from(pages.len()).unwrap_or(u32::MAX) };
    let page = usize::try_from(page).ok().and_then(|index| pages.get(index)).ok_or_else(no_such_page)?;
    let (width, height) = size_mm(page);
    let drawing = draw_at(width, height, raster)?;
    limits.check_dots(drawing.width.into(), drawing.height.into())?;

    // What cannot be drawn is left out by the interpreter, and a label without it would be wrong.
    let missing = Arc::new(OnceLock::new());
    let first = Arc::clone(&missing);
    let note = move |warning| {
        if let Some(missing) = missing_part(warning) {
            let _ = first.set(missing);
        }
    };
    let interpreter = InterpreterSettings { warning_sink: Arc::new(note), ..InterpreterSettings::default() };
    let cache = RenderCache::new();
    let mut lightness = draw(page, &cache, &interpreter, drawing, HALF_A_DOT, limits)?;
    if let Some(missing) = missing.get() {
        return Err(damaged(missing));
    }
    let touched = draw(page, &cache, &interpreter, drawing, TOUCH, limits)?;
    let (width, height) = (usize::from(drawing.width), usize::from(drawing.height));
    hairline::keep(&mut lightness, &touched, width);
    Ok(Picture { width, height, lightness, density: None })
}

/// The lightness of each dot, where a colour takes the dots of which it covers `threshold` of 255 or more.
fn draw<'a>(
    page: &'a PdfPage<'a>,
    cache: &RenderCache<'a>,
    interpreter: &InterpreterSettings,
    drawing: Drawing,
    threshold: u8,
    limits: &RenderLimits,
) -> Result<Vec<u8>, RenderError> {
    let Drawing { scale, width, height } = drawing;
    let settings = RenderSettings { aliasing_threshold: Some(threshold), hinting: false, ..RenderSettings::default() };
    let mut context = RenderContext::new(width, height);
    let transform = Affine::translate((NUDGE, NUDGE))
        * Affine::scale(scale * MM_PER_POINT)
        * page.initial_transform(true).to_kurbo();
    hayro::render_into(page, cache, interpreter, &settings, &mut context, transform);
    context.flush();
    let mut pixels = Pixmap::new(width, height);
    let white = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    context.render_with(&mut pixels, &mut Resources::default(), white);
    let mut lightness = limits.buffer(usize::from(width) * usize::from(height))?;
    // On white everything is opaque, so that premultiplied samples are plain ones.
    lightness::of_row_8(ColorType::Rgba, pixels.data_as_u8_slice(), &mut lightness);
    Ok(lightness)
}

/// What would be missing on the label.
fn missing_part(warning: InterpreterWarning) -> Option<&'static str> {
    match warning {
        InterpreterWarning::UnsupportedFont => Some("a font in it cannot be read, and its text would be missing"),
        InterpreterWarning::ImageDecodeFailure => Some("a picture in it cannot be read, and would be missing"),
        // Such as notes and form fields without a usable appearance; other programs do not print them either.
        _ => None,
    }
}

/// Width and height of the page as it is shown, in millimetres.
fn size_mm(page: &PdfPage<'_>) -> (f64, f64) {
    let (width, height) = page.render_dimensions();
    (f64::from(width) * MM_PER_POINT, f64::from(height) * MM_PER_POINT)
}

fn open(document: &[u8]) -> Result<Pdf, RenderError> {
    let start = document.get(..1024).unwrap_or(document);
    if !start.windows(5).any(|bytes| bytes == b"%PDF-") {
        return Err(wrong_format(FORMAT, document));
    }
    let pdf = Pdf::new(document.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(_) => RenderError::Protected { format: FORMAT.to_owned() },
        LoadPdfError::Invalid => damaged("its table of objects cannot be read"),
    })?;
    if pdf.pages().is_empty() {
        return Err(damaged("it has no pages"));
    }
    Ok(pdf)
}

fn damaged(reason: &str) -> RenderError {
    RenderError::Damaged { format: FORMAT.to_owned(), reason: reason.to_owned() }
}

//! Which file reads this document?
//!
//! Each kind of document is one file here with two functions: `inspect`, which reads the document and says what it is, and
//! `page`, which makes a picture of one page. Documents of pixels ([`png`], [`jpeg`]) come as they are and are scaled later;
//! documents of outlines ([`pdf`], [`svg`], [`template`]) are drawn for the raster, a pixel a dot. A further kind is a file, a
//! variant of [`Format`], and a line in [`MEDIA_TYPES`].

use serde::{Deserialize, Serialize};

use crate::error::RenderError;
use crate::limits::RenderLimits;
use crate::picture::{Density, Picture};
use crate::raster::Raster;
use crate::template::{Fields, MEDIA_TYPE as TEMPLATE};

mod jpeg;
mod pdf;
mod png;
mod svg;
pub(crate) mod template;

/// The media types that can be rendered.
pub const MEDIA_TYPES: &[&str] = &["application/pdf", png::MEDIA_TYPE, jpeg::MEDIA_TYPE, "image/svg+xml", TEMPLATE];

/// What a document is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentInfo {
    /// One of [`MEDIA_TYPES`].
    pub media_type: String,
    /// Its pages in order, each of which is one label; at least one.
    pub pages: Vec<Page>,
}

/// One page of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Width and height in pixels, when it is made of pixels.
    pub pixels: Option<(u32, u32)>,
    /// Width and height in micrometres, when the document declares them.
    pub size_um: Option<(u32, u32)>,
}

impl DocumentInfo {
    /// Of a document whose only page is this picture.
    fn of_picture(media_type: &str, picture: &Picture) -> Self {
        let [width, height] = [picture.width, picture.height].map(|side| u32::try_from(side).unwrap_or(u32::MAX));
        let page = Page::of_pixels(width, height, picture.density);
        Self { media_type: media_type.to_owned(), pages: vec![page] }
    }
}

impl Page {
    /// A page of so many pixels.
    fn of_pixels(width: u32, height: u32, density: Option<Density>) -> Self {
        let size_um = density.map(|Density { x_ppm, y_ppm }| (length_um(width, x_ppm), length_um(height, y_ppm)));
        Self { pixels: Some((width, height)), size_um }
    }

    /// A page of outlines, by its size in millimetres.
    fn of_millimetres(width: f64, height: f64) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a cast of floats saturates
        let um = |mm: f64| (mm * 1_000.0).round() as u32;
        Self { pixels: None, size_um: Some((um(width), um(height))) }
    }
}

/// A kind of document.
#[derive(Debug, Clone, Copy)]
enum Format {
    Pdf,
    Png,
    Jpeg,
    Svg,
    Template,
}

impl Format {
    /// Parameters behind a semicolon are ignored, and so is case.
    fn of(media_type: &str) -> Result<Self, RenderError> {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/pdf" => Ok(Self::Pdf),
            png::MEDIA_TYPE => Ok(Self::Png),
            jpeg::MEDIA_TYPE => Ok(Self::Jpeg),
            "image/svg+xml" => Ok(Self::Svg),
            TEMPLATE => Ok(Self::Template),
            _ => Err(RenderError::MediaType { media_type: media_type.to_owned(), supported: MEDIA_TYPES.join(", ") }),
        }
    }
}

/// Reads the document. One of pixels that is accepted here can be rendered; one of outlines may still fail on a page.
pub(crate) fn inspect(media_type: &str, document: &[u8], limits: &RenderLimits) -> Result<DocumentInfo, RenderError> {
    let format = Format::of(media_type)?;
    limits.check_document(document)?;
    let info = match format {
        Format::Pdf => pdf::inspect(document, limits)?,
        Format::Png => png::inspect(document, limits)?,
        Format::Jpeg => jpeg::inspect(document, limits)?,
        Format::Svg => svg::inspect(document)?,
        Format::Template => template::inspect(document, limits)?,
    };
    limits.check_pages(u32::try_from(info.pages.len()).unwrap_or(u32::MAX))?;
    Ok(info)
}

/// What a document of pixels is, as [`inspect`] says it, and the picture of its only page. Nothing of outlines, nor of what
/// cannot be inspected.
pub(crate) fn inspect_with_picture(
    media_type: &str,
    document: &[u8],
    limits: &RenderLimits,
) -> Option<(DocumentInfo, Picture)> {
    let format = Format::of(media_type).ok()?;
    limits.check_document(document).and_then(|()| limits.check_pages(1)).ok()?;
    let (media_type, picture) = match format {
        Format::Png => (png::MEDIA_TYPE, png::page(document, limits)),
        Format::Jpeg => (jpeg::MEDIA_TYPE, jpeg::page(document, limits)),
        Format::Pdf | Format::Svg | Format::Template => return None,
    };
    let picture = picture.ok()?;
    Some((DocumentInfo::of_picture(media_type, &picture), picture))
}

/// Whether the document is a template, which takes fields.
pub(crate) fn is_template(media_type: &str) -> Result<bool, RenderError> {
    Ok(matches!(Format::of(media_type)?, Format::Template))
}

/// An SVG's picture, stretched to so many dots.
pub(crate) fn svg_in_dots(
    document: &[u8],
    width: u16,
    height: u16,
    limits: &RenderLimits,
) -> Result<Picture, RenderError> {
    svg::in_dots(document, width, height, limits)
}

/// The picture of the page at index `page`; `fields` are for a template.
pub(crate) fn page(
    media_type: &str,
    document: &[u8],
    page: u32,
    fields: &Fields,
    raster: &Raster,
    limits: &RenderLimits,
) -> Result<Picture, RenderError> {
    let format = Format::of(media_type)?;
    limits.check_document(document)?;
    let only_page = || if page == 0 { Ok(()) } else { Err(RenderError::NoSuchPage { page, pages: 1 }) };
    match format {
        Format::Pdf => pdf::page(document, page, raster, limits),
        Format::Png => only_page().and_then(|()| png::page(document, limits)),
        Format::Jpeg => only_page().and_then(|()| jpeg::page(document, limits)),
        Format::Svg => only_page().and_then(|()| svg::page(document, raster, limits)),
        Format::Template => only_page().and_then(|()| template::page(document, fields, raster, limits)),
    }
}

/// Pixels in micrometres.
fn length_um(pixels: u32, ppm: u32) -> u32 {
    let um = (u64::from(pixels) * 1_000_000 + u64::from(ppm) / 2) / u64::from(ppm);
    u32::try_from(um).unwrap_or(u32::MAX)
}

/// The error for a document that does not begin as `format` does.
fn wrong_format(format: &str, document: &[u8]) -> RenderError {
    RenderError::WrongFormat { format: format.to_owned(), start: first_bytes(document) }
}

/// A document's first bytes for people, in hexadecimal and as text: `25 50 44 46 ("%PDF")`.
pub fn first_bytes(document: &[u8]) -> String {
    let start = document.get(..8).unwrap_or(document);
    let hex: Vec<String> = start.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} (\"{}\")", hex.join(" "), start.escape_ascii())
}

/// Whether documents of this media type are rendered here: one of [`MEDIA_TYPES`], with or without parameters.
pub fn is_rendered(media_type: &str) -> bool {
    Format::of(media_type).is_ok()
}

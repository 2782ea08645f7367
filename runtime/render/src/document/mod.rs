//! Which file reads this document?
//!
//! Each kind of document is one file here with two functions: `inspect`, which reads the whole document and says what it is,
//! and `page`, which makes a picture of one page. A further kind is a file, a variant of [`Format`], and a line in
//! [`MEDIA_TYPES`].

use serde::{Deserialize, Serialize};

use crate::error::RenderError;
use crate::limits::RenderLimits;
use crate::picture::Picture;

mod png;

/// The media types that can be rendered.
pub const MEDIA_TYPES: &[&str] = &["image/png"];

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

/// A kind of document.
#[derive(Debug, Clone, Copy)]
enum Format {
    Png,
}

impl Format {
    /// Parameters behind a semicolon are ignored, and so is case.
    fn of(media_type: &str) -> Result<Self, RenderError> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("image/png") {
            return Ok(Self::Png);
        }
        Err(RenderError::MediaType { media_type: media_type.to_owned(), supported: MEDIA_TYPES.join(", ") })
    }
}

/// Reads the whole document, so that one which is accepted can be rendered.
pub(crate) fn inspect(media_type: &str, document: &[u8], limits: &RenderLimits) -> Result<DocumentInfo, RenderError> {
    let format = Format::of(media_type)?;
    limits.check_document(document)?;
    let info = match format {
        Format::Png => png::inspect(document, limits)?,
    };
    let pages = u32::try_from(info.pages.len()).unwrap_or(u32::MAX);
    if pages > limits.pages {
        return Err(RenderError::Pages { pages, limit: limits.pages });
    }
    Ok(info)
}

/// The picture of the page at index `page`.
pub(crate) fn page(
    media_type: &str,
    document: &[u8],
    page: u32,
    limits: &RenderLimits,
) -> Result<Picture, RenderError> {
    let format = Format::of(media_type)?;
    limits.check_document(document)?;
    match format {
        Format::Png => png::page(document, page, limits),
    }
}

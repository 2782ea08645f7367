//! PNG: one page, of the default image; of an animated PNG that is its first frame or its stand-in.
//!
//! Facts are from the PNG Specification, Third Edition (W3C): section 5.2 (signature), 5.6 (chunk order: `pHYs` stands
//! before the image data), 11.3.4.3 (`pHYs`).

use std::io::Cursor;

use png::{BitDepth, ColorType, DecodingError, InterlaceInfo, Limits, Reader, Transformations, Unit};

use crate::document::{DocumentInfo, Page, wrong_format};
use crate::error::RenderError;
use crate::lightness;
use crate::limits::RenderLimits;
use crate::picture::{Density, Picture};

/// The media type.
pub(super) const MEDIA_TYPE: &str = "image/png";

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];

/// A row may take this part of the memory at most: the decoder keeps up to twelve of them while its buffer grows.
const ROW_SHARE: u64 = 32;

/// Chunks beside the image data may take this part of the memory at most; the decoder keeps two copies of some.
const CHUNK_SHARE: u64 = 16;

/// A document whose header and chunks before the image data have been read and allowed.
struct Png<'a> {
    document: &'a [u8],
    limits: &'a RenderLimits,
    reader: Reader<Cursor<&'a [u8]>>,
    width: usize,
    height: usize,
    color: ColorType,
    depth: BitDepth,
    /// One decoded row.
    samples: Vec<u8>,
}

/// What the document is. All of it is decoded, row by row, without keeping the picture.
pub(super) fn inspect(document: &[u8], limits: &RenderLimits) -> Result<DocumentInfo, RenderError> {
    let mut png = Png::open(document, limits)?;
    let info = png.reader.info();
    let page = Page::of_pixels(info.width, info.height, png.density());
    while png.next_row()?.is_some() {}
    Ok(DocumentInfo { media_type: MEDIA_TYPE.to_owned(), pages: vec![page] })
}

/// The picture of the only page.
pub(super) fn page(document: &[u8], limits: &RenderLimits) -> Result<Picture, RenderError> {
    let mut png = Png::open(document, limits)?;
    let (width, height) = (png.width, png.height);
    let mut lightness: Vec<u8> = limits.buffer(width * height)?;
    if png.reader.info().interlaced {
        let mut row = limits.buffer(width)?;
        while let Some(interlace) = png.next_row()? {
            let InterlaceInfo::Adam7(pass) = interlace else {
                break;
            };
            png.lightness(&mut row);
            png::expand_interlaced_row(&mut lightness, width, &row, &pass, 8);
        }
    } else {
        for row in lightness.chunks_exact_mut(width) {
            if png.next_row()?.is_some() {
                png.lightness(row);
            }
        }
        // Behind the last row stands the checksum of the image data.
        png.next_row()?;
    }
    Ok(Picture { width, height, lightness, density: png.density() })
}

impl<'a> Png<'a> {
    /// Reads up to the image data. The size is checked before anything of that size is allocated.
    fn open(document: &'a [u8], limits: &'a RenderLimits) -> Result<Self, RenderError> {
        check_signature(document)?;
        let error = |error| explain(error, document, limits);
        let chunk_bytes = usize::try_from(limits.memory_bytes / CHUNK_SHARE).unwrap_or(usize::MAX);
        let mut decoder = png::Decoder::new_with_limits(Cursor::new(document), Limits { bytes: chunk_bytes });
        // Compressed text and profiles are ways to hide a lot of data, and nothing here reads them.
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        // Palettes, low depths and transparent colours become 8 or 16 bit samples.
        decoder.set_transformations(Transformations::EXPAND);

        let header = decoder.read_header_info().map_err(error)?;
        let (width, height) = (header.width, header.height);
        limits.check_dots(width, height)?;
        // No row is longer than one of 16 bit RGBA.
        if u64::from(width) * 8 > limits.memory_bytes / ROW_SHARE {
            return Err(limits.out_of_memory());
        }

        let reader = decoder.read_info().map_err(error)?;
        let (color, depth) = reader.output_color_type();
        let samples = limits.buffer(reader.output_line_size(width).ok_or_else(|| limits.out_of_memory())?)?;
        let (width, height) = (width as usize, height as usize);
        Ok(Self { document, limits, reader, width, height, color, depth, samples })
    }

    /// Decodes the next row into `samples`; nothing behind the last one. Data behind the image's is not read: a stream that
    /// inflates to more than the image needs costs nothing.
    fn next_row(&mut self) -> Result<Option<InterlaceInfo>, RenderError> {
        self.reader.read_row(&mut self.samples).map_err(|error| explain(error, self.document, self.limits))
    }

    /// The lightness of the row that was decoded last; its part that fits, when it is one of an early interlacing pass.
    fn lightness(&self, out: &mut [u8]) {
        if self.depth == BitDepth::Sixteen {
            lightness::of_row_16(self.color, &self.samples, out);
        } else {
            lightness::of_row_8(self.color, &self.samples, out);
        }
    }

    fn density(&self) -> Option<Density> {
        let dimensions = self.reader.info().pixel_dims?;
        // Of other units only the ratio of width and height would be known; a dot is square.
        let known = dimensions.unit == Unit::Meter && dimensions.xppu > 0 && dimensions.yppu > 0;
        known.then_some(Density { x_ppm: dimensions.xppu, y_ppm: dimensions.yppu })
    }
}

fn check_signature(document: &[u8]) -> Result<(), RenderError> {
    if document.starts_with(&SIGNATURE) {
        return Ok(());
    }
    if SIGNATURE.starts_with(document) {
        return Err(truncated(document));
    }
    Err(wrong_format("PNG", document))
}

fn truncated(document: &[u8]) -> RenderError {
    RenderError::Truncated { format: "PNG".to_owned(), bytes: document.len() as u64 }
}

fn explain(error: DecodingError, document: &[u8], limits: &RenderLimits) -> RenderError {
    match error {
        // The reader is a slice, which fails only at its end.
        DecodingError::IoError(_) => truncated(document),
        DecodingError::LimitsExceeded => limits.out_of_memory(),
        DecodingError::Format(error) => damaged(&error.to_string()),
        DecodingError::Parameter(error) => damaged(&error.to_string()),
    }
}

fn damaged(reason: &str) -> RenderError {
    RenderError::Damaged { format: "PNG".to_owned(), reason: reason.trim_end_matches('.').to_owned() }
}

//! JPEG: one page, turned as its Exif data say.
//!
//! Facts are from ITU-T T.81 (B.1.1.3: the markers that begin and end an image), T.871 (10.1: density in the APP0 segment,
//! in dots per inch for unit 1 and per centimetre for unit 2) and Exif 2.3 (4.6.4: orientation).

use image::metadata::Orientation;
use png::ColorType;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use crate::document::{DocumentInfo, wrong_format};
use crate::error::RenderError;
use crate::lightness;
use crate::limits::RenderLimits;
use crate::picture::{Density, Picture};
use crate::raster::Rotation;

/// The media type.
pub(super) const MEDIA_TYPE: &str = "image/jpeg";

const FORMAT: &str = "JPEG";
const START: [u8; 2] = [0xff, 0xd8];
const END: [u8; 2] = [0xff, 0xd9];

/// Passes of a progressive image; more are a way to burn time.
const MOST_SCANS: usize = 100;

/// A decoder keeps coefficients of two bytes, and samples, for each of four components.
const BYTES_PER_PIXEL: u64 = 16;

/// A document whose header has been read and allowed.
struct Jpeg<'a> {
    document: &'a [u8],
    limits: &'a RenderLimits,
    decoder: JpegDecoder<ZCursor<&'a [u8]>>,
    width: u32,
    height: u32,
    density: Option<Density>,
    orientation: Orientation,
}

/// What the document is. All of it is decoded.
pub(super) fn inspect(document: &[u8], limits: &RenderLimits) -> Result<DocumentInfo, RenderError> {
    page(document, limits).map(|picture| DocumentInfo::of_picture(MEDIA_TYPE, &picture))
}

/// The picture of the only page.
pub(super) fn page(document: &[u8], limits: &RenderLimits) -> Result<Picture, RenderError> {
    Jpeg::open(document, limits)?.picture()
}

impl<'a> Jpeg<'a> {
    /// Reads up to the first scan. The size is checked before anything of that size is allocated.
    fn open(document: &'a [u8], limits: &'a RenderLimits) -> Result<Self, RenderError> {
        if !document.starts_with(&START) {
            return Err(wrong_format(FORMAT, document));
        }
        // The decoder makes grey of what is missing.
        if !document.windows(END.len()).any(|bytes| bytes == END) {
            return Err(truncated(document));
        }
        let options = DecoderOptions::new_safe().set_strict_mode(true).jpeg_set_max_scans(MOST_SCANS);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(document), options);
        decoder.decode_headers().map_err(|error| explain(&error, document))?;
        let info = decoder.info().ok_or_else(|| damaged("it has no image"))?;
        let (width, height) = (u32::from(info.width), u32::from(info.height));
        limits.check_dots(width, height)?;
        if u64::from(width) * u64::from(height) * BYTES_PER_PIXEL > limits.memory_bytes {
            return Err(limits.out_of_memory());
        }
        let colors =
            if decoder.input_colorspace() == Some(ColorSpace::Luma) { ColorSpace::Luma } else { ColorSpace::RGB };
        decoder.set_options(options.jpeg_set_out_colorspace(colors));
        let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
        let orientation = orientation.unwrap_or(Orientation::NoTransforms);
        Ok(Self { document, limits, decoder, width, height, density: density(document), orientation })
    }

    fn picture(mut self) -> Result<Picture, RenderError> {
        let length = self.decoder.output_buffer_size().ok_or_else(|| damaged("it has no image"))?;
        let mut samples: Vec<u8> = self.limits.buffer(length)?;
        self.decoder.decode_into(&mut samples).map_err(|error| explain(&error, self.document))?;
        let (width, height) = (self.width as usize, self.height as usize);
        let lightness = if self.decoder.output_colorspace() == Some(ColorSpace::Luma) {
            samples
        } else {
            let mut lightness = self.limits.buffer(width * height)?;
            lightness::of_row_8(ColorType::Rgb, &samples, &mut lightness);
            lightness
        };
        let picture = Picture { width, height, lightness, density: self.density };
        let (rotation, mirror) = turn(self.orientation);
        let picture = picture.rotated(rotation, self.limits)?;
        Ok(if mirror { picture.mirrored() } else { picture })
    }
}

/// What the JFIF segment says, which comes first where there is one.
fn density(document: &[u8]) -> Option<Density> {
    let [0xff, 0xd8, 0xff, 0xe0, _, _, b'J', b'F', b'I', b'F', 0, _, _, unit, x1, x0, y1, y0, ..] = document else {
        return None;
    };
    let per_metre = |high, low| {
        let density = u32::from(u16::from_be_bytes([high, low]));
        match unit {
            1 => Some(density * 10_000 / 254),
            2 => Some(density * 100),
            // Only the shape of a pixel is known; a dot is square.
            _ => None,
        }
    };
    match (per_metre(*x1, *x0)?, per_metre(*y1, *y0)?) {
        (x_ppm @ 1.., y_ppm @ 1..) => Some(Density { x_ppm, y_ppm }),
        _ => None,
    }
}

/// A clockwise turn, and then whether left and right are exchanged.
fn turn(orientation: Orientation) -> (Rotation, bool) {
    match orientation {
        Orientation::NoTransforms => (Rotation::None, false),
        Orientation::FlipHorizontal => (Rotation::None, true),
        Orientation::Rotate180 => (Rotation::Half, false),
        Orientation::FlipVertical => (Rotation::Half, true),
        Orientation::Rotate90 => (Rotation::Quarter, false),
        Orientation::Rotate90FlipH => (Rotation::Quarter, true),
        Orientation::Rotate270 => (Rotation::ThreeQuarters, false),
        Orientation::Rotate270FlipH => (Rotation::ThreeQuarters, true),
    }
}

fn truncated(document: &[u8]) -> RenderError {
    RenderError::Truncated { format: FORMAT.to_owned(), bytes: document.len() as u64 }
}

fn explain(error: &DecodeErrors, document: &[u8]) -> RenderError {
    match error {
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => truncated(document),
        other => damaged(&format!("{other:?}")),
    }
}

fn damaged(reason: &str) -> RenderError {
    RenderError::Damaged { format: FORMAT.to_owned(), reason: reason.trim_end_matches('.').to_owned() }
}

//! How is a picture drawn that stands in the template itself?
//!
//! Templates read no files, so these are SVGs written into the source and pixels computed there. An SVG is drawn as one that is
//! printed by itself; pixels are averaged for each dot, as of any picture.

use png::ColorType;
use typst::visualize::{Image, ImageKind};

use crate::document;
use crate::error::RenderError;
use crate::lightness;
use crate::limits::RenderLimits;
use crate::picture::Picture;
use crate::scale::Scaled;

/// Its dots, `width` x `height` of them, before it is turned.
pub(super) fn picture(image: &Image, width: u16, height: u16, limits: &RenderLimits) -> Result<Picture, RenderError> {
    match image.kind() {
        ImageKind::Raster(raster) => {
            let pixels = raster.dynamic().to_rgba8();
            let (columns, rows) = (pixels.width() as usize, pixels.height() as usize);
            let mut lightness = limits.buffer(columns * rows)?;
            lightness::of_row_8(ColorType::Rgba, pixels.as_raw(), &mut lightness);
            scaled(&Picture { width: columns, height: rows, lightness, density: None }, width, height, limits)
        }
        ImageKind::Svg(svg) => document::svg_in_dots(svg.data(), width, height, limits),
        ImageKind::Pdf(_) => Err(RenderError::MediaType {
            media_type: "application/pdf".to_owned(),
            supported: "SVG, pixels".to_owned(),
        }),
    }
}

fn scaled(picture: &Picture, width: u16, height: u16, limits: &RenderLimits) -> Result<Picture, RenderError> {
    let (columns, rows) = (usize::from(width), usize::from(height));
    let mut rows_of = Scaled::new(picture, (width.into(), height.into()), 0, limits)?;
    let mut lightness = limits.buffer(columns * rows)?;
    for (y, row) in lightness.chunks_exact_mut(columns).enumerate() {
        rows_of.row(y as u64, row);
    }
    Ok(Picture { width: columns, height: rows, lightness, density: None })
}

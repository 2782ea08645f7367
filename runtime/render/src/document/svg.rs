//! SVG: one page, of the size that its `width` and `height` say. Drawn by resvg.
//!
//! A CSS pixel is 1/96 inch (CSS Values 3, 6.1), which is the unit of a length without one. Text is set in `DejaVu` (Sans,
//! Serif, Sans Mono), whatever family it names: a label must look the same on every machine. An SVG reads nothing but
//! itself; a picture in it is embedded as a `data:` URL.

use std::sync::{Arc, LazyLock, OnceLock};

use png::ColorType;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Error, ImageHrefResolver, Options, ShapeRendering, TextRendering, Tree};

use crate::document::{DocumentInfo, Page, wrong_format};
use crate::error::RenderError;
use crate::fonts;
use crate::hairline;
use crate::lightness;
use crate::limits::RenderLimits;
use crate::picture::Picture;
use crate::place::{Drawing, draw_at};
use crate::raster::Raster;

const FORMAT: &str = "SVG";
const MM_PER_PIXEL: f64 = 25.4 / 96.0;

/// Each dot is drawn as so many samples in each direction.
const SAMPLES: usize = 4;
const SAMPLES_PER_DOT: f64 = 4.0;

/// Samples in memory at a time; four bytes each.
const BAND_SAMPLES: usize = 16 * 1024 * 1024;

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    for font in fonts::files() {
        fonts.load_font_source(resvg::usvg::fontdb::Source::Binary(Arc::new(font)));
    }
    fonts.set_sans_serif_family("DejaVu Sans");
    fonts.set_cursive_family("DejaVu Sans");
    fonts.set_fantasy_family("DejaVu Sans");
    fonts.set_monospace_family("DejaVu Sans Mono");
    // Also what usvg takes when it does not know the family that is named: most are without serifs.
    fonts.set_serif_family("DejaVu Sans");
    Arc::new(fonts)
});

/// What the document is.
pub(super) fn inspect(document: &[u8]) -> Result<DocumentInfo, RenderError> {
    let (width, height) = size_mm(&parse(document)?);
    let page = Page::of_millimetres(width, height);
    Ok(DocumentInfo { media_type: "image/svg+xml".to_owned(), pages: vec![page] })
}

/// The picture of the only page, drawn for `raster`: one pixel is one dot.
pub(super) fn page(document: &[u8], raster: &Raster, limits: &RenderLimits) -> Result<Picture, RenderError> {
    let tree = parse(document)?;
    let (width_mm, height_mm) = size_mm(&tree);
    let Drawing { scale, width, height } = draw_at(width_mm, height_mm, raster)?;
    let scale = scale * MM_PER_PIXEL;
    draw(&tree, (scale, scale), (width, height), limits)
}

/// The picture of the only page, stretched to so many dots.
pub(super) fn in_dots(document: &[u8], width: u16, height: u16, limits: &RenderLimits) -> Result<Picture, RenderError> {
    let tree = parse(document)?;
    let size = tree.size();
    let scale = (f64::from(width) / f64::from(size.width()), f64::from(height) / f64::from(size.height()));
    draw(&tree, scale, (width, height), limits)
}

/// With `scale` dots a CSS pixel in each direction.
///
/// A dot takes the lightness of the middle one of its samples, by lightness, and so of the colour that covers most of it.
fn draw(
    tree: &Tree,
    scale: (f64, f64),
    (width, height): (u16, u16),
    limits: &RenderLimits,
) -> Result<Picture, RenderError> {
    limits.check_dots(width.into(), height.into())?;
    let (width, height) = (usize::from(width), usize::from(height));
    let mut drawn = limits.buffer::<u8>(width * height)?;
    let mut touched = limits.buffer::<u8>(width * height)?;

    let columns = width * SAMPLES;
    let band = (BAND_SAMPLES / columns / SAMPLES).clamp(1, height);
    let mut samples = limits.buffer::<u8>(columns * band * SAMPLES)?;
    #[allow(clippy::cast_possible_truncation)] // of a fraction: f32 is what the rasterizer counts in
    let (across, down) = ((scale.0 * SAMPLES_PER_DOT) as f32, (scale.1 * SAMPLES_PER_DOT) as f32);
    for (index, (drawn, touched)) in
        std::iter::zip(drawn.chunks_mut(band * width), touched.chunks_mut(band * width)).enumerate()
    {
        let rows = drawn.len() / width * SAMPLES;
        let side = |samples: usize| u32::try_from(samples).unwrap_or(u32::MAX);
        let mut pixels = Pixmap::new(side(columns), side(rows)).ok_or_else(|| limits.out_of_memory())?;
        pixels.fill(Color::WHITE);
        #[allow(clippy::cast_precision_loss)] // below 2^24
        let top = (index * band * SAMPLES) as f32;
        resvg::render(tree, Transform::from_row(across, 0.0, 0.0, down, 0.0, -top), &mut pixels.as_mut());
        let samples = samples.get_mut(..columns * rows).unwrap_or_default();
        // On white everything is opaque, so that premultiplied samples are plain ones.
        lightness::of_row_8(ColorType::Rgba, pixels.data(), samples);
        let dots = std::iter::zip(drawn.chunks_exact_mut(width), touched.chunks_exact_mut(width));
        for ((drawn, touched), rows) in std::iter::zip(dots, samples.chunks_exact(columns * SAMPLES)) {
            for (x, (drawn, touched)) in std::iter::zip(drawn, touched).enumerate() {
                (*drawn, *touched) = dot(rows, columns, x);
            }
        }
    }
    hairline::keep(&mut drawn, &touched, width);
    Ok(Picture { width, height, lightness: drawn, density: None })
}

/// The middle and the darkest of the samples of the dot in column `x`.
fn dot(rows: &[u8], columns: usize, x: usize) -> (u8, u8) {
    let mut samples = [0; SAMPLES * SAMPLES];
    for (samples, row) in std::iter::zip(samples.chunks_exact_mut(SAMPLES), rows.chunks_exact(columns)) {
        if let Some(row) = row.get(x * SAMPLES..(x + 1) * SAMPLES) {
            samples.copy_from_slice(row);
        }
    }
    let [first, ..] = samples;
    if samples.iter().all(|sample| *sample == first) {
        return (first, first);
    }
    samples.sort_unstable();
    let [darkest, ..] = samples;
    (samples.get(samples.len() / 2).copied().unwrap_or(first), darkest)
}

fn size_mm(tree: &Tree) -> (f64, f64) {
    let size = tree.size();
    (f64::from(size.width()) * MM_PER_PIXEL, f64::from(size.height()) * MM_PER_PIXEL)
}

fn parse(document: &[u8]) -> Result<Tree, RenderError> {
    let text = str::from_utf8(document).map_err(|_| wrong_format(FORMAT, document))?;
    if !text.contains("<svg") {
        return Err(wrong_format(FORMAT, document));
    }
    let reference = Arc::new(OnceLock::new());
    let first = Arc::clone(&reference);
    let options = Options {
        font_family: "sans-serif".to_owned(),
        // Samples are counted, so each is one colour or another.
        shape_rendering: ShapeRendering::CrispEdges,
        text_rendering: TextRendering::OptimizeSpeed,
        image_href_resolver: ImageHrefResolver {
            resolve_data: ImageHrefResolver::default_data_resolver(),
            resolve_string: Box::new(move |href, _| {
                let _ = first.set(href.chars().take(200).collect::<String>());
                None
            }),
        },
        fontdb: Arc::clone(&FONTS),
        ..Options::default()
    };
    let tree = Tree::from_str(text, &options).map_err(|error| explain(&error, document))?;
    match reference.get() {
        Some(name) => Err(RenderError::Reference { format: FORMAT.to_owned(), name: name.clone() }),
        None => Ok(tree),
    }
}

fn explain(error: &Error, document: &[u8]) -> RenderError {
    match error {
        Error::NotAnUtf8Str | Error::MalformedGZip => wrong_format(FORMAT, document),
        other => RenderError::Damaged { format: FORMAT.to_owned(), reason: other.to_string() },
    }
}

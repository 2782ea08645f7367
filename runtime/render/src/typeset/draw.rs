//! Which dots does a page have?
//!
//! The page that Typst laid out is gone through item by item; `position` says where each lies. Codes are found on the way and put
//! on last, over whatever is there; `hidden` says what must not be.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use resvg::tiny_skia::{FillRule, Path, Transform as Affine};
use typst::layout::{Abs, Frame, FrameItem, FrameKind, GroupItem, Point, Ratio, Size, Transform};
use typst::syntax::Span;
use typst::text::TextItem;
use typst::visualize::{self, FixedStroke, Geometry, Image, ImageKind, Paint, RelativeTo, Shape};

use super::canvas::{Area, Canvas, Clip, Coverage};
use super::codes::{Code, Found};
use super::engine::Label;
use super::functions::MARK;
use super::hidden::{self, Glyph, Written};
use super::ink::Ink;
use super::position::{NUDGE, State, exact, path, snapped, straight_bars};
use super::{image, outline};
use crate::error::RenderError;
use crate::limits::RenderLimits;
use crate::picture::Picture;
use crate::raster::Rotation;

/// Typst's unit is a point of 1/72 inch.
const POINTS_PER_MM: f64 = 72.0 / 25.4;

/// Frames within frames; Typst stops earlier.
const DEEPEST: usize = 500;

/// Dots of glyphs that are kept for the next labels, all glyphs together.
const KEPT_GLYPH_DOTS: usize = 4 << 20;

/// Characters of a text that stand for it in a message.
const LONGEST_NAME: usize = 40;

static GLYPHS: LazyLock<Mutex<Glyphs>> = LazyLock::new(Mutex::default);

/// The page of a label as `width` x `height` dots, `dpmm` of them a millimetre; what is larger is cut off at the right and below.
pub(crate) fn draw(
    label: &Label,
    dpmm: u32,
    (width, height): (u16, u16),
    limits: &RenderLimits,
) -> Result<Picture, RenderError> {
    let (width, height) = (usize::from(width), usize::from(height));
    let canvas = Canvas::new(width, height, limits)?;
    let scale = f64::from(dpmm) / POINTS_PER_MM;
    let state = State {
        to_dots: Transform::scale(Ratio::new(scale), Ratio::new(scale)),
        clip: Clip { area: canvas.area(), masks: Vec::new() },
        container: (Transform::scale(Ratio::new(scale), Ratio::new(scale)), Size::zero()),
        depth: 0,
    };
    let mut page = Drawing { label, limits, canvas, scale, codes: Vec::new(), written: Vec::new() };
    for laid_out in label.document.pages() {
        let state = State { container: (state.to_dots, laid_out.frame.size()), ..state.clone() };
        if let Some(Some(paint)) = laid_out.fill.clone().custom() {
            let ink = page.ink(&paint, &state, None, false)?;
            page.canvas.fill(page.canvas.area(), &ink, &state.clip);
        }
        page.frame(&laid_out.frame, &state)?;
    }
    page.all_can_be_read()?;
    let Drawing { canvas, codes, .. } = page;
    let mut lightness = canvas.finish();
    for code in &codes {
        code.put(&mut lightness, width);
    }
    Ok(Picture { width, height, lightness, density: None })
}

struct Drawing<'a> {
    label: &'a Label,
    limits: &'a RenderLimits,
    canvas: Canvas,
    /// Dots a point.
    scale: f64,
    codes: Vec<Code>,
    written: Vec<Written>,
}

/// What glyphs cover, of the labels before.
#[derive(Default)]
struct Glyphs {
    covered: HashMap<GlyphKey, Option<Arc<Coverage>>>,
    /// Dots of all of them.
    dots: usize,
}

/// Font, glyph, the four numbers of a transform without its offset, as bits, and the page's ends, beyond which nothing is kept.
type GlyphKey = (u128, u16, [u32; 4], (i32, i32));

impl Drawing<'_> {
    fn frame(&mut self, frame: &Frame, state: &State) -> Result<(), RenderError> {
        if state.depth > DEEPEST {
            return Err(self.label.error(Span::detached(), "its frames nest too deeply"));
        }
        for (at, item) in frame.items() {
            let state = state.moved(*at);
            match item {
                FrameItem::Group(group) => self.group(group, &state)?,
                FrameItem::Text(text) => self.text(text, &state)?,
                FrameItem::Shape(shape, _) => self.shape(shape, &state)?,
                FrameItem::Image(image, size, span) => match (image.alt(), image.kind()) {
                    (Some(alt), ImageKind::Raster(raster)) if alt.starts_with(MARK) => {
                        let pixels = raster.dynamic().to_luma8();
                        let columns = pixels.width() as usize;
                        let black = pixels.as_raw().iter().map(|pixel| *pixel < 128).collect();
                        let payload = alt.strip_prefix(MARK).unwrap_or_default().to_owned();
                        self.code(Found { columns, black, size: *size, payload, span: *span }, &state)?;
                    }
                    _ => self.image(image, *size, *span, &state)?,
                },
                FrameItem::Link(..) | FrameItem::Tag(_) => {}
            }
        }
        Ok(())
    }

    fn code(&mut self, found: Found, state: &State) -> Result<(), RenderError> {
        let span = found.span;
        let code = Code::place(found, self.canvas.area(), self.scale, state);
        let code = code.map_err(|message| self.label.error(span, message))?;
        if let Some(other) = self.codes.iter().find(|other| !other.area.meet(code.area).is_empty()) {
            let (own, other) = (called(&code.payload), self.named(other));
            let message = format!("this code of {own} lies on {other}, or on the white around it");
            return Err(self.label.error(span, message));
        }
        self.codes.push(code);
        Ok(())
    }

    /// A code, and where it comes from.
    fn named(&self, code: &Code) -> String {
        format!("the code of {}{}", called(&code.payload), self.label.origin(code.span))
    }

    /// Whether codes leave every text to be read.
    fn all_can_be_read(&self) -> Result<(), RenderError> {
        for code in &self.codes {
            for written in &self.written {
                if let Some(glyph) = written.lost_under(code.area) {
                    let (text, code) = (called(&written.text), self.named(code));
                    let message = format!("the text {text} would be hidden by {code}, or by the white around it");
                    return Err(self.label.error_of_text(glyph.span, &written.text, message));
                }
            }
        }
        Ok(())
    }

    fn group(&mut self, group: &GroupItem, state: &State) -> Result<(), RenderError> {
        let mut inner = state.clone();
        inner.depth += 1;
        inner.to_dots = inner.to_dots.pre_concat(group.transform);
        if group.frame.kind() == FrameKind::Hard {
            inner.container = (inner.to_dots, group.frame.size());
        }
        if let Some(curve) = &group.clip {
            let size = group.frame.size();
            let is_frame = *curve == visualize::Curve::rect(size);
            match inner.straight_area(Point::zero(), size).filter(|_| is_frame) {
                Some(area) => inner.clip.area = inner.clip.area.meet(area),
                None => {
                    let path = outline::curve(curve, |point| exact(point, inner.to_dots));
                    let coverage = path.and_then(|path| {
                        outline::coverage(&path, FillRule::Winding, Affine::identity(), inner.clip.area)
                    });
                    let Some(coverage) = coverage else { return Ok(()) };
                    inner.clip.area = inner.clip.area.meet(coverage.area);
                    inner.clip.masks.push(Arc::new(coverage));
                }
            }
        }
        self.frame(&group.frame, &inner)
    }

    fn text(&mut self, text: &TextItem, state: &State) -> Result<(), RenderError> {
        let ink = self.ink(&text.fill, state, None, true)?;
        let font = typst::utils::hash128(&text.font);
        let units = text.font.units_per_em();
        let (mut x, mut y) = (Abs::zero(), Abs::zero());
        let mut glyphs = Vec::new();
        for glyph in &text.glyphs {
            let at = Point::new(x + glyph.x_offset.at(text.size), -(y + glyph.y_offset.at(text.size)));
            x += glyph.x_advance.at(text.size);
            y += glyph.y_advance.at(text.size);
            if glyph.id == 0 {
                let missing = text.text.get(glyph.range()).and_then(|text| text.chars().next()).unwrap_or_default();
                let code = u32::from(missing);
                let message = format!("there is no picture of the character `{missing}` (U+{code:04X}) in the fonts");
                return Err(self.label.error_of_text(glyph.span.0, &text.text, message));
            }
            let size = Ratio::new(text.size.to_pt() / units);
            // A font counts upwards.
            let shape = state.to_dots.pre_concat(Transform::scale(size, -size));
            let (left, top) = snapped(at.transform(state.to_dots));
            let Some(coverage) = self.glyph(text, font, glyph.id, shape) else {
                continue;
            };
            let page = self.canvas.area();
            let ends = Area { left: -1, top: -1, right: page.right + 1, bottom: page.bottom + 1 };
            if state.clip.area == page && !ends.contains(coverage.area.shrunk().moved(left, top)) {
                let message = format!("the text `{}` does not fit on the label", text.text);
                return Err(self.label.error_of_text(glyph.span.0, &text.text, message));
            }
            self.canvas.cover(&coverage, (left, top), &ink, &state.clip);
            glyphs.push(Glyph { coverage, at: (left, top), span: glyph.span.0 });
            if let Some(stroke) = &text.stroke {
                let ink = self.ink(&stroke.paint, state, None, true)?;
                let path =
                    outline::glyph(&text.font, glyph.id).and_then(|path| path.transform(affine(shape, (0.0, 0.0))));
                if let Some(coverage) = path.and_then(|path| self.line(&path, stroke, (left, top))) {
                    self.canvas.cover(&coverage, (left, top), &ink, &state.clip);
                }
            }
        }
        self.written.push(Written { text: text.text.clone(), clip: state.clip.clone(), glyphs });
        Ok(())
    }

    /// What a glyph covers that begins at the page's left upper corner. The same letter looks the same everywhere.
    fn glyph(&mut self, text: &TextItem, font: u128, id: u16, shape: Transform) -> Option<Arc<Coverage>> {
        let affine = affine(shape, (0.0, 0.0));
        let page = self.canvas.area();
        let shape = [affine.sx, affine.kx, affine.ky, affine.sy].map(f32::to_bits);
        let key = (font, id, shape, (page.right, page.bottom));
        let mut glyphs = GLYPHS.lock();
        if let Some(known) = glyphs.covered.get(&key) {
            return known.clone();
        }
        // It may lie anywhere on the page.
        let around = Area { left: -page.right, top: -page.bottom, ..page };
        let coverage = outline::glyph(&text.font, id)
            .and_then(|path| outline::coverage(&path, FillRule::Winding, affine, around))
            .map(Arc::new);
        let dots = coverage.as_ref().map_or(1, |coverage| coverage.dots.len());
        if glyphs.dots + dots > KEPT_GLYPH_DOTS {
            *glyphs = Glyphs::default();
        }
        if dots <= KEPT_GLYPH_DOTS {
            glyphs.dots += dots;
            glyphs.covered.insert(key, coverage.clone());
        }
        coverage
    }

    fn shape(&mut self, shape: &Shape, state: &State) -> Result<(), RenderError> {
        let rule = match shape.fill_rule {
            visualize::FillRule::NonZero => FillRule::Winding,
            visualize::FillRule::EvenOdd => FillRule::EvenOdd,
        };
        if let Some(fill) = &shape.fill {
            let ink = self.ink(fill, state, Some(shape), false)?;
            match (&shape.geometry, state.is_straight()) {
                (Geometry::Rect(size), true) => {
                    if let Some(area) = state.straight_area(Point::zero(), *size) {
                        self.canvas.fill(area, &ink, &state.clip);
                    }
                }
                _ => {
                    let path = path(&shape.geometry, state, 0.0);
                    let within = self.canvas.area();
                    if let Some(coverage) =
                        path.and_then(|path| outline::coverage(&path, rule, Affine::identity(), within))
                    {
                        self.canvas.cover(&coverage, (0, 0), &ink, &state.clip);
                    }
                }
            }
        }
        if let Some(stroke) = shape.stroke.as_ref().filter(|stroke| stroke.thickness > Abs::zero()) {
            let ink = self.ink(&stroke.paint, state, Some(shape), false)?;
            let width = self.whole_width(stroke);
            if let Some(bars) = straight_bars(&shape.geometry, stroke, width, state) {
                for bar in bars {
                    self.canvas.fill(bar, &ink, &state.clip);
                }
                return Ok(());
            }
            // An odd number of dots lies around the middle of one.
            let middle = if width % 2 == 1 { 0.5 } else { 0.0 };
            let path = path(&shape.geometry, state, middle);
            if let Some(coverage) = path.and_then(|path| self.line(&path, stroke, (0, 0))) {
                self.canvas.cover(&coverage, (0, 0), &ink, &state.clip);
            }
        }
        Ok(())
    }

    /// Dots of a line: whole ones, at least one.
    fn whole_width(&self, stroke: &FixedStroke) -> i32 {
        #[allow(clippy::cast_possible_truncation)] // a cast of floats saturates
        let dots = (stroke.thickness.to_pt() * self.scale + NUDGE).round() as i32;
        dots.max(1)
    }

    /// What a line along a path covers; `at` is where it will be put.
    fn line(&self, path: &Path, stroke: &FixedStroke, at: (i32, i32)) -> Option<Coverage> {
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // of fractions
        let (width, scale) = (self.whole_width(stroke) as f32, self.scale as f32);
        let area = outline::stroked(path, stroke, width, scale)?;
        let within = self.canvas.area().moved(-at.0, -at.1);
        outline::coverage(&area, FillRule::Winding, Affine::identity(), within)
    }

    fn ink(&self, paint: &Paint, state: &State, shape: Option<&Shape>, text: bool) -> Result<Ink, RenderError> {
        let own = |relative: RelativeTo| relative == RelativeTo::Self_ && !text;
        Ok(match paint {
            Paint::Solid(color) => Ink::flat(color),
            Paint::Gradient(gradient) => {
                let (to_dots, size) = match shape.filter(|_| own(gradient.unwrap_relative(text))) {
                    Some(shape) => {
                        let bounds = shape.bbox(false);
                        let corner = Transform::translate(bounds.min.x, bounds.min.y);
                        (state.to_dots.pre_concat(corner), bounds.size())
                    }
                    None => state.container,
                };
                let from_dots = to_dots.invert().unwrap_or(Transform::identity());
                Ink::Gradient { gradient: gradient.clone(), from_dots, size }
            }
            Paint::Tiling(tiling) => {
                let size = tiling.size() + tiling.spacing();
                let (width, height) = (size.x.to_pt() * self.scale, size.y.to_pt() * self.scale);
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a cast of floats saturates
                let [width, height] = [width, height].map(|dots| dots.round().max(1.0) as u16);
                self.limits.check_dots(width.into(), height.into())?;
                let canvas = Canvas::new(width.into(), height.into(), self.limits)?;
                let scale = Ratio::new(self.scale);
                let inner = State {
                    to_dots: Transform::scale(scale, scale),
                    clip: Clip { area: canvas.area(), masks: Vec::new() },
                    container: (Transform::scale(scale, scale), tiling.size()),
                    depth: state.depth + 1,
                };
                let mut tile = Drawing {
                    label: self.label,
                    limits: self.limits,
                    canvas,
                    scale: self.scale,
                    codes: Vec::new(),
                    written: Vec::new(),
                };
                tile.frame(tiling.frame(), &inner)?;
                if !tile.codes.is_empty() {
                    return Err(self.label.error(Span::detached(), "a code cannot be part of a tiling"));
                }
                let to_dots = if own(tiling.unwrap_relative(text)) { state.to_dots } else { state.container.0 };
                let origin = snapped(Point::zero().transform(to_dots));
                let lightness = tile.canvas.finish();
                Ink::Tiles { origin, width: width.into(), height: height.into(), lightness }
            }
        })
    }

    fn image(&mut self, image: &Image, size: Size, span: Span, state: &State) -> Result<(), RenderError> {
        let (Some(rotation), Some(area)) = (state.quarters(), state.straight_area(Point::zero(), size)) else {
            return Err(self
                .label
                .error(span, "a picture on a label can be turned by quarters only, and not mirrored"));
        };
        let (mut width, mut height) = (area.right - area.left, area.bottom - area.top);
        if matches!(rotation, Rotation::Quarter | Rotation::ThreeQuarters) {
            (width, height) = (height, width);
        }
        let (Ok(width), Ok(height)) = (u16::try_from(width), u16::try_from(height)) else {
            return Err(self.label.error(span, "this picture is too large to be drawn"));
        };
        self.limits.check_dots(width.into(), height.into())?;
        let picture = image::picture(image, width, height, self.limits)?.rotated(rotation, self.limits)?;
        // A picture that comes before a code is its background.
        let under = |code: &&Code| hidden::darkens(area, &picture.lightness, &state.clip, code.area);
        if let Some(code) = self.codes.iter().find(under) {
            let message = format!("this picture would lie on {}, or on the white around it", self.named(code));
            return Err(self.label.error(span, message));
        }
        self.canvas.darken(area, &picture.lightness, &state.clip);
        Ok(())
    }
}

/// A text in a message, cut short where it is long.
fn called(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("`{}...`", text.get(..end).unwrap_or_default()),
        None => format!("`{text}`"),
    }
}

/// The turn and size of a transform, with another offset.
fn affine(transform: Transform, (x, y): (f32, f32)) -> Affine {
    #[allow(clippy::cast_possible_truncation)] // of a fraction
    let part = |ratio: Ratio| ratio.get() as f32;
    Affine::from_row(part(transform.sx), part(transform.ky), part(transform.kx), part(transform.sy), x, y)
}

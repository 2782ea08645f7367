//! Which dots does a page have?
//!
//! The page that Typst laid out is gone through item by item. What lies straight goes to whole dots: a line has a whole number
//! of dots, at least one; edges of areas, and the points where glyphs begin, lie between dots. Codes are found on the way and
//! put on last, a pixel as so many dots as it was laid out for, over whatever is there.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use resvg::tiny_skia::{FillRule, Path, PathBuilder, Rect, Transform as Affine};
use typst::layout::{Abs, Frame, FrameItem, FrameKind, GroupItem, Point, Ratio, Size, Transform};
use typst::syntax::Span;
use typst::text::TextItem;
use typst::visualize::{self, FixedStroke, Geometry, Image, ImageKind, Paint, RelativeTo, Shape};

use super::canvas::{Area, Canvas, Clip, Coverage};
use super::engine::Label;
use super::functions::MARK;
use super::ink::Ink;
use super::{image, outline};
use crate::error::RenderError;
use crate::limits::RenderLimits;
use crate::picture::Picture;
use crate::raster::Rotation;

/// Typst's unit is a point of 1/72 inch.
const POINTS_PER_MM: f64 = 72.0 / 25.4;

/// What lies in the middle between two dots goes to one of them, whatever the last digit of its fraction.
const NUDGE: f64 = 1.0 / 256.0;

/// How far from straight a turn may be, and how far from whole a code's dots.
const TOLERANCE: f64 = 0.01;

/// Frames within frames; Typst stops earlier.
const DEEPEST: usize = 500;

/// Dots of a glyph's coverage that are kept for one page, all glyphs together.
const KEPT_GLYPH_DOTS: usize = 4 << 20;

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
    let mut page = Drawing { label, limits, canvas, scale, glyphs: HashMap::new(), kept: 0, codes: Vec::new() };
    for laid_out in label.document.pages() {
        let state = State { container: (state.to_dots, laid_out.frame.size()), ..state.clone() };
        if let Some(Some(paint)) = laid_out.fill.clone().custom() {
            let ink = page.ink(&paint, &state, None, false)?;
            page.canvas.fill(page.canvas.area(), &ink, &state.clip);
        }
        page.frame(&laid_out.frame, &state)?;
    }
    let Drawing { canvas, codes, .. } = page;
    let mut lightness = canvas.finish();
    for code in &codes {
        code.put(&mut lightness, width);
    }
    Ok(Picture { width, height, lightness, density: None })
}

#[derive(Clone)]
struct State {
    /// From the points of the frame to dots.
    to_dots: Transform,
    clip: Clip,
    /// What gradients are relative to: the same of the last hard frame, and its size.
    container: (Transform, Size),
    depth: usize,
}

struct Drawing<'a> {
    label: &'a Label,
    limits: &'a RenderLimits,
    canvas: Canvas,
    /// Dots a point.
    scale: f64,
    glyphs: HashMap<GlyphKey, Option<Rc<Coverage>>>,
    kept: usize,
    codes: Vec<Code>,
}

/// Font, glyph, and the four numbers of a transform without its offset, as bits.
type GlyphKey = (u128, u16, [u32; 4]);

/// A code that was found.
struct Code {
    area: Area,
    rotation: Rotation,
    /// Pixels across.
    columns: usize,
    black: Vec<bool>,
    /// Dots of a pixel.
    pixel: (usize, usize),
}

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
                        self.code(columns, black, *size, *span, &state)?;
                    }
                    _ => self.image(image, *size, *span, &state)?,
                },
                FrameItem::Link(..) | FrameItem::Tag(_) => {}
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
        for glyph in &text.glyphs {
            let at = Point::new(x + glyph.x_offset.at(text.size), -(y + glyph.y_offset.at(text.size)));
            x += glyph.x_advance.at(text.size);
            y += glyph.y_advance.at(text.size);
            if glyph.id == 0 {
                let missing = text.text.get(glyph.range()).and_then(|text| text.chars().next()).unwrap_or_default();
                let code = u32::from(missing);
                let message = format!("there is no picture of the character `{missing}` (U+{code:04X}) in the fonts");
                return Err(self.label.error(glyph.span.0, message));
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
                return Err(self.label.error(glyph.span.0, message));
            }
            self.canvas.cover(&coverage, (left, top), &ink, &state.clip);
            if let Some(stroke) = &text.stroke {
                let ink = self.ink(&stroke.paint, state, None, true)?;
                let path =
                    outline::glyph(&text.font, glyph.id).and_then(|path| path.transform(affine(shape, (0.0, 0.0))));
                if let Some(coverage) = path.and_then(|path| self.line(&path, stroke, (left, top))) {
                    self.canvas.cover(&coverage, (left, top), &ink, &state.clip);
                }
            }
        }
        Ok(())
    }

    /// What a glyph covers that begins at the page's left upper corner. The same letter looks the same everywhere.
    fn glyph(&mut self, text: &TextItem, font: u128, id: u16, shape: Transform) -> Option<Rc<Coverage>> {
        let affine = affine(shape, (0.0, 0.0));
        let key = (font, id, [affine.sx, affine.kx, affine.ky, affine.sy].map(f32::to_bits));
        if let Some(known) = self.glyphs.get(&key) {
            return known.clone();
        }
        let page = self.canvas.area();
        // It may lie anywhere on the page.
        let around = Area { left: -page.right, top: -page.bottom, ..page };
        let coverage = outline::glyph(&text.font, id)
            .and_then(|path| outline::coverage(&path, FillRule::Winding, affine, around))
            .map(Rc::new);
        self.kept += coverage.as_ref().map_or(1, |coverage| coverage.dots.len());
        if self.kept <= KEPT_GLYPH_DOTS {
            self.glyphs.insert(key, coverage.clone());
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
                    let path = self.path(&shape.geometry, state, 0.0);
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
                bars.into_iter().for_each(|bar| self.canvas.fill(bar, &ink, &state.clip));
                return Ok(());
            }
            // An odd number of dots lies around the middle of one.
            let middle = if width % 2 == 1 { 0.5 } else { 0.0 };
            let path = self.path(&shape.geometry, state, middle);
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

    /// A geometry in dots. Where it lies straight, its points lie on whole dots, and `middle` of a dot further.
    fn path(&self, geometry: &Geometry, state: &State, middle: f32) -> Option<Path> {
        let straight = state.is_straight();
        let place = |point: Point| {
            if !straight {
                return exact(point, state.to_dots);
            }
            let point = point.transform(state.to_dots);
            let whole = |length: Abs| {
                #[allow(clippy::cast_possible_truncation)] // of a fraction
                let dots = (length.to_pt() + NUDGE - f64::from(middle)).round() as f32;
                dots + middle
            };
            (whole(point.x), whole(point.y))
        };
        match geometry {
            Geometry::Line(to) => {
                let mut path = PathBuilder::new();
                let ((x, y), (x2, y2)) = (place(Point::zero()), place(*to));
                path.move_to(x, y);
                path.line_to(x2, y2);
                path.finish()
            }
            Geometry::Rect(size) => {
                let corners = [Point::zero(), Point::with_x(size.x), size.to_point(), Point::with_y(size.y)].map(place);
                if straight {
                    let [(left, top), _, (right, bottom), _] = corners;
                    let rect = Rect::from_ltrb(left.min(right), top.min(bottom), left.max(right), top.max(bottom));
                    return rect.map(PathBuilder::from_rect);
                }
                let mut path = PathBuilder::new();
                let [(x, y), others @ ..] = corners;
                path.move_to(x, y);
                others.iter().for_each(|(x, y)| path.line_to(*x, *y));
                path.close();
                path.finish()
            }
            Geometry::Curve(curve) if straight => {
                outline::curve_on_dots(curve, |point| exact(point, state.to_dots), middle)
            }
            Geometry::Curve(curve) => outline::curve(curve, place),
        }
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
                    glyphs: HashMap::new(),
                    kept: 0,
                    codes: Vec::new(),
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
        self.canvas.darken(area, &picture.lightness, &state.clip);
        Ok(())
    }

    fn code(
        &mut self,
        columns: usize,
        black: Vec<bool>,
        size: Size,
        span: Span,
        state: &State,
    ) -> Result<(), RenderError> {
        let error = |message: &str| Err(self.label.error(span, message));
        let Some(rotation) = state.quarters() else {
            return error("a code can be turned by quarters only, and not mirrored");
        };
        let rows = black.len() / columns.max(1);
        let (Some(across), Some(down)) = (self.whole(size.x, columns, state), self.whole(size.y, rows, state)) else {
            return error("a code cannot be scaled, because its modules are whole dots; give it another `module`");
        };
        let Some(corner) = state.corner(size) else {
            return error("a code can be turned by quarters only");
        };
        let (left, top) = snapped(corner);
        let (mut width, mut height) = (columns * across, rows * down);
        if matches!(rotation, Rotation::Quarter | Rotation::ThreeQuarters) {
            (width, height) = (height, width);
        }
        let side = |dots: usize| i32::try_from(dots).unwrap_or(i32::MAX);
        let area =
            Area { left, top, right: left.saturating_add(side(width)), bottom: top.saturating_add(side(height)) };
        if !self.canvas.area().contains(area) {
            return error(
                "this code does not fit: a part of it, or of the white around it, would be outside of the label",
            );
        }
        if !state.clip.area.contains(area) || !state.clip.masks.is_empty() {
            return error("this code does not fit: a part of it would be cut off by what it lies in");
        }
        if self.codes.iter().any(|other| !other.area.meet(area).is_empty()) {
            return error("this code lies on another one, or on the white around it");
        }
        self.codes.push(Code { area, rotation, columns, black, pixel: (across, down) });
        Ok(())
    }

    /// Dots of one of `count` pixels that take up `length`, when that is a whole number of them.
    fn whole(&self, length: Abs, count: usize, state: &State) -> Option<usize> {
        let factor = state.to_dots.sx.get().hypot(state.to_dots.ky.get());
        let dots = length.to_pt() * factor;
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // below 2^20
        let pixel = (dots / count.max(1) as f64).round() as usize;
        #[allow(clippy::cast_precision_loss)] // below 2^20
        let exact = (pixel * count) as f64;
        (pixel > 0 && (exact - dots).abs() < TOLERANCE * 10.0 && (factor - self.scale).abs() < TOLERANCE * 0.01)
            .then_some(pixel)
    }
}

impl State {
    fn moved(&self, by: Point) -> Self {
        Self { to_dots: self.to_dots.pre_concat(Transform::translate(by.x, by.y)), ..self.clone() }
    }

    /// Whether horizontal and vertical lines are that on the page too.
    fn is_straight(&self) -> bool {
        let Transform { sx, kx, ky, sy, .. } = self.to_dots;
        let none = |ratio: Ratio| ratio.get().abs() < TOLERANCE * 0.01;
        none(kx) && none(ky) || none(sx) && none(sy)
    }

    /// The clockwise turn, when it is one by quarters and nothing is mirrored.
    fn quarters(&self) -> Option<Rotation> {
        let Transform { sx, kx, ky, sy, .. } = self.to_dots;
        let sign = |ratio: Ratio| {
            let ratio = ratio.get();
            if ratio.abs() < TOLERANCE * 0.01 { 0 } else { if ratio > 0.0 { 1 } else { -1 } }
        };
        match (sign(sx), sign(kx), sign(ky), sign(sy)) {
            (1, 0, 0, 1) => Some(Rotation::None),
            (0, -1, 1, 0) => Some(Rotation::Quarter),
            (-1, 0, 0, -1) => Some(Rotation::Half),
            (0, 1, -1, 0) => Some(Rotation::ThreeQuarters),
            _ => None,
        }
    }

    /// The left upper corner, on the page, of what lies at the frame's own and is of this size.
    fn corner(&self, size: Size) -> Option<Point> {
        let [a, b] = [Point::zero(), size.to_point()].map(|point| point.transform(self.to_dots));
        self.is_straight().then(|| a.min(b))
    }

    /// The whole dots of a rectangle, at least one in each direction, when it lies straight.
    fn straight_area(&self, at: Point, size: Size) -> Option<Area> {
        let [a, b] = [at, at + size.to_point()].map(|point| point.transform(self.to_dots));
        let ((left, top), (right, bottom)) = (snapped(a.min(b)), snapped(a.max(b)));
        self.is_straight().then(|| Area { left, top, right: right.max(left + 1), bottom: bottom.max(top + 1) })
    }
}

impl Code {
    /// Puts its dots, and the white around them, on a page whose rows have `width` dots. It lies on the page.
    fn put(&self, lightness: &mut [u8], width: usize) {
        let (across, down) = self.pixel;
        let rows = self.black.len() / self.columns.max(1);
        let (columns, rows) = (self.columns * across, rows * down);
        let [left, top] = [self.area.left, self.area.top].map(|dots| usize::try_from(dots).unwrap_or(0));
        for y in 0..rows {
            for x in 0..columns {
                let black = self.black.get(y / down * self.columns + x / across).is_some_and(|black| *black);
                let (x, y) = match self.rotation {
                    Rotation::None => (x, y),
                    Rotation::Quarter => (rows - 1 - y, x),
                    Rotation::Half => (columns - 1 - x, rows - 1 - y),
                    Rotation::ThreeQuarters => (y, columns - 1 - x),
                };
                if let Some(dot) = lightness.get_mut((top + y) * width + left + x) {
                    *dot = if black { 0 } else { u8::MAX };
                }
            }
        }
    }
}

/// The areas of a stroke that is nothing but straight bars of whole dots: of a line, or of a rectangle's four sides.
fn straight_bars(geometry: &Geometry, stroke: &FixedStroke, width: i32, state: &State) -> Option<Vec<Area>> {
    if stroke.dash.is_some() || stroke.cap == visualize::LineCap::Round || !state.is_straight() {
        return None;
    }
    let half = f64::from(width) / 2.0;
    let middle = |at: Abs| {
        #[allow(clippy::cast_possible_truncation)] // a cast of floats saturates
        let from = (at.to_pt() - half + NUDGE).round() as i32;
        from.clamp(-1_000_000, 1_000_000)
    };
    match geometry {
        Geometry::Line(to) => {
            let [a, b] = [Point::zero(), *to].map(|point| point.transform(state.to_dots));
            let (first, last) = (a.min(b), a.max(b));
            let ((left, top), (right, bottom)) = (snapped(first), snapped(last));
            let beyond = if stroke.cap == visualize::LineCap::Square { width / 2 } else { 0 };
            let area = if (last.y - first.y).to_pt() < TOLERANCE {
                let top = middle(first.y);
                Area { left: left - beyond, top, right: right + beyond, bottom: top + width }
            } else if (last.x - first.x).to_pt() < TOLERANCE {
                let left = middle(first.x);
                Area { left, top: top - beyond, right: left + width, bottom: bottom + beyond }
            } else {
                return None;
            };
            Some(vec![area])
        }
        Geometry::Rect(size) if stroke.join == visualize::LineJoin::Miter => {
            let [a, b] = [Point::zero(), size.to_point()].map(|point| point.transform(state.to_dots));
            let (first, last) = (a.min(b), a.max(b));
            let (left, top) = (middle(first.x), middle(first.y));
            let (right, bottom) = (middle(last.x) + width, middle(last.y) + width);
            Some(vec![
                Area { left, top, right, bottom: top + width },
                Area { left, top: bottom - width, right, bottom },
                Area { left, top: top + width, right: left + width, bottom: bottom - width },
                Area { left: right - width, top: top + width, right, bottom: bottom - width },
            ])
        }
        Geometry::Rect(_) | Geometry::Curve(_) => None,
    }
}

/// The dot corner next to a point in dots.
fn snapped(point: Point) -> (i32, i32) {
    #[allow(clippy::cast_possible_truncation)] // a cast of floats saturates
    let whole = |length: Abs| ((length.to_pt() + NUDGE).round() as i32).clamp(-1_000_000, 1_000_000);
    (whole(point.x), whole(point.y))
}

fn exact(point: Point, to_dots: Transform) -> (f32, f32) {
    let point = point.transform(to_dots);
    #[allow(clippy::cast_possible_truncation)] // of a fraction
    let side = |length: Abs| length.to_pt() as f32;
    (side(point.x), side(point.y))
}

/// The turn and size of a transform, with another offset.
fn affine(transform: Transform, (x, y): (f32, f32)) -> Affine {
    #[allow(clippy::cast_possible_truncation)] // of a fraction
    let part = |ratio: Ratio| ratio.get() as f32;
    Affine::from_row(part(transform.sx), part(transform.ky), part(transform.kx), part(transform.sy), x, y)
}

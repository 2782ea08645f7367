//! How much of each dot does an outline cover?

use resvg::tiny_skia::{FillRule, LineCap, LineJoin, Mask, Path, PathBuilder, Stroke, StrokeDash, Transform};
use ttf_parser::{GlyphId, OutlineBuilder};
use typst::layout::Abs;
use typst::text::FontInstance;
use typst::visualize::{self, Curve, CurveItem, FixedStroke};

use super::canvas::{Area, Coverage};

/// What lies in the middle between two dots goes to one of them, whatever the last digit of its fraction.
const NUDGE: f32 = 1.0 / 256.0;

/// The outline of a glyph in the units of its font, upwards.
pub(super) fn glyph(font: &FontInstance, id: u16) -> Option<Path> {
    let mut outline = Outline(PathBuilder::new());
    font.ttf().outline_glyph(GlyphId(id), &mut outline)?;
    outline.0.finish()
}

struct Outline(PathBuilder);

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}

/// A curve in dots; `place` says where a point lies, and so moves the points between which lines run.
pub(super) fn curve(curve: &Curve, place: impl Fn(typst::layout::Point) -> (f32, f32)) -> Option<Path> {
    let mut path = PathBuilder::new();
    for item in &curve.0 {
        match item {
            CurveItem::Move(point) => {
                let (x, y) = place(*point);
                path.move_to(x, y);
            }
            CurveItem::Line(point) => {
                let (x, y) = place(*point);
                path.line_to(x, y);
            }
            CurveItem::Cubic(first, second, point) => {
                let ((x1, y1), (x2, y2), (x, y)) = (place(*first), place(*second), place(*point));
                path.cubic_to(x1, y1, x2, y2, x, y);
            }
            CurveItem::Close => path.close(),
        }
    }
    path.finish()
}

/// A curve that lies straight, in dots: the points between which lines run are moved to whole dots and `middle` of one further;
/// those that bend a line move with the one they are nearest to.
pub(super) fn curve_on_dots(
    curve: &Curve,
    place: impl Fn(typst::layout::Point) -> (f32, f32),
    middle: f32,
) -> Option<Path> {
    let whole = |at: f32| (at + NUDGE - middle).round() + middle;
    let on_dots = |point: typst::layout::Point| {
        let (x, y) = place(point);
        let (to_x, to_y) = (whole(x), whole(y));
        ((to_x, to_y), (to_x - x, to_y - y))
    };
    let mut path = PathBuilder::new();
    let mut moved = (0.0, 0.0);
    for item in &curve.0 {
        match item {
            CurveItem::Move(point) => {
                let (at, by) = on_dots(*point);
                path.move_to(at.0, at.1);
                moved = by;
            }
            CurveItem::Line(point) => {
                let (at, by) = on_dots(*point);
                path.line_to(at.0, at.1);
                moved = by;
            }
            CurveItem::Cubic(first, second, point) => {
                let (at, by) = on_dots(*point);
                let (first, second) = (place(*first), place(*second));
                path.cubic_to(first.0 + moved.0, first.1 + moved.1, second.0 + by.0, second.1 + by.1, at.0, at.1);
                moved = by;
            }
            CurveItem::Close => path.close(),
        }
    }
    path.finish()
}

/// The area that a stroke of `width` dots along a path covers; lengths of its dashes are of `scale` dots a point.
pub(super) fn stroked(path: &Path, stroke: &FixedStroke, width: f32, scale: f32) -> Option<Path> {
    #[allow(clippy::cast_possible_truncation)] // of a fraction
    let dots = |length: Abs| length.to_pt() as f32 * scale;
    let line = Stroke {
        width,
        #[allow(clippy::cast_possible_truncation)] // of a fraction
        miter_limit: stroke.miter_limit.get() as f32,
        line_cap: match stroke.cap {
            visualize::LineCap::Butt => LineCap::Butt,
            visualize::LineCap::Round => LineCap::Round,
            visualize::LineCap::Square => LineCap::Square,
        },
        line_join: match stroke.join {
            visualize::LineJoin::Miter => LineJoin::Miter,
            visualize::LineJoin::Round => LineJoin::Round,
            visualize::LineJoin::Bevel => LineJoin::Bevel,
        },
        dash: None,
    };
    let dash = stroke.dash.as_ref().and_then(|dash| {
        // An odd number of lengths is to be gone through twice.
        let times = 1 + dash.array.len() % 2;
        let lengths = std::iter::repeat_n(&dash.array, times).flatten().map(|length| dots(*length)).collect();
        StrokeDash::new(lengths, dots(dash.phase))
    });
    match dash {
        Some(dash) => path.dash(&dash, 1.0)?.stroke(&line, 1.0),
        None => path.stroke(&line, 1.0),
    }
}

/// What the inside of a path covers, as far as it is within `within`.
pub(super) fn coverage(path: &Path, rule: FillRule, to_dots: Transform, within: Area) -> Option<Coverage> {
    let bounds = path.bounds().transform(to_dots)?;
    #[allow(clippy::cast_possible_truncation)] // a cast of floats saturates
    let (from, to) = (|x: f32| (x.floor() as i32).saturating_sub(1), |x: f32| (x.ceil() as i32).saturating_add(1));
    let area = Area {
        left: from(bounds.left()),
        top: from(bounds.top()),
        right: to(bounds.right()),
        bottom: to(bounds.bottom()),
    };
    let area = area.meet(within);
    if area.is_empty() {
        return None;
    }
    let side = |length: i32| u32::try_from(length).ok();
    let mut mask = Mask::new(side(area.right - area.left)?, side(area.bottom - area.top)?)?;
    #[allow(clippy::cast_precision_loss)] // below 2^24
    let moved = to_dots.post_translate(-area.left as f32, -area.top as f32);
    mask.fill_path(path, rule, true, moved);
    Some(Coverage { area, dots: mask.data().to_vec() })
}

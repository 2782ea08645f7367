//! Where on the page does something lie that Typst laid out?
//!
//! What lies straight goes to whole dots: the edges of areas, and the points where glyphs begin, lie between dots; a line has a
//! whole number of them, at least one.

use resvg::tiny_skia::{Path, PathBuilder, Rect};
use typst::layout::{Abs, Point, Ratio, Size, Transform};
use typst::visualize::{self, FixedStroke, Geometry};

use super::canvas::{Area, Clip};
use super::outline;
use crate::raster::Rotation;

/// What lies in the middle between two dots goes to one of them, whatever the last digit of its fraction.
pub(super) const NUDGE: f64 = 1.0 / 256.0;

/// How far from straight a turn may be, in dots.
pub(super) const TOLERANCE: f64 = 0.01;

/// What is known of the frame that is gone through.
#[derive(Clone)]
pub(super) struct State {
    /// From the points of the frame to dots.
    pub to_dots: Transform,
    pub clip: Clip,
    /// What gradients are relative to: the same of the last hard frame, and its size.
    pub container: (Transform, Size),
    pub depth: usize,
}

impl State {
    pub fn moved(&self, by: Point) -> Self {
        Self { to_dots: self.to_dots.pre_concat(Transform::translate(by.x, by.y)), ..self.clone() }
    }

    /// Whether horizontal and vertical lines are that on the page too.
    pub fn is_straight(&self) -> bool {
        let Transform { sx, kx, ky, sy, .. } = self.to_dots;
        let none = |ratio: Ratio| ratio.get().abs() < TOLERANCE * 0.01;
        none(kx) && none(ky) || none(sx) && none(sy)
    }

    /// The clockwise turn, when it is one by quarters and nothing is mirrored.
    pub fn quarters(&self) -> Option<Rotation> {
        let Transform { sx, kx, ky, sy, .. } = self.to_dots;
        let sign = |ratio: Ratio| {
            let ratio = ratio.get();
            match ratio {
                _ if ratio.abs() < TOLERANCE * 0.01 => 0,
                _ if ratio > 0.0 => 1,
                _ => -1,
            }
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
    pub fn corner(&self, size: Size) -> Option<Point> {
        let [a, b] = [Point::zero(), size.to_point()].map(|point| point.transform(self.to_dots));
        self.is_straight().then(|| a.min(b))
    }

    /// The whole dots of a rectangle, at least one in each direction, when it lies straight.
    pub fn straight_area(&self, at: Point, size: Size) -> Option<Area> {
        let [a, b] = [at, at + size.to_point()].map(|point| point.transform(self.to_dots));
        let ((left, top), (right, bottom)) = (snapped(a.min(b)), snapped(a.max(b)));
        self.is_straight().then(|| Area { left, top, right: right.max(left + 1), bottom: bottom.max(top + 1) })
    }
}

/// A geometry in dots. Where it lies straight, its points lie on whole dots, and `middle` of a dot further.
pub(super) fn path(geometry: &Geometry, state: &State, middle: f32) -> Option<Path> {
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
            for (x, y) in others {
                path.line_to(x, y);
            }
            path.close();
            path.finish()
        }
        Geometry::Curve(curve) if straight => {
            outline::curve_on_dots(curve, |point| exact(point, state.to_dots), middle)
        }
        Geometry::Curve(curve) => outline::curve(curve, place),
    }
}

/// The areas of a stroke that is nothing but straight bars of whole dots: of a line, or of a rectangle's four sides.
pub(super) fn straight_bars(geometry: &Geometry, stroke: &FixedStroke, width: i32, state: &State) -> Option<Vec<Area>> {
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
pub(super) fn snapped(point: Point) -> (i32, i32) {
    #[allow(clippy::cast_possible_truncation)] // a cast of floats saturates
    let whole = |length: Abs| ((length.to_pt() + NUDGE).round() as i32).clamp(-1_000_000, 1_000_000);
    (whole(point.x), whole(point.y))
}

pub(super) fn exact(point: Point, to_dots: Transform) -> (f32, f32) {
    let point = point.transform(to_dots);
    #[allow(clippy::cast_possible_truncation)] // of a fraction
    let side = |length: Abs| length.to_pt() as f32;
    (side(point.x), side(point.y))
}

//! Which dots does an area take, and of what lightness do they become?
//!
//! Two pictures are kept: what was drawn, where an area takes the dots of which it covers half or more, and what was touched. In
//! the end [`hairline`] keeps lines that would be lost.

use crate::error::RenderError;
use crate::hairline;
use crate::limits::RenderLimits;

use super::ink::Ink;

/// A dot of which this or more, of 255, is covered takes the ink: half of it.
const HALF_A_DOT: u8 = 128;

/// A part of the page, in dots; the ends are outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

impl Area {
    pub fn meet(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    pub fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    pub fn contains(self, other: Self) -> bool {
        self.meet(other) == other
    }

    pub fn has(self, x: i32, y: i32) -> bool {
        (self.left..self.right).contains(&x) && (self.top..self.bottom).contains(&y)
    }

    /// Without the dot around it that a coverage has.
    pub fn shrunk(self) -> Self {
        Self { left: self.left + 1, top: self.top + 1, right: self.right - 1, bottom: self.bottom - 1 }
    }

    pub fn moved(self, x: i32, y: i32) -> Self {
        let Self { left, top, right, bottom } = self;
        Self { left: left + x, top: top + y, right: right + x, bottom: bottom + y }
    }
}

/// How much of each dot an area covers, of 255.
#[derive(Debug)]
pub(super) struct Coverage {
    pub area: Area,
    /// Row by row, of the area.
    pub dots: Vec<u8>,
}

/// What is drawn on.
pub(super) struct Canvas {
    pub width: usize,
    pub height: usize,
    drawn: Vec<u8>,
    touched: Vec<u8>,
}

/// Where something may be drawn.
#[derive(Debug, Clone)]
pub(super) struct Clip {
    pub area: Area,
    /// Of another shape, each as large as the page: a dot that is not 0 lets through.
    pub masks: Vec<std::sync::Arc<Coverage>>,
}

impl Clip {
    /// Whether a dot of its area is drawn.
    pub fn lets(&self, x: i32, y: i32) -> bool {
        self.masks.iter().all(|mask| {
            let Area { left, top, right, .. } = mask.area;
            let at = || usize::try_from(i64::from(y - top) * i64::from(right - left) + i64::from(x - left)).ok();
            mask.area.has(x, y) && at().and_then(|at| mask.dots.get(at)).is_some_and(|dot| *dot >= HALF_A_DOT)
        })
    }
}

impl Canvas {
    /// White.
    pub fn new(width: usize, height: usize, limits: &RenderLimits) -> Result<Self, RenderError> {
        let white = || {
            let mut dots = limits.buffer::<u8>(width * height)?;
            dots.fill(u8::MAX);
            Ok::<_, RenderError>(dots)
        };
        Ok(Self { width, height, drawn: white()?, touched: white()? })
    }

    pub fn area(&self) -> Area {
        let side = |dots: usize| i32::try_from(dots).unwrap_or(i32::MAX);
        Area { left: 0, top: 0, right: side(self.width), bottom: side(self.height) }
    }

    /// All dots of an area take the ink.
    pub fn fill(&mut self, area: Area, ink: &Ink, clip: &Clip) {
        if let (Ink::Flat(lightness, u8::MAX), true) = (ink, clip.masks.is_empty()) {
            self.fill_flat(area.meet(clip.area).meet(self.area()), *lightness);
            return;
        }
        self.each(area, clip, |_, x, y| {
            let (lightness, alpha) = ink.at(x, y);
            (u8::MAX, lightness, alpha)
        });
    }

    /// As `fill`, of an area on the page.
    fn fill_flat(&mut self, area: Area, lightness: u8) {
        let index = |dots: i32| usize::try_from(dots).unwrap_or(0);
        let (columns, rows) = (index(area.left)..index(area.right), index(area.top)..index(area.bottom));
        if area.is_empty() {
            return;
        }
        for picture in [&mut self.drawn, &mut self.touched] {
            let lines = picture.chunks_exact_mut(self.width).skip(rows.start).take(rows.len());
            lines.filter_map(|line| line.get_mut(columns.clone())).for_each(|dots| dots.fill(lightness));
        }
    }

    /// The dots that are covered enough take the ink.
    pub fn cover(&mut self, coverage: &Coverage, at: (i32, i32), ink: &Ink, clip: &Clip) {
        let area = coverage.area.moved(at.0, at.1);
        self.each(area, clip, |index, x, y| {
            let covered = coverage.dots.get(index).copied().unwrap_or(0);
            if covered == 0 {
                return (0, 0, 0);
            }
            let (lightness, alpha) = ink.at(x, y);
            (covered, lightness, alpha)
        });
    }

    /// A picture of its own lightness in each dot; what is white lets through what was there.
    pub fn darken(&mut self, area: Area, lightness: &[u8], clip: &Clip) {
        self.each(area, clip, |index, _, _| {
            let lightness = lightness.get(index).copied().unwrap_or(u8::MAX);
            (if lightness == u8::MAX { 0 } else { u8::MAX }, lightness, u8::MAX)
        });
    }

    /// For each dot of the area that is on the page and not clipped: its index in the area, and what `dot` says of it: how much
    /// is covered, with what lightness, and how opaque that is.
    fn each(&mut self, area: Area, clip: &Clip, mut dot: impl FnMut(usize, i32, i32) -> (u8, u8, u8)) {
        let seen = area.meet(clip.area).meet(self.area());
        if seen.is_empty() {
            return;
        }
        let columns = i64::from(area.right - area.left);
        for y in seen.top..seen.bottom {
            for x in seen.left..seen.right {
                if !clip.masks.is_empty() && !clip.lets(x, y) {
                    continue;
                }
                let index = i64::from(y - area.top) * columns + i64::from(x - area.left);
                let (covered, lightness, alpha) = dot(usize::try_from(index).unwrap_or(usize::MAX), x, y);
                if covered == 0 {
                    continue;
                }
                // Both are on the page.
                let at = usize::try_from(y).unwrap_or(0) * self.width + usize::try_from(x).unwrap_or(0);
                let (Some(drawn), Some(touched)) = (self.drawn.get_mut(at), self.touched.get_mut(at)) else {
                    continue;
                };
                if covered >= HALF_A_DOT {
                    *drawn = mixed(*drawn, lightness, alpha);
                    *touched = *drawn;
                } else {
                    *touched = mixed(*touched, lightness, alpha).min(*touched);
                }
            }
        }
    }

    /// What was drawn, with the lines that were only touched.
    pub fn finish(mut self) -> Vec<u8> {
        hairline::keep(&mut self.drawn, &self.touched, self.width);
        self.drawn
    }
}

/// `over` on `under`.
fn mixed(under: u8, over: u8, alpha: u8) -> u8 {
    let (under, over, alpha) = (u32::from(under), u32::from(over), u32::from(alpha));
    u8::try_from((under * (255 - alpha) + over * alpha + 127) / 255).unwrap_or(u8::MAX)
}

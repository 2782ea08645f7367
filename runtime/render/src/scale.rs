//! What is the lightness of a dot when a pixel is not a dot?
//!
//! Each axis stands for itself. A shrunk one averages the pixels that a dot covers, weighted by the covered part; an enlarged one
//! takes the pixel at the dot's centre. All in whole numbers, rounded once.

use std::iter::zip;

use crate::error::RenderError;
use crate::limits::RenderLimits;
use crate::picture::Picture;

/// A picture in its final size, of which only some columns are seen.
pub(crate) struct Scaled<'a> {
    picture: &'a Picture,
    across: Axis,
    down: Axis,
    /// The first column that is seen.
    left: u64,
    /// For each column of the picture, the weighted sum of the pixels that the row covers; empty when pixels are dots.
    columns: Vec<u64>,
}

impl<'a> Scaled<'a> {
    /// `picture` in a size of `width` x `height` dots, of which the columns from `left` on are wanted.
    pub fn new(
        picture: &'a Picture,
        (width, height): (u64, u64),
        left: u64,
        limits: &RenderLimits,
    ) -> Result<Self, RenderError> {
        let across = Axis { pixels: picture.width as u64, dots: width };
        let down = Axis { pixels: picture.height as u64, dots: height };
        let exact = across.is_exact() && down.is_exact();
        let columns = limits.buffer(if exact { 0 } else { picture.width })?;
        Ok(Self { picture, across, down, left, columns })
    }

    /// Fills `out`, one byte for each wanted column, with the lightness of row `y`.
    pub fn row(&mut self, y: u64, out: &mut [u8]) {
        if self.columns.is_empty() {
            let row = self.picture.row(index(y));
            zip(out, row.iter().skip(index(self.left))).for_each(|(out, lightness)| *out = *lightness);
            return;
        }
        self.columns.fill(0);
        let Some(rows) = self.down.spans(y).next() else {
            return;
        };
        for (pixel, weight) in rows.weights() {
            let row = self.picture.row(pixel);
            zip(&mut self.columns, row).for_each(|(sum, lightness)| *sum += u64::from(*lightness) * weight);
        }
        let whole = self.across.whole() * self.down.whole();
        for (out, span) in zip(out, self.across.spans(self.left)) {
            let mean = (span.sum(&self.columns) + whole / 2) / whole;
            *out = u8::try_from(mean).unwrap_or(u8::MAX);
        }
    }
}

/// One axis: so many pixels become so many dots.
#[derive(Debug, Clone, Copy)]
struct Axis {
    pixels: u64,
    dots: u64,
}

/// The pixels that a dot covers: from `first` to `last`, whole ones between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    first: usize,
    last: usize,
    first_weight: u64,
    whole_weight: u64,
    last_weight: u64,
}

impl Axis {
    fn is_exact(self) -> bool {
        self.pixels == self.dots
    }

    /// The weights of a span together.
    fn whole(self) -> u64 {
        if self.pixels > self.dots { self.pixels } else { 1 }
    }

    /// The spans of the dots from `from` on. Divides once, and only adds from then on.
    fn spans(self, from: u64) -> impl Iterator<Item = Span> {
        let Self { pixels, dots } = self;
        let shrinks = pixels > dots;
        // Where a dot begins, or when enlarging where its centre lies, in pixels and 1/`parts` of a pixel.
        let parts = if shrinks { dots } else { 2 * dots };
        let (start, length) = if shrinks { (0, pixels) } else { (pixels, 2 * pixels) };
        let at = u128::from(from) * u128::from(length) + u128::from(start);
        let mut pixel = index((at / u128::from(parts)).try_into().unwrap_or(u64::MAX));
        let mut part = (at % u128::from(parts)).try_into().unwrap_or(u64::MAX);
        let (step, step_part) = (index(length / parts), length % parts);
        std::iter::repeat_with(move || {
            let (first, first_part) = (pixel, part);
            pixel += step;
            part += step_part;
            if part >= parts {
                part -= parts;
                pixel += 1;
            }
            if !shrinks {
                return Span { first, last: first, first_weight: 1, whole_weight: 0, last_weight: 0 };
            }
            // A dot that ends exactly between two pixels does not cover the second one.
            let (last, last_weight) = if part == 0 { (pixel - 1, parts) } else { (pixel, part) };
            Span { first, last, first_weight: parts - first_part, whole_weight: parts, last_weight }
        })
    }
}

impl Span {
    /// The weighted sum of what these pixels have.
    fn sum(&self, pixels: &[u64]) -> u64 {
        let Some([first, rest @ ..]) = pixels.get(self.first..=self.last) else {
            return 0;
        };
        let first = first * self.first_weight;
        let Some((last, whole)) = rest.split_last() else {
            return first;
        };
        first + whole.iter().sum::<u64>() * self.whole_weight + last * self.last_weight
    }

    /// Each pixel with its weight.
    fn weights(self) -> impl Iterator<Item = (usize, u64)> {
        (self.first..=self.last).map(move |pixel| {
            let weight = match pixel {
                pixel if pixel == self.first => self.first_weight,
                pixel if pixel == self.last => self.last_weight,
                _ => self.whole_weight,
            };
            (pixel, weight)
        })
    }
}

/// Positions are below the length of a picture that is in memory, so none is too large for an index.
fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

//! A form with a picture: from `N` to `P`.

use std::fmt;

use crate::Setup;

/// How many bytes of picture one command has at most, a row at least. Old printers buffer 8 KB.
const STRIP_BYTES: usize = 4096;

/// How a bitmap is to be printed. The form is all its [`pieces`](Self::pieces).
#[derive(Debug, Clone, Copy)]
pub struct Label<'a> {
    width: u32,
    height: u32,
    data: &'a [u8],
    copies: u32,
    setup: Setup,
}

/// The bytes are no picture of this size, or no label of a printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelError {
    width: u32,
    height: u32,
    found: usize,
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { width, height, found } = self;
        write!(
            f,
            "{found} bytes are no label of {width} x {height} dots; up to {0} x {0} can be printed",
            Label::MOST_DOTS
        )
    }
}

impl std::error::Error for LabelError {}

impl<'a> Label<'a> {
    /// More than any printer's memory has; the longest form is 65535 dots (page of `Q`).
    pub const MOST_DOTS: u32 = 32_000;

    /// One copy, as the printer is set. `data` is rows of `width / 8` bytes, rounded up, with 1 for black, the left dot
    /// in the highest bit, and 0 behind the last dot.
    pub fn new(width: u32, height: u32, data: &'a [u8]) -> Result<Self, LabelError> {
        let fits = 1..=Self::MOST_DOTS;
        let bytes = width.div_ceil(8) as usize * height as usize;
        if fits.contains(&width) && fits.contains(&height) && data.len() == bytes {
            Ok(Self { width, height, data, copies: 1, setup: Setup::default() })
        } else {
            Err(LabelError { width, height, found: data.len() })
        }
    }

    /// How often, 1 to 65535 (page of `P`).
    #[must_use]
    pub fn copies(mut self, copies: u32) -> Self {
        self.copies = copies;
        self
    }

    /// How the printer is to print.
    #[must_use]
    pub fn setup(mut self, setup: Setup) -> Self {
        self.setup = setup;
        self
    }

    /// The form in order. The first piece has everything before the picture, the last one everything behind it, and each one a
    /// strip of it.
    pub fn pieces(&self) -> Pieces<'a> {
        Pieces { label: *self, strips: self.strips(), begun: false, ended: false }
    }

    /// Everything before the picture. The first line end finishes what may have been left on the line; width and
    /// length come before `N`, because they clear the picture.
    fn begin(&self) -> Vec<u8> {
        format!("\nq{}\n{}N\n", self.width, self.setup.lines(self.height)).into_bytes()
    }

    /// The picture, as `GW` commands (page of `GW`): `GWx,y,bytes,rows,` and the bytes, 0 for black.
    fn strips(&self) -> Strips<'a> {
        let stride = self.width.div_ceil(8) as usize;
        Strips { data: self.data, stride, rows: (STRIP_BYTES / stride).max(1), y: 0 }
    }

    /// Everything behind the picture: the copies.
    fn end(&self) -> Vec<u8> {
        format!("P{}\n", self.copies.clamp(1, 65_535)).into_bytes()
    }

    /// The whole form at once.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.pieces().collect::<Vec<_>>().concat()
    }
}

/// The pieces of a label; see [`Label::pieces`].
#[derive(Debug, Clone)]
pub struct Pieces<'a> {
    label: Label<'a>,
    strips: Strips<'a>,
    begun: bool,
    ended: bool,
}

impl Iterator for Pieces<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        let mut piece = if self.begun { Vec::new() } else { self.label.begin() };
        self.begun = true;
        self.strips.write_next(&mut piece);
        self.ended = self.strips.is_empty();
        if self.ended {
            piece.extend(self.label.end());
        }
        Some(piece)
    }
}

/// What is left of the strips of a label.
#[derive(Debug, Clone)]
struct Strips<'a> {
    data: &'a [u8],
    stride: usize,
    /// Rows in a strip.
    rows: usize,
    /// The next row.
    y: usize,
}

impl<'a> Strips<'a> {
    /// The rows that are left.
    fn rest(&self) -> &'a [u8] {
        self.data.get(self.y * self.stride..).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// Appends one command.
    fn write_next(&mut self, out: &mut Vec<u8>) {
        let rest = self.rest();
        let rows = rest.get(..self.rows * self.stride).unwrap_or(rest);
        let count = rows.len() / self.stride;
        out.extend_from_slice(format!("GW0,{},{},{count},", self.y, self.stride).as_bytes());
        // What is behind the last dot of a row is 0, so it becomes 1: white.
        out.extend(rows.iter().map(|byte| !byte));
        out.push(b'\n');
        self.y += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tracking;

    #[test]
    fn a_small_label_reads_as_expected() {
        let data = [0xFF, 0xC0, 0x00, 0x00];
        let setup = Setup { darkness: Some(9), speed: Some(2), tracking: Some(Tracking::Gap(24)), inverted: true };
        let label = Label::new(10, 2, &data).unwrap().copies(3).setup(setup);
        let expected = b"\nq10\nQ2,24\nS2\nD9\nZB\nN\nGW0,0,2,2,\x00\x3F\xFF\xFF\nP3\n";
        assert_eq!(label.to_bytes(), expected);
    }

    #[test]
    fn what_was_not_set_is_not_said() {
        let label = Label::new(8, 1, &[0]).unwrap();
        assert_eq!(label.begin(), b"\nq8\nZT\nN\n");
        let begin = |tracking| {
            let setup = Setup { tracking: Some(tracking), ..Setup::default() };
            String::from_utf8(label.setup(setup).begin()).unwrap()
        };
        assert!(begin(Tracking::Continuous).contains("\nQ1,0\n"));
        assert!(begin(Tracking::Mark(30)).contains("\nQ1,B30\n"));
    }

    #[test]
    fn bytes_that_are_no_label_are_refused() {
        assert!(Label::new(9, 2, &[0; 4]).is_ok());
        for (width, height, bytes) in [(9, 2, 3), (0, 2, 0), (8, 0, 0), (32_001, 1, 4001)] {
            assert!(Label::new(width, height, &vec![0; bytes]).is_err(), "{width} x {height}");
        }
    }
}

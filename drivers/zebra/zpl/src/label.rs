//! A label format: from `^XA` to `^XZ`.

use crate::{Bitmap, Encoding, Setup, Stored};

/// The most bytes that one `^GF` may have on old firmware (guide, page of `^GF`, parameters b and c: 1 to 99999). A
/// label of 4 x 6 inch at 8 dots/mm has 124,236.
pub const MOST_BYTES: usize = 99_999;

/// How a bitmap is to be printed. The format is all its [`pieces`](Self::pieces). With a graphic that the printer has stored,
/// [`recall`](Self::recall) is the whole of it.
///
/// What [`Setup`] does not name stays as the operator calibrated it at the printer.
#[derive(Debug, Clone, Copy)]
pub struct Label<'a> {
    /// The dots; the label is as large.
    pub bitmap: Bitmap<'a>,
    /// How often, 1 to 99,999,999 (`^PQ`).
    pub copies: u32,
    /// How the dots are written.
    pub encoding: Encoding,
    /// How the printer is to print.
    pub setup: Setup,
}

impl<'a> Label<'a> {
    /// One copy, in hexadecimal, as the printer is set. The other fields are changed with
    /// `Label { copies: 3, ..Label::new(bitmap) }`.
    pub fn new(bitmap: Bitmap<'a>) -> Self {
        Self { bitmap, copies: 1, encoding: Encoding::default(), setup: Setup::default() }
    }

    /// The format in order. The first piece has everything before the graphic, the last one everything behind it, and each one a
    /// strip of it.
    ///
    /// Each call of `next` compresses one strip: the place for a caller who shares its thread to pause in between.
    pub fn pieces(&self) -> Pieces<'a> {
        Pieces { label: *self, strips: self.strips(), begun: false, ended: false }
    }

    /// Everything before the graphic: set-up, home position, width and length in dots.
    fn begin(&self) -> Vec<u8> {
        let (width, height) = (self.bitmap.width(), self.bitmap.height());
        let (before, inside) = (self.setup.before(), self.setup.inside());
        format!("{before}^XA{inside}^LH0,0^PW{width}^LL{height}\n").into_bytes()
    }

    /// The graphic, as fields of at most [`MOST_BYTES`] of bitmap each, from the top.
    fn strips(&self) -> Strips<'a> {
        let rows = (MOST_BYTES / self.bitmap.stride().max(1)).max(1);
        Strips { bitmap: self.bitmap, encoding: self.encoding, rows, at: 0 }
    }

    /// Everything behind the graphic: the number of copies, and the end of the format.
    fn end(&self) -> Vec<u8> {
        // Pause after 0 labels, 0 copies of each serial number, no override of the pause count: one batch without a
        // stop.
        format!("^PQ{},0,0,N^XZ\n", self.copies.max(1)).into_bytes()
    }

    /// The whole format, with a graphic that the printer has already.
    pub fn recall(&self, graphic: &Stored) -> Vec<u8> {
        let mut bytes = self.begin();
        bytes.extend(graphic.recall());
        bytes.extend(self.end());
        bytes
    }

    /// The whole format at once.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Not byte by byte: that takes longer than compressing them does.
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
    bitmap: Bitmap<'a>,
    encoding: Encoding,
    /// Rows in a strip.
    rows: usize,
    /// The next row.
    at: usize,
}

impl<'a> Strips<'a> {
    /// The rows that are left.
    fn rest(&self) -> &'a [u8] {
        self.bitmap.data().get(self.at * self.bitmap.stride()..).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// Appends one field: `^FOx,y^GFA,b,c,d,data^FS`. b equals c: the bytes of the bitmap, not of the text, in every encoding.
    fn write_next(&mut self, out: &mut Vec<u8>) {
        let stride = self.bitmap.stride();
        let rest = self.rest();
        let data = rest.get(..self.rows * stride).unwrap_or(rest);
        let (y, bytes) = (self.at, data.len());
        out.extend_from_slice(format!("^FO0,{y}^GFA,{bytes},{bytes},{stride},").as_bytes());
        self.encoding.write(data, stride, out);
        out.extend_from_slice(b"^FS\n");
        self.at += bytes / stride;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(width: u32, height: u32, data: &[u8]) -> Label<'_> {
        Label::new(Bitmap::new(width, height, width.div_ceil(8), data).unwrap())
    }

    #[test]
    fn a_small_label_reads_as_expected() {
        let data = [0xFF, 0xC0, 0x00, 0x00];
        let label = Label { copies: 3, setup: Setup { darkness: Some(7), ..Setup::default() }, ..label(10, 2, &data) };
        let expected = "~SD07\n^XA^PON^LH0,0^PW10^LL2\n^FO0,0^GFA,4,4,2,FFC,,^FS\n^PQ3,0,0,N^XZ\n";
        assert_eq!(String::from_utf8(label.to_bytes()).unwrap(), expected);
    }

    #[test]
    fn a_4_by_6_inch_label_is_cut_into_strips_that_old_firmware_takes() {
        let data = vec![0x5A; 102 * 1218];
        let pieces: Vec<String> =
            label(812, 1218, &data).pieces().map(|piece| String::from_utf8(piece).unwrap()).collect();
        assert_eq!(pieces.len(), 2);
        assert!(pieces[0].starts_with("^XA") && pieces[0].contains("\n^FO0,0^GFA,99960,99960,102,"));
        assert!(pieces[1].starts_with("^FO0,980^GFA,24276,24276,102,") && pieces[1].ends_with("^XZ\n"));
    }

    #[test]
    fn a_white_label_still_has_a_field_so_that_the_printer_feeds_it() {
        let data = [0; 3];
        let format = String::from_utf8(label(8, 3, &data).to_bytes()).unwrap();
        assert!(format.contains("\n^FO0,0^GFA,3,3,1,,::^FS\n^PQ1"), "{format}");
    }

    #[test]
    fn without_a_darkness_the_printer_keeps_its_own() {
        let data = [0];
        assert!(label(8, 1, &data).begin().starts_with(b"^XA"));
    }
}

//! Rows of a bitmap as hexadecimal with ZPL's run lengths (guide, *Alternative Data Compression Scheme for ~DG and
//! ~DB*).
//!
//! | written | means |
//! |---|---|
//! | `G` ... `Y` | 1 to 19 of the digit behind |
//! | `g` ... `z` | 20, 40 ... 400 of the digit behind; a letter of each kind may stand together, and they add up |
//! | `,` | the rest of the row is white |
//! | `:` | the row is like the one above |
//!
//! The guide also has `!`, which fills the row "with ones". Programs disagree whether that is black or the digit 1 (two of
//! the three that our tests compare with draw the latter), so a black rest is written as a run, which costs two
//! bytes more.

/// The longest run that one large and one small letter can say.
const LONGEST_RUN: usize = 400 + 19;

/// Appends the rows of `data`, `stride` bytes each, to `out`. The first row is never written as "like the one above",
/// so that each call makes a graphic of its own.
pub fn compress(data: &[u8], stride: usize, out: &mut Vec<u8>) {
    let mut above: &[u8] = &[];
    // A digit takes at most one letter of the text, and the rest of a row one more.
    let mut text = vec![0; 2 * stride + 1];
    for row in data.chunks_exact(stride.max(1)) {
        if same(above, row) {
            out.push(b':');
        } else {
            let mut pen = Pen { rest: &mut text };
            compress_row(row, &mut pen);
            let unused = pen.rest.len();
            out.extend_from_slice(text.get(..text.len() - unused).unwrap_or_default());
        }
        above = row;
    }
}

/// Whether two rows are equal; eight bytes at a time, which `==` is only where the target's C library is.
fn same(a: &[u8], b: &[u8]) -> bool {
    let ((words_a, end_a), (words_b, end_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    a.len() == b.len()
        && std::iter::zip(words_a, words_b).all(|(a, b)| u64::from_ne_bytes(*a) == u64::from_ne_bytes(*b))
        && std::iter::zip(end_a, end_b).all(|(a, b)| a == b)
}

fn compress_row(row: &[u8], pen: &mut Pen<'_>) {
    let written = length_without_rest(row);
    let body = row.get(..written).unwrap_or(row);
    let (body, half) = match body.split_last() {
        // The white rest begins in the middle of a byte.
        Some((last, before)) if last.trailing_zeros() >= 4 => (before, Some(last >> 4)),
        _ => (body, None),
    };
    let mut run = Run { digit: 0, length: 0 };
    let (words, rest) = body.as_chunks::<8>();
    for word in words {
        // A word of sixteen equal digits that go on with the run is common: a bar, or white between two things.
        if run.length > 0 && u64::from_ne_bytes(*word) == u64::from(run.digit) * 0x1111_1111_1111_1111 {
            run.length += 16;
            continue;
        }
        for byte in word {
            run.push(*byte, pen);
        }
    }
    for byte in rest {
        run.push(*byte, pen);
    }
    // Half of the byte before the white rest may belong to the rest.
    if let Some(digit) = half {
        run.push_digit(digit, pen);
    }
    run.flush(pen);
    if half.is_some() || written < row.len() {
        pen.write(b',');
    }
}

/// How many bytes of a row come before its white rest; eight of them at a time.
fn length_without_rest(row: &[u8]) -> usize {
    let (_, words) = row.as_rchunks::<8>();
    let white = words.iter().rev().take_while(|word| u64::from_ne_bytes(**word) == 0).count();
    let rest = row.get(..row.len() - 8 * white).unwrap_or(row);
    rest.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)
}

/// Writes letters into room that is there already, which is cheaper than growing a vector by each.
struct Pen<'a> {
    rest: &'a mut [u8],
}

impl Pen<'_> {
    fn write(&mut self, letter: u8) {
        if let Some((place, rest)) = std::mem::take(&mut self.rest).split_first_mut() {
            *place = letter;
            self.rest = rest;
        }
    }

    /// `digit` is below 16.
    fn write_digit(&mut self, digit: u8) {
        self.write(if digit < 10 { b'0' + digit } else { b'A' - 10 + digit });
    }
}

/// Equal digits that have been seen and not written.
struct Run {
    digit: u8,
    length: usize,
}

impl Run {
    fn push(&mut self, byte: u8, pen: &mut Pen<'_>) {
        // Both digits go on with the run. (With no run yet, `length` is 0 and so is `digit`: zeros begin one.)
        if byte == self.digit * 0x11 {
            self.length += 2;
            return;
        }
        self.push_digit(byte >> 4, pen);
        self.push_digit(byte & 0x0F, pen);
    }

    fn push_digit(&mut self, digit: u8, pen: &mut Pen<'_>) {
        if digit != self.digit {
            self.flush(pen);
            self.digit = digit;
        }
        self.length += 1;
    }

    fn flush(&mut self, pen: &mut Pen<'_>) {
        match self.length {
            0 => {}
            1 => pen.write_digit(self.digit),
            2 => {
                pen.write_digit(self.digit);
                pen.write_digit(self.digit);
            }
            _ => self.flush_long(pen),
        }
        self.length = 0;
    }

    fn flush_long(&mut self, pen: &mut Pen<'_>) {
        let mut length = self.length;
        while length > 0 {
            let piece = length.min(LONGEST_RUN);
            length -= piece;
            if piece < 3 {
                (0..piece).for_each(|_| pen.write_digit(self.digit));
                continue;
            }
            // At most 20 and 19: both fit their letters.
            let (twenties, ones) = (u8::try_from(piece / 20).unwrap_or(0), u8::try_from(piece % 20).unwrap_or(0));
            if twenties > 0 {
                pen.write(b'g' + twenties - 1);
            }
            if ones > 0 {
                pen.write(b'G' + ones - 1);
            }
            pen.write_digit(self.digit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(data: &[u8], stride: usize) -> String {
        let mut out = Vec::new();
        compress(data, stride, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_white_row_is_a_comma_and_a_black_one_a_run() {
        assert_eq!(text(&[0x00; 4], 4), ",");
        assert_eq!(text(&[0xFF; 4], 4), "NF");
    }

    #[test]
    fn a_rest_may_begin_in_the_middle_of_a_byte() {
        assert_eq!(text(&[0x12, 0x30, 0x00], 3), "123,");
        assert_eq!(text(&[0x12, 0x3F, 0xFF], 3), "123IF");
        assert_eq!(text(&[0x0F, 0xF0], 2), "0FF,");
    }

    #[test]
    fn a_row_that_is_written_out_to_its_end_has_no_mark() {
        assert_eq!(text(&[0x12, 0x34], 2), "1234");
    }

    #[test]
    fn the_same_row_again_is_a_colon_but_never_the_first() {
        assert_eq!(text(&[0xA5, 0xA5, 0xA5, 0x00, 0x00], 1), "A5::,:");
    }

    #[test]
    fn runs_use_the_letters_of_the_guide() {
        // The guide's own example: 6 repeated 7 times is M6; 327 times is, with 320 = v and 7 = M, vM6.
        assert_eq!(text(&[0x66, 0x66, 0x66, 0x61], 4), "M61");
        let mut row = vec![0x66; 163];
        row.push(0x61);
        assert_eq!(text(&row, 164), "vM61");
    }

    #[test]
    fn a_run_beyond_419_is_said_in_two_pieces() {
        let mut row = vec![0x00; 210];
        row.push(0x01);
        assert_eq!(text(&row, 211), "zY0001");
    }
}

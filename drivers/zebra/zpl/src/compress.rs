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
    let mut above: Option<&[u8]> = None;
    for row in data.chunks_exact(stride.max(1)) {
        if above == Some(row) {
            out.push(b':');
        } else {
            compress_row(row, out);
        }
        above = Some(row);
    }
}

fn compress_row(row: &[u8], out: &mut Vec<u8>) {
    let body = row.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    let is_cut = body < row.len();
    let body = row.get(..body).unwrap_or(row);
    let mut run = Run { digit: 0, length: 0 };
    let (half, full) = match body.split_last() {
        // The white rest begins in the middle of a byte.
        Some((last, before)) if last.trailing_zeros() >= 4 => (Some(last >> 4), before),
        _ => (None, body),
    };
    for byte in full {
        // A byte of two equal digits that go on with the run is the common case.
        if run.length > 0 && *byte == run.digit * 0x11 {
            run.length += 2;
            continue;
        }
        run.push(byte >> 4, out);
        run.push(byte & 0x0F, out);
    }
    if let Some(digit) = half {
        run.push(digit, out);
    }
    run.flush(out);
    if is_cut || half.is_some() {
        out.push(b',');
    }
}

/// Equal digits that have been seen and not written.
struct Run {
    digit: u8,
    length: usize,
}

impl Run {
    fn push(&mut self, digit: u8, out: &mut Vec<u8>) {
        if digit != self.digit {
            self.flush(out);
            self.digit = digit;
        }
        self.length += 1;
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        let digit = if self.digit < 10 { b'0' + self.digit } else { b'A' + self.digit - 10 };
        while self.length > 0 {
            let piece = self.length.min(LONGEST_RUN);
            self.length -= piece;
            if piece < 3 {
                out.extend(std::iter::repeat_n(digit, piece));
                continue;
            }
            // At most 20 and 19: both fit their letters.
            let (twenties, ones) = (u8::try_from(piece / 20).unwrap_or(0), u8::try_from(piece % 20).unwrap_or(0));
            if twenties > 0 {
                out.push(b'g' + twenties - 1);
            }
            if ones > 0 {
                out.push(b'G' + ones - 1);
            }
            out.push(digit);
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

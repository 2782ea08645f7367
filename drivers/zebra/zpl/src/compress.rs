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

/// Digits in a word. Rows are read by words, because a guest looks up whether its time is over each time a loop comes round.
const DIGITS: usize = 16;
const RUNS_A_TURN: usize = 4;
/// A run that has become so long is written as far as its whole pieces go.
const LONG_RUN: usize = 8 * LONGEST_RUN;

/// Letters on their way to the output. The size is a power of two, so that a place is found by its lowest bits and needs no check;
/// and how many there are is handed from one function to the next, which keeps it in a register of the guest.
type Text = [u8; ROOM];
const ROOM: usize = 1 << 14;
/// More letters than come of a word and the run before it.
const OF_A_WORD: usize = 64;

/// Appends the rows of `data`, `stride` bytes each, to `out`. The first row is never written as "like the one above",
/// so that each call makes a graphic of its own.
pub fn compress(data: &[u8], stride: usize, out: &mut Vec<u8>) {
    let mut above: &[u8] = &[];
    let mut text = Box::new([0; ROOM]);
    let mut at = 0;
    for row in data.chunks_exact(stride.max(1)) {
        if same(above, row) {
            at = with_room(&mut text, at, out);
            at = put(&mut text, at, b':');
        } else {
            at = compress_row(row, &mut text, at, out);
        }
        above = row;
    }
    out.extend_from_slice(text.get(..at).unwrap_or_default());
}

/// Whether two rows are equal. (`==` goes byte by byte where the target has no C library.)
fn same(a: &[u8], b: &[u8]) -> bool {
    let ((blocks_a, end_a), (blocks_b, end_b)) = (a.as_chunks::<32>(), b.as_chunks::<32>());
    let ((words_a, end_a), (words_b, end_b)) = (end_a.as_chunks::<8>(), end_b.as_chunks::<8>());
    a.len() == b.len()
        && std::iter::zip(blocks_a, blocks_b).all(|(a, b)| same_block(a, b))
        && std::iter::zip(words_a, words_b).all(|(a, b)| u64::from_ne_bytes(*a) == u64::from_ne_bytes(*b))
        && std::iter::zip(end_a, end_b).all(|(a, b)| a == b)
}

fn same_block(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let (a, b) = (words(a), words(b));
    (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) == 0
}

fn is_white(block: &[u8; 32]) -> bool {
    let [a, b, c, d] = words(block);
    a | b | c | d == 0
}

/// A block as four words.
fn words(block: &[u8; 32]) -> [u64; 4] {
    let (words, _) = block.as_chunks::<8>();
    [0, 1, 2, 3].map(|index| words.get(index).map_or(0, |word| u64::from_ne_bytes(*word)))
}

fn compress_row(row: &[u8], text: &mut Text, mut at: usize, out: &mut Vec<u8>) -> usize {
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
        at = with_room(text, at, out);
        at = run.push_word(u64::from_be_bytes(*word), text, at);
    }
    at = with_room(text, at, out);
    for byte in rest {
        at = run.push_digit(byte >> 4, text, at);
        at = run.push_digit(byte & 0x0F, text, at);
    }
    // Half of the byte before the white rest may belong to the rest.
    if let Some(digit) = half {
        at = run.push_digit(digit, text, at);
    }
    at = run.flush(text, at);
    if half.is_some() || written < row.len() {
        at = put(text, at, b',');
    }
    at
}

/// How many bytes of a row come before its white rest.
fn length_without_rest(row: &[u8]) -> usize {
    let (_, blocks) = row.as_rchunks::<32>();
    let white = blocks.iter().rev().take_while(|block| is_white(block)).count();
    let rest = row.get(..row.len() - 32 * white).unwrap_or(row);
    let (_, words) = rest.as_rchunks::<8>();
    let white = words.iter().rev().take_while(|word| u64::from_ne_bytes(**word) == 0).count();
    let rest = rest.get(..rest.len() - 8 * white).unwrap_or(rest);
    rest.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)
}

/// Sees to it that what comes of the next word has room.
fn with_room(text: &mut Text, at: usize, out: &mut Vec<u8>) -> usize {
    if at <= ROOM - OF_A_WORD {
        return at;
    }
    out.extend_from_slice(text.get(..at).unwrap_or_default());
    0
}

fn put(text: &mut Text, at: usize, letter: u8) -> usize {
    if let Some(place) = text.get_mut(at % ROOM) {
        *place = letter;
    }
    at + 1
}

/// The first `count` digits of a word. All of them are written, and those that are too many written over.
fn put_digits(text: &mut Text, at: usize, word: u64, count: usize) -> usize {
    let room = text.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<DIGITS>());
    if let Some((first, second)) = room.and_then(|room| room.split_first_chunk_mut::<8>()) {
        *first = letters(word >> 32);
        second.copy_from_slice(&letters(word & 0xFFFF_FFFF));
    }
    at + count
}

/// Eight digits as letters, all at once: each digit in a byte of its own, and 7 more for those from ten on.
fn letters(digits: u64) -> [u8; 8] {
    let digits = (digits << 16 | digits) & 0x0000_FFFF_0000_FFFF;
    let digits = (digits << 8 | digits) & 0x00FF_00FF_00FF_00FF;
    let digits = (digits << 4 | digits) & 0x0F0F_0F0F_0F0F_0F0F;
    let from_ten = ((digits + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (digits + 0x3030_3030_3030_3030 + from_ten * 7).to_be_bytes()
}

/// The lowest bit of each digit.
const ONES: u64 = 0x1111_1111_1111_1111;

/// Equal digits that have been seen and not written.
struct Run {
    digit: u8,
    length: usize,
}

// What is cast has few bits: a digit has four, a run whose length is a letter is below 20, and a word has 64 of them.
#[allow(clippy::cast_possible_truncation)]
impl Run {
    /// Sixteen digits, the first one highest.
    fn push_word(&mut self, word: u64, text: &mut Text, mut at: usize) -> usize {
        // A bit for each digit that is another one than that before it.
        let differs = word ^ (word >> 4 | u64::from(self.digit) << 60);
        let differs = (differs | differs >> 1 | differs >> 2 | differs >> 3) & ONES;
        if differs == 0 {
            self.length += DIGITS;
            return if self.length > LONG_RUN { self.write_pieces(text, at) } else { at };
        }
        let equal = !differs & ONES;
        if equal & (equal << 4) == 0 && equal >> 60 == 0 {
            // No three are equal, so no run is written shorter than its digits. The last one or two may go on in the next word.
            at = self.flush(text, at);
            self.length = if equal & 1 == 0 { 1 } else { 2 };
            self.digit = digit_at(word, 60);
            return put_digits(text, at, word, DIGITS - self.length);
        }
        // From the beginning of one run to that of the next; bits are counted from the highest one.
        let mut before = 0;
        let mut begins = differs;
        'word: loop {
            // Several at a turn, for the same reason for which rows are read by words.
            for _ in 0..RUNS_A_TURN {
                if begins == 0 {
                    break 'word;
                }
                let here = begins.leading_zeros() & !3;
                self.length += ((here - before) / 4) as usize;
                at = self.flush(text, at);
                self.digit = digit_at(word, here);
                before = here;
                begins &= u64::MAX >> here >> 4;
            }
        }
        self.length += ((u64::BITS - before) / 4) as usize;
        at
    }

    fn push_digit(&mut self, digit: u8, text: &mut Text, mut at: usize) -> usize {
        if digit != self.digit {
            at = self.flush(text, at);
            self.digit = digit;
        }
        self.length += 1;
        at
    }

    /// Without a branch for runs of up to 19: how long the next one is cannot be foreseen.
    fn flush(&mut self, text: &mut Text, at: usize) -> usize {
        let length = std::mem::take(&mut self.length);
        if length > 19 {
            return write_long(self.digit, length, text, at);
        }
        let digit = letter(self.digit);
        let first = if length < 3 { digit } else { b'G' - 1 + length as u8 };
        put(text, at, first);
        // In the case of one digit, this is written over.
        put(text, at + 1, digit);
        at + length.min(2)
    }

    /// What is left is written later.
    #[cold]
    fn write_pieces(&mut self, text: &mut Text, at: usize) -> usize {
        let left = self.length % LONGEST_RUN;
        let written = std::mem::replace(&mut self.length, left) - left;
        write_long(self.digit, written, text, at)
    }
}

/// The digit of a word that begins at this bit, counted from the highest one.
#[allow(clippy::cast_possible_truncation)] // four bits are left
fn digit_at(word: u64, bit: u32) -> u8 {
    (word << bit >> 60) as u8
}

/// `digit` is below 16.
fn letter(digit: u8) -> u8 {
    digit + if digit < 10 { b'0' } else { b'A' - 10 }
}

/// Apart, so that the loops around it keep their values in registers.
#[inline(never)]
fn write_long(digit: u8, mut length: usize, text: &mut Text, mut at: usize) -> usize {
    let digit = letter(digit);
    while length > 0 {
        let piece = length.min(LONGEST_RUN);
        length -= piece;
        if piece < 3 {
            at = (0..piece).fold(at, |at, _| put(text, at, digit));
            continue;
        }
        // At most 20 and 19: both fit their letters.
        let (twenties, ones) = (u8::try_from(piece / 20).unwrap_or(0), u8::try_from(piece % 20).unwrap_or(0));
        if twenties > 0 {
            at = put(text, at, b'g' + twenties - 1);
        }
        if ones > 0 {
            at = put(text, at, b'G' + ones - 1);
        }
        at = put(text, at, digit);
    }
    at
}

#[cfg(test)]
mod tests {
    #![allow(clippy::cast_possible_truncation)] // sizes that are chosen here
    use super::*;
    use proptest::prelude::*;

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

    /// The same, digit by digit, as the guide says it.
    fn plainly(data: &[u8], stride: usize) -> String {
        let mut out = String::new();
        let mut above: Option<&[u8]> = None;
        for row in data.chunks_exact(stride) {
            if above.replace(row) == Some(row) {
                out.push(':');
                continue;
            }
            let all: Vec<char> =
                row.iter().flat_map(|byte| format!("{byte:02X}").chars().collect::<Vec<_>>()).collect();
            let written = all.iter().rposition(|digit| *digit != '0').map_or(0, |at| at + 1);
            for run in all[..written].chunk_by(|a, b| a == b) {
                for piece in run.chunks(LONGEST_RUN) {
                    let (twenties, ones) = ((piece.len() / 20) as u8, (piece.len() % 20) as u8);
                    let count = [(twenties, b'g'), (ones, b'G')].into_iter().filter(|(count, _)| *count > 0);
                    match piece.len() {
                        ..3 => out.extend(piece),
                        _ => out.extend(count.map(|(count, first)| char::from(first + count - 1)).chain([piece[0]])),
                    }
                }
            }
            if written < all.len() {
                out.push(',');
            }
        }
        out
    }

    /// Rows as labels have them: a few bytes that come again and again, in stretches of any length.
    fn rows() -> impl Strategy<Value = (usize, Vec<u8>)> {
        let byte = prop_oneof![Just(0x00), Just(0xFF), Just(0x11), Just(0xF0), any::<u8>()];
        let stretch = (byte, prop_oneof![1..4_usize, 1..40_usize, 200..2000_usize]);
        (1..300_usize, prop::collection::vec(stretch, 1..60)).prop_map(|(stride, stretches)| {
            let mut bytes: Vec<u8> = stretches.into_iter().flat_map(|(byte, count)| vec![byte; count]).collect();
            bytes.resize(bytes.len().next_multiple_of(stride), 0);
            (stride, bytes)
        })
    }

    proptest! {
        #[test]
        fn whole_words_make_the_same_as_single_digits((stride, bytes) in rows()) {
            prop_assert_eq!(text(&bytes, stride), plainly(&bytes, stride));
        }
    }

    #[test]
    fn a_row_has_more_letters_than_are_gathered_and_runs_longer_than_any() {
        let picture: Vec<u8> = (0..40_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert_eq!(text(&picture, picture.len()), plainly(&picture, picture.len()));
        let mut bar = vec![0xFF; 40_000];
        bar.extend([0x12, 0x00]);
        assert_eq!(text(&bar, bar.len()), plainly(&bar, bar.len()));
    }
}

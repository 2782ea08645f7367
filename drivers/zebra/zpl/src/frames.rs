//! Answers out of a stream of bytes: `STX ... ETX` from ZPL's questions, and values in quotes from `getvar`.

const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const QUOTE: u8 = b'"';

/// Longer than any answer of a printer. What grows beyond is noise, and is dropped.
const LONGEST: usize = 16 * 1024;

/// One answer as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// What stood between `STX` and `ETX`.
    Marked(Vec<u8>),
    /// What stood between quotes, outside of the other kind.
    Quoted(Vec<u8>),
}

/// Cuts a stream into frames, however its bytes arrive. What stands between frames (`CR LF`) is skipped.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
}

impl Frames {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The end of a marked frame's content, and where its real start is: a start within it belongs to a frame whose
    /// end was lost.
    fn marked(&self) -> Option<(usize, usize)> {
        let end = self.bytes.iter().position(|byte| *byte == ETX)?;
        let start = self.bytes.get(..end)?.iter().rposition(|byte| *byte == STX)?;
        Some((start + 1, end))
    }
}

impl Iterator for Frames {
    type Item = Frame;

    /// The next whole frame; nothing until more bytes arrive.
    fn next(&mut self) -> Option<Frame> {
        loop {
            let start = self.bytes.iter().position(|byte| matches!(*byte, STX | QUOTE)).unwrap_or(self.bytes.len());
            self.bytes.drain(..start);
            let first = *self.bytes.first()?;
            let frame = if first == STX {
                let Some((start, end)) = self.marked() else {
                    if self.bytes.len() > LONGEST {
                        self.bytes.clear();
                    }
                    return None;
                };
                let content = self.bytes.get(start..end).unwrap_or_default().to_vec();
                self.bytes.drain(..=end);
                Frame::Marked(content)
            } else {
                // Values hold no control characters: one of these shows that the closing quote was lost.
                let rest = self.bytes.iter().skip(1);
                let Some(length) = rest.clone().position(|byte| *byte == QUOTE || *byte == STX || *byte == ETX) else {
                    if self.bytes.len() > LONGEST {
                        self.bytes.clear();
                    }
                    return None;
                };
                let closed = rest.clone().nth(length) == Some(&QUOTE);
                let content: Vec<u8> = rest.take(length).copied().collect();
                self.bytes.drain(..=length + usize::from(closed));
                if !closed {
                    continue;
                }
                Frame::Quoted(content)
            };
            if frame != Frame::Marked(Vec::new()) {
                return Some(frame);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &[u8]) -> Frame {
        Frame::Marked(text.to_vec())
    }

    fn quoted(text: &[u8]) -> Frame {
        Frame::Quoted(text.to_vec())
    }

    fn all(bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Frames::default();
        frames.push(bytes);
        frames.collect()
    }

    #[test]
    fn frames_come_out_whole_when_bytes_arrive_one_by_one() {
        let mut frames = Frames::default();
        let mut seen = Vec::new();
        for byte in b"\x02one\x03\r\n\"17\"\x02two\x03\r\n\"\"\"?\"" {
            frames.push(&[*byte]);
            seen.extend(frames.by_ref());
        }
        assert_eq!(seen, [marked(b"one"), quoted(b"17"), marked(b"two"), quoted(b""), quoted(b"?")]);
    }

    #[test]
    fn several_frames_in_one_read_come_out_in_order() {
        let mut frames = Frames::default();
        frames.push(b"\x02one\x03\r\n\x02two\x03\r\n\x02thr");
        assert_eq!(frames.by_ref().collect::<Vec<_>>(), [marked(b"one"), marked(b"two")]);
        frames.push(b"ee\x03");
        assert_eq!(frames.next(), Some(marked(b"three")));
    }

    #[test]
    fn half_a_frame_before_a_whole_one_is_dropped() {
        assert_eq!(all(b"tail\x03\x02lost\x02kept\x03"), [marked(b"kept")]);
        assert_eq!(all(b"\"lost\x02kept\x03"), [marked(b"kept")]);
    }

    #[test]
    fn a_quote_within_a_marked_frame_is_part_of_it() {
        assert_eq!(all(b"\x02a\"b\"c\x03\"d\""), [marked(b"a\"b\"c"), quoted(b"d")]);
    }

    #[test]
    fn noise_without_end_is_not_kept() {
        for start in [STX, QUOTE] {
            let mut frames = Frames::default();
            frames.push(&[start]);
            frames.push(&vec![b'x'; LONGEST + 1]);
            assert_eq!(frames.next(), None);
            frames.push(b"\x02kept\x03");
            assert_eq!(frames.next(), Some(marked(b"kept")));
        }
    }
}

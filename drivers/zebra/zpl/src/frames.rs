//! `STX ... ETX` out of a stream of bytes.

const STX: u8 = 0x02;
const ETX: u8 = 0x03;

/// Longer than any answer of a printer. What grows beyond is noise, and is dropped.
const LONGEST: usize = 16 * 1024;

/// Cuts a stream into frames, however its bytes arrive. What stands between frames (`CR LF`) is skipped.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
}

impl Frames {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > LONGEST && !self.bytes.contains(&ETX) {
            self.bytes.clear();
        }
    }
}

impl Iterator for Frames {
    /// What stands between the marks.
    type Item = Vec<u8>;

    /// The next whole frame; nothing until more bytes arrive.
    fn next(&mut self) -> Option<Vec<u8>> {
        let end = self.bytes.iter().position(|byte| *byte == ETX)?;
        let mut frame: Vec<u8> = self.bytes.drain(..=end).collect();
        frame.pop();
        // The last start: one before it belongs to a frame whose end was lost. Without any, it is the tail of one.
        let start = frame.iter().rposition(|byte| *byte == STX).map_or(frame.len(), |at| at + 1);
        let frame = frame.split_off(start);
        if frame.is_empty() { self.next() } else { Some(frame) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_whole_when_bytes_arrive_one_by_one() {
        let mut frames = Frames::default();
        let mut seen = Vec::new();
        for byte in b"\x02one\x03\r\n\x02two\x03\r\n" {
            frames.push(&[*byte]);
            seen.extend(frames.by_ref());
        }
        assert_eq!(seen, [b"one".to_vec(), b"two".to_vec()]);
    }

    #[test]
    fn several_frames_in_one_read_come_out_in_order() {
        let mut frames = Frames::default();
        frames.push(b"\x02one\x03\r\n\x02two\x03\r\n\x02thr");
        assert_eq!(frames.by_ref().collect::<Vec<_>>(), [b"one".to_vec(), b"two".to_vec()]);
        frames.push(b"ee\x03");
        assert_eq!(frames.next(), Some(b"three".to_vec()));
    }

    #[test]
    fn half_a_frame_before_a_whole_one_is_dropped() {
        let mut frames = Frames::default();
        frames.push(b"tail\x03\x02lost\x02kept\x03");
        assert_eq!(frames.by_ref().collect::<Vec<_>>(), [b"kept".to_vec()]);
    }

    #[test]
    fn noise_without_end_is_not_kept() {
        let mut frames = Frames::default();
        frames.push(&vec![0x02; LONGEST + 1]);
        frames.push(b"\x02kept\x03");
        assert_eq!(frames.next(), Some(b"kept".to_vec()));
    }
}

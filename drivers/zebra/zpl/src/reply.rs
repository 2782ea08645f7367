//! Frames as answers: which question they belong to is told by their shape.

use crate::frames::{Frame, Frames};
use crate::{Conditions, HostStatus, Identity};

/// One answer of a printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To `~HS`.
    HostStatus(HostStatus),
    /// To `~HQES`.
    Conditions(Conditions),
    /// To `~HI`.
    Identity(Identity),
    /// To `! U1 getvar`, without its quotes. `?` is a variable that the printer does not have. Which one it is, the
    /// answer does not say: answers come in the order of the questions.
    Variable(String),
    /// A frame that is none of these.
    Other(Vec<u8>),
}

/// Makes answers out of what is read, in any pieces.
#[derive(Debug, Default)]
pub struct Replies {
    frames: Frames,
    /// String 1 of a `~HS` whose string 2 has not come yet.
    first: Option<Vec<u32>>,
}

impl Replies {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.frames.push(bytes);
    }

    /// A frame as an answer; nothing when it is only a part of one.
    fn read(&mut self, frame: Vec<u8>) -> Option<Reply> {
        let Ok(text) = str::from_utf8(&frame) else {
            return Some(Reply::Other(frame));
        };
        if let Some(conditions) = Conditions::parse(text) {
            return Some(Reply::Conditions(conditions));
        }
        if let Some(fields) = numbers(text) {
            return match fields.len() {
                12 => {
                    self.first = Some(fields);
                    None
                }
                // The answer is complete here: string 3 has only a password and the kind of memory.
                10 | 11 => {
                    let first = self.first.take()?;
                    HostStatus::parse(&first, &fields).map(Reply::HostStatus)
                }
                2 => None,
                _ => Some(Reply::Other(frame)),
            };
        }
        Some(Identity::parse(text).map_or_else(|| Reply::Other(frame.clone()), Reply::Identity))
    }
}

impl Iterator for Replies {
    type Item = Reply;

    /// The next whole answer; nothing until more bytes arrive.
    fn next(&mut self) -> Option<Reply> {
        loop {
            let reply = match self.frames.next()? {
                Frame::Marked(frame) => self.read(frame),
                Frame::Quoted(value) => Some(Reply::Variable(String::from_utf8_lossy(&value).trim().to_owned())),
            };
            if reply.is_some() {
                return reply;
            }
        }
    }
}

/// All fields as numbers, or nothing when one is none.
fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split(',').map(|field| field.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: &[u8] =
        b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,1,2,6,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n";

    fn all(bytes: &[u8]) -> Vec<Reply> {
        let mut replies = Replies::default();
        replies.push(bytes);
        replies.collect()
    }

    fn status(bytes: &[u8]) -> HostStatus {
        match all(bytes).as_slice() {
            [Reply::HostStatus(status)] => *status,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_host_status_with_nothing_to_do_is_idle() {
        let status = status(IDLE);
        assert!(status.is_idle());
        assert_eq!((status.label_length, status.print_mode, status.thermal_transfer), (1245, 2, true));
        assert_eq!((status.continuous, status.graphics_stored, status.print_mode_name()), (false, 0, Some("tear-off")));
    }

    #[test]
    fn the_second_string_is_read_with_and_without_its_unused_field() {
        let first = b"\x02030,1,0,1245,002,0,0,0,000,0,0,0\x03\r\n".as_slice();
        let eleven = status(&[first, b"\x02000,0,1,1,0,2,6,0,00000007,1,000\x03\r\n"].concat());
        let ten = status(&[first, b"\x02000,1,1,0,2,6,0,00000007,1,000\x03\r\n"].concat());
        assert_eq!(eleven, ten);
        assert!(eleven.paper_out && eleven.head_up && eleven.ribbon_out && !eleven.thermal_transfer);
        assert_eq!((eleven.formats_in_buffer, eleven.labels_remaining), (2, 7));
        assert!(!eleven.is_idle());
    }

    #[test]
    fn the_kind_of_media_and_the_number_of_graphics_are_read() {
        let first = b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n".as_slice();
        let status = status(&[first, b"\x02128,0,0,0,0,1,4,1,00000000,1,012\x03\r\n"].concat());
        assert!(status.continuous && status.waits_to_be_taken());
        assert_eq!(status.graphics_stored, 12);
        // The flag alone says nothing: only a printer that peels has labels that wait.
        assert!(!HostStatus { print_mode: 2, ..status }.waits_to_be_taken());
    }

    #[test]
    fn several_answers_in_one_read_come_out_in_order() {
        let bytes = [
            b"\x02\r\n  PRINTER STATUS\r\n   ERRORS:  1 00000000 00000001\r\n   WARNINGS: 0 00000000 00000000\x03\r\n"
                .as_slice(),
            IDLE,
            b"\"1234\"",
            b"\x02ZD421-203dpi,V93.21.17Z,8,8192KB\x03\r\n",
            b"\"?\"",
        ]
        .concat();
        let replies = all(&bytes);
        assert!(matches!(
            replies.as_slice(),
            [
                Reply::Conditions(Conditions { errors: 1, warnings: 0 }),
                Reply::HostStatus(_),
                Reply::Variable(count),
                Reply::Identity(_),
                Reply::Variable(unknown),
            ] if count == "1234" && unknown == "?"
        ));
        // However the bytes are cut, the answers are the same.
        for size in 1..bytes.len() {
            let mut pieces = Replies::default();
            let mut seen = Vec::new();
            for piece in bytes.chunks(size) {
                pieces.push(piece);
                seen.extend(pieces.by_ref());
            }
            assert_eq!(seen, replies, "in pieces of {size}");
        }
    }

    #[test]
    fn a_second_string_without_a_first_is_no_status() {
        assert_eq!(all(b"\x02000,0,0,0,1,2,6,0,00000000,1,000\x03"), []);
    }

    #[test]
    fn what_nobody_asked_for_is_kept_apart() {
        assert_eq!(all(b"\x02hello\x03"), [Reply::Other(b"hello".to_vec())]);
        assert_eq!(all(b"\x02\xFF\xFE\x03"), [Reply::Other(vec![0xFF, 0xFE])]);
    }
}

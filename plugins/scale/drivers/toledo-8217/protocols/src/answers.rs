//! Answers out of a stream of bytes.

use crate::{Answer, Protocol, sma, toledo};

/// Longer than any answer. What grows beyond is noise.
const LONGEST: usize = 64;

/// Cuts a stream into answers, however its bytes arrive. What stands between answers is skipped.
///
/// Scales send 7 bits and a parity bit. Where the line was opened for 8, that bit arrives as part of each byte; so the
/// highest bit is dropped from all of them.
#[derive(Debug)]
pub struct Answers {
    protocol: Protocol,
    bytes: Vec<u8>,
    heard: bool,
}

impl Answers {
    /// Nothing was read yet.
    pub fn new(protocol: Protocol) -> Self {
        Self { protocol, bytes: Vec::new(), heard: false }
    }

    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.heard |= !bytes.is_empty();
        self.bytes.extend(bytes.iter().map(|byte| byte & 0x7F));
    }

    /// Forgets everything that was read.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.heard = false;
    }

    /// Whether anything at all was read since the last [`clear`](Self::clear), be it noise.
    pub fn heard(&self) -> bool {
        self.heard
    }

    /// The length of the answer at the front; nothing while it is not whole, an error when it never will be.
    fn length(&self) -> Result<Option<usize>, toledo::NoAnswer> {
        let length = match self.protocol {
            Protocol::Toledo8217 => toledo::length(&self.bytes)?,
            Protocol::Sma => {
                // A start within belongs to an answer whose predecessor lost its end.
                match self.bytes.iter().skip(1).position(|byte| matches!(*byte, sma::CR | sma::LF)) {
                    None => None,
                    Some(at) if self.bytes.get(at + 1) == Some(&sma::CR) => Some(at + 2),
                    Some(_) => return Err(toledo::NoAnswer),
                }
            }
        };
        if length.unwrap_or(self.bytes.len()) > LONGEST { Err(toledo::NoAnswer) } else { Ok(length) }
    }
}

impl Iterator for Answers {
    type Item = Answer;

    /// The next whole answer; nothing until more bytes arrive.
    fn next(&mut self) -> Option<Answer> {
        loop {
            let start = self.bytes.iter().position(|byte| *byte == self.protocol.start()).unwrap_or(self.bytes.len());
            self.bytes.drain(..start);
            if self.bytes.is_empty() {
                return None;
            }
            match self.length() {
                Ok(None) => return None,
                Ok(Some(length)) => {
                    let answer: Vec<u8> = self.bytes.drain(..length).collect();
                    let content = answer.get(1..length - 1).unwrap_or_default();
                    if !content.is_empty() {
                        return Some(match self.protocol {
                            Protocol::Toledo8217 => toledo::parse(content),
                            Protocol::Sma => sma::parse(content),
                        });
                    }
                }
                Err(toledo::NoAnswer) => {
                    self.bytes.drain(..1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trouble;
    use proptest::prelude::*;

    fn all(protocol: Protocol, bytes: &[u8]) -> Vec<Answer> {
        let mut answers = Answers::new(protocol);
        answers.push(bytes);
        answers.collect()
    }

    /// The weights in a stream; everything else as `?`.
    fn weights(protocol: Protocol, bytes: &[u8]) -> Vec<String> {
        let text = |answer| match answer {
            Answer::Report(report) => {
                report.weight.map_or_else(|| "?".to_owned(), |weight| weight.number.text().to_owned())
            }
            _ => "?".to_owned(),
        };
        all(protocol, bytes).into_iter().map(text).collect()
    }

    #[test]
    fn answers_come_out_whole_when_bytes_arrive_one_by_one() {
        for (protocol, bytes) in [
            (Protocol::Toledo8217, &b"\x0201.250\r\x0202.500N\r"[..]),
            (Protocol::Sma, b"\n 1G       1.250kg_\r\n 1N       2.500kg_\r"),
        ] {
            let mut answers = Answers::new(protocol);
            let mut seen = Vec::new();
            for byte in bytes {
                answers.push(&[*byte]);
                seen.extend(answers.by_ref());
            }
            assert_eq!(seen, all(protocol, bytes));
            assert_eq!(weights(protocol, bytes), ["1.250", "2.500"]);
        }
    }

    #[test]
    fn half_an_answer_before_a_whole_one_is_dropped() {
        assert_eq!(weights(Protocol::Toledo8217, b".250\r\x0201.2\x02?\x0203.000\r"), ["3.000"]);
        assert_eq!(weights(Protocol::Sma, b"0kg_\r\n 1G   \n 1G       3.000kg_\r"), ["3.000"]);
    }

    #[test]
    fn a_status_byte_may_look_like_a_mark() {
        // In motion, under zero, outside of the zero range: together 0x0D. Over capacity alone: 0x02.
        let seen = all(Protocol::Toledo8217, b"\x02?\x0D\r\x02?\x02\r\x0201.250\r");
        let troubles: Vec<_> = seen
            .iter()
            .map(|answer| if let Answer::Report(report) = answer { report.trouble } else { panic!("{answer:?}") })
            .collect();
        assert_eq!(troubles, [Some(Trouble::UnderZero), Some(Trouble::OverCapacity), None]);
    }

    #[test]
    fn the_parity_bit_is_dropped() {
        // "STX 01.250 CR" with even parity in the highest bit.
        let with_parity: Vec<u8> =
            b"\x0201.250\r".iter().map(|byte| byte | if byte.count_ones() % 2 == 1 { 0x80 } else { 0 }).collect();
        assert_ne!(with_parity, b"\x0201.250\r");
        assert_eq!(weights(Protocol::Toledo8217, &with_parity), ["1.250"]);
    }

    #[test]
    fn noise_without_end_is_not_kept() {
        for (protocol, good) in
            [(Protocol::Toledo8217, &b"\x0201.250\r"[..]), (Protocol::Sma, b"\n 1G       1.250kg_\r")]
        {
            let mut answers = Answers::new(protocol);
            for _ in 0..1000 {
                answers.push(&[protocol.start(); 3]);
                answers.push(&[b'x'; 100]);
                assert_eq!(answers.next(), None);
                assert!(answers.bytes.len() <= LONGEST);
            }
            answers.push(good);
            assert!(matches!(answers.next(), Some(Answer::Report(_))));
        }
    }

    #[test]
    fn an_empty_answer_is_skipped_and_noise_was_heard() {
        let mut answers = Answers::new(Protocol::Sma);
        assert!(!answers.heard());
        answers.push(b"\n\r");
        assert_eq!(answers.next(), None);
        assert!(answers.heard());
        answers.clear();
        assert!(!answers.heard());
    }

    fn protocols() -> impl Strategy<Value = Protocol> {
        prop_oneof![Just(Protocol::Toledo8217), Just(Protocol::Sma)]
    }

    /// Bytes that often look like answers.
    fn streams() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            3 => any::<u8>(),
            2 => prop::sample::select(b"\x02\n\r? -.".to_vec()),
            2 => prop::sample::select(b"0123456789NGMZOUEITkglb_".to_vec()),
        ];
        prop::collection::vec(byte, 0..300)
    }

    proptest! {
        #[test]
        fn no_bytes_ever_panic_or_pile_up(
            protocol in protocols(),
            bytes in streams(),
            cut in 1_usize..40,
        ) {
            let mut answers = Answers::new(protocol);
            let mut seen = Vec::new();
            for piece in bytes.chunks(cut) {
                answers.push(piece);
                seen.extend(answers.by_ref());
                prop_assert!(answers.bytes.len() <= LONGEST);
            }
            for answer in &seen {
                if let Answer::Report(report) = answer && let Some(weight) = &report.weight {
                    prop_assert!(weight.number.value().is_finite());
                }
            }
        }

        #[test]
        fn a_weight_is_read_behind_any_noise_without_a_start(
            noise in prop::collection::vec(any::<u8>().prop_filter("a start", |byte| byte & 0x7F != 0x02), 0..100),
            grams in 0_u32..100_000,
        ) {
            let mut bytes = noise;
            bytes.extend(format!("\x02{:02}.{:03}\r", grams / 1000, grams % 1000).into_bytes());
            let expected = format!("{}.{:03}", grams / 1000, grams % 1000);
            prop_assert_eq!(weights(Protocol::Toledo8217, &bytes), [expected]);
        }
    }
}

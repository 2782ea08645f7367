//! A graphic that the printer keeps: sent once by `~DG`, printed by `^XG`, deleted by `^ID` (guide, these pages).
//!
//! # When it is smaller
//!
//! Copies of one label need no stored graphic: `^PQ` repeats the format. It pays when a job has several labels with
//! the same dots, each with its own acknowledgement: then all but the first are a recall of some 60 bytes. For two
//! such labels, with `G` the encoded dots:
//!
//! ```text
//! sent twice   2 x (field + G)
//! stored       download + G + 2 x recall + delete
//! ```
//!
//! so it is smaller when G is longer than what the commands cost; [`Stored::saves`] compares the two. An almost white
//! label is sent twice.
//!
//! # When it is safe
//!
//! A printer that has no room for a graphic stores none, and then prints white labels without a word. So a graphic
//! is stored only where the printer says how much memory it has and this is a small part of it ([`Stored::fits`]),
//! and the caller compares the number of stored graphics in `~HS` before and after.

use crate::{Bitmap, Encoding, Identity};

/// The share of the printer's memory that a graphic may take. The printer needs room for the images of labels, too.
const SHARE: usize = 8;

/// A stored graphic's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored(String);

impl Stored {
    /// The graphic of a job. The name holds the job's number, so that nothing is overwritten that somebody else has
    /// stored: `R:OST` and five digits of base 36. It lies in `R:`, which forgets when the printer is switched off.
    pub fn for_job(job: u64) -> Self {
        let mut rest = job;
        let mut digits = [b'0'; 5];
        for digit in digits.iter_mut().rev() {
            let value = u8::try_from(rest % 36).unwrap_or(0);
            *digit = if value < 10 { b'0' + value } else { b'A' + value - 10 };
            rest /= 36;
        }
        Self(format!("R:OST{}.GRF", digits.map(char::from).iter().collect::<String>()))
    }

    /// Whether the printer has room for it, as far as it says how much it has.
    pub fn fits(bitmap: &Bitmap<'_>, identity: &Identity) -> bool {
        identity.memory_bytes().is_some_and(|memory| bitmap.data().len() <= memory / SHARE)
    }

    /// The command that stores the dots.
    pub fn download(&self, bitmap: &Bitmap<'_>, encoding: Encoding) -> Vec<u8> {
        let mut bytes = format!("~DG{},{},{},", self.0, bitmap.data().len(), bitmap.stride()).into_bytes();
        encoding.write(bitmap.data(), bitmap.stride(), &mut bytes);
        bytes.push(b'\n');
        bytes
    }

    /// The field that prints it.
    pub(crate) fn recall(&self) -> Vec<u8> {
        format!("^FO0,0^XG{},1,1^FS\n", self.0).into_bytes()
    }

    /// A format that deletes it. It prints nothing.
    pub fn delete(&self) -> Vec<u8> {
        format!("^XA^ID{}^FS^XZ\n", self.0).into_bytes()
    }

    /// Whether storing is smaller on the wire than sending the same dots in two labels. `download` is the command
    /// that [`download`](Self::download) made; the dots are as long in a field.
    pub fn saves(&self, download: &[u8]) -> bool {
        /// `^FO0,0^GFA,,,,^FS` and a line end, with counts of one digit: the least that a field costs.
        const FIELD: usize = 20;
        let command = "~DG".len() + self.0.len() + 4;
        let graphic = download.len().saturating_sub(command);
        let sent_twice = 2 * (FIELD + graphic);
        download.len() + 2 * self.recall().len() + self.delete().len() < sent_twice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(memory: &str) -> Identity {
        Identity { model: "ZD421".into(), firmware: "V93.21.17Z".into(), dpmm: 8, memory: memory.into() }
    }

    #[test]
    fn each_job_has_a_name_of_its_own_that_a_printer_takes() {
        let names: Vec<String> = [1, 2, 35, 36, u64::MAX].map(|job| Stored::for_job(job).0).to_vec();
        assert_eq!(names[..4], ["R:OST00001.GRF", "R:OST00002.GRF", "R:OST0000Z.GRF", "R:OST00010.GRF"]);
        // A device, 1 to 8 letters and digits, an extension (guide, page of ~DG).
        assert!(names.iter().all(|name| name.len() == "R:12345678.GRF".len()));
    }

    #[test]
    fn a_graphic_is_stored_printed_and_deleted_under_one_name() {
        let graphic = Stored::for_job(7);
        let bitmap = Bitmap::new(8, 2, 1, &[0xA5, 0x00]).unwrap();
        assert_eq!(graphic.download(&bitmap, Encoding::Hex), b"~DGR:OST00007.GRF,2,1,A5,\n");
        assert_eq!(graphic.recall(), b"^FO0,0^XGR:OST00007.GRF,1,1^FS\n");
        assert_eq!(graphic.delete(), b"^XA^IDR:OST00007.GRF^FS^XZ\n");
    }

    #[test]
    fn a_label_of_some_weight_is_worth_storing_and_a_white_one_is_not() {
        let (stride, height) = (102, 1218);
        let graphic = Stored::for_job(7);
        let full: Vec<u8> = (0..stride * height).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let white = vec![0; stride * height];
        for encoding in [Encoding::Hex, Encoding::Z64] {
            let download = |data| graphic.download(&Bitmap::new(816, 1218, 102, data).unwrap(), encoding);
            assert!(graphic.saves(&download(&full)));
        }
        let one_row = Bitmap::new(816, 1, 102, &white[..102]).unwrap();
        assert!(!graphic.saves(&graphic.download(&one_row, Encoding::Hex)));
    }

    #[test]
    fn a_printer_that_has_little_memory_or_does_not_say_gets_none() {
        let data = vec![0; 102 * 1218];
        let bitmap = Bitmap::new(816, 1218, 102, &data).unwrap();
        assert!(Stored::fits(&bitmap, &identity("8192KB")));
        assert!(!Stored::fits(&bitmap, &identity("512KB")));
        assert!(!Stored::fits(&bitmap, &identity("")));
    }
}

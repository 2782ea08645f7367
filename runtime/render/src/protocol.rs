//! What do parent and worker say to each other?
//!
//! The parent writes frames to the worker's standard input and reads frames from its standard output:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the header, little endian, at most [`MAX_HEADER`] |
//! | 8 | length of the body, little endian |
//! | | header: JSON |
//! | | body: bytes |
//!
//! The first frame is [`Request::Limits`], which has no answer. Each further one is answered by one frame. Both sides are always
//! the same build, so the frames have no version.

use std::io::{self, IoSlice, Read, Write};

use serde::{Deserialize, Serialize};

use crate::document::DocumentInfo;
use crate::error::RenderError;
use crate::limits::RenderLimits;
use crate::raster::Raster;
use crate::template::RowError;

/// The longest header in bytes.
pub const MAX_HEADER: u32 = 64 * 1024;

/// Bytes before the header.
pub const PREFIX: usize = 12;

/// What a bitmap is wanted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// Rows of bits: [`Bitmap::data`](crate::Bitmap::data).
    Bitmap,
    /// A PNG file: [`Bitmap::to_png`](crate::Bitmap::to_png).
    Png,
    /// Of a template: a PDF file of one page, of the label's own size, whatever the raster says beside its density.
    Pdf,
}

/// From the parent. Where it says so, the body is the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// The limits that the worker sets on itself, once; no body.
    Limits(RenderLimits),
    /// Render one page; the body is the document, and behind it the values of a template's fields as a JSON object.
    Render {
        /// What the document is.
        media_type: String,
        /// Index of the page, from 0.
        page: u32,
        /// What to make of it.
        raster: Raster,
        /// What the reply's body is to be.
        output: Output,
        /// Length of the JSON in the body; 0 without fields. Values travel there because they may be longer than a header.
        #[serde(default)]
        row_bytes: u64,
    },
    /// Check rows of a template, and lay each out; the body is the template, and behind it the rows as a JSON array.
    Check {
        /// The density that they are for.
        dpmm: u32,
        /// The number of the first row.
        first: u32,
        /// Length of the JSON in the body.
        row_bytes: u64,
    },
    /// Say what the document is; the body is the document.
    Inspect {
        /// What the document is said to be.
        media_type: String,
        /// What will probably be made of its only page: it comes along with the reply, if the document is one of pixels, which is
        /// decoded to be inspected.
        #[serde(default)]
        wanted: Option<(Raster, Output)>,
    },
}

/// From the worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// The body is what `output` asked for.
    Rendered,
    /// The body is what was `wanted`; none if that was nothing, or does not come along.
    Inspected(DocumentInfo),
    /// No body.
    Checked {
        /// So many rows were looked at; at least one, and not all when that took long.
        rows: u32,
        /// What is wrong with them.
        errors: Vec<RowError>,
    },
    /// No body. After [`RenderError::Decoder`] the worker ends.
    Failed {
        /// Why.
        error: RenderError,
    },
}

/// The lengths at the beginning of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// Of the header.
    pub header: u32,
    /// Of the body.
    pub body: u64,
}

impl Lengths {
    /// Reads the prefix of a frame, and refuses one whose header is too long or whose body is longer than `max_body`.
    pub fn parse(prefix: [u8; PREFIX], max_body: u64) -> io::Result<Self> {
        let [a, b, c, d, body @ ..] = prefix;
        let lengths = Self { header: u32::from_le_bytes([a, b, c, d]), body: u64::from_le_bytes(body) };
        if lengths.header > MAX_HEADER {
            return Err(invalid(format!("a header of {} bytes; {MAX_HEADER} are allowed", lengths.header)));
        }
        if lengths.body > max_body {
            return Err(invalid(format!("a body of {} bytes; {max_body} are allowed", lengths.body)));
        }
        Ok(lengths)
    }
}

/// Prefix and header of a frame whose body, of this length, follows.
pub fn head(header: &impl Serialize, body: usize) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(header)?;
    let length = u32::try_from(json.len()).ok().filter(|length| *length <= MAX_HEADER);
    let length = length.ok_or_else(|| invalid(format!("a header of {} bytes", json.len())))?;
    let mut head = length.to_le_bytes().to_vec();
    head.extend((body as u64).to_le_bytes());
    head.extend(json);
    Ok(head)
}

/// Writes a whole frame; at once, if the other side has room for it, so that it is woken once.
pub fn write(out: &mut impl Write, header: &impl Serialize, body: &[u8]) -> io::Result<()> {
    let head = head(header, body.len())?;
    let written = out.write_vectored(&[IoSlice::new(&head), IoSlice::new(body)])?;
    let (head, body) = left(&head, body, written);
    out.write_all(head)?;
    out.write_all(body)?;
    out.flush()
}

/// What is left of a frame's head and body when so many bytes of both are written.
pub fn left<'a>(head: &'a [u8], body: &'a [u8], written: usize) -> (&'a [u8], &'a [u8]) {
    let of_body = written.saturating_sub(head.len());
    (head.get(written..).unwrap_or_default(), body.get(of_body..).unwrap_or_default())
}

/// Reads a whole frame, as JSON that is not parsed yet and body; nothing at the end of the stream. A body longer than
/// `max_body` or than there is memory for is an error.
pub fn read(input: &mut impl Read, max_body: u64) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut prefix = [0; PREFIX];
    let Some((first, rest)) = prefix.split_first_mut() else {
        return Ok(None);
    };
    if input.read(std::slice::from_mut(first))? == 0 {
        return Ok(None);
    }
    input.read_exact(rest)?;
    let lengths = Lengths::parse(prefix, max_body)?;
    Ok(Some((read_exactly(input, u64::from(lengths.header))?, read_exactly(input, lengths.body)?)))
}

fn read_exactly(input: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| io::ErrorKind::OutOfMemory)?;
    bytes.resize(length, 0);
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let request = Request::Inspect { media_type: "image/png".to_owned(), wanted: None };
        let mut stream = Vec::new();
        write(&mut stream, &request, b"body").unwrap();
        write(&mut stream, &request, b"").unwrap();
        let mut stream = stream.as_slice();
        for body in [b"body".as_slice(), b""] {
            let frame = read(&mut stream, 4).unwrap().unwrap();
            assert_eq!(serde_json::from_slice::<Request>(&frame.0).unwrap(), request);
            assert_eq!(frame.1, body);
        }
        assert!(read(&mut stream, 4).unwrap().is_none());
    }

    #[test]
    fn a_frame_that_claims_too_much_is_refused_before_it_is_read() {
        let prefix = |header: u32, body: u64| [&header.to_le_bytes()[..], &body.to_le_bytes()].concat();
        for (prefix, kind) in [
            (prefix(MAX_HEADER + 1, 0), io::ErrorKind::InvalidData),
            (prefix(0, 11), io::ErrorKind::InvalidData),
            (prefix(5, 10), io::ErrorKind::UnexpectedEof),
        ] {
            assert_eq!(read(&mut prefix.as_slice(), 10).unwrap_err().kind(), kind);
        }
    }
}

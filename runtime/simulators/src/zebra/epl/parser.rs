//! Cuts an EPL2 stream, however it arrives: a command is a line, except that `GW` has binary data behind it.

use crate::zebra::graphics::MAX_GRAPHIC;
use crate::zebra::parser::number;

/// A line without an end is cut here; the longest command has a few hundred bytes.
const MAX_LINE: usize = 64 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A command, with its line end.
    Line(Vec<u8>),
    /// `GWx,y,bytes,rows,` and as many bytes as that says; fewer if the stream ended.
    Graphic { header: Header, raw: Vec<u8>, data: Vec<u8> },
}

/// The parameters of `GW`, in dots, except `row`, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) row: usize,
    pub(crate) rows: usize,
}

impl Header {
    /// Reads `GWx,y,bytes,rows`, ended by a comma or by a line end: both are in use (Zebra's note on `GW`).
    fn read(line: &[u8]) -> Option<Self> {
        let parameters = line.strip_prefix(b"GW")?.trim_ascii_end();
        let parameters = parameters.strip_suffix(b",").unwrap_or(parameters);
        let mut parts = parameters.split(|&byte| byte == b',');
        let (x, y) = (number(parts.next()?)?, number(parts.next()?)?);
        let (row, rows) = (number(parts.next()?)?, number(parts.next()?)?);
        parts.next().is_none().then_some(Self { x, y, row, rows })
    }

    /// Bytes of data; `None` if no printer has so much memory.
    pub(crate) fn size(self) -> Option<usize> {
        self.row.checked_mul(self.rows).filter(|&size| size <= MAX_GRAPHIC)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    /// The data of a `GW` that is not complete yet.
    graphic: Option<(Header, Vec<u8>)>,
}

impl Parser {
    /// Takes bytes and hands every token that they complete to `sink`.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut sink: impl FnMut(Token)) {
        loop {
            if let Some((header, data)) = &mut self.graphic {
                let missing = header.size().unwrap_or_default() - data.len();
                let (now, later) = bytes.split_at(missing.min(bytes.len()));
                data.extend_from_slice(now);
                bytes = later;
                if now.len() < missing {
                    return;
                }
                self.end_graphic(&mut sink);
            }
            let Some((&byte, rest)) = bytes.split_first() else {
                return;
            };
            bytes = rest;
            self.line.push(byte);
            // Four parameters, each with a comma behind it.
            let begins_data =
                byte == b',' && self.line.starts_with(b"GW") && self.line.split(|&byte| byte == b',').count() == 5;
            let ends = byte == b'\n' || self.line.len() == MAX_LINE || begins_data;
            if !ends {
                continue;
            }
            match Header::read(&self.line).filter(|header| header.size().is_some()) {
                Some(header) => self.graphic = Some((header, Vec::new())),
                None => sink(Token::Line(std::mem::take(&mut self.line))),
            }
        }
    }

    /// The stream has ended: hands over what is there, complete or not.
    pub(crate) fn finish(&mut self, mut sink: impl FnMut(Token)) {
        if self.graphic.is_some() {
            self.end_graphic(&mut sink);
        } else if !self.line.is_empty() {
            sink(Token::Line(std::mem::take(&mut self.line)));
        }
    }

    fn end_graphic(&mut self, sink: &mut impl FnMut(Token)) {
        if let Some((header, data)) = self.graphic.take() {
            sink(Token::Graphic { header, raw: std::mem::take(&mut self.line), data });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(pieces: &[&[u8]]) -> Vec<Token> {
        let (mut parser, mut tokens) = (Parser::default(), Vec::new());
        for piece in pieces {
            parser.push(piece, |token| tokens.push(token));
        }
        parser.finish(|token| tokens.push(token));
        tokens
    }

    #[test]
    fn binary_data_holds_line_ends_and_follows_a_comma_or_a_line_end() {
        let header = Header { x: 1, y: 2, row: 2, rows: 2 };
        for (stream, raw) in
            [(&b"N\nGW1,2,2,2,\n\n,GP1\n"[..], &b"GW1,2,2,2,"[..]), (b"N\nGW1,2,2,2\r\n\n\n,GP1\n", b"GW1,2,2,2\r\n")]
        {
            let graphic = Token::Graphic { header, raw: raw.to_vec(), data: b"\n\n,G".to_vec() };
            let expected = [Token::Line(b"N\n".to_vec()), graphic, Token::Line(b"P1\n".to_vec())];
            assert_eq!(tokens(&[stream]), expected);
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            assert_eq!(tokens(&bytes), expected, "byte by byte");
        }
    }

    #[test]
    fn a_graphic_without_rows_has_no_data() {
        let header = Header { x: 0, y: 0, row: 0, rows: 5 };
        let graphic = Token::Graphic { header, raw: b"GW0,0,0,5,".to_vec(), data: Vec::new() };
        assert_eq!(tokens(&[b"GW0,0,0,5,P1\n"]), [graphic, Token::Line(b"P1\n".to_vec())]);
    }

    #[test]
    fn what_is_no_graphic_or_too_large_for_one_stays_a_line() {
        for line in [&b"GW1,2\n"[..], b"GWa,b,c,d,", b"GW0,0,99999999,99999999,"] {
            assert_eq!(tokens(&[line]), [Token::Line(line.to_vec())]);
        }
    }
}

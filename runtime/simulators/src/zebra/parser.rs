//! Splits a ZPL stream into commands, however it is cut into pieces.
//!
//! A command is a prefix (`^` for formats, `~` for control), two letters, and parameters up to the next prefix. Three
//! rules make it more than a split:
//!
//! 1. Commands without parameters, and `~HQ` with its two letters, are complete at their last byte, because nothing need follow a query.
//! 2. `~` commands that take no data also end at a line's end, for the same reason.
//! 3. In `^GFB` and `^GFC` the data is binary, as many bytes as the first count says; prefixes in it are data (guide, `^GF`).

/// The longest command that is kept whole: a head of 24 dots/mm and 8 inches on a label of a metre is 14 MB of binary data.
pub const MAX_COMMAND: usize = 64 * 1024 * 1024;

/// Text between commands comes in pieces of at most this.
const MAX_TEXT: usize = 4096;

/// A piece of the stream. Every byte belongs to exactly one token, and their bytes in order are the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// What stands between commands: line ends, mostly. Ends at a line's end, a prefix, 4096 bytes, or at the space or carriage
    /// return behind a whole Set-Get-Do command, which need not be followed by a line's end (guide, SGD command overview).
    Text(Vec<u8>),
    /// A command.
    Command(Command),
}

/// A command as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    raw: Vec<u8>,
    cut: bool,
}

impl Command {
    /// All its bytes: prefix, letters, parameters; the first [`MAX_COMMAND`] of them.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Whether it was longer than [`MAX_COMMAND`].
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The prefix and the two letters in upper case, such as `^FO`.
    pub fn name(&self) -> String {
        let name = self.raw.get(..3).unwrap_or(&self.raw);
        String::from_utf8_lossy(name).to_ascii_uppercase()
    }

    /// The bytes after the letters.
    pub fn parameters(&self) -> &[u8] {
        self.raw.get(3..).unwrap_or_default()
    }
}

/// The tokenizer: give it bytes as they come.
#[derive(Debug, Default)]
pub struct Tokenizer {
    state: State,
    /// The bytes of the token that is not complete yet.
    raw: Vec<u8>,
    cut: bool,
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    #[default]
    Text,
    /// The prefix and perhaps one letter are there.
    Letters,
    /// A number of bytes is missing, or fewer if a prefix comes first.
    Fixed(usize),
    /// Parameters up to the next prefix, and perhaps a line's end.
    Parameters { line: bool },
    /// `^GF` up to its fourth comma; so many are there.
    GraphicHeader { commas: u8 },
    /// Binary data, so many bytes left.
    Binary(usize),
}

impl Tokenizer {
    /// Takes bytes and hands every token that they complete to `sink`.
    pub fn push(&mut self, mut bytes: &[u8], mut sink: impl FnMut(Token)) {
        while let Some((&first, rest)) = bytes.split_first() {
            match self.state {
                State::Text if is_prefix(first) => {
                    self.end_text(&mut sink);
                    self.keep(&[first]);
                    self.state = State::Letters;
                    bytes = rest;
                }
                State::Text => {
                    let room = MAX_TEXT - self.raw.len();
                    let mut previous = self.raw.last().copied();
                    let until = bytes.iter().position(|&byte| {
                        let is_quoted = previous.replace(byte) == Some(b'"');
                        is_prefix(byte) || byte == b'\n' || (is_quoted && matches!(byte, b' ' | b'\r'))
                    });
                    let length = match until {
                        Some(at) if bytes.get(at).copied().is_some_and(is_prefix) => at,
                        Some(at) => at + 1,
                        None => bytes.len(),
                    };
                    let (text, rest) = bytes.split_at(length.min(room));
                    self.keep(text);
                    if self.raw.len() == MAX_TEXT || text.ends_with(b"\n") || is_set_get_do(&self.raw) {
                        self.end_text(&mut sink);
                    }
                    bytes = rest;
                }
                // A command that is cut short by the next one; that byte is looked at again.
                State::Letters | State::Fixed(_) | State::GraphicHeader { .. } if is_prefix(first) => {
                    self.end_command(&mut sink);
                }
                State::Letters => {
                    self.keep(&[first]);
                    bytes = rest;
                    if self.raw.len() == 3 {
                        self.begin_parameters(&mut sink);
                    }
                }
                State::Fixed(missing) => {
                    self.keep(&[first]);
                    bytes = rest;
                    self.state = State::Fixed(missing - 1);
                    if missing == 1 {
                        self.end_command(&mut sink);
                    }
                }
                State::Parameters { line } => {
                    let ends = |byte: &u8| is_prefix(*byte) || (line && *byte == b'\n');
                    let length = bytes.iter().position(ends);
                    let (parameters, rest) = bytes.split_at(length.unwrap_or(bytes.len()));
                    self.keep(parameters);
                    if length.is_some() {
                        self.end_command(&mut sink);
                    }
                    bytes = rest;
                }
                State::GraphicHeader { commas } => {
                    self.keep(&[first]);
                    bytes = rest;
                    if first == b',' {
                        self.state = State::GraphicHeader { commas: commas + 1 };
                        if commas == 3 {
                            self.begin_graphic_data(&mut sink);
                        }
                    }
                }
                State::Binary(left) => {
                    let (data, rest) = bytes.split_at(left.min(bytes.len()));
                    self.keep(data);
                    self.state = State::Binary(left - data.len());
                    if left == data.len() {
                        self.end_command(&mut sink);
                    }
                    bytes = rest;
                }
            }
        }
    }

    /// The stream has ended: hands over what is there, complete or not.
    pub fn finish(&mut self, mut sink: impl FnMut(Token)) {
        match self.state {
            State::Text => self.end_text(&mut sink),
            _ => self.end_command(&mut sink),
        }
    }

    /// Bytes of the token that is not complete yet.
    pub fn pending(&self) -> usize {
        self.raw.len()
    }

    fn begin_parameters(&mut self, sink: &mut impl FnMut(Token)) {
        let name = self.raw.to_ascii_uppercase();
        self.state = match name.as_slice() {
            b"^XA" | b"^XZ" | b"^FS" | b"^HH" | b"^PH" | b"^PP" | b"~HI" | b"~HS" | b"~HM" | b"~JA" | b"~JC"
            | b"~JK" | b"~JR" | b"~JX" | b"~PH" | b"~PP" | b"~PS" | b"~WC" => {
                return self.end_command(sink);
            }
            b"~HQ" => State::Fixed(2),
            b"^GF" => State::GraphicHeader { commas: 0 },
            // Every download (~DG, ~DY, ~DB ...) has data, in which lines may end.
            [b'~', b'D', _] => State::Parameters { line: false },
            [b'~', ..] => State::Parameters { line: true },
            _ => State::Parameters { line: false },
        };
    }

    fn begin_graphic_data(&mut self, sink: &mut impl FnMut(Token)) {
        let mut parameters = self.raw.get(3..).unwrap_or_default().split(|&byte| byte == b',');
        let kind = parameters.next().map(<[u8]>::trim_ascii).unwrap_or_default();
        let count = parameters.next().and_then(number).unwrap_or(0);
        self.state = match (kind, count) {
            (b"B" | b"b" | b"C" | b"c", 0) => return self.end_command(sink),
            (b"B" | b"b" | b"C" | b"c", count) => State::Binary(count),
            _ => State::Parameters { line: false },
        };
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_COMMAND - self.raw.len();
        self.cut |= bytes.len() > room;
        self.raw.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn end_text(&mut self, sink: &mut impl FnMut(Token)) {
        if !self.raw.is_empty() {
            sink(Token::Text(std::mem::take(&mut self.raw)));
        }
    }

    fn end_command(&mut self, sink: &mut impl FnMut(Token)) {
        self.state = State::Text;
        let cut = std::mem::take(&mut self.cut);
        sink(Token::Command(Command { raw: std::mem::take(&mut self.raw), cut }));
    }
}

/// A decimal parameter, spaces around it allowed.
pub(crate) fn number<T: std::str::FromStr>(parameter: &[u8]) -> Option<T> {
    std::str::from_utf8(parameter).ok()?.trim().parse().ok()
}

/// Whether the text is a Set-Get-Do command, whole, with what ends it.
fn is_set_get_do(text: &[u8]) -> bool {
    let quotes = if text.starts_with(b"! U1 getvar ") {
        2
    } else if text.starts_with(b"! U1 setvar ") || text.starts_with(b"! U1 do ") {
        4
    } else {
        return false;
    };
    let is_ended = text.ends_with(b"\" ") || text.ends_with(b"\"\r");
    is_ended && text.split(|&byte| byte == b'"').count() == quotes + 1
}

fn is_prefix(byte: u8) -> bool {
    byte == b'^' || byte == b'~'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(stream: &[u8]) -> Vec<String> {
        let mut tokenizer = Tokenizer::default();
        let mut list = Vec::new();
        let mut sink = |token| {
            list.push(match token {
                Token::Text(text) => format!("text {}", text.escape_ascii()),
                Token::Command(command) => {
                    format!("{} {}", command.name(), command.parameters().escape_ascii())
                }
            });
        };
        tokenizer.push(stream, &mut sink);
        tokenizer.finish(&mut sink);
        list
    }

    #[test]
    fn commands_end_where_the_next_begins() {
        assert_eq!(
            tokens(b"^XA^fo10,20^GFA,2,2,1,80\n01^FS^XZ\r\n"),
            ["^XA ", "^FO 10,20", "^GF A,2,2,1,80\\n01", "^FS ", "^XZ ", "text \\r\\n"],
        );
    }

    #[test]
    fn a_query_is_complete_without_anything_after_it() {
        let mut tokenizer = Tokenizer::default();
        for query in ["~HS", "~HI", "~HQES", "~JA"] {
            let mut seen = 0;
            tokenizer.push(query.as_bytes(), |_| seen += 1);
            assert_eq!(seen, 1, "{query}");
        }
    }

    #[test]
    fn a_set_get_do_command_is_complete_with_a_space_or_a_return() {
        for query in ["! U1 getvar \"a b\" ", "! U1 setvar \"a\" \"b\"\r", "! U1 do \"a\" \"\" "] {
            let mut tokenizer = Tokenizer::default();
            let mut seen = Vec::new();
            tokenizer.push(query.as_bytes(), |token| seen.push(token));
            assert_eq!(seen, [Token::Text(query.into())]);
        }
        assert_eq!(tokens(b"a b\rc"), ["text a b\\rc"], "other text goes on");
    }

    #[test]
    fn a_control_command_ends_at_its_line_but_a_download_does_not() {
        assert_eq!(tokens(b"~SD15\n~HS"), ["~SD 15", "text \\n", "~HS "]);
        assert_eq!(tokens(b"~DGR:A,1,1,\n80\n^XA"), ["~DG R:A,1,1,\\n80\\n", "^XA "]);
    }

    #[test]
    fn prefixes_in_binary_data_are_data() {
        assert_eq!(tokens(b"^GFB,4,4,2,^~^X^FS"), ["^GF B,4,4,2,^~^X", "^FS "]);
        assert_eq!(tokens(b"^GFC,2,4,2,~~^FS"), ["^GF C,2,4,2,~~", "^FS "]);
    }

    #[test]
    fn a_control_command_within_hexadecimal_data_cuts_it_off() {
        assert_eq!(tokens(b"^GFA,4,4,2,FF~HSFF"), ["^GF A,4,4,2,FF", "~HS ", "text FF"]);
    }
}

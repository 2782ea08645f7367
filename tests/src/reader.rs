//! Readers of the feed, on raw sockets: those that read, with what they were told, and those that never do.

use crate::{Daemon, PATIENCE};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    os::unix::net::UnixStream,
};

/// One piece of the feed, up to an empty line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Piece {
    /// What `id:` says.
    pub id: Option<i64>,
    /// What `event:` says.
    pub event: Option<String>,
    /// What `data:` says.
    pub data: Option<Value>,
    /// Whether there was a comment.
    pub comment: bool,
}

impl Piece {
    /// Whether a browser would tell its page of it: there are data.
    pub fn is_dispatched(&self) -> bool {
        self.data.is_some()
    }

    /// The kind of an event.
    pub fn kind(&self) -> &str {
        self.event.as_deref().unwrap_or_default()
    }
}

/// A connection that asked for the feed.
#[derive(Debug)]
pub struct Reader {
    /// The HTTP status.
    pub status: u16,
    /// What was answered in place of a feed.
    body: BufReader<Chunks>,
}

/// Sends a request for the feed, and reads nothing.
pub fn ask(daemon: &Daemon, query: &str, headers: &str) -> UnixStream {
    let mut stream = UnixStream::connect(daemon.data().join("ostler.sock")).unwrap();
    write!(stream, "GET /api/events/{query} HTTP/1.1\r\nhost: ostler\r\n{headers}\r\n").unwrap();
    stream
}

impl Reader {
    /// Asks for the feed and reads the head of the answer.
    pub fn open(daemon: &Daemon, query: &str, headers: &str) -> Self {
        Self::of(ask(daemon, query, headers))
    }

    /// Begins to read what a connection was answered.
    pub fn of(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("no status in '{line}'")).parse().unwrap();
        let mut chunked = false;
        while line.trim() != "" {
            line.clear();
            stream.read_line(&mut line).unwrap();
            chunked |= line.eq_ignore_ascii_case("transfer-encoding: chunked\r\n");
        }
        assert!(chunked || status != 200, "a feed of a known length");
        Self { status, body: BufReader::new(Chunks { stream, left: 0, chunked }) }
    }

    /// What was answered in place of a feed.
    pub fn refusal(mut self) -> Value {
        let mut text = Vec::new();
        let mut byte = [0];
        // The connection stays open behind the answer, so it is read until it is whole.
        while serde_json::from_slice::<Value>(&text).is_err() {
            assert_eq!(self.body.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&text));
            text.push(byte[0]);
        }
        serde_json::from_slice(&text).unwrap()
    }

    /// The next whole piece; nothing at the end of the feed.
    pub fn piece(&mut self) -> Option<Piece> {
        let mut piece = Piece::default();
        let mut line = String::new();
        loop {
            line.clear();
            // A line without an end is what was left of one when the connection broke.
            if self.body.read_line(&mut line).unwrap_or_default() == 0 || !line.ends_with('\n') {
                return None;
            }
            match line.trim_end().split_once(": ").unwrap_or((line.trim_end(), "")) {
                ("", _) => return Some(piece),
                (":", _) => piece.comment = true,
                ("id", id) => piece.id = Some(id.parse().unwrap()),
                ("event", event) => piece.event = Some(event.to_owned()),
                ("data", data) => piece.data = Some(serde_json::from_str(data).unwrap()),
                other => panic!("{other:?} is no line of a feed"),
            }
        }
    }

    /// The next event that a page would be told of.
    #[track_caller]
    pub fn event(&mut self) -> Piece {
        loop {
            let piece = self.piece().expect("the feed ended");
            if piece.is_dispatched() {
                return piece;
            }
        }
    }

    /// The rest of a feed that ends.
    pub fn rest(mut self) -> Vec<Piece> {
        std::iter::from_fn(|| self.piece()).filter(Piece::is_dispatched).collect()
    }
}

/// The body of an answer in chunks (RFC 9112, section 7.1), or up to its end.
#[derive(Debug)]
struct Chunks {
    stream: BufReader<UnixStream>,
    left: usize,
    chunked: bool,
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if !self.chunked {
            return self.stream.read(into);
        }
        while self.left == 0 {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Ok(0);
            }
            let size = line.trim();
            if size.is_empty() {
                continue;
            }
            self.left = usize::from_str_radix(size, 16).unwrap();
            if self.left == 0 {
                return Ok(0);
            }
        }
        let most = into.len().min(self.left);
        let read = self.stream.read(&mut into[..most])?;
        self.left -= read;
        Ok(read)
    }
}

//! A printer that costs next to nothing: it reads and throws away what is to be printed, counts labels, and answers what
//! drivers ask. A process of its own, so that what it takes is nobody else's.
//!
//! It tells what a good printer tells that has printed everything: no fault, nothing left, and its count of labels. Answers are
//! worded as the simulator's (`runtime/simulators/src/zebra/status.rs`).

use anyhow::{Context as _, Result, bail};
use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// The argument that makes this program a sink.
pub const SINK: &str = "sink";

const CONDITIONS: &str = "\x02\r\n\r\n  PRINTER STATUS\r\n   ERRORS:         0 00000000 00000000\r\n   WARNINGS:       0 \
                          00000000 00000000\r\n\r\n\x03\r\n";
const STATUS: &str = "\x02030,0,0,1218,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,6,0,00000000,1,000\x03\r\n\
                      \x020000,0\x03\r\n";
const IDENTITY: &str = "\x02ZD421-203dpi ZPL,V93.21.26Z,8,8192KB\x03\r\n";

/// A sink that runs. It ends with the value.
pub struct Sink {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Where it listens on loopback.
    pub port: u16,
}

impl Sink {
    /// Starts one.
    pub fn start() -> Result<Self> {
        let program = std::env::current_exe()?;
        let mut child = Command::new(program).arg(SINK).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("the sink has no pipes");
        };
        let mut sink = Self { child, questions, answers: BufReader::new(answers), port: 0 };
        sink.port = sink.line()?.parse().context("the sink does not say its port")?;
        Ok(sink)
    }

    /// How many labels it took so far.
    pub fn labels(&mut self) -> Result<u64> {
        self.questions.write_all(b"\n")?;
        self.line()?.parse().context("the sink does not say how many labels it took")
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs as a sink until nobody asks any more.
pub fn main() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?.port());
    let labels = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&labels);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let labels = Arc::clone(&counter);
            thread::spawn(move || converse(stream, &labels));
        }
    });
    for question in io::stdin().lines() {
        question?;
        println!("{}", labels.load(Ordering::Relaxed));
    }
    Ok(())
}

fn converse(mut stream: TcpStream, labels: &AtomicU64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut conversation = Conversation::default();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        let answer = conversation.take(buffer.get(..length).unwrap_or_default(), labels);
        if !answer.is_empty() {
            stream.write_all(&answer)?;
        }
    }
}

/// What a client said so far.
#[derive(Debug, Default)]
struct Conversation {
    /// The beginning of a command whose end has not come.
    begun: Vec<u8>,
    /// Whether the format in hand prints something, and not only deletes a graphic.
    prints: bool,
}

/// What counts of all that a client says.
#[derive(Debug, Clone, Copy)]
enum Word {
    Conditions,
    Status,
    Identity,
    Variable,
    Quantity,
    End,
}

const COMMANDS: [(&[u8], Word); 6] = [
    (b"~HQES", Word::Conditions),
    (b"~HS", Word::Status),
    (b"~HI", Word::Identity),
    (b"! U1 getvar \"", Word::Variable),
    (b"^PQ", Word::Quantity),
    (b"^XZ", Word::End),
];

impl Conversation {
    /// Takes bytes, counts labels, and returns the answer.
    fn take(&mut self, bytes: &[u8], labels: &AtomicU64) -> Vec<u8> {
        let joined;
        let mut rest = if self.begun.is_empty() {
            bytes
        } else {
            joined = [std::mem::take(&mut self.begun).as_slice(), bytes].concat();
            joined.as_slice()
        };
        let mut answer = Vec::new();
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'~' | b'^' | b'!')) {
            rest = rest.get(at..).unwrap_or_default();
            let Some((word, command)) =
                COMMANDS.iter().find(|(word, _)| rest.starts_with(word) || word.starts_with(rest))
            else {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            if rest.len() < word.len() {
                self.begun = rest.to_vec();
                return answer;
            }
            let mut length = word.len();
            match command {
                Word::Conditions => answer.extend_from_slice(CONDITIONS.as_bytes()),
                Word::Status => answer.extend_from_slice(STATUS.as_bytes()),
                Word::Identity => answer.extend_from_slice(IDENTITY.as_bytes()),
                Word::Variable => {
                    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                        self.begun = rest.to_vec();
                        return answer;
                    };
                    let name = rest.get(length..end).unwrap_or_default();
                    length = end;
                    let counts = name.starts_with(b"odometer.total_label_count");
                    let value = if counts { labels.load(Ordering::Relaxed).to_string() } else { "?".to_owned() };
                    answer.extend_from_slice(format!("\"{value}\"").as_bytes());
                }
                Word::Quantity => self.prints = true,
                Word::End => {
                    labels.fetch_add(u64::from(std::mem::take(&mut self.prints)), Ordering::Relaxed);
                }
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: &[u8] =
        b"! U1 getvar \"odometer.total_label_count\"\r\n~HQES\n~HS\n~DGR:A,4,2,!^^~\n^XA^XGR:A^FS\n^PQ1,0,0,N^XZ\n\
                          ^XA^IDR:A^FS^XZ\n! U1 getvar \"odometer.total_label_count\"\r\n~HI\n";

    #[test]
    fn labels_are_counted_and_questions_answered_however_the_bytes_arrive() {
        let expected = [b"\"0\"", CONDITIONS.as_bytes(), STATUS.as_bytes(), b"\"1\"", IDENTITY.as_bytes()].concat();
        for piece in 1..TALK.len() {
            let labels = AtomicU64::new(0);
            let mut conversation = Conversation::default();
            let answer: Vec<u8> = TALK.chunks(piece).flat_map(|bytes| conversation.take(bytes, &labels)).collect();
            assert_eq!(String::from_utf8_lossy(&answer), String::from_utf8_lossy(&expected), "in pieces of {piece}");
            assert_eq!(labels.into_inner(), 1);
        }
    }
}

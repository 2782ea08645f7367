//! A connection to a scale, and the questions on it.

use std::time::{Duration, Instant};

use ostler_scale_protocols::{Answer, Answers, Command, Protocol};
use ostler_sdk::{Connection, Error, Machine, Result};

use crate::declare::CONNECTION;

/// How long an answer to the weight is waited for. Scales answer within some hundred milliseconds, or not at all.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long an answer to an order is waited for: scales of SMA wait for standstill before they answer (Sartorius, PR 5211
/// Instrument Manual, section 5.3).
const LONG_PATIENCE: Duration = Duration::from_secs(5);

/// How long is listened before a question. An answer that came too late for an earlier one would be taken for the answer to
/// this one.
const STALE: Duration = Duration::from_millis(20);

/// Much more than an answer.
const READ_SIZE: u32 = 256;

/// So many bytes without an answer are noise, and whoever sends them may never stop.
const MOST_NOISE: usize = 4096;

/// What came after a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// An answer.
    Answer(Answer),
    /// Bytes that are no answer.
    Noise,
    /// Nothing.
    Silence,
}

/// An open connection.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
    protocol: Protocol,
    answers: Answers,
}

impl Session {
    /// Connects to the machine's scale.
    pub async fn open(machine: &Machine, protocol: Protocol) -> Result<Self> {
        let connection = machine.connect(CONNECTION).await?;
        Ok(Self { connection, protocol, answers: Answers::new(protocol) })
    }

    /// Asks, and reads until there is an answer or the time is over. Silence is not an error.
    pub async fn ask(&mut self, command: Command) -> Result<Heard> {
        self.read(STALE).await?;
        self.answers.clear();
        self.connection.write_all(self.protocol.question(command)).await?;
        let patience = if command == Command::Weigh { PATIENCE } else { LONG_PATIENCE };
        let deadline = Instant::now() + patience;
        let mut garbled = None;
        let mut received = 0;
        while received < MOST_NOISE {
            for answer in self.answers.by_ref() {
                // Noise may look like an answer; a real one may follow.
                match answer {
                    Answer::Garbled(_) => garbled = Some(answer),
                    answer => return Ok(Heard::Answer(answer)),
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let read = if left.is_zero() { None } else { self.read(left).await? };
            let Some(bytes) = read else { break };
            received += bytes.len();
            self.answers.push(&bytes);
        }
        Ok(match garbled {
            Some(answer) => Heard::Answer(answer),
            None if self.answers.heard() => Heard::Noise,
            None => Heard::Silence,
        })
    }

    /// Some bytes; nothing when none came in time.
    async fn read(&self, timeout: Duration) -> Result<Option<Vec<u8>>> {
        match self.connection.read(READ_SIZE, timeout).await {
            Ok(bytes) if bytes.is_empty() => Err(closed()),
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_timeout() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn closed() -> Error {
    Error::transient("closed", "The scale closed the connection.")
}

//! What the printer could not do. A real printer would say nothing; the simulator keeps a record.

use thiserror::Error;

use super::graphics::GraphicError;

/// An error and the connection on which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedError {
    /// Connections are numbered from 1 in the order of acceptance.
    pub connection: u64,
    /// What was wrong.
    pub error: CommandError,
}

/// Why a command had no effect, or not its full effect.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandError {
    /// A graphic was dropped; the label prints without it.
    #[error("{command}: the graphic was dropped: {reason}")]
    Graphic {
        /// `^GF`, `~DG` or `GW`.
        command: String,
        /// What was wrong with it.
        reason: GraphicError,
    },
    /// `^XG` or `^IM` named a graphic that is not stored.
    #[error("{command}: no graphic is stored as {name}")]
    NoSuchGraphic {
        /// The command that wanted it.
        command: String,
        /// Its full name, such as `R:LOGO.GRF`.
        name: String,
    },
    /// A parameter is missing, no number, or out of its range; the command was ignored.
    #[error("{command}: bad parameters {parameters:?}")]
    BadParameters {
        /// The command.
        command: String,
        /// Its parameters as received.
        parameters: String,
    },
    /// A command is longer than the printer takes; it was ignored.
    #[error("{command}: longer than {limit} bytes")]
    CommandTooLong {
        /// The command.
        command: String,
        /// The most bytes that a command may have.
        limit: usize,
    },
    /// `^XA` came before the `^XZ` of the format before; that format was dropped.
    #[error("a format was dropped because another began before its ^XZ")]
    FormatNotEnded,
    /// Black dots lie outside the page, or outside the label that came out; these are not printed. A real printer would put what is too
    /// long on the next label.
    #[error("{dots} black dots lie outside the label")]
    OffLabel {
        /// How many.
        dots: u64,
    },
    /// The command moves media, and a fault is in the way; it was ignored.
    #[error("{command}: the printer cannot move media now")]
    NotReady {
        /// The command.
        command: String,
    },
    /// The connection ended within a format; nothing of that format was printed.
    #[error("a format of {received} bytes was dropped because its connection ended before ^XZ")]
    FormatCutOff {
        /// Bytes of the format that had arrived.
        received: usize,
    },
}

impl CommandError {
    pub(crate) fn bad(command: &str, parameters: &[u8]) -> Self {
        let parameters = String::from_utf8_lossy(parameters).into_owned();
        Self::BadParameters { command: command.to_owned(), parameters }
    }
}

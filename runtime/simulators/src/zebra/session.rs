//! One connection's place in the stream, in the language of the printer's port.

use super::config::Language;
use super::epl::EplSession;
use super::printer::Printer;
use super::replies::Replies;
use super::zpl::ZplSession;

#[derive(Debug)]
pub(crate) enum Session {
    Zpl(ZplSession),
    Epl(EplSession),
}

impl Session {
    /// Connections are numbered from 1.
    pub(crate) fn new(language: Language, connection: u64) -> Self {
        match language {
            Language::Zpl => Self::Zpl(ZplSession::new(connection)),
            Language::Epl2 => Self::Epl(EplSession::new(connection)),
        }
    }

    /// Takes bytes in any pieces; returns what is to be sent back.
    pub(crate) fn feed(&mut self, printer: &mut Printer, bytes: &[u8]) -> Replies {
        match self {
            Self::Zpl(session) => session.feed(printer, bytes),
            Self::Epl(session) => session.feed(printer, bytes),
        }
    }

    /// The sender has ended its side: acts on what has no end of its own, such as `~SD15`.
    pub(crate) fn finish(&mut self, printer: &mut Printer) -> Replies {
        match self {
            Self::Zpl(session) => session.finish(printer),
            Self::Epl(session) => session.finish(printer),
        }
    }

    /// The connection is gone: an unfinished format goes with it.
    pub(crate) fn end(&mut self, printer: &mut Printer) {
        match self {
            Self::Zpl(session) => session.end(printer),
            Self::Epl(session) => session.end(printer),
        }
    }
}

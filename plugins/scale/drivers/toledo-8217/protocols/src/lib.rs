//! Two protocols of scales: plain data in and out, no device, no clock, no async.
//!
//! Both are questions of a character or a line, each with one answer. The caller sends [`Protocol::question`], pushes what
//! it reads into [`Answers`], and takes whole [`Answer`]s out.
//!
//! # Layout
//!
//! * [`Protocol`] and [`Command`]: what can be asked, as bytes.
//! * [`Answers`]: answers out of a stream that arrives in any pieces, with noise between them.
//! * [`Answer`], [`Report`], [`Trouble`]: what a scale said, whichever protocol it speaks.
//! * [`Weight`], [`Number`], [`Unit`]: a weight, exactly as it was written.
//! * `toledo` and `sma`: the two protocols. Their first lines name the documents that they follow.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic))]

mod answer;
mod answers;
mod protocol;
mod sma;
mod toledo;
mod weight;

pub use answer::{Answer, Report, Trouble};
pub use answers::Answers;
pub use protocol::{Command, Protocol};
pub use weight::{Number, Unit, Weight};

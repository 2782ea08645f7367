//! ZPL II for a bitmap printer driver: plain data in and out, no device, no clock, no async.
//!
//! # Layout
//!
//! Towards the printer:
//!
//! * [`Bitmap`]: black and white dots, checked.
//! * [`compress`]: rows as hexadecimal with ZPL's run lengths.
//! * [`Label`]: a whole format, offered in strips so that the caller can pause between them.
//!
//! From the printer:
//!
//! * [`Frames`]: `STX ... ETX` out of a stream that arrives in any pieces.
//! * [`Reply`]: `~HS`, `~HQES` and `~HI` as values.
//! * [`Fault`] and [`Warning`]: what is wrong, and what to do about it at the printer.
//! * [`Line`]: which question an answer belongs to.
//! * [`Watch`]: whether a label that was sent has come out.
//!
//! # Sources
//!
//! Zebra, *ZPL II Programming Guide*: the pages of `^GF`, `^PQ`, `~SD`, `~HS`, `~HQ`, `~HI`, and the chapter on
//! alternative data compression. Each item names the page that it follows.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic))]

mod bitmap;
pub mod compress;
mod conditions;
mod fault;
mod frames;
mod host_status;
mod identity;
mod label;
mod line;
mod reply;
mod watch;

pub use bitmap::{Bitmap, BitmapError};
pub use conditions::Conditions;
pub use fault::{Concern, Fault, Warning};
pub use frames::Frames;
pub use host_status::HostStatus;
pub use identity::Identity;
pub use label::{Label, MOST_BYTES, Strips};
pub use line::{Line, Query, Report};
pub use reply::{Replies, Reply};
pub use watch::{Step, Watch};

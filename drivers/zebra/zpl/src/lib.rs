//! ZPL II for a bitmap printer driver: plain data in and out, no device, no clock, no async.
//!
//! # Layout
//!
//! Towards the printer:
//!
//! * [`Bitmap`]: black and white dots, checked.
//! * [`compress`] and [`z64`]: dots as text, in the two forms that printers read; [`Encoding`] chooses.
//! * [`Setup`]: what an operator may set about the printer.
//! * [`Label`]: a whole format, offered in strips so that the caller can pause between them.
//! * [`Stored`]: a graphic that the printer keeps for the labels of a job that are alike.
//! * [`Template`]: ZPL that somebody else wrote, with places for values.
//!
//! From the printer:
//!
//! * [`Frames`]: `STX ... ETX` and quoted values out of a stream that arrives in any pieces.
//! * [`Reply`]: `~HS`, `~HQES`, `~HI` and `getvar` as values.
//! * [`Firmware`]: which forms a printer of this version reads.
//! * [`Fault`] and [`Warning`]: what is wrong, and what to do about it at the printer.
//! * [`Report`]: the answers to one question, together.
//! * [`Line`]: which question an answer belongs to.
//! * [`Watch`]: whether a label that was sent has come out.
//!
//! # Sources
//!
//! Zebra, *ZPL II Programming Guide* (45541L-004 for firmware x.10 to x.13, and the one published as *zpl-pg*): the
//! pages of each command, and the chapters on alternative data compression and on ZB64. Each item names the page
//! that it follows.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic))]

mod bitmap;
pub mod compress;
mod conditions;
mod encoding;
mod fault;
mod firmware;
mod frames;
mod host_status;
mod identity;
mod label;
mod line;
mod reply;
mod report;
mod setup;
mod stored;
mod template;
mod watch;
pub mod z64;

pub use bitmap::{Bitmap, BitmapError};
pub use conditions::Conditions;
pub use encoding::Encoding;
pub use fault::{Concern, Fault, Warning};
pub use firmware::Firmware;
pub use frames::{Frame, Frames};
pub use host_status::HostStatus;
pub use identity::Identity;
pub use label::{Label, MOST_BYTES, Pieces};
pub use line::{Line, Query, VARIABLES};
pub use reply::{Replies, Reply};
pub use report::Report;
pub use setup::{Method, Mode, Setup, Tracking};
pub use stored::Stored;
pub use template::{Template, TemplateError};
pub use watch::{Expected, Step, Wait, Watch};

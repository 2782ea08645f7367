//! EPL2 for a bitmap printer driver: the language of older Zebra and Eltron desktop printers. Plain data in and out, no
//! device, no clock, no async.
//!
//! # Layout
//!
//! * [`Label`]: a whole form, offered in strips, since these printers have small receive buffers.
//! * [`Setup`]: what an operator may set about the printer.
//! * [`Report`]: the answer to `^ee`, and what to do about it at the printer.
//!
//! # Sources
//!
//! Zebra, *EPL2 Programmer's Manual* (980352-001 A) and *EPL Programming Guide* (14245L-003): the pages of `N`, `q`, `Q`,
//! `D`, `S`, `Z`, `GW`, `P`, `U`, `xa`, `eR` and `^ee`. Each item names the page that it follows.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic))]

mod label;
mod report;
mod setup;

pub use label::{Label, LabelError, Pieces};
pub use report::{ASK, Fault, Report};
pub use setup::{Setup, Tracking};

/// Prints how the printer is set up (page of `U`).
pub const PRINT_CONFIGURATION: &[u8] = b"\nU\n";

/// Measures the labels and adjusts the sensor; feeds some labels (page of `xa`).
pub const CALIBRATE: &[u8] = b"\nxa\n";

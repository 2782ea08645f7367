//! A simulated Zebra label printer: ZPL II, or EPL2, on a raw TCP port of 127.0.0.1.
//!
//! Protocol facts come from Zebra's *ZPL II Programming Guide* (`zpl-pg`), each named by its command's page, and for EPL2
//! from the *EPL Programming Guide* (14245L). In the order of the data's way:
//!
//! * [`config`]: which printer it is. [`handle`]: what a test or the demo does with it. [`fault`]: what can go wrong,
//!   and [`moment`]: when, if not at once.
//! * `gate`: the listening socket; open, refusing, or holding clients back. `server`: connections, and the faults of
//!   the transport.
//! * [`parser`]: ZPL in arbitrary pieces to commands. `zpl`: commands to effects, one session a connection; `format`: what stands
//!   between `^XA` and `^XZ`. `epl`: the same for EPL2. `sgd`: Set-Get-Do lines, in both.
//! * [`graphics`]: `^GF` and `~DG` data to pictures. [`render`]: a format's fields to a page.
//! * [`printer`]: the device behind all connections, and what it has printed. `motion`: what moves media: the queue, printing,
//!   feeding, cutting, calibrating. [`media`]: what lies in it, and what it looks for. [`settings`]: what stays set between
//!   formats. [`odometer`]: what it counts. `status`: the replies to queries.
//!
//! A format prints when `^XZ` arrives and it holds at least one field. Text, bar codes and boxes are not drawn: a format
//! that has only these prints a white label, and [`ZebraPrinter::unknown_commands`] names what was not understood. An empty
//! format feeds a blank label.

pub mod config;
mod epl;
pub mod error;
pub mod fault;
mod format;
mod gate;
pub mod graphics;
pub mod handle;
pub mod media;
pub mod moment;
mod motion;
pub mod odometer;
pub mod parser;
pub mod printer;
pub mod render;
mod replies;
mod server;
mod session;
pub mod settings;
mod sgd;
mod status;
mod zpl;

pub use config::{Answers, HostStatusForm, HostStatusQuirk, Language, Serving, ZebraConfig};
pub use error::{CommandError, RecordedError};
pub use fault::{Effect, Fault, FaultKind, HostStatusFlag};
pub use graphics::GraphicError;
pub use handle::{Connections, Printout, ZebraPrinter, interpret};
pub use media::{Media, MediaKind, Tracking};
pub use moment::Moment;
pub use odometer::Odometer;
pub use printer::{LabelKind, PrintedLabel, State};
pub use settings::{PrintMode, Settings};

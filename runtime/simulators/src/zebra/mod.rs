//! A simulated Zebra label printer: ZPL II on a raw TCP port of 127.0.0.1.
//!
//! Protocol facts come from Zebra's *ZPL II Programming Guide* (`zpl-pg`), each named by its command's page. In the order
//! of the data's way:
//!
//! * [`config`]: which printer it is. [`handle`]: what a test or the demo does with it. [`fault`]: what can go wrong.
//! * `gate`: the listening socket; open, refusing, or holding clients back. `server`: connections, and the faults of
//!   the transport.
//! * [`parser`]: bytes in arbitrary pieces to commands. `session`: commands to effects, one a connection.
//! * [`graphics`]: `^GF` and `~DG` data to pictures. [`render`]: a format's fields to a label.
//! * [`printer`]: the device behind all connections: settings, stored graphics, queue, printed labels.
//!   [`settings`]: what stays set between formats. [`status`]: `~HI`, `~HS`, `~HQES` and `getvar` replies.
//!
//! A format prints when `^XZ` arrives and it holds at least one field. Text, bar codes and boxes are not drawn: a format
//! that has only these prints a white label, and [`ZebraPrinter::unknown_commands`] names what was not understood.

pub mod config;
pub mod error;
pub mod fault;
mod gate;
pub mod graphics;
pub mod handle;
pub mod parser;
pub mod printer;
pub mod render;
mod server;
mod session;
pub mod settings;
pub mod status;

pub use config::{HostStatusForm, Serving, ZebraConfig};
pub use error::{RecordedError, ZplError};
pub use fault::{Fault, FaultKind};
pub use graphics::GraphicError;
pub use handle::{Connections, Printout, ZebraPrinter, interpret};
pub use printer::{PrintedLabel, State};
pub use settings::Settings;

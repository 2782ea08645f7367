//! Simulated devices with faults: for `ostler demo`, for driver authors' tests, and for ours.
//!
//! A simulator is a library value that listens on a loopback port and behaves like the device on the
//! wire: it parses what a driver sends, answers what the device would answer, prints to memory, and can be made to
//! run out of labels, stall, close, refuse or stay silent at any moment while connections run.
//!
//! ```no_run
//! use ostler_simulators::zebra::{Fault, ZebraConfig, ZebraPrinter};
//!
//! # async fn example() -> std::io::Result<()> {
//! let printer = ZebraPrinter::start(ZebraConfig::default())?;
//! println!("print to {}", printer.uri());
//! printer.set_fault(Fault::MediaOut)?;
//! // ... a driver sends a label, which waits in the printer's buffer ...
//! printer.clear_fault(Fault::MediaOut)?;
//! let state = printer.wait_until(|state| state.labels_printed == 1).await;
//! assert_eq!(state.formats_waiting, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! * [`zebra`]: a Zebra label printer that speaks ZPL II or EPL2 on a raw TCP port. Start at its `mod.rs`.
//! * [`sink`]: a TCP port that takes bytes and counts them; the cheapest possible device, for benchmarks.
//! * [`bitmap`]: 1-bit pictures, which is what printed labels are, and PNG.
//! * [`wait`]: how a test waits for a simulator's state instead of sleeping.

pub mod bitmap;
pub mod sink;
pub mod wait;
pub mod zebra;

pub use bitmap::Bitmap;
pub use sink::{SinkConfig, SinkState, TcpSink};
pub use wait::WaitError;
pub use zebra::{Fault, Media, PrintedLabel, ZebraConfig, ZebraPrinter};

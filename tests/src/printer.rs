//! Simulated printers, and the runtime that they live on.

use crate::dots;
use ostler_simulators::{ZebraConfig, ZebraPrinter, zebra};
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};

/// For simulators and clients; tests themselves are plain threads.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// The runtime of simulators and clients. Not to be blocked on from inside itself.
pub fn runtime() -> &'static Runtime {
    &RUNTIME
}

/// A printer of 8 dots/mm with 4 x 6 inch labels.
pub fn zebra() -> ZebraPrinter {
    zebra_with(ZebraConfig::default())
}

/// A printer like this.
pub fn zebra_with(config: ZebraConfig) -> ZebraPrinter {
    let _inside = runtime().enter();
    ZebraPrinter::start(config).unwrap()
}

/// Waits until a printer's state meets a condition, or fails the test with that state.
pub fn until(printer: &ZebraPrinter, condition: impl FnMut(&zebra::State) -> bool) -> zebra::State {
    runtime().block_on(printer.wait_until_within(crate::PATIENCE, condition)).unwrap()
}

/// The labels that came out, as the pictures that they were.
#[track_caller]
pub fn came_out(zebra: &ZebraPrinter, pictures: &[&[u8]]) {
    let labels = zebra.labels();
    assert_eq!(labels.len(), pictures.len());
    for (label, picture) in labels.iter().zip(pictures) {
        dots::assert_same(&dots::of_png(picture), &label.bitmap);
    }
}

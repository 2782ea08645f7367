//! The recording driver, version 2.0.0: another component of the same slug, for swaps and ways back.

#![forbid(unsafe_code)]

use ostler_recording_hooks::{Edition, Recording};
use ostler_sdk::{DriverInfo, Setting};

struct Next;

impl Edition for Next {
    const VERSION: &'static str = "2.0.0";

    /// A setting that machines of the version before cannot have a value of.
    fn settings(info: DriverInfo) -> DriverInfo {
        info.setting(Setting::text("SHELF", "Shelf").required())
    }
}

type NextRecording = Recording<Next>;

ostler_sdk::export_label_printer!(NextRecording);

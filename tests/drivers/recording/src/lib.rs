//! The recording driver, version 1.0.0. What it does stands in `hooks`, which the next version shares.

#![forbid(unsafe_code)]

use ostler_recording_hooks::{Edition, Recording};
use ostler_sdk::{DriverInfo, Setting};

struct First;

impl Edition for First {
    const VERSION: &'static str = "1.0.0";

    /// A setting that the next version does not have any more.
    fn settings(info: DriverInfo) -> DriverInfo {
        info.setting(Setting::text("BIN", "Bin"))
    }
}

type FirstRecording = Recording<First>;

ostler_sdk::export_label_printer!(FirstRecording);

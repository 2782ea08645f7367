//! A driver that decides by itself where it connects to: its `device-uri` has a default. It is refused at install.

#![forbid(unsafe_code)]

use ostler_sdk::label_printer::LabelPrinter;
use ostler_sdk::printing::PrintJob;
use ostler_sdk::{Driver, DriverInfo, Machine, Result, Setting};

struct DefaultUri;

impl Driver for DefaultUri {
    fn describe() -> DriverInfo {
        DriverInfo::new("default-uri", "Default URI", env!("CARGO_PKG_VERSION"))
            .setting(Setting::device_uri("CONNECTION", "Connection", &["tcp"]).default("tcp://127.0.0.1:22"))
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self)
    }
}

impl LabelPrinter for DefaultUri {
    async fn print_label(&self, machine: &Machine, _job: &PrintJob, _index: u32) -> Result<()> {
        machine.connect("CONNECTION").await.map(drop)
    }
}

ostler_sdk::export_label_printer!(DefaultUri);

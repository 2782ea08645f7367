//! A driver whose description crashes. It is refused at install.

#![forbid(unsafe_code)]
#![allow(clippy::panic)] // it is what this driver is for

use ostler_sdk::label_printer::LabelPrinter;
use ostler_sdk::printing::PrintJob;
use ostler_sdk::{Driver, DriverInfo, Machine, Result};

struct DescribeTrap;

impl Driver for DescribeTrap {
    fn describe() -> DriverInfo {
        panic!("this driver does not know what it is");
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self)
    }
}

impl LabelPrinter for DescribeTrap {
    async fn print_label(&self, _machine: &Machine, _job: &PrintJob, _index: u32) -> Result<()> {
        Ok(())
    }
}

ostler_sdk::export_label_printer!(DescribeTrap);

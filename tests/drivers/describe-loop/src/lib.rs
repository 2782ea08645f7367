//! A driver whose description never ends. It is refused at install, in bounded time.

#![forbid(unsafe_code)]

use ostler_sdk::label_printer::LabelPrinter;
use ostler_sdk::printing::PrintJob;
use ostler_sdk::{Driver, DriverInfo, Machine, Result};

struct DescribeLoop;

impl Driver for DescribeLoop {
    fn describe() -> DriverInfo {
        loop {
            std::hint::black_box(());
        }
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self)
    }
}

impl LabelPrinter for DescribeLoop {
    async fn print_label(&self, _machine: &Machine, _job: &PrintJob, _index: u32) -> Result<()> {
        Ok(())
    }
}

ostler_sdk::export_label_printer!(DescribeLoop);

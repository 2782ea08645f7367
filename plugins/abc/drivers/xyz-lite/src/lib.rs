//! Drives ABC machines that do not measure.

#![forbid(unsafe_code)]

use ostler_abc::{Abc, SetStatus, Status};
use ostler_sdk::{Driver, DriverInfo, Machine, Result};

struct XyzLite;

impl Driver for XyzLite {
    fn describe() -> DriverInfo {
        DriverInfo::new("xyz-lite", "My XYZ Lite driver", env!("CARGO_PKG_VERSION"))
            .description("This is an XYZ driver for an ABC machine without a measuring head.")
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self)
    }

    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        machine.set_status(Status::Standby);
        Ok(())
    }
}

impl Abc for XyzLite {
    async fn multiply(&self, machine: &Machine, x: i32, y: i32) -> Result<i64> {
        machine.set_status(Status::Connected);
        Ok(i64::from(x) * i64::from(y))
    }
}

ostler_abc::export_abc!(XyzLite);

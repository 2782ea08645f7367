//! Drives ABC machines that measure. There is no device behind it: where a real driver would ask one, this one computes.

#![forbid(unsafe_code)]

use ostler_abc::{Abc, Measurement, SetStatus, Status};
use ostler_sdk::{Driver, DriverInfo, Error, Machine, Property, PropertyKind, Result, Setting};

struct Xyz;

impl Driver for Xyz {
    fn describe() -> DriverInfo {
        DriverInfo::new("xyz", "My XYZ driver", env!("CARGO_PKG_VERSION"))
            .description("This is an awesome XYZ driver for an ABC machine.")
            .setting(Setting::choice("UNIT", "Unit", [("mm", "Millimetres"), ("in", "Inches")]).required())
            .implements("measure")
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self)
    }

    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        machine.set_status(Status::Connected);
        // A progress without a maximum is out of 100.
        let ink = Property::new("Ink", PropertyKind::Progress, "80");
        machine.set_properties(&[Property::text("Model", "XYZ 1"), ink]);
        Ok(())
    }
}

impl Abc for Xyz {
    async fn multiply(&self, machine: &Machine, x: i32, y: i32) -> Result<i64> {
        machine.set_status_text(format!("Multiplied {x} by {y}."));
        Ok(i64::from(x) * i64::from(y))
    }

    async fn measure(&self, machine: &Machine, samples: u32) -> Result<Measurement> {
        if samples == 0 {
            return Err(Error::invalid("samples", "A measurement needs at least 1 sample."));
        }
        let unit: String = machine.setting("UNIT")?;
        let value = if unit == "in" { 1.5 } else { 38.1 };
        Ok(Measurement { value, unit })
    }
}

ostler_abc::export_abc!(Xyz);

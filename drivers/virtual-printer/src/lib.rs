//! A label printer that needs no device, and the driver to read first.
//!
//! It takes a label the way a real driver does (settings, bitmap, `label_started`, `label_done`), and where the
//! others send bytes it counts black dots. What it found out about the last label stands in the machine's properties.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic))]

use std::cell::RefCell;
use std::collections::HashMap;

use ostler_sdk::label_printer::{LabelPrinter, SetStatus, Status};
use ostler_sdk::printing::{PrintJob, Proof, Raster};
use ostler_sdk::{Driver, DriverInfo, FieldError, Machine, MachineState, Property, Result, Setting, SettingValue};

/// One value drives all machines of this driver. Calls run side by side on one thread, hence `RefCell` and no lock.
#[derive(Default)]
pub struct VirtualPrinter {
    /// Labels that each machine printed since the driver started, by the machine's name.
    printed: RefCell<HashMap<String, u32>>,
}

impl Driver for VirtualPrinter {
    fn describe() -> DriverInfo {
        let densities = [("8", "8 dots/mm (203 dpi)"), ("12", "12 dots/mm (300 dpi)"), ("24", "24 dots/mm (600 dpi)")];
        DriverInfo::new("virtual-printer", "Virtual printer", env!("CARGO_PKG_VERSION"))
            .description("Prints nowhere: for trying Ostler, and for learning how a driver is written.")
            .setting(Setting::choice("DPMM", "Density", densities).default("8"))
            .setting(Setting::decimal("LABEL_WIDTH", "Label width").units("mm").min(1).max(300).default(101.5))
            .setting(Setting::decimal("LABEL_LENGTH", "Label length").units("mm").min(1).max(1000).default(152.25))
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self::default())
    }

    /// An error here would leave the machine `failed` and be tried again later.
    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        raster(machine)?;
        machine.set_status(Status::Connected);
        machine.set_status_text("Ready. Labels go nowhere.");
        Ok(())
    }

    /// Settings are read when they are needed, so a change has nothing to undo.
    async fn update_machine(&self, machine: &Machine, _old: &MachineState) -> Result<()> {
        self.init_machine(machine).await
    }

    /// Two settings that are fine alone may be too much together; `machine` answers with the proposed values.
    async fn validate_settings(&self, machine: &Machine, _: &[SettingValue]) -> Result<(), Vec<FieldError>> {
        let raster = raster(machine).map_err(|error| vec![FieldError::driver("LABEL_WIDTH", error.message)])?;
        if u64::from(raster.width) * u64::from(raster.height) > MOST_DOTS {
            return Err(vec![FieldError::driver("LABEL_LENGTH", "the label has more than 100 million dots")]);
        }
        Ok(())
    }

    async fn ping_machine(&self, machine: &Machine) -> Result<()> {
        machine.set_status(Status::Connected);
        Ok(())
    }
}

impl LabelPrinter for VirtualPrinter {
    async fn print_label(&self, machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
        // Rendering is the host's work. `?` hands its errors on: they say already what is wrong.
        let bitmap = job.label(index)?.bitmap(&raster(machine)?).await?;

        // Committed when it returns. A driver with a device sends its first byte after this line, never before.
        job.label_started(index).await?;
        machine.set_status(Status::Printing);

        let mut black: u64 = 0;
        for rows in bitmap.data.chunks(64 * 1024) {
            black += rows.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>();
            // Long computations stop the other machines of this driver, so they pause.
            ostler_sdk::yield_now().await;
        }

        // `Sent` and no more: there is no device that could have acknowledged anything.
        job.label_done(index, Proof::Sent).await?;

        let printed = self.count(machine, job.copies());
        machine.set_properties(&[
            Property::integer("Labels printed", printed),
            Property::text("Last job", job.id().to_string()),
            Property::text("Last label", format!("{} x {} dots", bitmap.width, bitmap.height)),
            Property::text("Black dots", black.to_string()),
        ]);
        machine.set_status(Status::Connected);
        machine.set_status_text(format!("Printed label {} of job {}: {black} black dots.", index + 1, job.id()));
        Ok(())
    }
}

impl VirtualPrinter {
    /// Adds to a machine's count, and returns it.
    fn count(&self, machine: &Machine, labels: u32) -> u32 {
        let mut printed = self.printed.borrow_mut();
        let count = printed.entry(machine.name()).or_default();
        *count = count.saturating_add(labels);
        *count
    }
}

/// As many dots as the host renders at most.
const MOST_DOTS: u64 = 100_000_000;

/// What to ask the host for: the label in dots.
fn raster(machine: &Machine) -> Result<Raster> {
    let dpmm: u32 = machine.setting("DPMM")?;
    let width = dots(machine.setting("LABEL_WIDTH")?, dpmm);
    let length = dots(machine.setting("LABEL_LENGTH")?, dpmm);
    Ok(Raster::new(dpmm, width, length))
}

/// Millimetres in dots, rounded; at least one. (101.5 mm at 8 dots/mm is 812 dots.)
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, and the value is positive
fn dots(millimetres: f64, dpmm: u32) -> u32 {
    (millimetres * f64::from(dpmm)).round().max(1.0) as u32
}

ostler_sdk::export_label_printer!(VirtualPrinter);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_label_is_4_by_6_inch_in_dots() {
        assert_eq!((dots(101.5, 8), dots(152.25, 8)), (812, 1218));
    }

    #[test]
    fn every_setting_has_a_default_so_that_a_new_machine_starts_at_once() {
        let info = VirtualPrinter::describe();
        assert!(info.settings.iter().all(|setting| setting.default.is_some()));
    }
}

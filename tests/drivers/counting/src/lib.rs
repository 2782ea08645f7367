//! A ZPL printer's driver that asks no questions and counts its own starts: the tests see in its properties how many
//! instances there are. `tests/python-driver` is the same driver in Python.

#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt::Write as _;

use ostler_sdk::label_printer::{LabelPrinter, SetStatus, Status};
use ostler_sdk::printing::{Bitmap, PrintJob, Proof, Raster};
use ostler_sdk::{Driver, DriverInfo, Machine, Property, Result, Setting};

const CONNECTION: &str = "CONNECTION";

thread_local! {
    /// How often `init-driver` ran in this instance.
    static DRIVER_STARTS: Cell<i64> = const { Cell::new(0) };
}

/// One value drives all machines of this driver.
#[derive(Default)]
pub struct Counting {
    /// How often `init-machine` ran in this instance, for any machine.
    machine_starts: Cell<i64>,
}

impl Driver for Counting {
    fn describe() -> DriverInfo {
        DriverInfo::new("counting-printer", "Counting printer", env!("CARGO_PKG_VERSION"))
            .description("Sends uncompressed ZPL, and counts how often it was started.")
            .setting(Setting::device_uri(CONNECTION, "Connection", &["tcp"]).required())
    }

    async fn init_driver() -> Result<Self> {
        DRIVER_STARTS.set(DRIVER_STARTS.get() + 1);
        Ok(Self::default())
    }

    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        self.machine_starts.set(self.machine_starts.get() + 1);
        machine.set_properties(&[
            Property::integer("driver-starts", DRIVER_STARTS.get()),
            Property::integer("machine-number", self.machine_starts.get()),
        ]);
        machine.set_status(Status::Connected);
        Ok(())
    }

    async fn ping_machine(&self, machine: &Machine) -> Result<()> {
        machine.set_status(Status::Connected);
        Ok(())
    }
}

impl LabelPrinter for Counting {
    async fn print_label(&self, machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
        // Connected first: while a printer is waited for, nothing is held in the memory that all machines share.
        let printer = machine.connect(CONNECTION).await?;
        // 4 x 6 inch at 8 dots/mm.
        let bitmap = job.label(index)?.bitmap(&Raster::new(8, 812, 1218)).await?;
        let zpl = zpl(&bitmap, job.copies());
        job.label_started(index).await?;
        printer.write_all(zpl.as_bytes()).await?;
        job.label_done(index, Proof::Sent).await
    }
}

/// A format with one uncompressed graphic (ZPL II Programming Guide, pages of `^GF` and `^PQ`).
fn zpl(bitmap: &Bitmap, copies: u32) -> String {
    let Bitmap { width, height, stride, data } = bitmap;
    let size = data.len();
    let mut zpl = format!("^XA^PW{width}^LL{height}^FO0,0^GFA,{size},{size},{stride},");
    for byte in data {
        // Writing to a string does not fail.
        let _ = write!(zpl, "{byte:02X}");
    }
    let _ = write!(zpl, "^FS^PQ{copies}^XZ");
    zpl
}

ostler_sdk::export_label_printer!(Counting);

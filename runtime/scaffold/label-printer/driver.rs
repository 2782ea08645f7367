//! Drives @title@.
//!
//! A driver says what it is (`describe`), looks after its machines (`init_machine`, `ping_machine`), and prints (`print_label`).
//! Everything else has a default: `cargo doc -p ostler-sdk --open` shows what there is.

#![forbid(unsafe_code)]

use ostler_sdk::label_printer::{LabelPrinter, SetStatus, Status};
use ostler_sdk::printing::{Bitmap, PrintJob, Proof, Raster};
use ostler_sdk::{Connection, Driver, DriverInfo, Machine, Result, Setting};

/// Dots per millimetre: 8 is 203 dpi, 12 is 300 dpi, 24 is 600 dpi.
const DPMM: u32 = 8;

struct @Type@;

impl Driver for @Type@ {
    fn describe() -> DriverInfo {
        DriverInfo::new("@name@", "@title@", env!("CARGO_PKG_VERSION"))
            .description("Prints labels on @title@.")
            // What an operator types there is the permission: a driver reaches nothing else.
            .setting(
                Setting::device_uri("CONNECTION", "Connection", &["tcp", "usb"])
                    .description("Where the printer is: tcp://10.0.0.7:9100 or usb:///dev/usb/lp0.")
                    .required(),
            )
            .setting(
                Setting::decimal("LABEL_WIDTH", "Label width")
                    .description("Of the labels that are loaded.")
                    .units("mm")
                    .min(10)
                    .max(300)
                    .default(101.5),
            )
            .setting(
                Setting::decimal("LABEL_LENGTH", "Label length")
                    .description("Of the labels that are loaded, in the direction in which they move.")
                    .units("mm")
                    .min(10)
                    .max(1000)
                    .default(152.25),
            )
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self)
    }

    /// An error here makes the machine `failed`. A printer that is switched off is none: it may be switched on later.
    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        raster(machine)?;
        self.ping_machine(machine).await
    }

    /// Asked again and again, while nothing is printed: is the printer there?
    async fn ping_machine(&self, machine: &Machine) -> Result<()> {
        match connect(machine).await {
            Err(error) if error.is_cancelled() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

impl LabelPrinter for @Type@ {
    async fn print_label(&self, machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
        // Documents of every kind arrive as black and white dots. `?` hands errors on as they are: the host knows from them whether
        // to try again, and when.
        let bitmap = job.label(index)?.bitmap(&raster(machine)?).await?;
        let label = encode(&bitmap, job.copies());
        let printer = connect(machine).await?;

        // Written down when this returns: from here on bytes count, and a label that breaks off is never printed twice by itself.
        job.label_started(index).await?;
        machine.set_status(Status::Printing);
        printer.write_all(&label).await?;
        machine.set_status(Status::Connected);

        // All bytes are handed over, and no more is known. A driver that asks its printer afterwards can say `Acknowledged` or
        // `Counted`.
        job.label_done(index, Proof::Sent).await
    }
}

/// The printer; or why it is not there, which its status says as well.
async fn connect(machine: &Machine) -> Result<Connection> {
    let connected = machine.connect("CONNECTION").await;
    match &connected {
        Ok(_) => {
            machine.set_status(Status::Connected);
            machine.set_status_text("");
        }
        // Somebody stopped the call: that says nothing about the printer.
        Err(error) if error.is_cancelled() => {}
        Err(error) => {
            machine.set_status(Status::Disconnected);
            machine.set_status_text(&error.message);
        }
    }
    connected
}

/// A label in the language of the printer. Here that is ZPL II: a graphic in hexadecimal (`^GFA`), printed so many times (`^PQ`).
fn encode(bitmap: &Bitmap, copies: u32) -> Vec<u8> {
    let (bytes, row) = (bitmap.data.len(), bitmap.stride);
    let mut label = format!("^XA^PW{}^LL{}^FO0,0^GFA,{bytes},{bytes},{row},", bitmap.width, bitmap.height).into_bytes();
    let digit = |value: u8| char::from_digit(value.into(), 16).map_or(b'0', |digit| digit as u8);
    label.extend(bitmap.data.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    label.extend(format!("^FS^PQ{copies}^XZ").into_bytes());
    label
}

/// What to ask the host for: the label in dots.
fn raster(machine: &Machine) -> Result<Raster> {
    let width: f64 = machine.setting("LABEL_WIDTH")?;
    let length: f64 = machine.setting("LABEL_LENGTH")?;
    Ok(Raster::new(DPMM, dots(width), dots(length)))
}

/// Millimetres in dots.
fn dots(millimetres: f64) -> u32 {
    (millimetres * f64::from(DPMM)).round() as u32
}

ostler_sdk::export_label_printer!(@Type@);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_graphic_with_its_copies() {
        let bitmap = Bitmap { width: 12, height: 2, stride: 2, data: vec![0xff, 0xf0, 0x80, 0x10] };
        let label = String::from_utf8(encode(&bitmap, 3)).unwrap();
        assert_eq!(label, "^XA^PW12^LL2^FO0,0^GFA,4,4,2,fff08010^FS^PQ3^XZ");
    }
}

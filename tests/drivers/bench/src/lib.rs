//! What the benchmarks measure inside a guest: a call with one host call, and the encoding of a label.
//!
//! The benchmarks use this crate natively as well, so that both sides run the same code on the same dots.

#![forbid(unsafe_code)]

mod sample;

use std::hint::black_box;

use ostler_sdk::label_printer::{LabelPrinter, SetStatus, Status};
use ostler_sdk::printing::PrintJob;
use ostler_sdk::{Action, Driver, DriverInfo, Error, Machine, Result, Setting, Value};
use ostler_zpl::{Bitmap, Label};

pub use sample::{HEIGHT, WIDTH};

/// The action that encodes.
pub const ENCODE: &str = "encode";
/// Its input: how many labels.
pub const ROUNDS: &str = "rounds";

/// The driver, with the label that it encodes.
pub struct Bench {
    dots: Vec<u8>,
}

impl Bench {
    /// Draws the label.
    pub fn new() -> Self {
        Self { dots: sample::label() }
    }

    /// Encodes the label `rounds` times as compressed ZPL, and returns the length and a checksum of the last one.
    pub fn encode(&self, rounds: i64) -> Result<String> {
        let bitmap = Bitmap::new(WIDTH, HEIGHT, WIDTH.div_ceil(8), &self.dots)
            .map_err(|error| Error::permanent("bitmap", error.to_string()))?;
        let mut zpl = Vec::new();
        for _ in 0..rounds {
            zpl = Label::new(black_box(bitmap)).to_bytes();
            black_box(&zpl);
        }
        // FNV-1a, 64 bits: enough to see that both sides made the same.
        let checksum = zpl.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Ok(format!("{} bytes, checksum {checksum:016x}", zpl.len()))
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}

impl Driver for Bench {
    fn describe() -> DriverInfo {
        let encode = Action::new(ENCODE, "Encode").input(Setting::integer(ROUNDS, "Labels").required());
        DriverInfo::new("bench", "Benchmarks", env!("CARGO_PKG_VERSION")).action(encode)
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self::new())
    }

    /// One host call.
    async fn ping_machine(&self, machine: &Machine) -> Result<()> {
        machine.set_status(Status::Connected);
        Ok(())
    }

    async fn run_action(&self, _: &Machine, action: &str, inputs: &[(String, Value)]) -> Result<String> {
        match (action, inputs) {
            (ENCODE, [(key, Value::Integer(rounds))]) if key == ROUNDS => self.encode(*rounds),
            _ => Err(Error::invalid("inputs", "the action is 'encode', its only input rounds")),
        }
    }
}

impl LabelPrinter for Bench {
    async fn print_label(&self, _: &Machine, _: &PrintJob, _: u32) -> Result<()> {
        Err(Error::unsupported("this driver does not print"))
    }
}

ostler_sdk::export_label_printer!(Bench);

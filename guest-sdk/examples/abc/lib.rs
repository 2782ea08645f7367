//! A machine type that Ostler does not know, and a driver for it, in one crate.
//!
//! The type is the folder `wit` beside this file: a contract and a manifest. `machine_type!` makes a trait and an
//! export macro of it, as it does for the types that Ostler ships. Usually the type is a crate of its own, so that
//! many drivers can use it.

// In the crate of the type itself, the code that `export_abc!` writes counts as our own. A driver in another crate
// can say `#![forbid(unsafe_code)]`.
#![allow(unsafe_code)]

use ostler_sdk::{Driver, DriverInfo, Error, Machine, Result};

ostler_sdk::machine_type! {
    path: "examples/abc/wit",

    /// What a driver of the type `abc` implements.
    pub trait Abc {
        /// Not in the contract: a driver may overwrite how many samples are good enough.
        fn enough(&self) -> u32 {
            3
        }
    }
}

/// A driver that measures nothing at all.
struct Nothing;

impl Driver for Nothing {
    fn describe() -> DriverInfo {
        DriverInfo::new("nothing", "Nothing", env!("CARGO_PKG_VERSION"))
    }

    async fn init_driver() -> Result<Self> {
        Ok(Self)
    }
}

impl Abc for Nothing {
    async fn measure(&self, machine: &Machine, samples: u32, _tags: Vec<(String, String)>) -> Result<Measurement> {
        if samples < self.enough() {
            return Err(Error::invalid("samples", format!("{samples} samples are not enough")));
        }
        machine.set_status(Status::Printing);
        Ok(Measurement { value: 0.0, unit: self.unit_name(machine) })
    }

    fn unit_name(&self, _machine: &Machine) -> String {
        "nothing".to_owned()
    }
}

export_abc!(Nothing);

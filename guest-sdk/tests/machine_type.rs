//! What `machine_type!` makes of a contract with every kind of function: with and without `async`, with and without an error,
//! required and optional, and a method of the trait that no contract knows.
//!
//! That it compiles is most of the test. A whole type with drivers that run is `plugins/abc`.

// In the crate of the type itself, the code that `export_meter!` writes counts as our own. A driver in another crate
// can say `#![forbid(unsafe_code)]`.
#![allow(unsafe_code)]

use ostler_sdk::{Driver, DriverInfo, Error, Machine, Result};

ostler_sdk::machine_type! {
    path: "tests/meter",

    /// What a driver of the type `meter` implements.
    pub trait Meter {
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

impl Meter for Nothing {
    async fn measure(&self, machine: &Machine, samples: u32, _tags: Vec<(String, String)>) -> Result<Measurement> {
        if samples < self.enough() {
            return Err(Error::invalid("samples", format!("{samples} samples are not enough")));
        }
        machine.set_status(Status::Measuring);
        Ok(Measurement { value: 0.0, unit: self.unit_name(machine) })
    }

    fn unit_name(&self, _machine: &Machine) -> String {
        "nothing".to_owned()
    }
}

export_meter!(Nothing);

#[test]
fn the_slug_is_the_manifests_and_the_statuses_are_the_contracts() {
    assert_eq!(SLUG, "meter");
    let names = [Status::Connected, Status::Standby, Status::Measuring].map(|status| format!("{status:?}"));
    assert!(names.concat().contains("Measuring"), "{names:?}");
}

#[test]
fn a_method_beside_the_contract_has_the_body_that_its_author_wrote() {
    assert_eq!(Nothing.enough(), 3);
}

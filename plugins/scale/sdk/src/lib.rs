//! The machine type `scale` for authors of its drivers: the trait [`Scale`], the statuses, and [`export_scale!`].
//!
//! The type itself is the folder `scale` beside this crate; everything here is made of it.
//!
//! ```
//! use ostler_scale::{MassUnit, Reading, Scale, SetStatus, Status};
//! use ostler_sdk::{Driver, DriverInfo, Machine, Result};
//!
//! struct Feather;
//!
//! impl Driver for Feather {
//!     fn describe() -> DriverInfo {
//!         DriverInfo::new("feather", "Feather", env!("CARGO_PKG_VERSION"))
//!     }
//!
//!     async fn init_driver() -> Result<Self> {
//!         Ok(Self)
//!     }
//! }
//!
//! impl Scale for Feather {
//!     async fn read_weight(&self, machine: &Machine, _stable: bool, _timeout_ms: u32) -> Result<Reading> {
//!         machine.set_status(Status::Stable);
//!         Ok(Reading { value: 0.01, unit: MassUnit::G, text: "0.01".to_owned(), stable: true, net: false })
//!     }
//! }
//!
//! ostler_scale::export_scale!(Feather);
//! # fn main() {}
//! ```

ostler_sdk::machine_type! {
    path: "../scale",

    /// What a scale's driver implements.
    pub trait Scale {}
}

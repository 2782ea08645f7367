//! What is a driver allowed beyond the settings of its machines? Only what it asked for in `describe` and an operator approved.
//!
//! The answer is fixed for as long as an instance lives: a decision starts the machines of the driver again, so that nothing that was
//! opened under a grant outlives it.

use crate::model::{DriverError, Grant};
use std::collections::BTreeSet;

/// The grants of one driver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    driver: String,
    requested: BTreeSet<Grant>,
    approved: BTreeSet<Grant>,
}

impl Grants {
    /// What a driver asks for and what is approved of that. An approval of something that it does not ask for (any more) opens
    /// nothing.
    pub fn new(driver: &str, requested: BTreeSet<Grant>, approved: &BTreeSet<Grant>) -> Self {
        let approved = requested.intersection(approved).copied().collect();
        Self { driver: driver.to_owned(), requested, approved }
    }

    /// Whether it may; `what` it wants is told in the refusal, with what would allow it.
    pub fn check(&self, grant: Grant, what: &str) -> Result<(), DriverError> {
        let (driver, name) = (&self.driver, grant.name());
        if self.approved.contains(&grant) {
            return Ok(());
        }
        let way = if self.requested.contains(&grant) {
            format!(
                "the driver asks for the grant '{name}', which nobody approved: `ostler driver approve {driver} {name}`"
            )
        } else {
            format!("that takes the grant '{name}', for which this driver does not ask")
        };
        Err(DriverError::denied("grant-needed", format!("{what}: {way}")))
    }
}

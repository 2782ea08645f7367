//! Drivers that mean harm.

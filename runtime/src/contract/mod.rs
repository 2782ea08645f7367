//! Contracts: what a driver must export, what it may import, and how their values are written. No effects here.
//!
//! * [`packages`]: the WIT packages that are known, embedded or brought along
//! * [`machine_type`]: a type's manifest, checked against its WIT
//! * [`type_function`]: the functions of a contract
//! * [`conformance`]: compares a component with its type's contract and lists everything that differs
//! * [`signature`]: WIT functions and types in words, for comparing and for messages
//! * [`bindings`]: the generated Rust side of the contract versions that this runtime serves
//! * [`convert`]: between the generated types and the model's
//! * [`json`]: between JSON and values of any contract; [`schema`]: what such JSON looks like

pub mod bindings;
pub mod conformance;
pub mod convert;
pub mod json;
pub mod machine_type;
pub mod packages;
pub mod schema;
pub mod signature;
pub mod type_function;

pub use conformance::{Conformance, NonConformance};
pub use machine_type::{MachineType, Status, TypeError};
pub use packages::{KnownType, Packages};
pub use type_function::TypeFunction;

//! Ostler runs other people's device drivers as sandboxed WebAssembly components.
//!
//! # Layout
//!
//! In reading order; each module's own first lines say what question it answers.
//!
//! * [`model`]: ids, values, states: the nouns
//! * [`contract`]: what a driver must export and may import, from the WIT files
//! * [`broker`]: what a driver may do, and the only place that decides it
//! * [`instance`]: running components, with limits, blame and restarts
//! * [`store`]: state that lasts: one SQLite file and a folder of components

pub mod broker;
pub mod contract;
pub mod instance;
pub mod model;
pub mod store;

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
//! * [`registry`]: machine types, drivers and machines, and a keeper for each machine
//! * [`jobs`]: durable calls, and what becomes of them
//! * [`store`]: state that lasts: one `SQLite` file and a folder of components
//! * [`backup`]: all of that state in one archive, and back
//! * [`access`]: who makes a request, and what they may do
//! * [`feed`]: who is told of an event, and from where
//! * [`metrics`]: what is counted, and how Prometheus sees it
//! * [`config`]: what an operator configures, and where each value comes from
//! * [`api`]: the REST API
//! * [`listen`]: where the daemon is reached
//! * [`page`]: what an operator sees in a browser
//! * [`daemon`]: all of it together, as a process
//! * [`dev`]: watched folders, for driver authors
//! * [`cli`]: the command line, daemon and client in one binary

pub mod access;
pub mod api;
pub mod backup;
pub mod broker;
pub mod cli;
pub mod config;
pub mod contract;
pub mod daemon;
pub mod dev;
pub mod feed;
pub mod instance;
pub mod jobs;
pub mod listen;
pub mod metrics;
pub mod model;
pub mod page;
pub mod registry;
pub mod store;

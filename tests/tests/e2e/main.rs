//! Behaviours of the real binary, one module each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod actions;
mod backup;
mod cancel;
mod candidates;
mod capture;
mod compatibility;
mod config;
mod counterparts;
mod crash;
mod crowd;
mod dev;
mod doctor;
mod documents;
mod dry_run;
mod encodings;
mod events;
mod faults;
mod hooks;
mod hostile;
mod install;
mod kills;
mod lifecycle;
mod logs;
mod metrics;
mod options;
mod page;
mod phases;
mod plugins;
mod printing;
mod queue;
mod records;
mod rendering;
mod scale;
mod schema;
mod settings;
mod shutdown;
mod storage;
mod templates;
mod tutorial;
mod upstream;
mod usb;
mod waiting;
mod zebra;

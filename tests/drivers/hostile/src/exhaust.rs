//! Crashes, and processor time, memory and handles without end.

#![allow(clippy::panic)] // it is what this module is for

use std::hint::black_box;

use ostler_sdk::printing::{PrintJob, Proof};
use ostler_sdk::{Machine, Result};

use crate::{CONNECTION, honest};

/// How much is allocated at a time.
const PIECE: usize = 1 << 16;

/// Panics, which is a trap.
pub fn trap() -> ! {
    panic!("the hostile driver traps on purpose");
}

/// Panics with half a label on the wire.
pub async fn trap_in_label(machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
    let device = machine.connect(CONNECTION).await?;
    job.label_started(index).await?;
    let label = honest::label(job, index);
    device.write_all(label.get(..label.len() / 2).unwrap_or_default()).await?;
    trap()
}

/// Panics when a label is done, before anybody can have written that down.
pub async fn trap_behind_label(machine: &Machine, job: &PrintJob, index: u32) -> Result<()> {
    let device = machine.connect(CONNECTION).await?;
    job.label_started(index).await?;
    device.write_all(&honest::label(job, index)).await?;
    job.label_done(index, Proof::Sent).await?;
    trap()
}

/// Computes and never awaits.
pub fn compute_for_ever() -> ! {
    loop {
        black_box(());
    }
}

/// Computes for ever, and lets others run in between.
pub async fn compute_politely_for_ever() -> Result<()> {
    loop {
        for step in 0..1_000_000 {
            black_box(step);
        }
        ostler_sdk::yield_now().await;
    }
}

/// Takes memory until there is none.
pub fn allocate() -> ! {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(vec![1; PIECE]);
        black_box(&hoard);
    }
}

/// Takes handles until there are none.
pub fn hoard_handles(job: &PrintJob, index: u32) -> Result<()> {
    let mut hoard = Vec::new();
    loop {
        hoard.push(job.label(index)?);
    }
}

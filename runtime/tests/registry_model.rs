//! The registry against a model of its states: random decisions of an operator and random misfortunes of drivers, and after
//! each of them every machine is in the state that the model says, for a reason that is told, with its hooks called in
//! order.
//!
//! The registry, the store, the engine and the driver are the real ones. `OSTLER_MODEL_SEQUENCES` says how many sequences to
//! run; the default is 2,000 of 50 steps.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod model;

use model::{real::Real, sequence};
use std::time::Instant;

/// Steps in a sequence.
const STEPS: usize = 50;
/// Sequences, unless the environment says otherwise.
const SEQUENCES: u64 = 2000;
/// Sequences in one registry, one after the other; the last one ends with the registry's shutdown, the others by removing
/// their machines.
const IN_ONE_HOUSE: usize = 20;
/// Sequences that run side by side: most of the time goes into waiting for the disk and for other threads.
const SIDE_BY_SIDE: u64 = 4;

#[test]
fn every_machine_is_where_the_model_says_after_each_step() {
    let sequences = std::env::var("OSTLER_MODEL_SEQUENCES").map_or(SEQUENCES, |text| text.parse().unwrap());
    let first: u64 = std::env::var("OSTLER_MODEL_SEED").map_or(0, |text| text.parse().unwrap());
    let hooks = model::hooks::listen();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let begin = Instant::now();
    let real = runtime.block_on(Real::prepare());
    let lanes = (0..SIDE_BY_SIDE).map(|lane| {
        let (real, hooks) = (real.clone(), hooks.clone());
        runtime.spawn(async move {
            let seeds: Vec<_> = (first..first + sequences).filter(|seed| seed % SIDE_BY_SIDE == lane).collect();
            for seeds in seeds.chunks(IN_ONE_HOUSE) {
                sequence::run(&real, &hooks, seeds, STEPS).await;
            }
        })
    });
    let lanes: Vec<_> = lanes.collect();
    for lane in lanes {
        runtime.block_on(lane).unwrap();
    }
    println!("{sequences} sequences of {STEPS} steps in {:?}", begin.elapsed());
}

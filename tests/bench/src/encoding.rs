//! What a driver's logic costs in a guest: a label of 4 x 6 inch at 8 dots/mm, from dots to compressed ZPL, beside the same
//! crate compiled natively.

use crate::{
    report::{Row, Section, microseconds, ratio},
    rounds::{Rounds, nanoseconds},
    scene::{Bare, Scene, engine, mint},
};
use anyhow::Result;
use ostler::{broker::MachineHandle, contract::bindings::types};
use ostler_driver_bench::{Bench, ENCODE, HEIGHT, ROUNDS as INPUT, WIDTH};
use std::time::Instant;
use wasmtime::component::{Resource, TypedFunc};

/// Rounds that count; one more goes before them.
const ROUNDS: usize = 31;
/// Labels in a round: long enough that the call around them does not count.
const LABELS: u32 = 40;
/// The guest's time as a multiple of the native one.
const MOST_RATIO: f64 = 1.3;

/// `run-action`.
type RunAction =
    TypedFunc<(Resource<MachineHandle>, String, Vec<(String, types::Value)>), (Result<String, types::Error>,)>;

/// Measures.
pub fn run() -> Result<Section> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<Section> {
    let scene = Scene::set()?;
    let bare = scene.bare().await.map_err(engine)?;
    // Both sides on the same thread, where guests run.
    let (rounds, made) = scene.guests.spawn(both_sides(bare)).await?.map_err(engine)?;
    let row = Row {
        what: format!("{WIDTH} x {HEIGHT} dots to compressed ZPL"),
        bar: format!("<= {MOST_RATIO}x"),
        baseline: microseconds(rounds.baseline() / f64::from(LABELS)),
        measured: microseconds(rounds.subject() / f64::from(LABELS)),
        result: ratio(rounds.ratio(), rounds.ratios()),
        reached: Some(rounds.ratio() <= MOST_RATIO),
    };
    let method = format!(
        "One label (frame, text, bar code, diffused picture; {made}) is encoded by `ostler-zpl`, natively and in a guest \
         with the limits that all guests have. Times are of one label; {LABELS} labels a round and side, medians of {ROUNDS} rounds."
    );
    Ok(Section { title: "Driver logic in a guest", method, rows: vec![row] })
}

/// Takes turns, and returns the rounds with what both sides made.
async fn both_sides(mut bare: Bare) -> wasmtime::Result<(Rounds, String)> {
    let native = Bench::new();
    let encode: RunAction = bare.lifecycle("run-action")?;
    let Bare { store, handle, .. } = &mut bare;
    let handle = handle.clone();
    store
        .run_concurrent(async |accessor| -> wasmtime::Result<_> {
            let mut rounds = Rounds::default();
            let mut made = String::new();
            for round in 0..=ROUNDS {
                let begin = Instant::now();
                let natively = native.encode(LABELS.into()).map_err(|error| wasmtime::Error::msg(error.message))?;
                let baseline = begin.elapsed();

                let inputs = vec![(INPUT.to_owned(), types::Value::Integer(LABELS.into()))];
                let begin = Instant::now();
                let machine = accessor.with(|mut access| mint(access.get(), &handle))?;
                let (answer,) = encode.call_concurrent(accessor, (machine, ENCODE.to_owned(), inputs)).await?;
                let subject = begin.elapsed();

                made = answer.map_err(|error| wasmtime::Error::msg(error.message))?;
                if made != natively {
                    wasmtime::bail!("the guest made {made}, the native side {natively}");
                }
                if round > 0 {
                    rounds.add(nanoseconds(baseline), nanoseconds(subject));
                }
            }
            Ok((rounds, made))
        })
        .await?
}

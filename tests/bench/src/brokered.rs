//! What a brokered call costs: mailbox -> export -> host call -> back, beside a bare call of the engine.
//!
//! Both sides call `ping-machine` of the same component, which makes one host call (`set-status`), in a store with the same
//! limits. The baseline calls it in a loop inside one `run_concurrent`. The subject is called as a keeper calls it: from a
//! task of its own on the guests' runtime, through the gate of its machine and the mailbox of the instance, with a deadline.

use crate::{
    report::{Row, Section, microseconds, ratio},
    rounds::{Rounds, median, nanoseconds},
    scene::{Bare, Scene, engine, mint},
};
use anyhow::{Result, bail, ensure};
use futures::future::try_join_all;
use ostler::{
    broker::{Call, CallKind, Machine},
    instance::{Answer, CallEnd, Instance, Payload},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Rounds that count; one more goes before them.
const ROUNDS: usize = 11;
/// Calls of the baseline in a round.
const BARE_CALLS: usize = 50_000;
/// How many calls are in flight, and how many are made in a round.
const IN_FLIGHT: [(usize, usize); 3] = [(1, 10_000), (16, 48_000), (64, 64_000)];
/// With several in flight: the time per call, as a multiple of the baseline's.
const MOST_RATIO: f64 = 2.5;
/// With one in flight: the median beyond the baseline's, in nanoseconds.
const MOST_BEYOND: f64 = 10_000.0;

/// What one side did in one round.
struct Round {
    /// From the first call to the last answer, by the number of calls, in nanoseconds.
    per_call: f64,
    /// The median of the calls' own times, in nanoseconds.
    p50: f64,
}

/// Measures.
pub fn run() -> Result<Section> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<Section> {
    let scene = Scene::set()?;
    let (instance, generation) = scene.instance().await?;
    let most = IN_FLIGHT.iter().map(|(clients, _)| *clients).max().unwrap_or_default();
    let machines: Vec<_> = (0..most).map(|index| scene.machine(&format!("machine {index}"))).collect();
    let mut bare = scene.bare().await.map_err(engine)?;
    let mut per_call = IN_FLIGHT.map(|_| Rounds::default());
    let mut p50 = IN_FLIGHT.map(|_| Rounds::default());
    for round in 0..=ROUNDS {
        let baseline;
        // Guests run on their own runtime, the bare one too.
        (bare, baseline) = scene.guests.spawn(bare_calls(bare)).await?.map_err(engine)?;
        for (index, (clients, calls)) in IN_FLIGHT.into_iter().enumerate() {
            let machines = machines.iter().take(clients);
            let subject = brokered_calls(&scene, &instance, generation, machines, calls / clients).await?;
            // The first round fills caches and compiles nothing any more.
            if let (1.., Some(per_call), Some(p50)) = (round, per_call.get_mut(index), p50.get_mut(index)) {
                per_call.add(baseline.per_call, subject.per_call);
                p50.add(baseline.p50, subject.p50);
            }
        }
    }
    let rows = IN_FLIGHT.iter().zip(per_call.iter().zip(&p50)).map(|((clients, _), (per_call, p50))| match clients {
        1 => alone(p50),
        _ => crowd(*clients, per_call, p50),
    });
    Ok(Section { title: "Brokered call", method: method(), rows: rows.collect() })
}

fn method() -> String {
    format!(
        "`ping-machine` with one host call (`set-status`). The baseline is a bare `call_concurrent` of the engine, \
         one after the other in one `run_concurrent`, {BARE_CALLS} a round. The subject goes through the machine's gate and the instance's \
         mailbox, from a task of its own on the guests' runtime, as keepers do; each call in flight has a machine of its own. Medians of {ROUNDS} rounds."
    )
}

fn alone(p50: &Rounds) -> Row {
    let beyond = p50.difference();
    Row {
        what: "one in flight, p50".to_owned(),
        bar: format!("<= baseline + {:.0} us", MOST_BEYOND / 1e3),
        baseline: microseconds(p50.baseline()),
        measured: microseconds(p50.subject()),
        result: format!("+ {}", microseconds(beyond)),
        reached: Some(beyond <= MOST_BEYOND),
    }
}

fn crowd(clients: usize, per_call: &Rounds, p50: &Rounds) -> Row {
    Row {
        what: format!("{clients} in flight, time a call"),
        bar: format!("<= {MOST_RATIO}x"),
        baseline: microseconds(per_call.baseline()),
        measured: format!("{} (p50 {})", microseconds(per_call.subject()), microseconds(p50.subject())),
        result: ratio(per_call.ratio(), per_call.ratios()),
        reached: Some(per_call.ratio() <= MOST_RATIO),
    }
}

async fn bare_calls(mut bare: Bare) -> wasmtime::Result<(Bare, Round)> {
    let Bare { store, exports, handle, .. } = &mut bare;
    let ping = exports.ping_machine;
    let handle = handle.clone();
    let round = store
        .run_concurrent(async |accessor| -> wasmtime::Result<Round> {
            let mut times = Vec::with_capacity(BARE_CALLS);
            let begin = Instant::now();
            for _ in 0..BARE_CALLS {
                let called = Instant::now();
                let machine = accessor.with(|mut access| mint(access.get(), &handle))?;
                let (answer,) = ping.call_concurrent(accessor, (machine,)).await?;
                answer.map_err(|error| wasmtime::Error::msg(error.message))?;
                times.push(called.elapsed());
            }
            Ok(Round::of(begin.elapsed(), times))
        })
        .await??;
    Ok((bare, round))
}

/// Each machine makes its calls one after the other, all machines side by side.
async fn brokered_calls(
    scene: &Scene,
    instance: &Arc<Instance>,
    generation: u64,
    machines: impl Iterator<Item = &Arc<Machine>>,
    calls: usize,
) -> Result<Round> {
    let begin = Instant::now();
    let clients: Vec<_> = machines
        .map(|machine| scene.guests.spawn(client(Arc::clone(instance), generation, Arc::clone(machine), calls)))
        .collect();
    let ends = try_join_all(clients).await?;
    let whole = begin.elapsed();
    let mut times = Vec::new();
    for end in ends {
        times.extend(end?);
    }
    ensure!(!times.is_empty(), "no call was made");
    Ok(Round::of(whole, times))
}

async fn client(
    instance: Arc<Instance>,
    generation: u64,
    machine: Arc<Machine>,
    calls: usize,
) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(calls);
    for _ in 0..calls {
        let called = Instant::now();
        let call = Call::of_machine(CallKind::PingMachine, Arc::clone(&machine));
        match instance.call(generation, call, Payload::None).await {
            CallEnd::Returned(Ok(Answer::Done)) => times.push(called.elapsed()),
            other => bail!("a call did not end well: {other:?}"),
        }
    }
    Ok(times)
}

impl Round {
    #[allow(clippy::cast_precision_loss)] // numbers of calls are small
    fn of(whole: Duration, times: Vec<Duration>) -> Self {
        let per_call = nanoseconds(whole) / times.len() as f64;
        Self { per_call, p50: median(times.into_iter().map(nanoseconds)) }
    }
}

//! Random steps on the model and on the registry, and the comparison after each.

use super::{
    hooks::Hooks,
    real::{House, Real},
    world::{BLAMES, Machine, State, World},
};
use ostler::{
    model::{MachineState, Timestamp},
    registry::Entry,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

/// Places for machines.
const MACHINES: usize = 3;

/// What happens next; the machine is a place.
#[derive(Debug, Clone, Copy)]
enum Step {
    Add {
        at: usize,
        active: bool,
        needed: bool,
        fail: bool,
    },
    Need(usize, bool),
    Fail(usize, bool),
    /// A value that the driver refuses.
    Offer(usize),
    Switch(usize, bool),
    Trap(usize),
    Restart(usize, bool),
    Remove(usize),
    Swap,
    Disable,
    Enable,
}

/// Runs sequences in one registry, one after the other.
pub async fn run(real: &Real, hooks: &Hooks, seeds: &[u64], steps: usize) {
    let house = real.open().await;
    let mut left = Vec::new();
    for seed in seeds {
        for entry in left.drain(..) {
            house.remove(&entry).await;
            assert!(!hooks.is_up(&name(&entry)), "not stopped when removed:\n{}", hooks.history(&name(&entry)));
        }
        left = one(&house, hooks, *seed, steps).await;
    }
    house.close().await;
    for entry in left {
        assert!(!hooks.is_up(&name(&entry)), "not stopped at the end:\n{}", hooks.history(&name(&entry)));
    }
    assert_eq!(hooks.wrong(), Vec::<String>::new(), "at the end of the sequences {seeds:?}");
}

/// Runs one sequence, and leaves its machines behind.
async fn one(house: &House, hooks: &Hooks, seed: u64, steps: usize) -> Vec<Entry> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut world = World { enabled: true, machines: vec![None; MACHINES] };
    let mut entries: Vec<Option<Entry>> = vec![None; MACHINES];
    let mut version = 0;
    house.enable(version).await;
    let mut taken = Vec::new();
    for number in 0..steps {
        let step = choose(&mut random, &world);
        taken.push(step);
        let due = due(step, &world, &entries, hooks);
        let before: Vec<_> = entries.iter().map(|entry| entry.as_ref().map(|of| of.state.borrow().clone())).collect();
        perform(house, &mut world, &mut entries, &mut version, step, number).await;
        world.settle();
        let mut told = compare(&world, &entries, &due, hooks).await;
        if told.is_none() && !eventually(|| house.machines_of_driver() == world.machines_of_driver()).await {
            told = Some(format!("the driver has {} machines", house.machines_of_driver()));
        }
        let told = told.or_else(|| begun_anew(&before, &entries, step));
        if let Some(wrong) = told {
            panic!("sequence {seed}, step {number}: {wrong}\nsteps: {taken:?}");
        }
    }
    assert_eq!(hooks.wrong(), Vec::<String>::new(), "sequence {seed}, steps: {taken:?}");
    entries.into_iter().flatten().collect()
}

/// How often hooks of a machine have returned after a step, at least.
#[derive(Default)]
struct Due {
    inits: usize,
    updates: usize,
}

/// What is due after a step: the states may look as before for a moment.
fn due(step: Step, world: &World, entries: &[Option<Entry>], hooks: &Hooks) -> Vec<Due> {
    let of = |(at, (machine, entry)): (usize, (&Option<Machine>, &Option<Entry>))| {
        let (Some(machine), Some(entry)) = (machine, entry) else { return Due::default() };
        let starts_anew = match step {
            Step::Swap => true,
            // One trap more may be one too many.
            Step::Trap(trapped) => trapped != at || machine.blames + 1 < BLAMES,
            _ => false,
        };
        let changed = matches!(step, Step::Need(of, _) | Step::Fail(of, _) | Step::Switch(of, _) if of == at);
        Due {
            inits: hooks.inits(&name(entry)) + usize::from(machine.up && starts_anew),
            updates: hooks.updates(&name(entry)) + usize::from(machine.up && changed),
        }
    };
    world.machines.iter().zip(entries).enumerate().map(of).collect()
}

fn name(entry: &Entry) -> String {
    entry.machine.id.to_string()
}

fn choose(random: &mut StdRng, world: &World) -> Step {
    let at = random.random_range(0..MACHINES);
    let Some(machine) = &world.machines[at] else {
        if !world.enabled {
            return Step::Enable;
        }
        let (active, needed) = (random.random_ratio(4, 5), random.random_ratio(4, 5));
        return Step::Add { at, active, needed, fail: random.random_ratio(1, 5) };
    };
    match random.random_range(0..22) {
        0..3 => Step::Need(at, !machine.needed),
        3..6 => Step::Fail(at, !machine.fail),
        6..10 => Step::Switch(at, !machine.active),
        10..13 if machine.up => Step::Trap(at),
        13 if machine.up => Step::Offer(at),
        13..16 => Step::Restart(at, random.random()),
        16 => Step::Remove(at),
        17..19 if world.enabled => Step::Swap,
        19..20 if world.enabled => Step::Disable,
        _ if !world.enabled => Step::Enable,
        _ => Step::Restart(at, true),
    }
}

async fn perform(
    house: &House,
    world: &mut World,
    entries: &mut [Option<Entry>],
    version: &mut usize,
    step: Step,
    number: usize,
) {
    let entry = |at: usize| entries[at].clone().unwrap();
    match step {
        Step::Add { at, active, needed, fail } => {
            let added = house.add(format!("machine {number}"), active, needed, fail).await;
            entries[at] = Some(added);
            world.machines[at] = Some(Machine { active, needed, fail, blames: 0, up: false });
        }
        Step::Need(at, needed) => {
            house.set(&entry(at), "NEEDED", if needed { json!("here") } else { Json::Null }).await;
            machine(world, at).needed = needed;
        }
        Step::Fail(at, fail) => {
            house.set(&entry(at), "FAIL", json!(fail)).await;
            machine(world, at).fail = fail;
        }
        Step::Offer(at) => {
            assert!(house.offer(&entry(at)).await, "a ready machine's driver was not asked about a value");
        }
        Step::Switch(at, active) => {
            house.switch(&entry(at), active).await;
            machine(world, at).active = active;
        }
        Step::Trap(at) => {
            house.trap(&entry(at)).await;
            machine(world, at).blames += 1;
            world.all_down();
        }
        Step::Restart(at, hard) => {
            house.restart(&entry(at), hard).await;
            let machine = machine(world, at);
            machine.blames = 0;
            machine.up &= !hard;
        }
        Step::Remove(at) => {
            house.remove(&entry(at)).await;
            entries[at] = None;
            world.machines[at] = None;
        }
        Step::Swap => {
            *version = 1 - *version;
            house.enable(*version).await;
            world.all_down();
        }
        Step::Disable => {
            house.disable().await;
            world.enabled = false;
        }
        Step::Enable => {
            house.enable(*version).await;
            world.enabled = true;
        }
    }
}

fn machine(world: &mut World, at: usize) -> &mut Machine {
    world.machines[at].as_mut().unwrap()
}

/// What differs, when it does not go away by itself. `due` is what must have been called.
async fn compare(world: &World, entries: &[Option<Entry>], due: &[Due], hooks: &Hooks) -> Option<String> {
    for ((machine, entry), due) in world.machines.iter().zip(entries).zip(due) {
        let (Some(machine), Some(entry)) = (machine, entry) else { continue };
        let expected = world.state(machine);
        let id = name(entry);
        let differs = || {
            let state = entry.state.borrow().0.clone();
            if !is(&state, expected) {
                return Some(format!("it is to be {expected:?}, and is {state}"));
            }
            if hooks.inits(&id) < due.inits || hooks.updates(&id) < due.updates {
                let Due { inits, updates } = due;
                return Some(format!("init-machine is due {inits} times by now, update-machine {updates} times"));
            }
            if hooks.is_up(&id) != machine.up {
                return Some(format!("it is {expected:?}, and not so by its hooks"));
            }
            untold(&state, expected)
        };
        if !eventually(|| differs().is_none()).await {
            return Some(format!("{id}: {}\n{}", differs().unwrap_or_default(), hooks.history(&id)));
        }
    }
    let ids: Vec<_> = entries.iter().flatten().map(name).collect();
    if !eventually(|| hooks.instances(&ids) <= 1).await {
        return Some(format!("{} instances of one driver live", hooks.instances(&ids)));
    }
    hooks.wrong().into_iter().next()
}

/// A machine that stays where it is is there since it came, and not since somebody looked.
fn begun_anew(before: &[Option<(MachineState, Timestamp)>], entries: &[Option<Entry>], step: Step) -> Option<String> {
    before.iter().zip(entries).enumerate().find_map(|(at, (before, entry))| {
        let ((state, since), now) = (before.as_ref()?, entry.as_ref()?.state.borrow().clone());
        let rests = matches!(
            state,
            MachineState::Inactive
                | MachineState::DriverMissing { .. }
                | MachineState::Incomplete { .. }
                | MachineState::Quarantined { .. }
        );
        (rests && now.0 == *state && now.1 != *since).then(|| format!("{state} of {at} began anew with {step:?}"))
    })
}

async fn eventually(condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    true
}

fn is(state: &MachineState, expected: State) -> bool {
    matches!(
        (state, expected),
        (MachineState::Inactive, State::Inactive)
            | (MachineState::DriverMissing { .. }, State::DriverMissing)
            | (MachineState::Incomplete { .. }, State::Incomplete)
            | (MachineState::Quarantined { .. }, State::Quarantined)
            | (MachineState::Failed { .. }, State::Failed)
            | (MachineState::Ready, State::Ready)
    )
}

/// A state without the words that a person needs.
fn untold(state: &MachineState, expected: State) -> Option<String> {
    let words: &[&str] = match expected {
        State::Inactive | State::Ready => return None,
        State::DriverMissing => &["'scripted'", "ostler driver enable"],
        State::Incomplete => &["Missing DRIVER settings: NEEDED"],
        State::Quarantined => &["crash", "ostler machine restart"],
        State::Failed => &["the setting FAIL says so", "told-to-fail"],
    };
    let reason = state.reason().unwrap_or_default();
    let missing = words.iter().find(|word| !reason.contains(**word))?;
    Some(format!("the reason of {} does not say '{missing}': '{reason}'", state.name()))
}

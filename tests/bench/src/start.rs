//! A start with 1,000 machines on 20 drivers: with compiled code at hand, beside an empty cache; and what a further driver and
//! a further machine take of memory.
//!
//! Each start is a process of its own, and ends when every machine is ready.

use crate::{
    report::{Row, Section, ratio},
    rounds::{Rounds, median, nanoseconds},
};
use anyhow::{Context as _, Result, bail};
use ostler::{
    broker::Services,
    instance::{GuestEngine, LimitTable, Limits, code::CodeCache},
    model::{MachineState, Slug},
    registry::{Catalog, NewMachine, Registry},
    store::Store,
};
use ostler_render::{RenderLimits, RenderPool, WorkerCommand};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

/// The argument that makes this program one start.
pub const START: &str = "one-start";

const MACHINES: usize = 1000;
const DRIVERS: usize = 20;
/// Rounds of a cold and a warm start.
const ROUNDS: usize = 5;
/// The warm start as a part of the cold one.
const MOST_RATIO: f64 = 0.1;
/// In KiB.
const MOST_DRIVER: f64 = 256.0;
const MOST_MACHINE: f64 = 16.0;
/// The component, and the slug in it that is replaced to make other drivers of it.
const COMPONENT: &str = "ostler_driver_virtual.wasm";
const SLUG: &str = "virtual-printer";

/// What one start took.
struct Took {
    time: Duration,
    /// The process's own resident memory when all machines are ready, in KiB.
    own: f64,
    /// With what is mapped from files.
    all: f64,
}

/// Measures.
pub fn run() -> Result<Section> {
    let full = Folder::prepare(DRIVERS, MACHINES)?;
    let mut rounds = Rounds::default();
    for _ in 0..ROUNDS {
        full.forget_code()?;
        let cold = full.start()?;
        let warm = full.start()?;
        rounds.add(nanoseconds(cold.time), nanoseconds(warm.time));
    }
    let milliseconds = |nanoseconds: f64| format!("{:.0} ms", nanoseconds / 1e6);
    let time = Row {
        what: format!("{MACHINES} machines on {DRIVERS} drivers, all ready"),
        bar: format!("<= {MOST_RATIO}x"),
        baseline: milliseconds(rounds.baseline()),
        measured: milliseconds(rounds.subject()),
        result: ratio(rounds.ratio(), rounds.ratios()),
        reached: Some(rounds.ratio() <= MOST_RATIO),
    };
    let (few_drivers, few_machines) =
        (Folder::prepare(DRIVERS / 2, MACHINES / 10)?, Folder::prepare(DRIVERS, MACHINES / 10)?);
    let resident = |folder: &Folder| -> Result<(f64, f64)> {
        folder.start()?;
        let starts: Vec<Took> = (0..ROUNDS).map(|_| folder.start()).collect::<Result<_>>()?;
        Ok((median(starts.iter().map(|took| took.own)), median(starts.iter().map(|took| took.all))))
    };
    let ((half, half_mapped), (tenth, tenth_mapped), (all, _)) =
        (resident(&few_drivers)?, resident(&few_machines)?, resident(&full)?);
    #[allow(clippy::cast_precision_loss)] // ten
    let mapped = (tenth_mapped - half_mapped - (tenth - half)) / (DRIVERS - DRIVERS / 2) as f64;
    #[allow(clippy::cast_precision_loss)] // small numbers
    let (driver, machine) =
        ((tenth - half) / (DRIVERS - DRIVERS / 2) as f64, (all - tenth) / (MACHINES - MACHINES / 10) as f64);
    let memory = |what: &str, bar: f64, from: f64, to: f64, each: f64| Row {
        what: what.to_owned(),
        bar: format!("<= {bar} KiB"),
        baseline: format!("{from:.0} KiB"),
        measured: format!("{to:.0} KiB"),
        result: format!("{each:.1} KiB"),
        reached: Some(each <= bar),
    };
    let method = format!(
        "The component of `drivers/virtual-printer` under {DRIVERS} names. Cold: compiled code was removed; warm: it is \
         there. Times from the opening of the store until the last machine is ready, medians of {ROUNDS} rounds. Memory: \
         the process's own (anonymous) pages that are resident then; a further driver by {} more of them with the same {} \
         machines, a further machine by {} more of them on the same drivers. Beside these, {mapped:.0} KiB a driver are \
         mapped from the file of its compiled code, which the system shares and drops as it does with any file.",
        DRIVERS - DRIVERS / 2,
        MACHINES / 10,
        MACHINES - MACHINES / 10
    );
    let rows = vec![
        time,
        memory("a further driver", MOST_DRIVER, half, tenth, driver),
        memory("a further machine", MOST_MACHINE, tenth, all, machine),
    ];
    Ok(Section { title: "Start", method, rows })
}

/// A data folder with drivers and machines.
struct Folder(tempfile::TempDir);

impl Folder {
    fn prepare(drivers: usize, machines: usize) -> Result<Self> {
        let folder = Self(tempfile::tempdir()?);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let registry = open(folder.0.path()).await?;
            let bytes = component()?;
            for number in 0..drivers {
                let driver = registry.install(renamed(&bytes, number), "bench").await?.driver;
                registry.enable(&driver.info.slug, Some(driver.digest), "bench").await?;
            }
            for number in 0..machines {
                let new = NewMachine {
                    name: format!("machine {number}"),
                    machine_type: "label-printer".parse()?,
                    driver: slug(number % drivers)?,
                    active: true,
                    settings: Vec::new(),
                };
                registry.add_machine(new, "bench").await?;
            }
            registry.shutdown().await;
            Ok(folder)
        })
    }

    /// Removes compiled code.
    fn forget_code(&self) -> Result<()> {
        let cache = self.0.path().join("cache");
        std::fs::remove_dir_all(&cache)?;
        Ok(std::fs::create_dir(&cache)?)
    }

    fn start(&self) -> Result<Took> {
        let output = Command::new(std::env::current_exe()?).arg(START).arg(self.0.path()).output()?;
        let text = String::from_utf8(output.stdout)?;
        let mut numbers = text.split_whitespace().filter_map(|number| number.parse::<f64>().ok());
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(ms), Some(own), Some(all)) => Ok(Took { time: Duration::from_secs_f64(ms / 1000.0), own, all }),
            _ => bail!("a start failed: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }
}

/// One start in this process: prints its time in milliseconds and what is resident in KiB.
pub fn once(folder: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let begin = Instant::now();
        let registry = open(folder).await?;
        for entry in registry.machines() {
            let mut state = entry.state.clone();
            state.wait_for(|(state, _)| *state == MachineState::Ready).await?;
        }
        let (own, all) = resident()?;
        println!("{} {own} {all}", begin.elapsed().as_secs_f64() * 1000.0);
        registry.shutdown().await;
        Ok(())
    })
}

/// Resident memory of this process in KiB: its own, and that with what is mapped from files.
fn resident() -> Result<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| -> Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
        Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
    };
    Ok((field("RssAnon:")?, field("VmRSS:")?))
}

async fn open(folder: &Path) -> Result<Arc<Registry>> {
    let store = Store::open(folder)?;
    let limits = Limits { ping_interval_ms: 0, ..Limits::default() };
    let guests = GuestEngine::start().map_err(crate::scene::engine)?;
    let program = std::env::current_exe()?;
    let cache = store.folder().join("cache");
    let code = CodeCache::new(cache, guests.engine(), limits.clone(), program.clone());
    let render = RenderPool::new(RenderLimits::default(), WorkerCommand { program, args: Vec::new() });
    let services = Services::start(store, render, LimitTable::of_all(limits));
    Ok(Registry::start(services, guests, code, Catalog::build(&[], None)?).await?)
}

fn component() -> Result<Vec<u8>> {
    let folder = std::env::var_os("OSTLER_GUESTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm32-wasip2/guest"), PathBuf::from);
    let file = folder.join(COMPONENT);
    std::fs::read(&file).with_context(|| format!("reading {} (run `just guests`)", file.display()))
}

fn slug(number: usize) -> Result<Slug> {
    Ok(format!("virtual-p{number:06}").parse()?)
}

/// The component under another name of the same length, which makes it another driver with another digest.
fn renamed(component: &[u8], number: usize) -> Vec<u8> {
    let name = format!("virtual-p{number:06}");
    let mut bytes = component.to_vec();
    let mut at = 0;
    while let Some(window) = bytes.get_mut(at..at + SLUG.len()) {
        if window == SLUG.as_bytes() {
            window.copy_from_slice(name.as_bytes());
        }
        at += 1;
    }
    bytes
}

//! `ostler driver test`: does a driver stand what goes wrong in a day? A daemon that is started for it alone runs the component with
//! a simulated printer at the other end, and goes through scenarios with it.
//!
//! The simulated printer reads and counts whatever comes, whatever its language; where that is ZPL or EPL2, it also prints.
//!
//! * [`scene`]: the daemon, the machine and the printer
//! * [`scenarios`]: what is tried

mod scenarios;
mod scene;

use super::{check::Apart, project::Project};
use crate::cli::{document::pair, output::Output, progress::Progress};
use anyhow::{Result, bail};
use scenarios::Scenario;
use scene::Scene;
use serde::Serialize;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// The most time that one scenario takes.
const LONGEST: Duration = Duration::from_secs(90);
/// How many lines of the logs are shown with a failure.
const LOG_LINES: usize = 6;

/// What to try.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder of a driver's crate, which is built first, or a component (`.wasm`).
    #[arg(default_value = ".")]
    path: PathBuf,
    /// A setting of the machine, KEY=VALUE; `M:KEY=VALUE` for one of its type. Settings that say where the device is lead to the
    /// simulated printer unless they are given.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
    /// A plugin whose machine types are there; may be given several times.
    #[arg(long, value_name = "PLUGIN")]
    with: Vec<PathBuf>,
    /// Only scenarios with this in their names.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// How a scenario ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Passed,
    Failed,
    LeftOut,
}

/// A scenario that is over.
#[derive(Debug, Serialize)]
struct Report {
    scenario: &'static str,
    verdict: Verdict,
    seconds: f64,
    words: String,
}

/// What a scenario found, in words; an error is a failure.
enum Found {
    Fine(String),
    /// Why it says nothing about this driver.
    Nothing(&'static str),
}

/// Goes through all scenarios. A failure is an error, after all of them were told.
pub async fn run(out: Output, Arguments { path, settings, with, only }: Arguments) -> Result<()> {
    let component = if path.is_dir() { Project::open(&path)?.build().await? } else { path };
    let starting = Progress::begin(out, "starting a daemon and a simulated printer");
    let apart = Apart::start(&with, &["--ping-interval", "500"]).await?;
    let mut scene = Scene::set(apart, &component, &settings).await?;
    drop(starting);
    let wanted = |scenario: &Scenario| {
        *scenario == Scenario::Starts || only.as_ref().is_none_or(|only| scenario.name().contains(only.as_str()))
    };
    let mut reports = Vec::new();
    for scenario in Scenario::ALL.into_iter().filter(wanted) {
        let report = play(out, scenario, &mut scene).await;
        let starts = scenario != Scenario::Starts || report.verdict == Verdict::Passed;
        reports.push(report);
        if !starts {
            break;
        }
    }
    scene.end().await?;
    out.rows(&reports, ["SCENARIO", "", "SECONDS", "WHAT WAS SEEN"], |report| {
        let verdict = match report.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed => "FAILED",
            Verdict::LeftOut => "left out",
        };
        [report.scenario.to_owned(), verdict.to_owned(), format!("{:.1}", report.seconds), report.words.clone()]
    })?;
    match reports.iter().filter(|report| report.verdict == Verdict::Failed).count() {
        0 => Ok(()),
        1 => bail!("one scenario failed"),
        failed => bail!("{failed} scenarios failed"),
    }
}

async fn play(out: Output, scenario: Scenario, scene: &mut Scene) -> Report {
    let _going_on = Progress::begin(out, scenario.name());
    let began = Instant::now();
    let found = tokio::time::timeout(LONGEST, scenario.play(scene)).await;
    let (verdict, words) = match found {
        Ok(Ok(Found::Fine(words))) => (Verdict::Passed, words),
        Ok(Ok(Found::Nothing(why))) => (Verdict::LeftOut, why.to_owned()),
        Ok(Err(error)) => (Verdict::Failed, format!("{error:#}{}", scene.last_words(LOG_LINES).await)),
        Err(_) => (Verdict::Failed, format!("not over after {LONGEST:?}{}", scene.last_words(LOG_LINES).await)),
    };
    // What one scenario left behind is not to be another one's.
    scene.tidy().await;
    Report { scenario: scenario.name(), verdict, seconds: began.elapsed().as_secs_f64(), words }
}

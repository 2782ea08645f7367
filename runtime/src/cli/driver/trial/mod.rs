//! `ostler driver test`: does a driver stand what goes wrong in a day? A daemon that is started for it alone runs the component with
//! a simulated printer at the other end, and goes through scenarios with it.
//!
//! The simulated printer reads and counts whatever comes, whatever its language; where that is ZPL or EPL2, it also prints.
//!
//! * [`scene`]: the daemon, the machine and the printer
//! * [`scenarios`]: what is tried

mod scenarios;
mod scene;

use super::{apart::Apart, project::Project};
use crate::cli::{
    document::pair,
    output::{Output, line},
    progress::Progress,
};
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
/// What was written and not taken by the printer is little, so that a driver notices what happens in a label.
const BUFFER: &str = "limits.device_buffer_bytes=16384";
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
    /// Only scenarios with this in their names, and the first two, which the others need.
    #[arg(long, value_name = "TEXT", value_parser = part_of_a_name)]
    only: Option<String>,
}

fn part_of_a_name(text: &str) -> Result<String, String> {
    if Scenario::ALL.iter().any(|scenario| scenario.name().contains(text)) {
        return Ok(text.to_owned());
    }
    let names: Vec<_> = Scenario::ALL.iter().map(|scenario| scenario.name()).collect();
    Err(format!("no scenario has that in its name: {}", names.join("; ")))
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
    let apart = Apart::start(&with, &["--ping-interval", "500", "--set", BUFFER]).await?;
    let mut scene = Scene::set(apart, &component, &settings).await?;
    drop(starting);
    // The others compare with what the first ones found.
    let wanted = |scenario: &Scenario| {
        matches!(scenario, Scenario::Starts | Scenario::Prints)
            || only.as_ref().is_none_or(|only| scenario.name().contains(only.as_str()))
    };
    let mut reports: Vec<Report> = Vec::new();
    for scenario in Scenario::ALL.into_iter().filter(wanted) {
        let starts = reports.first().is_none_or(|first| first.verdict == Verdict::Passed);
        reports.push(if starts {
            play(out, scenario, &mut scene).await
        } else {
            let words = "the machine did not start".to_owned();
            Report { scenario: scenario.name(), verdict: Verdict::LeftOut, seconds: 0.0, words }
        });
    }
    scene.end().await?;
    let count = |verdict| reports.iter().filter(|report| report.verdict == verdict).count();
    let (passed, failed, left_out) = (count(Verdict::Passed), count(Verdict::Failed), count(Verdict::LeftOut));
    out.rows(&reports, ["SCENARIO", "", "SECONDS", "WHAT WAS SEEN"], |report| {
        let verdict = match report.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed => "FAILED",
            Verdict::LeftOut => "left out",
        };
        [report.scenario.to_owned(), verdict.to_owned(), format!("{:.1}", report.seconds), report.words.clone()]
    })?;
    match failed {
        0 if out.is_json() => Ok(()),
        0 => line(&format!("\n{passed} passed, {left_out} left out")),
        _ => bail!("{failed} failed, {passed} passed, {left_out} left out"),
    }
}

async fn play(out: Output, scenario: Scenario, scene: &mut Scene) -> Report {
    let _going_on = Progress::begin(out, scenario.name());
    let began = Instant::now();
    let found = tokio::time::timeout(LONGEST, scenario.play(scene)).await;
    let crashed = scene.has_crashed_again().await;
    let (verdict, words) = match found {
        _ if crashed => {
            (Verdict::Failed, format!("a call of the driver ended its instance{}", scene.last_words(LOG_LINES).await))
        }
        Ok(Ok(Found::Fine(words))) => (Verdict::Passed, words),
        Ok(Ok(Found::Nothing(why))) => (Verdict::LeftOut, why.to_owned()),
        Ok(Err(error)) => (Verdict::Failed, format!("{error:#}{}", scene.last_words(LOG_LINES).await)),
        Err(_) => (Verdict::Failed, format!("not over after {LONGEST:?}{}", scene.last_words(LOG_LINES).await)),
    };
    // What one scenario left behind is not to be another one's.
    scene.tidy().await;
    Report { scenario: scenario.name(), verdict, seconds: began.elapsed().as_secs_f64(), words }
}

//! `ostler doctor`: is everything as a daemon needs it, and what is to be done where it is not?
//!
//! * [`folder`]: data folder, key file, compiled code
//! * [`database`]: the database, its components and secrets
//! * [`daemon`]: whether a daemon runs, answers and is well
//! * [`machinery`]: worker processes, clock, and what driver authors need

mod daemon;
mod database;
mod folder;
mod machinery;

use super::{
    client::Client,
    output::{Output, line},
};
use crate::config::Sources;
use anyhow::Result;
use serde::Serialize;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// There are problems; they were told.
#[derive(Debug, Error)]
#[error("there are problems: {0}")]
pub struct Unwell(String);

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and something should be done.
    Warning,
    /// It does not work.
    Problem,
}

/// What was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// What it is about.
    pub about: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do; empty where all is well.
    pub advice: String,
}

impl Check {
    fn ok(about: &'static str, found: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Ok, found: found.into(), advice: String::new() }
    }

    fn warning(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Warning, found: found.into(), advice: advice.into() }
    }

    fn problem(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Problem, found: found.into(), advice: advice.into() }
    }
}

/// Looks at everything.
pub async fn run(client: &Client, out: Output, data: &Path, config: Option<PathBuf>) -> Result<()> {
    let sources =
        Sources { file: config, data: data.to_owned(), environment: std::env::vars_os().collect(), flags: Vec::new() };
    let (configured, http, limits) = match sources.load() {
        Ok(loaded) => {
            let found =
                loaded.file.as_ref().map_or("defaults; there is no file".to_owned(), |file| file.display().to_string());
            (Check::ok("configuration", found), Some(loaded.config.http), loaded.config.limits.common)
        }
        Err(error) => {
            let advice = "mend it; `ostler config check FILE` looks at a file";
            let found = Check::problem("configuration", error.to_string(), advice);
            (found, None, crate::instance::Limits::default())
        }
    };
    let mut checks = vec![configured];
    checks.extend(folder::look(data));
    checks.extend(database::look(data.to_owned()).await);
    checks.extend(daemon::look(client, data, http.as_ref()).await);
    checks.extend(machinery::look(&limits).await);
    show(out, &checks)?;
    let problems: Vec<_> =
        checks.iter().filter(|check| check.verdict == Verdict::Problem).map(|check| check.about).collect();
    if problems.is_empty() { Ok(()) } else { Err(Unwell(problems.join(", ")).into()) }
}

fn show(out: Output, checks: &[Check]) -> Result<()> {
    if out.is_json() {
        return out.say(&checks, "");
    }
    let width = checks.iter().map(|check| check.about.len()).max().unwrap_or_default();
    for check in checks {
        let mark = match check.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Problem => "PROBLEM",
        };
        let mut found = check.found.lines();
        line(&format!("{mark:7}  {:width$}  {}", check.about, found.next().unwrap_or_default()))?;
        for more in found {
            line(&format!("{:7}  {:width$}  {more}", "", ""))?;
        }
        if !check.advice.is_empty() {
            line(&format!("{:7}  {:width$}  -> {}", "", "", check.advice))?;
        }
    }
    Ok(())
}

//! `ostler driver dev`: build, install, enable; and again after each change, with the driver's log in between.

use super::{project::Project, switch_on};
use crate::{
    cli::{
        client::{Client, encode},
        output::line,
        progress,
    },
    model::{MachineState, Slug, Timestamp},
    registry::view::{DriverView, MachineView},
};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::json;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// The time between two looks at the sources and at the log.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// How long machines may take to start.
const SETTLE: Duration = Duration::from_secs(10);

/// What to work on.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder of the driver's crate.
    #[arg(default_value = ".")]
    path: PathBuf,
}

/// Goes on until it is interrupted.
pub async fn run(client: &Client, Arguments { path }: Arguments) -> Result<()> {
    let project = Project::open(&path)?;
    // Now, and not after a minute of compiling.
    let _: Vec<DriverView> = client.get("/api/driver/").await?;
    progress::say(&format!("watching {}; Ctrl-C ends it", project.folder().display()));
    let work = async {
        let mut log = None;
        loop {
            let built = project.sources();
            match round(client, &project).await {
                Ok(slug) => {
                    if let Some(before) = log.as_ref().map(|log: &Log| &log.slug).filter(|before| **before != slug) {
                        line(&format!(
                            "{before} is another driver now, and still enabled: ostler driver disable {before}"
                        ))?;
                    }
                    log = log.filter(|log| log.slug == slug).or_else(|| Some(Log::from_now(slug)));
                }
                Err(error) => progress::say(&format!("{error:#}")),
            }
            while project.sources() == built {
                tokio::time::sleep(LOOK_AGAIN).await;
                if let Some(log) = &mut log {
                    log.show(client).await?;
                }
            }
        }
    };
    tokio::select! {
        ended = work => ended,
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

/// Builds and enables it once.
async fn round(client: &Client, project: &Project) -> Result<Slug> {
    let began = Instant::now();
    let component = project.build().await?;
    let built = began.elapsed();
    let bytes = tokio::fs::read(&component).await.with_context(|| format!("reading {}", component.display()))?;
    let view: DriverView = client.upload("/api/driver/", ("application/wasm".into(), bytes.into())).await?;
    let digest = view.installed.digest;
    let view = switch_on(client, view.slug.as_str(), Some(digest.to_string())).await?;
    line(&format!(
        "{} {} ({}) is enabled; built in {:.1} s, enabled in {:.1} s",
        view.slug,
        view.installed.info.version,
        digest.short(),
        built.as_secs_f64(),
        began.elapsed().saturating_sub(built).as_secs_f64()
    ))?;
    show_machines(client, &view.slug).await?;
    Ok(view.slug)
}

/// What becomes of the driver's machines. Those that an earlier build brought into quarantine are released.
async fn show_machines(client: &Client, slug: &Slug) -> Result<()> {
    let began = Instant::now();
    let machines = loop {
        let all: Vec<MachineView> = client.get("/api/machine/").await?;
        let ours: Vec<_> = all.into_iter().filter(|machine| machine.driver == *slug).collect();
        for machine in ours.iter().filter(|machine| matches!(machine.state, MachineState::Quarantined { .. })) {
            let _: serde_json::Value =
                client.post(&format!("/api/machine/{}/restart/", machine.pk), &json!({})).await?;
        }
        let settled = |machine: &MachineView| {
            use MachineState::{Quarantined, Starting, Stopping};
            !matches!(machine.state, Starting | Stopping { .. } | Quarantined { .. })
        };
        if ours.iter().all(settled) || began.elapsed() > SETTLE {
            break ours;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    if machines.is_empty() {
        return line(&format!("  no machine uses it yet: ostler machine add NAME --driver {slug} --set KEY=VALUE"));
    }
    machines.iter().try_for_each(|machine| {
        line(&format!("  {}: {}, {} {}", machine.name, machine.state, machine.status_title, machine.status_text))
    })
}

/// A line of a log.
#[derive(Debug, Deserialize)]
struct Line {
    at: Timestamp,
    level: String,
    message: String,
}

/// What a driver logs, for itself and for its machines.
struct Log {
    slug: Slug,
    shown_until: Timestamp,
}

impl Log {
    fn from_now(slug: Slug) -> Self {
        Self { slug, shown_until: Timestamp::now() }
    }

    /// Shows what is new.
    async fn show(&mut self, client: &Client) -> Result<()> {
        let mut new: Vec<(String, Line)> = Vec::new();
        let path = format!("/api/driver/{}/log/", encode(self.slug.as_str()));
        let of_driver: Vec<Line> = client.get(&path).await.unwrap_or_default();
        new.extend(of_driver.into_iter().map(|line| (self.slug.to_string(), line)));
        let machines: Vec<MachineView> = client.get("/api/machine/").await?;
        for machine in machines.into_iter().filter(|machine| machine.driver == self.slug) {
            let lines: Vec<Line> = client.get(&format!("/api/machine/{}/log/", machine.pk)).await.unwrap_or_default();
            new.extend(lines.into_iter().map(|line| (machine.name.clone(), line)));
        }
        new.retain(|(_, line)| line.at > self.shown_until);
        new.sort_by_key(|(_, line)| line.at);
        for (whose, Line { at, level, message }) in &new {
            line(&format!("  {at} {whose}: {level}: {message}"))?;
            self.shown_until = *at;
        }
        Ok(())
    }
}

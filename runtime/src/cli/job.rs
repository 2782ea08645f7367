//! `ostler print` and `ostler job`.

use super::{
    client::{Client, Refused, encode},
    events::Feed,
    output::Output,
};
use crate::model::{JobRecord, JobState};
use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use serde_json::json;
use std::path::PathBuf;

/// What to print where.
#[derive(Debug, clap::Args)]
pub struct Print {
    /// The machine's name or id.
    machine: String,
    /// The picture: a PNG file.
    file: PathBuf,
    /// How often to print it: 1 to 999.
    #[arg(long, default_value_t = 1)]
    copies: u32,
    /// Wait until the job is over; the exit status is the job's outcome.
    #[arg(long)]
    wait: bool,
}

/// What to do with jobs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List jobs, the newest first.
    List {
        /// Only jobs of this machine.
        #[arg(long)]
        machine: Option<String>,
        /// Only jobs in these states, separated by commas.
        #[arg(long)]
        state: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show a job.
    Show {
        /// Its number.
        job: i64,
    },
    /// Cancel a job.
    Cancel {
        /// Its number.
        job: i64,
    },
}

/// Prints a document.
pub async fn print(client: &Client, out: Output, print: Print) -> Result<()> {
    let document = std::fs::read(&print.file).with_context(|| format!("reading {}", print.file.display()))?;
    let machine = client.machine(&print.machine).await?;
    let title = print.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let path = format!("/api/job/?machine={}&copies={}&title={}", machine.pk, print.copies, encode(&title));
    // The feed is opened first, so that no event of the job is missed.
    let feed = if print.wait { Some(Feed::open(client, None).await?) } else { None };
    let job: JobRecord = client.upload(&path, ("application/octet-stream", document.into())).await?;
    let Some(feed) = feed else {
        return out.say(&job, &format!("job {} is queued on {}", job.id, machine.name));
    };
    let job = wait(client, feed, job).await?;
    show(out, &job)?;
    if job.state == JobState::Done { Ok(()) } else { bail!("job {} ended as {}", job.id, job.state.name()) }
}

/// Follows a job to its end.
pub async fn wait(client: &Client, mut feed: Feed, mut job: JobRecord) -> Result<JobRecord> {
    while !job.state.is_over() {
        loop {
            let event = feed.next().await?;
            if event.job == Some(job.id) && event.kind == "job.state-changed" {
                break;
            }
        }
        job = client.get(&format!("/api/job/{}/", job.id)).await?;
    }
    Ok(job)
}

/// Does it.
pub async fn run(client: &Client, out: Output, command: Command) -> Result<()> {
    match command {
        Command::List { machine, state, limit } => {
            let mut path = format!("/api/job/?limit={limit}");
            if let Some(machine) = machine {
                path.push_str("&machine=");
                path.push_str(&client.machine(&machine).await?.pk.to_string());
            }
            if let Some(state) = state {
                path.push_str("&state=");
                path.push_str(&encode(&state));
            }
            let jobs: Vec<JobRecord> = client.get(&path).await?;
            out.rows(&jobs, ["JOB", "MACHINE", "STATE", "LABELS", "COPIES", "PROOF", "TITLE", "WHY"], |job| {
                [
                    job.id.to_string(),
                    job.machine_name.clone(),
                    job.state.name().to_owned(),
                    format!("{}/{}", job.labels.done, job.label_count),
                    job.copies.to_string(),
                    job.labels.proof.map(|proof| proof.name().to_owned()).unwrap_or_default(),
                    job.title.clone(),
                    job.error.as_ref().map(|error| error.message.clone()).unwrap_or_default(),
                ]
            })
        }
        Command::Show { job } => show(out, &client.get(&format!("/api/job/{job}/")).await?),
        Command::Cancel { job } => {
            let cancelled: JobRecord = client.post(&format!("/api/job/{job}/cancel/"), &json!({})).await?;
            match cancelled.state {
                JobState::Cancelled => out.say(&cancelled, &format!("job {job} is cancelled")),
                JobState::Printing => out.say(&cancelled, &format!("job {job} is being cancelled")),
                state => {
                    let message = format!("job {job} is {} already", state.name());
                    Err(Refused { status: 409, message }.into())
                }
            }
        }
    }
}

fn show(out: Output, job: &JobRecord) -> Result<()> {
    let time = |at: Option<crate::model::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    out.one(
        job,
        &[
            ("job", job.id.to_string()),
            ("machine", job.machine_name.clone()),
            ("title", job.title.clone()),
            ("state", job.state.name().to_owned()),
            ("labels", format!("{} of {} done", job.labels.done, job.label_count)),
            ("proof", job.labels.proof.map(|proof| proof.name().to_owned()).unwrap_or_default()),
            ("copies", job.copies.to_string()),
            ("attempts", job.attempts.to_string()),
            ("why", job.error.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("next try", time(job.next_try_at)),
            ("created", job.created_at.to_string()),
            ("started", time(job.started_at)),
            ("finished", time(job.finished_at)),
        ],
    )
}

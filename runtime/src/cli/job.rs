//! `ostler print`, `ostler preview` and `ostler job`.

use super::{
    client::{Client, Refused, encode},
    document::Document,
    dry_run,
    events::Feed,
    output::{Output, line},
    wait::to_the_end,
};
use crate::{
    model::{JobRecord, JobState, MachineState},
    registry::{
        candidates::{Candidate, Takes},
        view::MachineView,
    },
};
use anyhow::{Context as _, Result};
use clap::Subcommand;
use serde_json::json;
use std::path::PathBuf;

/// What to print where.
#[derive(Debug, clap::Args)]
pub struct Print {
    /// The machine's name or id.
    machine: String,
    #[command(flatten)]
    document: Document,
    /// A name for this request: sent again, it is the same job and not another one.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Print to nowhere: write what the driver would send, and the dots that a printer would make of it, into a folder.
    #[arg(long, conflicts_with_all = ["wait", "idempotency_key"])]
    dry_run: bool,
    /// The folder for that.
    #[arg(long, value_name = "DIR", default_value = "dry-run", requires = "dry_run")]
    to: PathBuf,
    /// Show what happens to the job until it is over. The exit status is its outcome: 0 done, 1 failed, 5 cancelled, 6 unknown.
    #[arg(long)]
    wait: bool,
}

/// What to look at before it is printed.
#[derive(Debug, clap::Args)]
pub struct Preview {
    /// The machine's name or id.
    machine: String,
    #[command(flatten)]
    document: Document,
    /// Which label, counted from 1.
    #[arg(long, default_value_t = 1)]
    label: u32,
    /// Where to write the PNG.
    #[arg(long, value_name = "FILE", default_value = "preview.png")]
    to: PathBuf,
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
    /// Show what a function that ran as a job returned.
    Result {
        /// Its number.
        job: i64,
    },
    /// Show which machines take a document, and why the others do not.
    Where(Box<Document>),
    /// Show what happens to a job until it is over. The exit status is its outcome: 0 done, 1 failed, 5 cancelled, 6 unknown.
    Wait {
        /// Its number.
        job: i64,
    },
    /// Cancel a job; gives an `unknown` one up.
    Cancel {
        /// Its number.
        job: i64,
    },
    /// Keep a job from running, in its place in the queue.
    Hold {
        /// Its number.
        job: i64,
    },
    /// Let a held job go on.
    Release {
        /// Its number.
        job: i64,
    },
    /// Change the turn of a job that waits for it, or move it to another machine.
    #[command(
        after_help = "Examples:\n  ostler job move 7 --first\n  ostler job move 7 --before 5\n  ostler job move 7 --machine hall"
    )]
    Move(Move),
    /// Show the jobs of a machine that are not over, in the order of their turns.
    Queue {
        /// The machine's name or id.
        machine: String,
    },
    /// Go on with a job that failed, was cancelled, or is `unknown`.
    Retry {
        /// Its number.
        job: i64,
        /// The label to go on with, counted from 1; without it, the first one that is not finished.
        #[arg(long, value_name = "LABEL")]
        from: Option<u32>,
    },
    /// Print all of a job that is over again, as another job.
    Reprint {
        /// Its number.
        job: i64,
    },
}

/// Where to move a job.
#[derive(Debug, clap::Args)]
pub struct Move {
    /// Its number.
    job: i64,
    #[command(flatten)]
    to: To,
}

/// One of these.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct To {
    /// Its turn is next.
    #[arg(long)]
    first: bool,
    /// All others are before it.
    #[arg(long)]
    last: bool,
    /// Right before this job of the same machine.
    #[arg(long, value_name = "JOB")]
    before: Option<i64>,
    /// Right behind this job of the same machine.
    #[arg(long, value_name = "JOB")]
    after: Option<i64>,
    /// To the end of the queue of another machine, if that takes it as it is.
    #[arg(long, value_name = "MACHINE")]
    machine: Option<String>,
}

/// Prints a document.
pub async fn print(client: &Client, out: Output, print: Print) -> Result<()> {
    let machine = client.machine(&print.machine).await?;
    if print.dry_run {
        let run = client.upload(&format!("/api/machine/{}/dry-run/", machine.pk), print.document.form(&[])?).await?;
        return dry_run::write(out, &run, &print.to);
    }
    let mut parameters = vec![("machine", machine.pk.to_string())];
    parameters.extend(print.idempotency_key.map(|key| ("idempotency_key", key)));
    let form = print.document.form(&parameters)?;
    // The feed is opened first, so that no event of the job is missed.
    let feed = if print.wait { Some(Feed::open(client, None).await?) } else { None };
    let job: JobRecord = client.upload("/api/job/", form).await?;
    let Some(feed) = feed else {
        return out.say(&job, &format!("job {} is queued on {}", job.id, machine.name));
    };
    to_the_end(client, out, feed, job, show).await
}

/// Writes the dots that a machine would print.
pub async fn preview(client: &Client, out: Output, preview: Preview) -> Result<()> {
    let machine = client.machine(&preview.machine).await?;
    let form = preview.document.form(&[("label", preview.label.to_string())])?;
    let png = client.exchange(&format!("/api/machine/{}/preview/", machine.pk), form).await?;
    std::fs::write(&preview.to, &png).with_context(|| format!("writing {}", preview.to.display()))?;
    let file = preview.to.display();
    let sentence = format!("{file} has the dots of label {} of {}", preview.label, preview.document.title());
    out.say(&json!({ "file": file.to_string(), "label": preview.label }), &sentence)
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
            list(out, &jobs)
        }
        Command::Queue { machine } => {
            let machine = client.machine(&machine).await?;
            let jobs: Vec<JobRecord> = client.get(&format!("/api/machine/{}/queue/", machine.pk)).await?;
            list(out, &jobs)?;
            match hindrance(&machine) {
                Some(why) if !out.is_json() => line(&format!("\n{why}")),
                _ => Ok(()),
            }
        }
        Command::Move(wanted) => move_job(client, out, wanted).await,
        Command::Show { job } => show_with_machine(client, out, job).await,
        Command::Where(document) => {
            let candidates: Vec<Candidate> = client.upload("/api/job/candidates/", document.form(&[])?).await?;
            out.rows(&candidates, ["MACHINE", "TAKES IT", "WHY"], |candidate| {
                let takes = match candidate.takes {
                    Takes::Now => "now",
                    Takes::Later => "later",
                    Takes::No => "no",
                };
                [candidate.name.clone(), takes.to_owned(), candidate.why.join("; ")]
            })
        }
        Command::Wait { job } => {
            // First, so that no event is missed.
            let feed = Feed::open(client, None).await?;
            let job = client.get(&format!("/api/job/{job}/")).await?;
            to_the_end(client, out, feed, job, show).await
        }
        Command::Result { job } => {
            let result: serde_json::Value = client.get(&format!("/api/job/{job}/result/")).await?;
            line(&serde_json::to_string_pretty(&result)?)
        }
        Command::Hold { job } => {
            let held = decide(client, job, "hold/").await?;
            out.say(&held, &format!("job {job} is held: `ostler job release {job}` lets it go on"))
        }
        Command::Release { job } => {
            let released = decide(client, job, "release/").await?;
            out.say(&released, &format!("job {job} is {}", released.state.name()))
        }
        Command::Retry { job, from } => {
            let query = from.map(|from| format!("?from={from}")).unwrap_or_default();
            let retried = decide(client, job, &format!("retry/{query}")).await?;
            let sentence = match retried.state {
                JobState::Done => format!("job {job} is done: all its labels came out"),
                _ => format!("job {job} goes on with label {} of {}", retried.labels.done + 1, retried.label_count),
            };
            out.say(&retried, &sentence)
        }
        Command::Reprint { job } => {
            let new = decide(client, job, "reprint/").await?;
            out.say(&new, &format!("job {} prints job {job} again", new.id))
        }
        Command::Cancel { job } => {
            let cancelled = decide(client, job, "cancel/").await?;
            match cancelled.state {
                JobState::Cancelled => out.say(&cancelled, &format!("job {job} is cancelled")),
                JobState::Printing | JobState::Waiting => out.say(&cancelled, &format!("job {job} is being cancelled")),
                state => {
                    let message = format!("job {job} is {} already", state.name());
                    Err(Refused { status: 409, message }.into())
                }
            }
        }
    }
}

async fn move_job(client: &Client, out: Output, Move { job, to }: Move) -> Result<()> {
    let (to, where_to) = match to {
        To { first: true, .. } => (json!({ "to": "first" }), "is the next one".to_owned()),
        To { before: Some(other), .. } => (json!({ "before": other }), format!("comes right before job {other}")),
        To { after: Some(other), .. } => (json!({ "after": other }), format!("comes right behind job {other}")),
        To { machine: Some(machine), .. } => {
            let machine = client.machine(&machine).await?;
            (json!({ "machine": machine.pk }), "is the last one".to_owned())
        }
        To { .. } => (json!({ "to": "last" }), "is the last one".to_owned()),
    };
    let moved: JobRecord = client.post(&format!("/api/job/{job}/move/"), &to).await?;
    let machine = client.machine(&moved.machine.to_string()).await?;
    let waits = hindrance(&machine).map(|why| format!("; {why}")).unwrap_or_default();
    out.say(&moved, &format!("job {job} {where_to} in the queue of '{}'{waits}", moved.machine_name))
}

/// A job, and what keeps its machine from it.
async fn show_with_machine(client: &Client, out: Output, job: i64) -> Result<()> {
    let job: JobRecord = client.get(&format!("/api/job/{job}/")).await?;
    show(out, &job)?;
    if out.is_json() || job.state.is_over() {
        return Ok(());
    }
    // It may be gone, or not be there for this token.
    let machine = client.machine(&job.machine.to_string()).await.ok();
    machine.as_ref().and_then(hindrance).map_or(Ok(()), |why| line(&format!("\n{why}")))
}

/// Why the jobs of a machine wait, and what to do.
fn hindrance(machine: &MachineView) -> Option<String> {
    let name = &machine.name;
    match &machine.state {
        _ if machine.paused => Some(format!("'{name}' is paused: ostler machine resume '{name}'")),
        MachineState::Ready | MachineState::Starting => None,
        MachineState::Inactive => Some(format!("'{name}' is switched off: ostler machine activate '{name}'")),
        state => Some(format!("'{name}' is {state}")),
    }
}

fn list(out: Output, jobs: &[JobRecord]) -> Result<()> {
    out.rows(jobs, ["JOB", "MACHINE", "STATE", "LABELS", "COPIES", "PROOF", "TITLE", "WHY"], |job| {
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

/// Decides something about a job.
async fn decide(client: &Client, job: i64, what: &str) -> Result<JobRecord> {
    client.post(&format!("/api/job/{job}/{what}"), &json!({})).await
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
            ("options", job.options.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")),
            ("attempts", job.attempts.to_string()),
            ("why", job.error.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("next try", time(job.next_try_at)),
            ("reprint of", job.reprint_of.map(|job| job.to_string()).unwrap_or_default()),
            ("created", job.created_at.to_string()),
            ("started", time(job.started_at)),
            ("finished", time(job.finished_at)),
        ],
    )
}

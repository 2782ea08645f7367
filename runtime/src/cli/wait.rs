//! Waiting for a job: what happens to it, as it happens; its outcome is the exit status.
//!
//! On a terminal there is a bar with the labels, elsewhere a line for each thing that happens; both on stderr, since the job
//! as it ended is the output. Programs that read JSON get that alone.

use super::{client::Client, events::Feed, output::Output, progress};
use crate::model::{Event, JobId, JobRecord, JobState};
use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{io::IsTerminal as _, time::Duration};
use thiserror::Error;

/// A job that was waited for did not end well.
#[derive(Debug, Error)]
#[error("job {job} ended as {}{}", state.name(), advice(*state, *job))]
pub struct EndedOtherwise {
    /// The job.
    pub job: JobId,
    /// How it ended.
    pub state: JobState,
}

impl EndedOtherwise {
    /// The exit status of the command line: 5 cancelled, 6 unknown, else 1.
    pub fn exit_status(&self) -> u8 {
        match self.state {
            JobState::Cancelled => 5,
            JobState::Unknown => 6,
            _ => 1,
        }
    }
}

fn advice(state: JobState, job: JobId) -> String {
    match state {
        JobState::Unknown => {
            format!(": look at the printer, then `ostler job retry {job} --from LABEL` says where to go on")
        }
        JobState::Failed => format!(": `ostler job retry {job}` tries again when the cause is mended"),
        _ => String::new(),
    }
}

/// Follows a job to its end and shows what happens. The feed was opened before the job was read. An end other than `done` is
/// [`EndedOtherwise`], after the job was shown.
pub async fn to_the_end(
    client: &Client,
    out: Output,
    feed: Feed,
    job: JobRecord,
    show: impl FnOnce(Output, &JobRecord) -> Result<()>,
) -> Result<()> {
    let id = job.id;
    let job = follow(client, feed, job, &Screen::new(out))
        .await
        .with_context(|| format!("job {id} goes on without this command; `ostler job wait {id}` waits for it again"))?;
    show(out, &job)?;
    if job.state == JobState::Done { Ok(()) } else { Err(EndedOtherwise { job: id, state: job.state }.into()) }
}

async fn follow(client: &Client, mut feed: Feed, mut job: JobRecord, screen: &Screen) -> Result<JobRecord> {
    screen.state(&job);
    while !job.state.is_over() {
        let event = feed.next().await?;
        if event.job != Some(job.id) {
            continue;
        }
        if event.kind == "job.state-changed" {
            let now: JobRecord = client.get(&format!("/api/job/{}/", job.id)).await?;
            if (now.state, &now.error) != (job.state, &job.error) {
                screen.state(&now);
            }
            job = now;
        } else {
            screen.label(&job, &event);
        }
    }
    screen.end();
    Ok(job)
}

/// Where people see it.
enum Screen {
    /// Nobody looks.
    None,
    Lines,
    Bar(ProgressBar),
}

impl Screen {
    fn new(out: Output) -> Self {
        if out.is_json() {
            return Self::None;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self::Bar(bar)
    }

    /// The job is in this state now.
    fn state(&self, job: &JobRecord) {
        let why = job.error.as_ref().map(|error| format!(": {}", error.message)).unwrap_or_default();
        match self {
            Self::None => {}
            Self::Lines => progress::say(&format!("job {}: {}{why}", job.id, job.state.name())),
            Self::Bar(bar) => {
                let labels = if job.label_count > 0 { "[{bar:24}] {pos}/{len} " } else { "" };
                // The template is this one, so it can be parsed.
                if let Ok(style) =
                    ProgressStyle::with_template(&format!("{{spinner}} job {} {labels}{{wide_msg}}", job.id))
                {
                    bar.set_style(style.progress_chars("=> "));
                }
                bar.set_length(job.label_count.into());
                bar.set_position(job.labels.done.into());
                bar.set_message(format!("{}{why}", job.state.name()));
            }
        }
    }

    /// A label has begun or come out.
    fn label(&self, job: &JobRecord, event: &Event) {
        let Some(index) = event.data.get("index").and_then(serde_json::Value::as_u64) else { return };
        let number = index + 1;
        match (self, event.kind.as_str()) {
            (Self::Lines, "job.label-done") => {
                let proof = event.data.get("proof").and_then(serde_json::Value::as_str).unwrap_or_default();
                progress::say(&format!("job {}: label {number} of {} is done ({proof})", job.id, job.label_count));
            }
            (Self::Bar(bar), "job.label-done") => bar.set_position(number),
            (Self::Bar(bar), "job.label-started") => bar.set_message(format!("printing label {number}")),
            _ => {}
        }
    }

    fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

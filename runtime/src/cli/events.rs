//! `ostler events`: the feed.

use super::{
    client::Client,
    output::{Output, line},
};
use crate::model::Event;
use anyhow::{Context as _, Result, bail};
use http_body_util::BodyExt as _;
use hyper::{Method, body::Incoming};
use std::collections::VecDeque;

/// How to show events.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Begin after this event; 0 is the oldest that is kept. Without it, only what happens from now on is shown.
    #[arg(long, value_name = "ID")]
    after: Option<i64>,
    /// Stop after so many events.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

/// Shows events until it is interrupted.
pub async fn run(client: &Client, out: Output, arguments: Arguments) -> Result<()> {
    let mut feed = Feed::open(client, arguments.after).await?;
    let mut left = arguments.count;
    while left != Some(0) {
        let event = feed.next().await?;
        if out.is_json() {
            line(&serde_json::to_string(&event)?)?;
        } else {
            line(&describe(&event))?;
        }
        left = left.map(|left| left - 1);
    }
    Ok(())
}

fn describe(event: &Event) -> String {
    let driver = event.driver.as_ref().map(|driver| format!(" {driver}")).unwrap_or_default();
    let job = event.job.map(|job| format!(" job {job}")).unwrap_or_default();
    let machine = event.machine.map(|machine| format!(" {machine}")).unwrap_or_default();
    format!("{} {} {}{machine}{driver}{job} {}", event.id, event.at, event.kind, event.data)
}

/// The feed as it arrives.
pub struct Feed {
    body: Incoming,
    text: Vec<u8>,
    ready: VecDeque<Event>,
}

impl Feed {
    /// Opens the feed after an event, or from now on.
    pub async fn open(client: &Client, after: Option<i64>) -> Result<Self> {
        let after = after.map(|after| format!("?after={after}")).unwrap_or_default();
        let response = client.send(Method::GET, &format!("/api/events/{after}"), None).await?;
        Ok(Self { body: response.into_body(), text: Vec::new(), ready: VecDeque::new() })
    }

    /// The next event.
    pub async fn next(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            let Some(frame) = self.body.frame().await else { bail!("the daemon ended the feed") };
            if let Ok(data) = frame.context("the feed broke off")?.into_data() {
                self.text.extend_from_slice(&data);
                self.take_lines()?;
            }
        }
    }

    fn take_lines(&mut self) -> Result<()> {
        while let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.text.drain(..=end).collect();
            // An event is one line of data here; ids and names are repeated inside it.
            let data = line.strip_prefix(b"data: ").map(<[u8]>::trim_ascii);
            if let Some(json) = data.filter(|json| *json != b"{}") {
                self.ready.push_back(serde_json::from_slice(json).context("an event was not understood")?);
            }
        }
        Ok(())
    }
}

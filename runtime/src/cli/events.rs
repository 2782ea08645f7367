//! `ostler events`: the feed.

use super::{
    client::{Client, encode},
    output::{Output, line},
};
use crate::model::{Event, MachineId};
use anyhow::{Context as _, Result, bail};
use http_body_util::BodyExt as _;
use hyper::{Method, body::Incoming};
use std::{collections::VecDeque, fmt::Write as _};

/// How to show events.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Begin after this event; 0 is the oldest that is kept. Without it, the latest are shown, or with --follow what happens
    /// from now on.
    #[arg(long, value_name = "ID")]
    after: Option<i64>,
    /// Go on and show what happens, as it happens.
    #[arg(long, short)]
    follow: bool,
    /// Only events of this machine, by name or id; may be given several times.
    #[arg(long, value_name = "MACHINE")]
    machine: Vec<String>,
    /// Only events that name this driver; may be given several times.
    #[arg(long, value_name = "SLUG")]
    driver: Vec<String>,
    /// Only events whose kind begins with this, such as `job.` or `machine.state`; may be given several times.
    #[arg(long, value_name = "PREFIX")]
    kind: Vec<String>,
    /// Only events of this job.
    #[arg(long, value_name = "ID")]
    job: Option<i64>,
    /// Stop after so many events, and wait for them.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

/// Shows events: those so far, or until it is interrupted.
pub async fn run(client: &Client, out: Output, arguments: Arguments) -> Result<()> {
    let follow = arguments.follow || arguments.count.is_some();
    let filter = filter(client, &arguments).await?;
    let mut feed = Feed::read(client, arguments.after, follow, &filter).await?;
    let mut left = arguments.count;
    while left != Some(0) {
        let event = match feed.next_or_end().await? {
            Some(event) => event,
            None if follow => bail!("the daemon ended the feed"),
            None => break,
        };
        if out.is_json() {
            line(&serde_json::to_string(&event)?)?;
        } else {
            line(&describe(&event))?;
        }
        left = left.map(|left| left - 1);
    }
    Ok(())
}

/// The filters as parameters.
async fn filter(client: &Client, arguments: &Arguments) -> Result<String> {
    let mut machines = Vec::new();
    for name in &arguments.machine {
        machines.push(match name.parse::<MachineId>() {
            // It may have been removed, and its events are still there.
            Ok(id) => id.to_string(),
            Err(_) => client.machine(name).await?.pk.to_string(),
        });
    }
    let lists = [("machine", &machines), ("driver", &arguments.driver), ("kind", &arguments.kind)];
    let mut filter = String::new();
    for (field, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
        let _ = write!(filter, "&{field}={}", encode(&values.join(",")));
    }
    if let Some(job) = arguments.job {
        let _ = write!(filter, "&job={job}");
    }
    Ok(filter)
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
        Self::read(client, after, true, "").await
    }

    async fn read(client: &Client, after: Option<i64>, follow: bool, filter: &str) -> Result<Self> {
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        let response = client.send(Method::GET, &format!("/api/events/?follow={follow}{after}{filter}"), None).await?;
        Ok(Self { body: response.into_body(), text: Vec::new(), ready: VecDeque::new() })
    }

    /// The next event of a feed that goes on.
    pub async fn next(&mut self) -> Result<Event> {
        self.next_or_end().await?.context("the daemon ended the feed")
    }

    async fn next_or_end(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
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

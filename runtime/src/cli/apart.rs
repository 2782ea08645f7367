//! A daemon for one command alone: `ostler serve` in a process of its own. The demo shows with it, authors of drivers try with it.

use crate::{cli::client::Client, listen::SOCKET};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

/// How long it may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running daemon; killed when it is dropped without being stopped.
pub struct Daemon {
    child: Child,
}

impl Daemon {
    /// Starts a daemon with these arguments and waits until it answers. Its log goes beside the data folder, into a file of its name
    /// with the ending `.log`.
    pub async fn start(data: &Path, arguments: &[&str]) -> Result<Self> {
        let program = std::env::current_exe().context("finding the ostler binary")?;
        let log = data.with_extension("log");
        let mut command = Command::new(program);
        // Its arguments alone say how it is configured.
        for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("OSTLER_")) {
            command.env_remove(key);
        }
        let mut child = command
            .arg("--data")
            .arg(data)
            .args(["serve", "--until-input-ends"])
            .args(arguments)
            // Open for as long as this process lives: however that ends, the daemon does, too.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .context("starting the daemon")?;
        let began = Instant::now();
        let client = Client::new(data);
        loop {
            if data.join(SOCKET).exists() && client.get::<Vec<Value>>("/api/machine/").await.is_ok() {
                return Ok(Self { child });
            }
            if let Some(status) = child.try_wait()? {
                bail!("the daemon ended at once ({status}):\n{}", std::fs::read_to_string(&log).unwrap_or_default());
            }
            if began.elapsed() > PATIENCE {
                bail!("the daemon does not answer; its log is {}", log.display());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends it as an operator would, and waits.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        }
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.context("the daemon does not end")??;
        if status.success() { Ok(()) } else { bail!("the daemon ended with {status}") }
    }
}

/// What was begun, unless somebody ends this process: then it is dropped in order, with all that it started.
pub async fn unless_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        _ = terminate.recv() => bail!("ended by a signal"),
        _ = hang_up.recv() => bail!("ended by a signal"),
    }
}

//! `ostler serve`: the daemon.

use crate::{
    daemon::{Daemon, Options},
    instance::LimitTable,
};
use anyhow::{Context as _, Result};
use futures::FutureExt as _;
use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};
use tracing_subscriber::EnvFilter;

/// How to serve.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Install every component of this folder at start; may be given several times. Nothing is enabled by it.
    #[arg(long, value_name = "DIR")]
    drivers: Vec<PathBuf>,
    /// Watch these folders: install and enable components as soon as they are built. For driver authors.
    #[arg(long, requires = "drivers")]
    dev: bool,
    /// A TOML file with limits, by the names that the documentation lists.
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    /// The time between two pings of a machine in milliseconds; 0 switches pings off.
    #[arg(long, value_name = "MS")]
    ping_interval: Option<u32>,
}

/// Runs until SIGTERM or SIGINT; a second one ends jobs in hand at once.
pub async fn run(data: &Path, arguments: Arguments) -> Result<()> {
    let filter = EnvFilter::try_from_env("OSTLER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let mut limits = match &arguments.limits {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            LimitTable::parse(&text).with_context(|| format!("{} does not list limits", file.display()))?
        }
        None => LimitTable::default(),
    };
    limits.common.ping_interval_ms = arguments.ping_interval.unwrap_or(limits.common.ping_interval_ms);
    let options = Options {
        data: data.to_owned(),
        drivers: arguments.drivers,
        dev: arguments.dev,
        limits,
        program: std::env::current_exe().context("finding the ostler binary")?,
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let daemon = Daemon::start(options).await?;
    tracing::info!(socket = %daemon.socket().display(), version = env!("CARGO_PKG_VERSION"), "ready");
    let registry = Arc::clone(&daemon.registry);
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(async move {
        let mut signalled = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        signalled().await;
        tracing::info!("stopping: jobs in hand may finish their labels; a second signal ends them at once");
        let _ = stop.send(());
        signalled().await;
        tracing::info!("stopping at once");
        registry.hurry();
    });
    daemon.serve(stopped.map(drop)).await
}

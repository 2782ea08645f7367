//! `ostler serve`: the daemon.

use crate::{
    cli::output::line,
    config::{Flag, General, Live, LogFilter, LogFormat, Sources, layers::FlagValue},
    daemon::{self, Daemon, Options},
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
use toml::Value;
use tracing_subscriber::{Layer as _, fmt, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _};

/// How to serve.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    overrides: Overrides,
    /// End when standard input does: whoever started it is gone.
    #[arg(long, hide = true)]
    until_input_ends: bool,
}

/// Values of the configuration that count more than the file and the environment.
#[derive(Debug, clap::Args)]
pub struct Overrides {
    /// Where the API and the page are reached: an address and port, or `off` for the socket in the data folder alone.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Install every component of this folder at start; may be given several times. Nothing is enabled by it.
    #[arg(long, value_name = "DIR")]
    drivers: Vec<PathBuf>,
    /// Watch these folders: install and enable components as soon as they are built. For driver authors.
    #[arg(long)]
    dev: bool,
    /// The time between two pings of a machine in milliseconds; 0 switches pings off.
    #[arg(long, value_name = "MS")]
    ping_interval: Option<u32>,
    /// What is logged: error, warn, info, debug, trace, for all or by part.
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// How a line of the log is written: `text` for people, `json` for programs.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Any key of the configuration, such as `limits.drain_ms=0`; may be given several times.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, String)>,
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

impl Overrides {
    /// Where a daemon with these flags looks for its configuration.
    pub fn sources(self, data: &Path, file: Option<PathBuf>) -> Sources {
        let flag = |flag: &str, path: &str, value: Value| Flag {
            flag: flag.to_owned(),
            path: path.to_owned(),
            value: FlagValue::Typed(value),
        };
        let mut flags: Vec<Flag> = Vec::new();
        for (key, text) in self.set {
            flags.push(Flag { flag: format!("--set {key}"), path: key, value: FlagValue::Text(text) });
        }
        if !self.drivers.is_empty() {
            let folders = self.drivers.iter().map(|folder| Value::String(folder.to_string_lossy().into_owned()));
            flags.push(flag("--drivers", "drivers", Value::Array(folders.collect())));
        }
        if self.dev {
            flags.push(flag("--dev", "dev", Value::Boolean(true)));
        }
        if let Some(ms) = self.ping_interval {
            flags.push(flag("--ping-interval", "limits.ping_interval_ms", Value::Integer(ms.into())));
        }
        if let Some(address) = self.listen {
            flags.push(flag("--listen", "http.listen", Value::String(address)));
        }
        if let Some(filter) = self.log {
            flags.push(flag("--log", "log", Value::String(filter)));
        }
        if let Some(format) = self.log_format {
            flags.push(flag("--log-format", "log_format", Value::String(format)));
        }
        Sources { file, data: data.to_owned(), environment: std::env::vars_os().collect(), flags }
    }
}

/// Runs until SIGTERM or SIGINT; a second one ends jobs in hand at once. SIGHUP reads the configuration again.
pub async fn run(data: &Path, config: Option<PathBuf>, arguments: Arguments) -> Result<()> {
    let config = Arc::new(Live::load(arguments.overrides.sources(data, config))?);
    let set_log = log_to_stderr(&config.now().config.general);
    let options = Options {
        data: data.to_owned(),
        config: Arc::clone(&config),
        program: std::env::current_exe().context("finding the ostler binary")?,
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let daemon = Daemon::start(options).await?;
    let page = daemon.url().map_or_else(|| "off".to_owned(), |url| url.to_string());
    tracing::info!(socket = %daemon.socket().display(), %page, version = env!("CARGO_PKG_VERSION"), "ready");
    if let Some(link) = daemon.link() {
        line(&format!("The page is at this link, which works once and for 15 minutes:\n  {link}"))?;
    }
    let registry = Arc::clone(&daemon.registry);
    tokio::spawn({
        let registry = Arc::clone(&registry);
        async move {
            while hang_up.recv().await.is_some() {
                daemon::reload(&registry, &config, &set_log);
            }
        }
    });
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(async move {
        let mut signalled = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = input_ends(), if arguments.until_input_ends => {}
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

/// Completes when nothing can be read from standard input any more.
async fn input_ends() {
    let _ = tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await;
}

/// Begins to log, and answers with how to change what is logged.
fn log_to_stderr(general: &General) -> impl Fn(&LogFilter) + Send + use<> {
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let (filter, handle) = reload::Layer::new(general.log.filter());
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match general.log_format {
        LogFormat::Text => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(lines).init();
    move |filter| {
        if let Err(error) = handle.reload(filter.filter()) {
            tracing::error!(%error, "what is logged could not be changed");
        }
    }
}

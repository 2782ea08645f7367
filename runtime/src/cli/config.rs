//! `ostler config`: what is configured, and where it comes from.

use super::{
    client::Client,
    output::{Output, line},
    serve::Overrides,
};
use crate::config::{Sources, example, live::ConfigView};
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show every value with its origin: what a daemon would use that is started with these flags.
    Show {
        /// Ask the running daemon instead: with its flags, its environment, and what waits for a restart.
        #[arg(long)]
        running: bool,
        /// What counts more than the file.
        #[command(flatten)]
        overrides: Overrides,
    },
    /// Write a documented file with every key and its default.
    Example,
    /// Check a file. The exit status is 1 when something is wrong with it.
    Check {
        /// The file.
        file: PathBuf,
    },
}

/// Does it.
pub async fn run(client: &Client, out: Output, data: &Path, config: Option<PathBuf>, command: Command) -> Result<()> {
    match command {
        Command::Show { running: true, .. } => show(out, &client.get("/api/config/").await?),
        Command::Show { running: false, overrides } => show(out, &overrides.sources(data, config).load()?.view()),
        Command::Example if out.is_json() => out.say(&json!({ "toml": example::text() }), ""),
        Command::Example => line(example::text().trim_end()),
        Command::Check { file } => {
            let loaded = Sources { file: Some(file.clone()), ..Sources::default() }.load()?;
            out.say(&loaded.view(), &format!("{} is right", file.display()))
        }
    }
}

fn show(out: Output, view: &ConfigView) -> Result<()> {
    if out.is_json() {
        return out.say(view, "");
    }
    match &view.file {
        Some(file) => line(&format!("file: {}\n", file.display()))?,
        None => line("file: none (`ostler config example` writes one)\n")?,
    }
    out.rows(&view.values, ["KEY", "VALUE", "ORIGIN"], |value| {
        let entry = &value.entry;
        let shown = match &value.after_restart {
            Some(later) => format!("{} ({later} after a restart)", entry.value),
            None => entry.value.to_string(),
        };
        [entry.key.clone(), shown, entry.origin.to_string()]
    })
}

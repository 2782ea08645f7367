//! `ostler demo`: see it work.

use anyhow::Result;

/// How to show it.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// Shows it.
pub async fn run(_: Arguments) -> Result<()> {
    Ok(())
}

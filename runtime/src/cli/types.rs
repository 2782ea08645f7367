//! `ostler type`: machine types.

use super::{client::Client, output::Output};
use crate::registry::view::TypeView;
use anyhow::Result;
use clap::Subcommand;

/// What to do with machine types.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the machine types.
    List,
}

/// Does it.
pub async fn run(client: &Client, out: Output, Command::List: Command) -> Result<()> {
    let types: Vec<TypeView> = client.get("/api/machine/types/").await?;
    out.rows(&types, ["SLUG", "NAME", "CONTRACT", "DESCRIPTION"], |of| {
        [of.slug.to_string(), of.name.clone(), of.contract.clone(), of.description.clone()]
    })
}

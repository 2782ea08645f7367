//! `ostler type`: machine types.

use super::{
    client::{Client, Refused},
    output::Output,
};
use crate::registry::view::TypeView;
use anyhow::Result;
use clap::Subcommand;

/// What to do with machine types.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the machine types.
    List,
    /// Show a machine type: its statuses, and the functions of its contract.
    Show {
        /// Its slug.
        slug: String,
    },
}

/// Does it.
pub async fn run(client: &Client, out: Output, command: Command) -> Result<()> {
    let types: Vec<TypeView> = client.get("/api/machine/types/").await?;
    match command {
        Command::List => out.rows(&types, ["SLUG", "NAME", "CONTRACT", "PLUGIN", "DESCRIPTION"], |of| {
            [
                of.slug.to_string(),
                of.name.clone(),
                of.contract.clone(),
                of.provider_plugin.as_ref().map(|plugin| plugin.slug.to_string()).unwrap_or_default(),
                of.description.clone(),
            ]
        }),
        Command::Show { slug } => {
            let found = types.into_iter().find(|of| of.slug.as_str() == slug).ok_or_else(|| {
                let message = format!("there is no machine type '{slug}'; `ostler type list` shows them");
                Refused { status: 404, message }
            })?;
            show(out, &found)
        }
    }
}

fn show(out: Output, of: &TypeView) -> Result<()> {
    let statuses = of.statuses.iter().map(|status| format!("{} {} ({})", status.code, status.text, status.color));
    let functions = of.functions.iter().map(|function| {
        let how = if function.callable { "" } else { " (not called from outside)" };
        format!("{}: {}{how}", function.name, function.signature)
    });
    out.one(
        of,
        &[
            ("type", format!("{} ({})", of.name, of.slug)),
            ("description", of.description.clone()),
            ("contract", of.contract.clone()),
            ("plugin", of.provider_plugin.as_ref().map(|plugin| plugin.slug.to_string()).unwrap_or_default()),
            ("statuses", statuses.collect::<Vec<_>>().join("\n")),
            ("functions", functions.collect::<Vec<_>>().join("\n")),
        ],
    )
}

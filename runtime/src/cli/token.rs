//! `ostler token`: who may do what over the network.

use super::{
    client::{Client, Refused, encode},
    output::{Output, line},
};
use crate::{
    api::tokens::{Create, Link, Made},
    model::{MachineId, Role, Timestamp, TokenRecord},
};
use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use jiff::{Span, Zoned, tz::TimeZone};
use serde_json::json;
use std::collections::BTreeSet;

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a token, and print its text: it is shown this once.
    #[command(after_help = ROLES)]
    Create {
        /// What it is called; this name stands in the audit.
        name: String,
        /// What it may do: view, operate, configure, admin.
        #[arg(long, value_name = "ROLE")]
        role: Role,
        /// Only for this machine, by name or id; may be given several times.
        #[arg(long = "machine", value_name = "MACHINE")]
        machines: Vec<String>,
        /// When it ends: after a time such as 30d, 12h or 1y, or at a time such as 2030-01-31T00:00:00Z.
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
    },
    /// List the tokens; their texts are not kept.
    List,
    /// Revoke a token: it opens nothing from now on.
    Revoke {
        /// Its name or number.
        token: String,
    },
    /// Print a link that logs in to the page once, within 15 minutes.
    Link,
}

const ROLES: &str = "\
Roles, each with what those before it may do:
  view       see machines, jobs and templates
  operate    print, decide about jobs, pause and restart machines, press their buttons
  configure  add, change and remove machines and templates
  admin      install drivers and plugins, make tokens, take backups

The text goes into OSTLER_TOKEN, or the header `Authorization: Bearer TEXT`.";

/// Does it.
pub async fn run(client: &Client, out: Output, command: Command) -> Result<()> {
    match command {
        Command::Create { name, role, machines, expires } => {
            let expires_at = expires.as_deref().map(when).transpose()?;
            let machines = ids(client, machines).await?;
            let made: Made = client.post("/api/token/", &json!(Create { name, role, machines, expires_at })).await?;
            // The text alone, so that a script can take it.
            if out.is_json() { out.say(&made, "") } else { line(&made.token) }
        }
        Command::List => {
            let tokens: Vec<TokenRecord> = client.get("/api/token/").await?;
            let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
            out.rows(&tokens, ["TOKEN", "NAME", "ROLE", "MACHINES", "EXPIRES", "LAST USED", "REVOKED"], |token| {
                [
                    token.pk.to_string(),
                    token.name.clone(),
                    token.role.to_string(),
                    token.machines.as_ref().map_or_else(|| "all".to_owned(), |machines| machines.len().to_string()),
                    time(token.expires_at),
                    time(token.last_used_at),
                    time(token.revoked_at),
                ]
            })
        }
        Command::Revoke { token } => {
            let tokens: Vec<TokenRecord> = client.get("/api/token/").await?;
            let is_it = |of: &&TokenRecord| of.revoked_at.is_none() && (of.name == token || of.pk.to_string() == token);
            let found = tokens.iter().find(is_it).ok_or_else(|| {
                let message =
                    format!("there is no token '{token}' that is not revoked; `ostler token list` shows them");
                Refused { status: 404, message }
            })?;
            let path = format!("/api/token/{}/", encode(&found.pk.to_string()));
            client.delete(&path).await?;
            out.say(&json!({ "revoked": found.pk }), &format!("revoked '{}'", found.name))
        }
        Command::Link => {
            let link: Link = client.post("/api/token/link/", &json!({})).await?;
            if out.is_json() { out.say(&link, "") } else { line(&link.url) }
        }
    }
}

/// A time after a span from now, or a time.
fn when(text: &str) -> Result<Timestamp> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(time.as_millisecond()));
    }
    let span: Span = text
        .parse()
        .ok()
        .with_context(|| format!("'{text}' is neither a span (30d, 12h, 1y) nor a time (2030-01-31T00:00:00Z)"))?;
    let at = Zoned::now().with_time_zone(TimeZone::UTC).checked_add(span).context("this is too far away")?;
    Ok(Timestamp(at.timestamp().as_millisecond()))
}

async fn ids(client: &Client, names: Vec<String>) -> Result<Option<BTreeSet<MachineId>>> {
    if names.is_empty() {
        return Ok(None);
    }
    let mut ids = BTreeSet::new();
    for name in names {
        if !ids.insert(client.machine(&name).await?.pk) {
            bail!("'{name}' was named twice");
        }
    }
    Ok(Some(ids))
}

//! `ostler driver`: components of drivers, for those who run them and for those who write them.
//!
//! * [`grants`]: what they may do beyond the settings of their machines
//! * [`new`]: a crate to begin with; [`project`]: such a crate, and what cargo makes of it
//! * [`check`]: whether a daemon takes a component; `apart`: the daemon that is asked
//! * [`trial`]: whether a driver stands what goes wrong in a day
//! * [`dev`]: build, install, enable, and again

mod apart;
mod check;
mod dev;
mod grants;
mod new;
pub mod project;
mod trial;

use super::{
    apart::unless_interrupted,
    client::{Client, encode},
    output::Output,
    progress::Progress,
};
use crate::{model::GrantState, registry::view::DriverView};
use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What to do with drivers.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Install a component: check it, compile it, ask what it is. It does not run before it is enabled.
    Install {
        /// The `.wasm` file.
        file: PathBuf,
        /// Enable it at once.
        #[arg(long)]
        enable: bool,
    },
    /// Let an installed component run.
    Enable {
        /// The driver's slug.
        slug: String,
        /// The sha256 of the component; the one installed last unless given.
        #[arg(long)]
        digest: Option<String>,
    },
    /// Stop a driver; its machines wait until it is enabled again.
    Disable {
        /// The driver's slug.
        slug: String,
    },
    /// Go back to the component that was enabled before.
    Rollback {
        /// The driver's slug.
        slug: String,
    },
    /// Decide how many machines an instance of a driver serves.
    Isolate {
        /// The driver's slug.
        slug: String,
        /// `driver`: one instance for all its machines; `machine`: one for each.
        #[arg(value_parser = ["driver", "machine"])]
        by: String,
    },
    /// Begin a driver: make a crate with one that prints.
    #[command(
        after_help = "Examples:\n  ostler driver new acme-3000\n  ostler driver test acme-3000     # builds it, and tries it against a simulated printer\n  ostler driver dev acme-3000      # runs it in the daemon, again after each change"
    )]
    New(new::Arguments),
    /// Build the component of a driver's crate, and check it.
    Build(check::Build),
    /// Check a component or a plugin as a daemon would, without one: what differs from its contract, and what it says.
    Check(check::Arguments),
    /// Build a driver, install and enable it, again after each change, and show what it logs.
    Dev(dev::Arguments),
    /// Try a driver against a simulated device, with what goes wrong in a day: paper, cables, power, people.
    Test(trial::Arguments),
    /// Show what drivers ask for beyond the settings of their machines, and what is approved of that.
    Grants {
        /// The driver's slug; all drivers unless given.
        slug: Option<String>,
    },
    /// Approve something that a driver asks for; its machines start again.
    Approve(grants::Which),
    /// Take an approval back; the driver's machines start again.
    Revoke(grants::Which),
    /// Remove a component that is not enabled.
    Remove {
        /// The driver's slug.
        slug: String,
        /// The sha256 of the component, or as much of its beginning as makes it the only one.
        #[arg(long)]
        digest: String,
    },
    /// List installed components.
    List,
    /// Show a driver: settings, imports, requested grants, errors.
    Show {
        /// The driver's slug.
        slug: String,
    },
    /// Show the log of a driver's instance.
    Log {
        /// The driver's slug.
        slug: String,
    },
}

/// Does it.
pub async fn run(client: &Client, out: Output, command: Command) -> Result<()> {
    match command {
        Command::Install { file, enable } => {
            let bytes = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            let working = Progress::begin(out, &format!("installing {}: it is checked and compiled", file.display()));
            let view: DriverView = client.upload("/api/driver/", ("application/wasm".into(), bytes.into())).await?;
            drop(working);
            if enable {
                let view = switch_on(client, view.slug.as_str(), Some(view.installed.digest.to_string())).await?;
                return show(out, &view, None);
            }
            show(out, &view, None)?;
            if !out.is_json() && !view.installed.enabled {
                super::output::line(&format!("\nIt does not run yet: ostler driver enable {}", view.slug))?;
            }
            Ok(())
        }
        Command::Enable { slug, digest } => {
            let view = switch_on(client, &slug, digest).await?;
            let sentence =
                format!("{} {} ({}) is enabled", view.name, view.installed.info.version, view.installed.digest.short());
            out.say(&view, &sentence)
        }
        Command::Disable { slug } => {
            let _: Value = client.post(&format!("/api/driver/{}/disable/", encode(&slug)), &json!({})).await?;
            out.say(&json!({ "slug": slug }), &format!("{slug} is disabled"))
        }
        Command::List => {
            let drivers: Vec<DriverView> = client.get("/api/driver/").await?;
            out.rows(&drivers, ["SLUG", "NAME", "VERSION", "TYPE", "ENABLED", "MACHINES", "DIGEST"], |driver| {
                [
                    driver.slug.to_string(),
                    driver.name.clone(),
                    driver.installed.info.version.clone(),
                    driver.machine_type.to_string(),
                    if driver.installed.enabled { "yes" } else { "no" }.to_owned(),
                    driver.machines.to_string(),
                    driver.installed.digest.short(),
                ]
            })
        }
        Command::Rollback { slug } => {
            let path = format!("/api/driver/{}/rollback/", encode(&slug));
            let view: DriverView = client.post(&path, &json!({})).await?;
            let (version, digest) = (&view.installed.info.version, view.installed.digest.short());
            out.say(&view, &format!("{slug} is back at {version} ({digest})"))
        }
        Command::Isolate { slug, by } => {
            let path = format!("/api/driver/{}/", encode(&slug));
            let views: Vec<DriverView> = client.patch(&path, &json!({ "isolation": by })).await?;
            let serves = if by == "machine" { "one machine" } else { "all machines" };
            out.say(&views, &format!("an instance of {slug} serves {serves}"))
        }
        Command::Remove { slug, digest } => {
            let digest = whole_digest(client, &slug, &digest).await?;
            client.delete(&format!("/api/driver/{}/?digest={}", encode(&slug), encode(&digest))).await?;
            out.say(&json!({ "removed": digest }), &format!("the component {digest} of {slug} is removed"))
        }
        Command::New(arguments) => new::run(out, arguments),
        Command::Build(arguments) => unless_interrupted(check::build(out, arguments)).await,
        Command::Check(arguments) => unless_interrupted(check::run(out, arguments)).await,
        Command::Dev(arguments) => dev::run(client, arguments).await,
        Command::Test(arguments) => unless_interrupted(trial::run(out, arguments)).await,
        Command::Grants { slug } => grants::list(client, out, slug).await,
        Command::Approve(which) => grants::approve(client, out, &which).await,
        Command::Revoke(which) => grants::revoke(client, out, &which).await,
        Command::Show { slug } => {
            let found: Vec<DriverView> = client.get(&format!("/api/driver/{}/", encode(&slug))).await?;
            let grants: Vec<GrantState> = client.get(&format!("/api/driver/{}/grants/", encode(&slug))).await?;
            found.iter().try_for_each(|view| show(out, view, Some(&grants)))
        }
        Command::Log { slug } => {
            let lines: Vec<Value> = client.get(&format!("/api/driver/{}/log/", encode(&slug))).await?;
            log(out, &lines)
        }
    }
}

/// Prints lines of a log.
pub fn log(out: Output, lines: &[Value]) -> Result<()> {
    out.rows(lines, ["AT", "LEVEL", "MESSAGE"], |line| {
        let text = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        [text("at"), text("level"), text("message")]
    })
}

async fn switch_on(client: &Client, slug: &str, digest: Option<String>) -> Result<DriverView> {
    let digest = digest.map(|digest| format!("?digest={}", encode(&digest))).unwrap_or_default();
    client.post(&format!("/api/driver/{}/enable/{digest}", encode(slug)), &json!({})).await
}

/// What the instance uses, beside the limits.
fn usage(view: &DriverView) -> String {
    let Some(usage) = &view.usage else { return "not running".to_owned() };
    format!(
        "{}, started {}, {} of {} KiB of memory, {} of {} calls in flight",
        usage.state,
        if usage.starts == 1 { "once".to_owned() } else { format!("{} times", usage.starts) },
        usage.memory_bytes / 1024,
        view.limits.memory_bytes / 1024,
        usage.calls_in_flight,
        view.limits.calls_in_flight
    )
}

/// The digest that begins so, among those of a driver.
async fn whole_digest(client: &Client, slug: &str, begin: &str) -> Result<String> {
    let all: Vec<DriverView> = client.get(&format!("/api/driver/{}/", encode(slug))).await?;
    let mut digests =
        all.iter().map(|view| view.installed.digest.to_string()).filter(|digest| digest.starts_with(begin));
    match (digests.next(), digests.next()) {
        (Some(digest), None) => Ok(digest),
        (Some(_), Some(_)) => bail!("more than one component of '{slug}' begins with {begin}: give more of its digest"),
        // As it was given: the daemon says what is wrong with it.
        (None, _) => Ok(begin.to_owned()),
    }
}

/// A driver, with what is approved of what it asks for, if that is known.
fn show(out: Output, view: &DriverView, decided: Option<&[GrantState]>) -> Result<()> {
    out.one(view, &lines(view, decided))
}

fn lines(view: &DriverView, decided: Option<&[GrantState]>) -> Vec<(&'static str, String)> {
    let info = &view.installed.info;
    let settings = info.settings.iter().map(|setting| {
        let required = if setting.required { ", required" } else { "" };
        let kind = serde_json::to_value(setting.kind).unwrap_or_default();
        format!("{} ({}{required}): {}", setting.key, kind.as_str().unwrap_or_default(), setting.name)
    });
    let grants = info.grants.iter().map(|grant| {
        let state = decided.into_iter().flatten().find(|state| state.grant == grant.grant);
        let approved =
            state.and_then(|state| state.approved.as_ref()).map(|approval| format!("approved by {}", approval.by));
        let approved = approved.or_else(|| decided.map(|_| "not approved".to_owned()));
        format!("{}: {}{}", grant.grant, grant.reason, approved.map(|words| format!(" ({words})")).unwrap_or_default())
    });
    let join = |lines: Vec<String>| if lines.is_empty() { "none".to_owned() } else { lines.join("\n") };
    vec![
        ("driver", format!("{} ({}) {}", info.name, info.slug, info.version)),
        ("description", info.description.clone()),
        ("digest", view.installed.digest.to_string()),
        ("size", format!("{} bytes", view.installed.size)),
        ("contract", view.installed.contract.clone()),
        ("plugin", view.installed.plugin.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("isolation", view.isolation.map(|policy| policy.name().to_owned()).unwrap_or_default()),
        ("enabled", if view.installed.enabled { "yes" } else { "no" }.to_owned()),
        ("settings", join(settings.collect())),
        ("requested grants", join(grants.collect())),
        ("imports", join(view.installed.imports.clone())),
        ("instance", usage(view)),
        ("errors", view.driver_errors.join("\n")),
    ]
}

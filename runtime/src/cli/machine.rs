//! `ostler machine`: configured devices.

use super::{
    capture,
    client::{Client, encode},
    driver::log,
    offer,
    output::Output,
};
use crate::{
    registry::view::{DriverView, MachineView, SettingView},
    store::StateChange,
};
use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use serde_json::{Map, Value, json};

/// What to do with machines.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the machines.
    List,
    /// Show a machine: state, status, settings, errors.
    Show {
        /// Its name or id.
        machine: String,
    },
    /// Add a machine.
    #[command(
        after_help = "Examples:\n  ostler machine add dock --driver zebra-zpl --set CONNECTION=tcp://10.0.0.7:9100\n  ostler machine add counter --type scale --driver toledo-8217 --set CONNECTION=serial:///dev/ttyUSB0?baud=9600"
    )]
    Add {
        /// What to call it.
        name: String,
        /// The driver's slug.
        #[arg(long)]
        driver: String,
        /// The machine type's slug.
        #[arg(long = "type", default_value = "label-printer")]
        machine_type: String,
        /// A setting, KEY=VALUE; may be given several times. Write M:KEY=VALUE for a setting of the type.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        settings: Vec<String>,
        /// Do not start it yet.
        #[arg(long)]
        inactive: bool,
        /// Add it though its driver is not enabled: it starts when the driver is.
        #[arg(long)]
        pending: bool,
    },
    /// Change settings of a machine.
    Set {
        /// Its name or id.
        machine: String,
        /// KEY=VALUE, or M:KEY=VALUE for a setting of the type; an empty value goes back to the default.
        #[arg(required = true, value_name = "KEY=VALUE")]
        settings: Vec<String>,
        /// Agree to what the settings ask before a change.
        #[arg(long)]
        yes: bool,
    },
    /// Switch a machine on.
    Activate {
        /// Its name or id.
        machine: String,
    },
    /// Switch a machine off.
    Deactivate {
        /// Its name or id.
        machine: String,
    },
    /// Give a machine another name.
    Rename {
        /// Its name or id.
        machine: String,
        /// The new name.
        name: String,
    },
    /// Clear its errors and restart it; releases a quarantined machine.
    Restart {
        /// Its name or id.
        machine: String,
        /// Stop it and initialise it again.
        #[arg(long)]
        hard: bool,
    },
    /// Make the jobs of a machine wait; the one in hand comes to its end.
    Pause {
        /// Its name or id.
        machine: String,
    },
    /// Let the jobs of a paused machine go on.
    Resume {
        /// Its name or id.
        machine: String,
    },
    /// Stop a machine and remove it with its settings.
    Remove {
        /// Its name or id.
        machine: String,
    },
    /// What it offers.
    #[command(flatten)]
    Offer(offer::Command),
    /// Write what goes over a machine's wire to a file for some minutes, and show it.
    Capture(capture::Arguments),
    /// Set the time between two pings of a machine.
    Ping {
        /// Its name or id.
        machine: String,
        /// Milliseconds, `off`, or `default` for the daemon's.
        interval: String,
    },
    /// Show the states that a machine went through, the newest first.
    History {
        /// Its name or id.
        machine: String,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show the log of a machine.
    Log {
        /// Its name or id.
        machine: String,
    },
}

/// Does it.
pub async fn run(client: &Client, out: Output, command: Command) -> Result<()> {
    match command {
        Command::List => list(client, out).await,
        Command::Show { machine } => {
            let view = client.machine(&machine).await?;
            let settings: Vec<SettingView> = client.get(&format!("/api/machine/{}/settings/", view.pk)).await?;
            show(out, &view, &settings)
        }
        Command::Add { name, driver, machine_type, settings, inactive, pending } => {
            if !pending {
                look_for(client, &driver).await?;
            }
            let body = json!({
                "name": name, "driver": driver, "machine_type": machine_type, "active": !inactive,
                "settings": parse(&settings)?,
            });
            let view: MachineView = client.post("/api/machine/", &body).await?;
            out.say(&view, &format!("{} is added ({})", view.name, view.pk))
        }
        Command::Set { machine, settings, yes } => {
            let view = client.machine(&machine).await?;
            let mut body = parse(&settings)?;
            if yes && let Some(body) = body.as_object_mut() {
                body.insert("manual_confirm".to_owned(), true.into());
            }
            let all: Vec<SettingView> = client.patch(&format!("/api/machine/{}/settings/", view.pk), &body).await?;
            out.say(&all, &format!("settings of {} are saved", view.name))
        }
        Command::Activate { machine } => switch(client, out, &machine, true).await,
        Command::Deactivate { machine } => switch(client, out, &machine, false).await,
        Command::Rename { machine, name } => {
            let view = client.machine(&machine).await?;
            let path = format!("/api/machine/{}/", view.pk);
            let view: MachineView = client.patch(&path, &json!({ "name": name })).await?;
            out.say(&view, &format!("{machine} is now called {}", view.name))
        }
        Command::Restart { machine, hard } => {
            let view = client.machine(&machine).await?;
            let path = format!("/api/machine/{}/restart/?hard={hard}", view.pk);
            let answer: Value = client.post(&path, &json!({})).await?;
            out.say(&answer, &format!("{} is restarted", view.name))
        }
        Command::Pause { machine } => {
            let view = client.machine(&machine).await?;
            let view: MachineView = client.post(&format!("/api/machine/{}/pause/", view.pk), &json!({})).await?;
            let advice = format!("`ostler machine resume {}` lets its jobs go on", view.name);
            out.say(&view, &format!("{} is paused: {advice}", view.name))
        }
        Command::Resume { machine } => {
            let view = client.machine(&machine).await?;
            let view: MachineView = client.post(&format!("/api/machine/{}/resume/", view.pk), &json!({})).await?;
            out.say(&view, &format!("{} goes on", view.name))
        }
        Command::Remove { machine } => {
            let view = client.machine(&machine).await?;
            client.delete(&format!("/api/machine/{}/", view.pk)).await?;
            out.say(&view, &format!("{} is removed", view.name))
        }
        Command::Offer(command) => offer::run(client, out, command).await,
        Command::Capture(arguments) => capture::run(client, out, arguments).await,
        Command::Ping { machine, interval } => {
            let view = client.machine(&machine).await?;
            let ms = match interval.as_str() {
                "off" => json!(0),
                "default" => Value::Null,
                ms => json!(
                    ms.parse::<u32>()
                        .with_context(|| format!("'{ms}' is not a number of milliseconds, off or default"))?
                ),
            };
            let path = format!("/api/machine/{}/", view.pk);
            let view: MachineView = client.patch(&path, &json!({ "ping_interval_ms": ms })).await?;
            out.say(&view, &format!("pings of {} are set to {interval}", view.name))
        }
        Command::History { machine, limit } => {
            let view = client.machine(&machine).await?;
            let states: Vec<StateChange> =
                client.get(&format!("/api/machine/{}/history/?limit={limit}", view.pk)).await?;
            out.rows(&states, ["AT", "STATE", "WHY"], |change| {
                let why = change.state.reason().unwrap_or_default().to_owned();
                [change.at.to_string(), change.state.name().to_owned(), why]
            })
        }
        Command::Log { machine } => {
            let view = client.machine(&machine).await?;
            let lines: Vec<Value> = client.get(&format!("/api/machine/{}/log/", encode(&view.pk.to_string()))).await?;
            log(out, &lines)
        }
    }
}

/// A machine's state in a table.
fn state(machine: &MachineView) -> String {
    let paused = if machine.paused { ", paused" } else { "" };
    format!("{}{paused}", machine.state.name())
}

async fn list(client: &Client, out: Output) -> Result<()> {
    let machines: Vec<MachineView> = client.get("/api/machine/").await?;
    out.rows(&machines, ["NAME", "DRIVER", "STATE", "STATUS", "TEXT", "ID"], |machine| {
        [
            machine.name.clone(),
            machine.driver.to_string(),
            state(machine),
            machine.status_title.clone(),
            machine.status_text.clone(),
            machine.pk.to_string(),
        ]
    })
}

/// Whether a driver is enabled: who adds a machine by hand and names another one has rather mistyped.
async fn look_for(client: &Client, slug: &str) -> Result<()> {
    let installed: Vec<DriverView> = client.get("/api/driver/").await?;
    let found: Vec<_> = installed.iter().filter(|driver| driver.slug.as_str() == slug).collect();
    if found.iter().any(|driver| driver.installed.enabled) {
        return Ok(());
    }
    if !found.is_empty() {
        bail!(
            "driver: '{slug}' is not enabled; let it run with `ostler driver enable {slug}`, or add the machine for later with --pending"
        );
    }
    let names = installed.iter().map(|driver| driver.slug.as_str());
    let near = names.map(|name| (strsim::damerau_levenshtein(name, slug), name)).min().filter(|(far, _)| *far <= 3);
    let meant = near.map(|(_, name)| format!(" Did you mean '{name}'?")).unwrap_or_default();
    bail!(
        "driver: no driver '{slug}' is installed.{meant} `ostler driver list` shows what is, `ostler driver install FILE --enable` adds one; --pending adds the machine for a driver that comes later"
    )
}

async fn switch(client: &Client, out: Output, machine: &str, active: bool) -> Result<()> {
    let view = client.machine(machine).await?;
    let view: MachineView = client.patch(&format!("/api/machine/{}/", view.pk), &json!({ "active": active })).await?;
    out.say(&view, &format!("{} is switched {}", view.name, if active { "on" } else { "off" }))
}

/// `KEY=VALUE` and `M:KEY=VALUE` as the API takes them.
fn parse(settings: &[String]) -> Result<Value> {
    let (mut machine, mut driver) = (Map::new(), Map::new());
    for setting in settings {
        let (key, value) = setting.split_once('=').with_context(|| format!("'{setting}' is not KEY=VALUE"))?;
        let (scope, key) = scoped(key);
        let values = if scope == "M" { &mut machine } else { &mut driver };
        values.insert(key.to_owned(), value.into());
    }
    Ok(json!({ "M": machine, "D": driver }))
}

/// `KEY` and `M:KEY` with the letter of the scope.
pub fn scoped(key: &str) -> (&'static str, &str) {
    match key.split_once(':') {
        Some(("M" | "m", key)) => ("M", key),
        Some(("D" | "d", key)) => ("D", key),
        _ => ("D", key),
    }
}

fn show(out: Output, view: &MachineView, settings: &[SettingView]) -> Result<()> {
    if out.is_json() {
        return out.say(&json!({ "machine": view, "settings": settings }), "");
    }
    let values = settings.iter().map(|setting| {
        let value = setting.value.as_ref().map(ToString::to_string).filter(|value| !value.is_empty());
        let value = value.unwrap_or_else(|| "-".to_owned());
        format!("{}:{} = {value} {}", setting.config_type, setting.spec.key, setting.spec.units).trim_end().to_owned()
    });
    // The state says already what keeps it from starting.
    let reason = view.state.reason();
    let errors: Vec<_> =
        view.machine_errors.iter().map(String::as_str).filter(|error| Some(*error) != reason).collect();
    let properties = view.properties.iter().map(|property| format!("{}: {}", property.key, property.value));
    let last_known = view.last_known.as_ref().map(|known| format!("{} {} ({})", known.name, known.text, known.at));
    out.one(
        view,
        &[
            ("machine", view.name.clone()),
            ("id", view.pk.to_string()),
            ("type", view.machine_type.to_string()),
            ("driver", view.driver.to_string()),
            ("state", format!("{} (since {})", view.state, view.state_since)),
            ("queue", if view.paused { "paused".to_owned() } else { String::new() }),
            ("captured", view.captured_until.map(|until| format!("until {until}")).unwrap_or_default()),
            ("status", format!("{} ({})", view.status_title, view.status)),
            ("text", view.status_text.clone()),
            ("last known", last_known.unwrap_or_default()),
            ("settings", values.collect::<Vec<_>>().join("\n")),
            ("kept", view.kept_settings.join("\n")),
            ("properties", properties.collect::<Vec<_>>().join("\n")),
            ("errors", errors.join("\n")),
        ],
    )
}

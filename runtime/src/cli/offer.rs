//! What a machine offers: actions, the functions of its type, options of jobs, choices of settings.

use super::{
    client::{Client, encode},
    document::pair,
    machine::scoped,
    output::{Output, line},
};
use crate::{
    api::actions::Offer,
    model::{OptionSpec, SettingKind, driver::Action, setting::Choice},
    registry::view::MachineView,
};
use anyhow::{Context as _, Result};
use clap::Subcommand;
use serde_json::{Map, Value, json};
use std::io::{BufRead as _, IsTerminal as _};

/// What to ask of a machine.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what a job on a machine may set, what is loaded, and which documents it takes.
    Options {
        /// Its name or id.
        machine: String,
    },
    /// List the actions of a machine: calibrate, feed ...
    Actions {
        /// Its name or id.
        machine: String,
    },
    /// Run an action.
    Action {
        /// Its name or id.
        machine: String,
        /// The action's key.
        action: String,
        /// An input, KEY=VALUE; may be given several times.
        #[arg(long = "input", short = 'i', value_name = "KEY=VALUE", value_parser = pair)]
        inputs: Vec<(String, String)>,
        /// Agree to the action's question.
        #[arg(long)]
        yes: bool,
    },
    /// Call a function of the machine's type. `ostler type show` lists them.
    #[command(after_help = r#"Example:
  ostler machine call counter read-weight '{"stable": true, "timeout-ms": 2000}'"#)]
    Call {
        /// Its name or id.
        machine: String,
        /// The function's name.
        function: String,
        /// Its parameters: a JSON object by their names.
        #[arg(default_value = "{}")]
        parameters: String,
    },
    /// Show the choices of a setting.
    Choices {
        /// Its name or id.
        machine: String,
        /// KEY, or M:KEY for a setting of the type.
        setting: String,
    },
}

/// Does it.
pub async fn run(client: &Client, out: Output, command: Command) -> Result<()> {
    match command {
        Command::Options { machine } => {
            let view = client.machine(&machine).await?;
            options(out, &client.get(&format!("/api/machine/{}/options/", view.pk)).await?)
        }
        Command::Actions { machine } => {
            let view = client.machine(&machine).await?;
            let actions: Vec<Action> = client.get(&format!("/api/machine/{}/actions/", view.pk)).await?;
            out.rows(&actions, ["ACTION", "NAME", "INPUTS", "DESCRIPTION"], |action| {
                let inputs: Vec<_> = action.inputs.iter().map(|input| input.key.to_string()).collect();
                [action.key.to_string(), action.name.clone(), inputs.join(" "), action.description.clone()]
            })
        }
        Command::Action { machine, action, inputs, yes } => {
            let view = client.machine(&machine).await?;
            let path = format!("/api/machine/{}/actions/{}/", view.pk, encode(&action));
            let inputs: Map<_, _> = inputs.into_iter().map(|(key, value)| (key, value.into())).collect();
            let confirmed = yes || agreed(client, &view, &action).await?;
            let answer: Value = client.post(&path, &json!({ "inputs": inputs, "confirmed": confirmed })).await?;
            let text = answer.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
            out.say(&answer, &text)
        }
        Command::Call { machine, function, parameters } => {
            let view = client.machine(&machine).await?;
            let parameters: Value = serde_json::from_str(&parameters)
                .with_context(|| format!("the parameters are not JSON: {parameters}"))?;
            let path = format!("/api/machine/{}/call/{}/", view.pk, encode(&function));
            let answer: Value = client.post(&path, &parameters).await?;
            match answer.get("job").and_then(|job| job.get("id")) {
                Some(job) => {
                    out.say(&answer, &format!("job {job} calls {function}; `ostler job result {job}` shows the end"))
                }
                None => line(&serde_json::to_string_pretty(answer.get("ok").unwrap_or(&Value::Null))?),
            }
        }
        Command::Choices { machine, setting } => {
            let view = client.machine(&machine).await?;
            let (scope, key) = scoped(&setting);
            let path = format!("/api/machine/{}/settings/{scope}/{}/choices/", view.pk, encode(key));
            let choices: Vec<Choice> = client.get(&path).await?;
            out.rows(&choices, ["VALUE", "NAME"], |choice| [choice.value.clone(), choice.name.clone()])
        }
    }
}

/// Asks the action's question on a terminal. Elsewhere nobody agreed, and the daemon says what to do.
async fn agreed(client: &Client, machine: &MachineView, key: &str) -> Result<bool> {
    let actions: Vec<Action> = client.get(&format!("/api/machine/{}/actions/", machine.pk)).await?;
    let action = actions.into_iter().find(|action| action.key.as_str() == key);
    let Some(question) = action.and_then(|action| action.confirm) else { return Ok(false) };
    let mut input = std::io::stdin().lock();
    if !input.is_terminal() {
        return Ok(false);
    }
    eprint!("{}: {question} [y/N] ", machine.name);
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn options(out: Output, offer: &Offer) -> Result<()> {
    if out.is_json() {
        return out.say(offer, "");
    }
    match &offer.options {
        None => line("Which options there are is not known before the driver has run.")?,
        Some(options) => out.rows(options, ["OPTION", "VALUES", "DEFAULT", "DESCRIPTION"], |option| {
            let default = option.default.as_ref().map(ToString::to_string).unwrap_or_default();
            [option.key.to_string(), values(option), default, option.description.clone()]
        })?,
    }
    if let Some(media) = &offer.media {
        line(&format!("\nLoaded: {}", media.describe()))?;
    }
    if !offer.formats.is_empty() {
        line(&format!("\nPrinted as they are: {}", offer.formats.join(", ")))?;
    }
    Ok(())
}

/// `0 to 30`, `fit, crop, exact`, `true or false`.
fn values(option: &OptionSpec) -> String {
    let choices: Vec<_> = option.choices.iter().map(|choice| choice.value.as_str()).collect();
    let range = match (option.constraint("min"), option.constraint("max")) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("from {min}"),
        (None, Some(max)) => format!("up to {max}"),
        (None, None) => String::new(),
    };
    match option.kind {
        SettingKind::Choice => choices.join(", "),
        SettingKind::Boolean => "true or false".to_owned(),
        _ => format!("{range} {}", option.units).trim().to_owned(),
    }
}

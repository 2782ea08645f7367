//! Actions: the buttons that a driver declares. Inputs are checked here, and the machine's keeper presses the button
//! between its other calls.

use super::{
    Entry, Registry,
    change::MASK,
    command::{Command, Wanted},
};
use crate::{
    broker::CallKind,
    instance::{Answer, CallEnd, Payload},
    model::{DriverError, OptionKey, SettingKind, Value, driver::Action},
    store::{NewAudit, StoreError},
};
use serde_json::json;
use std::collections::BTreeMap;
use thiserror::Error;
use tracing::Span;

/// What an operator says when pressing a button.
#[derive(Debug, Clone, Default)]
pub struct Press {
    /// What the action asks for, as it was typed.
    pub inputs: BTreeMap<String, serde_json::Value>,
    /// Whether the operator agreed to the action's question.
    pub confirmed: bool,
}

/// Why an action did not run, or failed.
#[derive(Debug, Error)]
pub enum ActionError {
    /// The driver has no such action.
    #[error("'{machine}' has no action '{action}'; it has: {known}")]
    Unknown {
        /// The machine's name.
        machine: String,
        /// What was asked for.
        action: String,
        /// What there is, comma-separated.
        known: String,
    },
    /// The operator has to agree first.
    #[error("{question} Agree to go on: with `confirmed` in a request, with --yes on the command line")]
    NotConfirmed {
        /// The driver's question.
        question: String,
    },
    /// Inputs that are missing, unknown or not accepted: one sentence each.
    #[error("{}", .0.join("\n"))]
    Inputs(Vec<String>),
    /// It ran and failed, or could not run now.
    #[error("{0}")]
    Failed(DriverError),
    /// The audit could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registry {
    /// The actions of a machine, as its driver declares them; none while the driver is missing.
    pub fn actions(&self, entry: &Entry) -> Vec<Action> {
        self.driver(&entry.machine.driver).map(|driver| driver.installed.info.actions.clone()).unwrap_or_default()
    }

    /// Runs an action; the answer is the driver's text for the operator.
    pub async fn run_action(&self, entry: &Entry, key: &str, press: Press, by: &str) -> Result<String, ActionError> {
        let machine = &entry.machine;
        let actions = self.actions(entry);
        let Some(action) = actions.iter().find(|action| action.key.as_str() == key) else {
            let known: Vec<_> = actions.iter().map(|action| action.key.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(ActionError::Unknown { machine: machine.name(), action: key.to_owned(), known });
        };
        let inputs = check_inputs(action, press.inputs)?;
        if let Some(question) = action.confirm.as_ref().filter(|_| !press.confirmed) {
            return Err(ActionError::NotConfirmed { question: question.clone() });
        }
        let shown: BTreeMap<&OptionKey, Value> =
            inputs.iter().map(|(key, value)| (key, masked(action, key, value))).collect();
        let audit = NewAudit {
            who: by.to_owned(),
            action: "machine.action".to_owned(),
            subject: format!("machine:{}", machine.id),
            before: None,
            after: Some(json!({ "action": key, "inputs": shown })),
        };
        self.services.store.audit(audit).await?;
        let payload = Payload::Action { key: action.key.clone(), inputs: inputs.into_iter().collect() };
        match entry.run(format!("action {key}"), CallKind::RunAction, payload).await {
            Ok(Answer::Text(text)) => Ok(text),
            Ok(_) => Ok(String::new()),
            Err(end) => Err(ActionError::Failed(end.failure().unwrap_or_else(gone))),
        }
    }
}

/// A value as it is written down.
fn masked(action: &Action, key: &OptionKey, value: &Value) -> Value {
    let secret = action.inputs.iter().any(|spec| spec.key == *key && spec.kind == SettingKind::Secret);
    if secret { Value::Text(MASK.to_owned()) } else { value.clone() }
}

/// Why a call that nobody took up has no end.
pub(super) fn gone() -> DriverError {
    DriverError::cancelled("the machine was removed, or the daemon stops")
}

impl Entry {
    /// Has a call made between the keeper's others. The error is how it ended otherwise.
    pub(super) async fn run(&self, what: String, kind: CallKind, payload: Payload) -> Result<Answer, CallEnd> {
        let span = Span::current();
        let end = self.ask(|reply| Command::Run(Box::new(Wanted { what, kind, payload, span, reply }))).await;
        match end.unwrap_or_else(|| CallEnd::Returned(Err(gone()))) {
            CallEnd::Returned(Ok(answer)) => Ok(answer),
            end => Err(end),
        }
    }
}

/// Checks what was typed against what the action asks for: all that is wrong is told at once.
fn check_inputs(
    action: &Action,
    mut typed: BTreeMap<String, serde_json::Value>,
) -> Result<BTreeMap<OptionKey, Value>, ActionError> {
    let mut inputs = BTreeMap::new();
    let mut problems = Vec::new();
    for spec in &action.inputs {
        let parsed = typed.remove(spec.key.as_str()).map_or(Ok(None), |value| spec.parse(&value));
        match parsed.map(|value| value.or_else(|| spec.default.clone())) {
            Ok(Some(value)) => drop(inputs.insert(spec.key.clone(), value)),
            Ok(None) if spec.required => problems.push(format!("{}: a value is needed.", spec.key)),
            Ok(None) => {}
            Err(why) => problems.push(format!("{}: {why}", spec.key)),
        }
    }
    let known: Vec<_> = action.inputs.iter().map(|spec| spec.key.as_str()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    problems.extend(typed.keys().map(|key| format!("'{key}' is not an input of '{}'; it has: {known}", action.key)));
    if problems.is_empty() { Ok(inputs) } else { Err(ActionError::Inputs(problems)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::model::setting::OptionSpec;
    use serde_json::Value as Json;

    fn input(key: &str, required: bool, default: Option<i64>) -> OptionSpec {
        OptionSpec {
            key: key.parse().unwrap(),
            name: String::new(),
            description: String::new(),
            kind: SettingKind::Integer,
            units: String::new(),
            default: default.map(Value::Integer),
            required,
            choices: Vec::new(),
            constraints: Vec::new(),
        }
    }

    fn feed() -> Action {
        Action {
            key: "feed".parse().unwrap(),
            name: "Feed".to_owned(),
            description: String::new(),
            inputs: vec![input("labels", true, None), input("speed", false, Some(4)), input("back", false, None)],
            confirm: None,
        }
    }

    fn typed<const N: usize>(values: [(&str, Json); N]) -> BTreeMap<String, Json> {
        values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    #[test]
    fn inputs_are_typed_and_defaults_fill_in() {
        let inputs = check_inputs(&feed(), typed([("labels", json!("3"))])).unwrap();
        let seen: Vec<_> = inputs.iter().map(|(key, value)| (key.as_str(), value.to_string())).collect();
        assert_eq!(seen, [("labels", "3".to_owned()), ("speed", "4".to_owned())]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let refused = check_inputs(&feed(), typed([("speed", json!("fast")), ("colour", json!("red"))])).unwrap_err();
        let ActionError::Inputs(problems) = refused else { panic!("{refused}") };
        assert_eq!(problems.len(), 3, "{problems:?}");
        for word in ["labels", "'fast'", "'colour'"] {
            assert!(problems.iter().any(|problem| problem.contains(word)), "{word}: {problems:?}");
        }
    }
}

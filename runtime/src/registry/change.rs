//! Checking and saving settings: by kind and constraints, then by the driver, then stored, then told to the driver.

use super::{Entry, Registry};
use crate::{
    broker::{Call, CallKind, Machine, Services, Settings},
    contract::{bindings::types, convert},
    instance::{Answer, CallEnd, Held, Payload},
    model::{DriverError, Scope, SettingKey, SettingKind, SettingSpec, Value, setting::Choice},
    store::{SettingWrite, StoreError},
};
use std::{collections::BTreeMap, sync::Arc};
use thiserror::Error;

/// What a secret shows instead of its value; written back, it means "keep".
pub const MASK: &str = "***";

/// What is wrong with proposed values, by scope and key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(pub BTreeMap<(Scope, String), Vec<String>>);

impl FieldErrors {
    fn add(&mut self, scope: Scope, key: &str, message: impl Into<String>) {
        self.0.entry((scope, key.to_owned())).or_default().push(message.into());
    }
}

impl std::fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<_> = self.0.iter().map(|((_, key), messages)| format!("{key}: {}", messages.join(" "))).collect();
        f.write_str(&all.join("; "))
    }
}

/// Why settings are not saved.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// A value is refused.
    #[error("the settings cannot be saved: {0}")]
    Fields(FieldErrors),
    /// The operator has to agree first.
    #[error("{0} Agree to go on: with `manual_confirm` in a request, with --yes on the command line")]
    NotConfirmed(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A proposed value; null goes back to the default.
pub type Proposal = (Scope, String, serde_json::Value);

/// Values that passed their declarations.
struct Checked {
    writes: Vec<SettingWrite>,
    settings: Settings,
}

impl Registry {
    /// Checks and saves values of a machine, and tells its driver.
    ///
    /// `confirmed` says that the operator agreed to the questions that settings ask before a change.
    pub async fn set_settings(
        &self,
        entry: &Entry,
        proposals: &[Proposal],
        confirmed: bool,
        by: &str,
    ) -> Result<(), ChangeError> {
        let machine = &entry.machine;
        let checked = check(&self.services, machine, proposals)?;
        if checked.writes.is_empty() {
            return Ok(());
        }
        let specs = changed_specs(machine, &checked.writes);
        let questions: Vec<_> = specs.iter().filter_map(|spec| spec.constraint("confirm")).collect();
        if !confirmed && !questions.is_empty() {
            return Err(ChangeError::NotConfirmed(questions.join(" ")));
        }
        ask_driver(entry, &checked).await?;
        let held = entry.beside.hold().await;
        let old = machine_state(machine);
        self.services.store.write_settings(machine.id, checked.writes.clone(), by).await?;
        let changes: Vec<_> = checked.writes.into_iter().map(|write| (write.scope, write.key, write.value)).collect();
        machine.change_settings(|settings| settings.apply(&changes));
        for spec in specs.iter().filter(|spec| spec.constraint("restart-required") == Some("true")) {
            machine.board.require_restart(&format!("the setting '{}' takes effect at the next restart", spec.key));
            machine.changed();
        }
        tell_driver(held, Arc::clone(machine), old);
        entry.nudge();
        Ok(())
    }

    /// The allowed values of a setting: those that it declares, else what the driver says. A driver that gives no answer in
    /// time leaves the last good one; without one, the error says why.
    pub async fn choices(entry: &Entry, scope: Scope, key: &str) -> Result<Vec<Choice>, DriverError> {
        let machine = &entry.machine;
        let spec = machine.with_settings(|settings| settings.spec(scope, key).cloned())?;
        if spec.kind != SettingKind::Choice {
            let message = format!("the setting '{}' is not a choice", spec.key);
            return Err(DriverError::invalid("not-a-choice", message));
        }
        if !spec.choices.is_empty() {
            return Ok(spec.choices);
        }
        let known = machine.known_choices(scope, &spec.key);
        let call = Call::of_machine(CallKind::Choices, Arc::clone(machine));
        let payload = Payload::Setting(scope, spec.key.to_string());
        match entry.beside.call(call, payload).await {
            Some(CallEnd::Returned(Ok(Answer::Choices(choices)))) => {
                machine.remember_choices(scope, spec.key, choices.clone());
                Ok(choices)
            }
            end => {
                let message = format!("the choices of '{}' come from the driver, and it does not run", spec.key);
                let not_running = || DriverError::transient("not-ready", message);
                known.ok_or_else(|| end.and_then(|end| end.failure()).unwrap_or_else(not_running))
            }
        }
    }

    /// Checks values against declarations before a machine exists; returns them as they are stored.
    pub(super) fn check_new(
        &self,
        machine: &Machine,
        proposals: &[Proposal],
    ) -> Result<Vec<SettingWrite>, ChangeError> {
        Ok(check(&self.services, machine, proposals)?.writes)
    }
}

/// The declarations of the settings whose values are others afterwards.
fn changed_specs(machine: &Machine, writes: &[SettingWrite]) -> Vec<SettingSpec> {
    machine.with_settings(|settings| {
        let changed = |write: &&SettingWrite| {
            settings.get(write.scope, write.key.as_str()).ok().flatten()
                != write.value.clone().or_else(|| {
                    settings.spec(write.scope, write.key.as_str()).ok().and_then(|spec| spec.default.clone())
                })
        };
        let spec = |write: &SettingWrite| settings.spec(write.scope, write.key.as_str()).ok().cloned();
        writes.iter().filter(changed).filter_map(spec).collect()
    })
}

fn check(services: &Services, machine: &Machine, proposals: &[Proposal]) -> Result<Checked, ChangeError> {
    let mut errors = FieldErrors::default();
    let mut writes = Vec::new();
    let mut settings = machine.settings();
    for (scope, key, proposed) in proposals {
        let parsed = settings.spec(*scope, key).map_err(|error| error.message).and_then(|spec| {
            let keep = spec.kind == SettingKind::Secret && proposed.as_str() == Some(MASK);
            Ok((spec.key.clone(), spec.kind, keep, if keep { None } else { spec.parse(proposed)? }))
        });
        match parsed {
            Ok((_, _, true, _)) => {}
            Ok((key, kind, false, value)) => {
                let masked = kind == SettingKind::Secret;
                let value = match value {
                    Some(Value::Text(secret)) if masked => {
                        Some(Value::Text(services.store.secrets().seal(machine.id, *scope, &key, &secret)?))
                    }
                    value => value,
                };
                writes.push(SettingWrite { scope: *scope, key, value, masked });
            }
            Err(message) => errors.add(*scope, key, message),
        }
    }
    if !errors.0.is_empty() {
        return Err(ChangeError::Fields(errors));
    }
    let changes: Vec<(Scope, SettingKey, Option<Value>)> =
        writes.iter().map(|write| (write.scope, write.key.clone(), write.value.clone())).collect();
    settings.apply(&changes);
    Ok(Checked { writes, settings })
}

/// Lets a ready machine's driver check the values together. A driver that cannot answer does not stand in the way.
async fn ask_driver(entry: &Entry, checked: &Checked) -> Result<(), ChangeError> {
    let proposed = setting_values(&checked.settings);
    let call = Call::of_proposal(Arc::clone(&entry.machine), checked.settings.clone());
    match entry.beside.call(call, Payload::Proposed(proposed)).await {
        Some(CallEnd::Returned(Ok(Answer::Problems(problems)))) => {
            let mut errors = FieldErrors::default();
            for problem in problems {
                errors.add(problem.scope, &problem.key, problem.message);
            }
            Err(ChangeError::Fields(errors))
        }
        None | Some(CallEnd::Returned(Ok(Answer::Done))) => Ok(()),
        Some(other) => {
            if let Some(error) = other.failure() {
                let words =
                    format!("validate-settings gave no answer, and the settings were saved without it: {error}");
                entry.machine.write_log("warn", &words, Vec::new());
            }
            Ok(())
        }
    }
}

/// Runs `update-machine` beside whatever else the machine does. The machine was held before anything of it changed, so that a
/// change that stops it is told all the same.
pub(super) fn tell_driver(held: Held, machine: Arc<Machine>, old: types::MachineState) {
    let call = Call::of_machine(CallKind::UpdateMachine, Arc::clone(&machine));
    tokio::spawn(async move {
        if let Some(CallEnd::Returned(Err(error))) = held.call(call, Payload::Old(old)).await {
            machine.report(error);
        }
    });
}

/// A machine as it is now, for `update-machine` to compare with later.
pub(super) fn machine_state(machine: &Machine) -> types::MachineState {
    types::MachineState {
        name: machine.name(),
        active: machine.is_active(),
        settings: machine.with_settings(setting_values),
    }
}

/// All declared values; secrets as `***`.
fn setting_values(settings: &Settings) -> Vec<types::SettingValue> {
    settings
        .declared()
        .map(|(scope, spec, value)| types::SettingValue {
            scope: convert::scope_to_wit(scope),
            key: spec.key.to_string(),
            value: value.map(|value| match spec.kind {
                SettingKind::Secret => types::Value::Text(MASK.to_owned()),
                _ => convert::value_to_wit(value.clone()),
            }),
        })
        .collect()
}

//! What a job sets beside its document: how many copies, and the options that the machine's driver declares.

use super::{Intake, SubmitError};
use crate::model::{OptionSpec, SettingKind, Value, setting::Constraint};
use std::collections::BTreeMap;

/// The least and the most copies of a label; the contract and [`SubmitError::Copies`] name the same numbers.
const COPIES: std::ops::RangeInclusive<u32> = 1..=999;

/// `copies` as an option like the driver's, for listings.
pub fn copies_spec() -> Option<OptionSpec> {
    let bound = |key: &str, value: u32| Constraint { key: key.to_owned(), value: value.to_string() };
    Some(OptionSpec {
        key: "copies".parse().ok()?,
        name: "Copies".to_owned(),
        description: "How often each label is printed.".to_owned(),
        kind: SettingKind::Integer,
        units: String::new(),
        default: Some(Value::Integer(1)),
        required: false,
        choices: Vec::new(),
        constraints: vec![bound("min", *COPIES.start()), bound("max", *COPIES.end())],
    })
}

/// Checks options against what the driver declares: all that is wrong is told at once. `copies` may be among them.
pub async fn check(
    intake: &Intake,
    copies: u32,
    mut given: BTreeMap<String, serde_json::Value>,
) -> Result<(u32, BTreeMap<String, Value>), SubmitError> {
    let wanted = match given.remove("copies") {
        None => copies.to_string(),
        Some(serde_json::Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    let copies = wanted.parse().ok().filter(|copies| COPIES.contains(copies));
    let copies = copies.ok_or(SubmitError::Copies(wanted))?;
    if given.is_empty() {
        return Ok((copies, BTreeMap::new()));
    }
    let declared = intake.options().await.map_err(SubmitError::OptionsFailed)?;
    let Some(declared) = declared else {
        return Err(SubmitError::OptionsUnknown { machine: intake.machine().name() });
    };
    let mut options = BTreeMap::new();
    let mut problems = Vec::new();
    for (key, value) in given {
        match declared.iter().find(|spec| spec.key.as_str() == key) {
            None => {
                let known: Vec<_> =
                    std::iter::once("copies").chain(declared.iter().map(|spec| spec.key.as_str())).collect();
                problems.push(format!("'{key}' is not an option of this machine; it takes: {}", known.join(", ")));
            }
            Some(spec) => match spec.parse(&value) {
                Ok(Some(value)) => drop(options.insert(key, value)),
                // Nothing: as if it was not set.
                Ok(None) => {}
                Err(why) => problems.push(format!("{key}: {why}")),
            },
        }
    }
    if problems.is_empty() { Ok((copies, options)) } else { Err(SubmitError::Options(problems)) }
}

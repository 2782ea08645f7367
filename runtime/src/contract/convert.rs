//! Between the generated types of the contract and the model's. Only types are converted; nothing is decided.

use super::bindings::{host, jobs, types};
use crate::model::{
    DriverError, ErrorKind, LoadedMedia, OptionKey, Outcome, Proof, Property, PropertyKind, Scope, SettingKind, Value,
    driver::{Action, DriverInfo, GrantRequest, Translation},
    ids::IdError,
    setting::{Choice, Constraint, Spec},
};
use ostler_render::raster;
use std::{fmt::Display, str::FromStr};

/// A scope of the contract.
pub fn scope_from_wit(scope: types::Scope) -> Scope {
    match scope {
        types::Scope::Machine => Scope::Machine,
        types::Scope::Driver => Scope::Driver,
    }
}

/// A scope for the contract.
pub fn scope_to_wit(scope: Scope) -> types::Scope {
    match scope {
        Scope::Machine => types::Scope::Machine,
        Scope::Driver => types::Scope::Driver,
    }
}

/// A value of the contract.
pub fn value_from_wit(value: types::Value) -> Value {
    match value {
        types::Value::Text(text) => Value::Text(text),
        types::Value::Integer(number) => Value::Integer(number),
        types::Value::Decimal(number) => Value::Decimal(number),
        types::Value::Boolean(truth) => Value::Boolean(truth),
    }
}

/// A value for the contract.
pub fn value_to_wit(value: Value) -> types::Value {
    match value {
        Value::Text(text) => types::Value::Text(text),
        Value::Integer(number) => types::Value::Integer(number),
        Value::Decimal(number) => types::Value::Decimal(number),
        Value::Boolean(truth) => types::Value::Boolean(truth),
    }
}

/// An error of the contract.
pub fn error_from_wit(error: types::Error) -> DriverError {
    DriverError {
        kind: match error.kind {
            types::ErrorKind::Transient => ErrorKind::Transient,
            types::ErrorKind::NeedsAttention => ErrorKind::NeedsAttention,
            types::ErrorKind::Permanent => ErrorKind::Permanent,
            types::ErrorKind::Invalid => ErrorKind::Invalid,
            types::ErrorKind::Denied => ErrorKind::Denied,
            types::ErrorKind::Cancelled => ErrorKind::Cancelled,
            types::ErrorKind::Unsupported => ErrorKind::Unsupported,
        },
        code: error.code,
        message: error.message,
        outcome: match error.outcome {
            types::Outcome::NotSent => Outcome::NotSent,
            types::Outcome::NotPrinted => Outcome::NotPrinted,
            types::Outcome::Unknown => Outcome::Unknown,
        },
        retry_after_ms: error.retry_after_ms,
    }
}

/// An error for the contract.
pub fn error_to_wit(error: DriverError) -> types::Error {
    types::Error {
        kind: match error.kind {
            ErrorKind::Transient => types::ErrorKind::Transient,
            ErrorKind::NeedsAttention => types::ErrorKind::NeedsAttention,
            ErrorKind::Permanent => types::ErrorKind::Permanent,
            ErrorKind::Invalid => types::ErrorKind::Invalid,
            ErrorKind::Denied => types::ErrorKind::Denied,
            ErrorKind::Cancelled => types::ErrorKind::Cancelled,
            ErrorKind::Unsupported => types::ErrorKind::Unsupported,
        },
        code: error.code,
        message: error.message,
        outcome: match error.outcome {
            Outcome::NotSent => types::Outcome::NotSent,
            Outcome::NotPrinted => types::Outcome::NotPrinted,
            Outcome::Unknown => types::Outcome::Unknown,
        },
        retry_after_ms: error.retry_after_ms,
    }
}

/// A property of the contract.
pub fn property_from_wit(property: types::Property) -> Property {
    Property {
        key: property.key,
        value: property.value,
        group: property.group,
        kind: match property.kind {
            types::PropertyKind::Text => PropertyKind::Text,
            types::PropertyKind::Boolean => PropertyKind::Boolean,
            types::PropertyKind::Integer => PropertyKind::Integer,
            types::PropertyKind::Decimal => PropertyKind::Decimal,
            types::PropertyKind::Progress => PropertyKind::Progress,
        },
        max: match property.kind {
            types::PropertyKind::Progress => Some(property.max.unwrap_or(100.0)),
            _ => None,
        },
    }
}

/// The name of a log level.
pub fn level_name(level: host::LogLevel) -> &'static str {
    match level {
        host::LogLevel::Trace => "trace",
        host::LogLevel::Debug => "debug",
        host::LogLevel::Info => "info",
        host::LogLevel::Warn => "warn",
        host::LogLevel::Error => "error",
    }
}

/// A proof of the contract.
pub fn proof_from_wit(proof: jobs::Proof) -> Proof {
    match proof {
        jobs::Proof::Sent => Proof::Sent,
        jobs::Proof::Acknowledged => Proof::Acknowledged,
        jobs::Proof::Counted => Proof::Counted,
    }
}

/// A raster of the contract.
pub fn raster_from_wit(wanted: jobs::Raster) -> raster::Raster {
    raster::Raster {
        dpmm: wanted.dpmm,
        width: wanted.width,
        height: wanted.height,
        halftone: match wanted.halftone {
            jobs::Halftone::Threshold => raster::Halftone::Threshold,
            jobs::Halftone::Diffusion => raster::Halftone::Diffusion,
            jobs::Halftone::Ordered => raster::Halftone::Ordered,
        },
        threshold: wanted.threshold,
        rotation: match wanted.rotation {
            jobs::Rotation::None => raster::Rotation::None,
            jobs::Rotation::Quarter => raster::Rotation::Quarter,
            jobs::Rotation::Half => raster::Rotation::Half,
            jobs::Rotation::ThreeQuarters => raster::Rotation::ThreeQuarters,
        },
        scaling: match wanted.scaling {
            jobs::Scaling::Fit => raster::Scaling::Fit,
            jobs::Scaling::Crop => raster::Scaling::Crop,
            jobs::Scaling::Exact => raster::Scaling::Exact,
        },
        offset_x: wanted.offset_x,
        offset_y: wanted.offset_y,
        invert: wanted.invert,
        mirror: wanted.mirror,
    }
}

/// A declaration under a key of the kind `K`. An error names the key that is not one.
pub fn spec_from_wit<K>(setting: types::Setting) -> Result<Spec<K>, String>
where
    K: FromStr<Err = IdError>,
{
    Ok(Spec {
        key: setting.key.parse().map_err(|error: IdError| error.to_string())?,
        name: setting.name,
        description: setting.description,
        kind: SettingKind::parse(&setting.kind),
        units: setting.units,
        default: setting.default.map(value_from_wit),
        required: setting.required,
        choices: setting.choices.into_iter().map(choice_from_wit).collect(),
        constraints: setting.constraints.into_iter().map(|c| Constraint { key: c.key, value: c.value }).collect(),
    })
}

/// Declarations that belong together; what is wrong with them is added to `problems`.
pub fn specs_from_wit<K>(settings: Vec<types::Setting>, what: &str, problems: &mut Vec<String>) -> Vec<Spec<K>>
where
    K: FromStr<Err = IdError> + PartialEq + Display,
{
    let mut specs: Vec<Spec<K>> = Vec::new();
    for setting in settings {
        match spec_from_wit(setting) {
            Ok(spec) if specs.iter().any(|known| known.key == spec.key) => {
                problems.push(format!("{what}: the key '{}' is declared twice", spec.key));
            }
            Ok(spec) => specs.push(spec),
            Err(error) => problems.push(format!("{what}: {error}")),
        }
    }
    specs
}

/// An allowed value.
pub fn choice_from_wit(choice: types::Choice) -> Choice {
    Choice { value: choice.value, name: choice.name }
}

/// What is loaded.
pub fn media_from_wit(media: jobs::LoadedMedia) -> LoadedMedia {
    LoadedMedia {
        width_um: media.width_um,
        length_um: media.length_um,
        kind: media.kind,
        labels_left: media.labels_left,
    }
}

/// What a driver says about itself, checked; everything that is wrong is listed at once.
pub fn driver_info_from_wit(info: types::DriverInfo) -> Result<DriverInfo, Vec<String>> {
    let mut problems = Vec::new();
    let slug = |what: &str, text: &str, problems: &mut Vec<String>| {
        text.parse().map_err(|error| problems.push(format!("{what}: {error}"))).ok()
    };
    let driver_slug = slug("slug", &info.slug, &mut problems);
    let machine_type = slug("machine-type", &info.machine_type, &mut problems);
    if info.name.trim().is_empty() {
        problems.push("name: it is empty; give the driver a name that people recognise".to_owned());
    }
    let settings = specs_from_wit(info.settings, "settings", &mut problems);
    let mut actions: Vec<Action> = Vec::new();
    for action in info.actions {
        let inputs = specs_from_wit(action.inputs, &format!("action '{}'", action.key), &mut problems);
        let key = match action.key.parse::<OptionKey>() {
            Ok(key) if actions.iter().any(|known| known.key == key) => {
                problems.push(format!("actions: '{key}' is declared twice"));
                continue;
            }
            Ok(key) => key,
            Err(_) => {
                problems.push(format!(
                    "actions: '{}' is not the key of an action: use lower case letters, digits and dashes",
                    action.key
                ));
                continue;
            }
        };
        actions.push(Action {
            key,
            name: action.name,
            description: action.description,
            inputs,
            confirm: action.confirm,
        });
    }
    match (driver_slug, machine_type) {
        (Some(slug), Some(machine_type)) if problems.is_empty() => Ok(DriverInfo {
            slug,
            name: info.name,
            description: info.description,
            version: info.version,
            machine_type,
            settings,
            actions,
            implements: info.implements,
            grants: info.grants.into_iter().map(|g| GrantRequest { grant: g.grant, reason: g.reason }).collect(),
            translations: info
                .translations
                .into_iter()
                .map(|t| Translation { language: t.language, key: t.key, text: t.text })
                .collect(),
        }),
        _ => Err(problems),
    }
}

//! A machine's settings: what is declared, and what is stored. Reading answers from memory and never writes.

use crate::model::{DriverError, Scope, SettingKey, SettingSpec, Value, setting::missing_settings_text};
use std::collections::BTreeMap;

/// Declarations of both scopes with their stored values.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    specs: BTreeMap<(Scope, SettingKey), SettingSpec>,
    values: BTreeMap<(Scope, SettingKey), Value>,
}

impl Settings {
    /// Settings of a type and a driver, with stored values. Values without a declaration are kept aside.
    pub fn new(machine: &[SettingSpec], driver: &[SettingSpec], values: BTreeMap<(Scope, SettingKey), Value>) -> Self {
        let declared = |scope| move |spec: &SettingSpec| ((scope, spec.key.clone()), spec.clone());
        let specs =
            machine.iter().map(declared(Scope::Machine)).chain(driver.iter().map(declared(Scope::Driver))).collect();
        Self { specs, values }
    }

    /// Stored values that nobody declares now; they come back with a declaration.
    pub fn undeclared(&self) -> Vec<(Scope, SettingKey)> {
        self.values.keys().filter(|key| !self.specs.contains_key(key)).cloned().collect()
    }

    /// The declaration of a key.
    pub fn spec(&self, scope: Scope, key: &str) -> Result<&SettingSpec, DriverError> {
        self.find(scope, key).map(|(spec, _)| spec)
    }

    /// The declaration of a key, with the stored value, else the default.
    pub fn find(&self, scope: Scope, key: &str) -> Result<(&SettingSpec, Option<&Value>), DriverError> {
        let undeclared = || {
            let keys: Vec<_> = self.specs.keys().filter(|(s, _)| *s == scope).map(|(_, key)| key.as_str()).collect();
            let known = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
            DriverError::invalid("undeclared-setting", format!("there is no setting '{key}' here; there are: {known}"))
        };
        let at = (scope, key.parse::<SettingKey>().map_err(|_| undeclared())?);
        let spec = self.specs.get(&at).ok_or_else(undeclared)?;
        Ok((spec, self.values.get(&at).or(spec.default.as_ref()).filter(|value| !value.is_empty())))
    }

    /// The stored value, else the default.
    pub fn get(&self, scope: Scope, key: &str) -> Result<Option<Value>, DriverError> {
        self.find(scope, key).map(|(_, value)| value.cloned())
    }

    /// Changes values in memory.
    pub fn apply(&mut self, changes: &[(Scope, SettingKey, Option<Value>)]) {
        for (scope, key, value) in changes {
            match value {
                Some(value) => self.values.insert((*scope, key.clone()), value.clone()),
                None => self.values.remove(&(*scope, key.clone())),
            };
        }
    }

    /// Required settings that have neither value nor default.
    pub fn missing(&self) -> Vec<(Scope, SettingKey)> {
        self.specs
            .iter()
            .filter(|((scope, key), spec)| spec.required && matches!(self.get(*scope, key.as_str()), Ok(None)))
            .map(|(at, _)| at.clone())
            .collect()
    }

    /// The text of an incomplete machine, or nothing when it is complete.
    pub fn missing_text(&self) -> Option<String> {
        missing_settings_text(&self.missing())
    }

    /// Every declared setting with its value, in order of scope and key.
    pub fn declared(&self) -> impl Iterator<Item = (Scope, &SettingSpec, Option<&Value>)> {
        self.specs.iter().map(|(at, spec)| (at.0, spec, self.values.get(at).or(spec.default.as_ref())))
    }

    /// Values as they are stored, with those that nothing declares.
    pub fn stored(&self) -> &BTreeMap<(Scope, SettingKey), Value> {
        &self.values
    }
}

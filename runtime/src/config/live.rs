//! The configuration of a running daemon, and what a reload changes.

use super::{Applies, ConfigError, Entry, Loaded, Sources};
use parking_lot::RwLock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};
use toml::Value;

/// The configuration of a running daemon.
#[derive(Debug)]
pub struct Live {
    sources: Sources,
    /// What it was started with: keys that apply after a restart keep these values.
    at_start: Loaded,
    now: RwLock<Arc<Loaded>>,
}

/// What a reload changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The whole name of the key.
    pub key: String,
    /// What was, and what is; nothing where a driver has no value of its own.
    pub values: (Option<Value>, Option<Value>),
    /// When it applies.
    pub applies: Applies,
}

/// A configuration as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigView {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// Every value.
    pub values: Vec<ValueView>,
}

/// A value as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ValueView {
    /// The value that is used.
    #[serde(flatten)]
    pub entry: Entry,
    /// The value that is used after a restart, if it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub after_restart: Option<Value>,
}

impl Live {
    /// Reads the configuration.
    pub fn load(sources: Sources) -> Result<Self, ConfigError> {
        let at_start = sources.load()?;
        let now = RwLock::new(Arc::new(at_start.clone()));
        Ok(Self { sources, at_start, now })
    }

    /// The configuration as it was read last.
    pub fn now(&self) -> Arc<Loaded> {
        Arc::clone(&self.now.read())
    }

    /// Reads it again, and answers with what is different. When it is wrong, everything stays.
    pub fn reload(&self) -> Result<Vec<Change>, ConfigError> {
        let new = Arc::new(self.sources.load()?);
        let old = std::mem::replace(&mut *self.now.write(), Arc::clone(&new));
        let (old, new) = (old.entries(), new.entries());
        let value = |entries: &[Entry], key: &str| {
            entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.clone())
        };
        let gone = old.iter().filter(|entry| new.iter().all(|new| new.key != entry.key));
        let all = new.iter().chain(gone);
        Ok(all
            .map(|entry| Change {
                key: entry.key.clone(),
                values: (value(&old, &entry.key), value(&new, &entry.key)),
                applies: entry.applies,
            })
            .filter(|change| change.values.0 != change.values.1)
            .collect())
    }

    /// What the daemon uses.
    pub fn view(&self) -> ConfigView {
        let now = self.now();
        let (start, values) = (self.at_start.entries(), now.entries());
        let values = values
            .into_iter()
            .map(|entry| match start.iter().find(|start| start.key == entry.key) {
                Some(start) if entry.applies == Applies::Restart && start.value != entry.value => {
                    ValueView { entry: start.clone(), after_restart: Some(entry.value) }
                }
                _ => ValueView { entry, after_restart: None },
            })
            .collect();
        ConfigView { file: now.file.clone(), values }
    }
}

impl Loaded {
    /// As it is shown.
    pub fn view(&self) -> ConfigView {
        let values = self.entries().into_iter().map(|entry| ValueView { entry, after_restart: None }).collect();
        ConfigView { file: self.file.clone(), values }
    }
}

//! Machines, settings, types and drivers as the API shows them: upstream's fields, with ours beside them.

use super::{Driver, Entry, Registry, change::MASK};
use crate::{
    broker::{Machine, Settings},
    contract::{MachineType, Status, TypeFunction},
    instance::{Limits, UsageView},
    model::{
        InstalledDriver, Isolation, MachineId, MachineState, Property, Scope, SettingKind, SettingSpec, Slug,
        Timestamp, Value,
    },
    store::{LastKnown, StoreError},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(clippy::struct_excessive_bools)] // upstream's fields
pub struct MachineView {
    /// Its id.
    pub pk: MachineId,
    /// What the operator calls it.
    pub name: String,
    /// The slug of its type.
    pub machine_type: Slug,
    /// The slug of its driver.
    pub driver: Slug,
    /// Whether it takes calls.
    pub initialized: bool,
    /// Whether it should run.
    pub active: bool,
    /// The status code.
    pub status: u16,
    /// The status in words.
    pub status_title: String,
    /// `LabelPrinterStatus`.
    pub status_model: String,
    /// The driver's free text.
    pub status_text: String,
    /// Errors in words.
    pub machine_errors: Vec<String>,
    /// Whether its driver is enabled.
    pub is_driver_available: bool,
    /// Whether the driver asks for a restart.
    pub restart_required: bool,
    /// Facts that the driver found out.
    pub properties: Vec<Property>,
    /// What it is doing, and why.
    pub state: MachineState,
    /// Since when.
    pub state_since: Timestamp,
    /// The time between two pings in milliseconds: none for the daemon's, 0 for never.
    pub ping_interval_ms: Option<u32>,
    /// Whether its jobs wait until somebody resumes it.
    #[serde(default)]
    pub paused: bool,
    /// Until when what goes over its wire is captured, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_until: Option<Timestamp>,
    /// Settings with values that its type and driver do not declare now, such as `D:OLD`; the values are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_settings: Vec<String>,
    /// What it showed before the daemon was started last, until it shows something new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_known: Option<LastKnown>,
    /// When it was asked.
    pub at: Timestamp,
}

/// A setting with its declaration and value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SettingView {
    /// `M` or `D`.
    pub config_type: String,
    /// The value; secrets are `***`.
    pub value: Option<Value>,
    /// The declaration.
    #[serde(flatten)]
    pub spec: SettingSpec,
}

/// A machine type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TypeView {
    /// Its name for programs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// What such machines do.
    pub description: String,
    /// The contract with its version.
    pub contract: String,
    /// Whether it came with the runtime.
    pub is_builtin: bool,
    /// The plugin that brought it.
    pub provider_plugin: Option<Slug>,
    /// The functions of its contract.
    pub functions: Vec<TypeFunction>,
    /// Its statuses.
    pub statuses: Vec<Status>,
}

/// An installed driver component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriverView {
    /// The component and what it says about itself.
    #[serde(flatten)]
    pub installed: InstalledDriver,
    /// Its name for programs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// What it drives.
    pub description: String,
    /// The type that it serves.
    pub machine_type: Slug,
    /// How many machines an instance serves, if it is enabled.
    pub isolation: Option<Isolation>,
    /// Errors of the driver itself, with their times.
    pub driver_errors: Vec<String>,
    /// How many machines use it.
    pub machines: usize,
    /// What its instance uses now, if it runs.
    pub usage: Option<UsageView>,
    /// The bounds that it runs under.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub limits: Limits,
}

impl Registry {
    /// A machine as it is now.
    pub async fn machine_view(&self, entry: &Entry) -> Result<MachineView, StoreError> {
        let machine = &entry.machine;
        let board = machine.board.snapshot();
        let (state, state_since) = entry.state.borrow().clone();
        let last_known = self.services.store.last_known(machine.id).await?;
        Ok(MachineView {
            pk: machine.id,
            name: machine.name(),
            machine_type: machine.machine_type.slug.clone(),
            driver: machine.driver.clone(),
            initialized: machine.is_initialized(),
            active: machine.is_active(),
            paused: machine.is_paused(),
            captured_until: machine.capture().map(|capture| capture.until()),
            status: board.status.code,
            status_title: board.status.text.clone(),
            status_model: machine.machine_type.status_model(),
            status_text: board.text,
            machine_errors: board.errors.iter().map(|shown| shown.error.message.clone()).collect(),
            is_driver_available: self.driver(&machine.driver).is_some(),
            restart_required: board.restart_required.is_some(),
            properties: board.properties,
            state,
            state_since,
            kept_settings: self.kept_settings(machine),
            ping_interval_ms: machine.ping_interval().and_then(|interval| interval.as_millis().try_into().ok()),
            last_known: last_known.filter(|_| !board.heard),
            at: Timestamp::now(),
        })
    }

    fn kept_settings(&self, machine: &Machine) -> Vec<String> {
        if self.driver(&machine.driver).is_none() {
            // Nobody says what is declared.
            return Vec::new();
        }
        let kept = machine.with_settings(Settings::undeclared);
        kept.iter().map(|(scope, key)| format!("{}:{key}", scope.letter())).collect()
    }

    /// The machine's settings, in order of scope and key.
    pub fn setting_views(entry: &Entry) -> Vec<SettingView> {
        entry.machine.with_settings(|settings| {
            settings
                .declared()
                .map(|(scope, spec, value)| SettingView {
                    config_type: scope.letter().to_owned(),
                    value: match (spec.kind, value) {
                        (SettingKind::Secret, Some(_)) => Some(Value::Text(MASK.to_owned())),
                        (_, value) => value.cloned(),
                    },
                    spec: spec.clone(),
                })
                .collect()
        })
    }

    /// One setting.
    pub fn setting_view(entry: &Entry, scope: Scope, key: &str) -> Option<SettingView> {
        let views = Self::setting_views(entry);
        views
            .into_iter()
            .find(|view| view.config_type == scope.letter() && view.spec.key.as_str().eq_ignore_ascii_case(key))
    }

    /// A machine type.
    pub fn type_view(of: &MachineType) -> TypeView {
        TypeView {
            slug: of.slug.clone(),
            name: of.name.clone(),
            description: of.description.clone(),
            contract: of.contract.clone(),
            is_builtin: of.provider.is_none(),
            provider_plugin: of.provider.clone(),
            functions: of.functions.clone(),
            statuses: of.statuses.clone(),
        }
    }

    /// An installed driver.
    pub fn driver_view(&self, installed: InstalledDriver) -> DriverView {
        let running: Option<std::sync::Arc<Driver>> =
            self.driver(&installed.info.slug).filter(|driver| driver.installed.digest == installed.digest);
        let errors = running.as_ref().map(|driver| driver.context.errors.lock().clone()).unwrap_or_default();
        let usage = running.as_ref().and_then(|driver| driver.usage());
        DriverView {
            usage,
            isolation: running.as_ref().map(|driver| driver.isolation),
            limits: self.services.limits_of(installed.info.slug.as_str()),
            slug: installed.info.slug.clone(),
            name: installed.info.name.clone(),
            description: installed.info.description.clone(),
            machine_type: installed.info.machine_type.clone(),
            driver_errors: errors.into_iter().map(|(at, error)| format!("{at} {}", error.message)).collect(),
            machines: running.map_or(0, |driver| driver.context.machines.read().len()),
            installed,
        }
    }
}

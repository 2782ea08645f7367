//! Machines, settings, types and drivers as the API shows them: upstream's fields, with ours beside them.

use super::{Driver, Entry, Registry, change::MASK};
use crate::{
    broker::{Machine, Settings},
    contract::{MachineType, Status, TypeFunction},
    instance::{Limits, UsageView},
    model::{
        InstalledDriver, Isolation, MachineId, MachineState, Plugin, Property, Scope, SettingKind, SettingSpec, Slug,
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
    /// Counts changes of its configuration: who changes it may say which one they have seen.
    #[serde(default)]
    pub revision: i64,
    /// When it was asked.
    pub at: Timestamp,
}

/// A plugin, as types and drivers name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderView {
    /// Its name for programs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// As `slug`.
    pub pk: Slug,
}

impl ProviderView {
    /// The plugin of a slug among those that are installed.
    pub fn find(slug: &Slug, plugins: &[Plugin]) -> Self {
        let known = plugins.iter().find(|plugin| plugin.slug == *slug).map(|plugin| plugin.name.clone());
        Self { slug: slug.clone(), name: known.unwrap_or_else(|| slug.to_string()), pk: slug.clone() }
    }
}

/// A setting with its declaration and value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SettingView {
    /// Scope and key: `D/CONNECTION`.
    pub pk: String,
    /// `M` or `D`.
    pub config_type: String,
    /// Always `machine_config`.
    pub typ: String,
    /// The value; secrets are `***`. Text without a value is empty, and everything else null.
    pub value: Option<Value>,
    /// `boolean`, `integer`, `related field` or `string`; `kind` says more.
    #[serde(rename = "type")]
    pub upstream_type: String,
    /// What a `related field` refers to, in the application that embeds this.
    pub model_name: Option<String>,
    /// Always empty.
    pub model_filters: serde_json::Map<String, serde_json::Value>,
    /// Where its choices are asked for, if it has any.
    pub api_url: Option<String>,
    /// Whether writing it must be confirmed by `manual_confirm`.
    pub confirm: bool,
    /// What is to be confirmed.
    pub confirm_text: String,
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
    pub provider_plugin: Option<ProviderView>,
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
    /// Always false: drivers are installed.
    #[serde(default)]
    pub is_builtin: bool,
    /// The plugin that brought it; none when it was installed by itself.
    pub provider_plugin: Option<ProviderView>,
    /// How many machines an instance serves, if it is enabled.
    pub isolation: Option<Isolation>,
    /// Errors of the driver itself; its log has their times.
    pub driver_errors: Vec<String>,
    /// How many machines use it.
    pub machines: usize,
    /// What its instance uses now, if it runs.
    pub usage: Option<UsageView>,
    /// The bounds that it runs under.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub limits: Limits,
}

impl SettingView {
    fn of(machine: MachineId, scope: Scope, spec: &SettingSpec, value: Option<&Value>) -> Self {
        let scope = scope.letter();
        let text = |key: &str| spec.constraint(key).map(str::to_owned);
        let is_text = !matches!(
            spec.kind,
            SettingKind::Integer | SettingKind::Decimal | SettingKind::Boolean | SettingKind::Duration
        );
        Self {
            pk: format!("{scope}/{}", spec.key),
            config_type: scope.to_owned(),
            typ: "machine_config".to_owned(),
            value: match (spec.kind, value) {
                (SettingKind::Secret, Some(_)) => Some(Value::Text(MASK.to_owned())),
                (_, None) if is_text => Some(Value::Text(String::new())),
                (_, value) => value.cloned(),
            },
            upstream_type: match spec.kind {
                SettingKind::Boolean => "boolean",
                SettingKind::Integer | SettingKind::Duration => "integer",
                SettingKind::Reference => "related field",
                _ => "string",
            }
            .to_owned(),
            model_name: text("model"),
            model_filters: serde_json::Map::new(),
            api_url: (spec.kind == SettingKind::Choice)
                .then(|| format!("/api/machine/{machine}/settings/{scope}/{}/choices/", spec.key)),
            confirm: spec.constraint("confirm").is_some(),
            confirm_text: text("confirm").unwrap_or_default(),
            spec: spec.clone(),
        }
    }
}

impl Registry {
    /// A machine as it is now.
    pub async fn machine_view(&self, entry: &Entry) -> Result<MachineView, StoreError> {
        let machine = &entry.machine;
        let board = machine.board.snapshot();
        let (state, state_since) = entry.state.borrow().clone();
        let (revision, last_known) = self.services.store.revision_and_last_known(machine.id).await?;
        // Why it does not start is an error of the machine, as upstream has it.
        let hindrance = match &state {
            MachineState::DriverMissing { reason } | MachineState::Incomplete { reason } => Some(reason.clone()),
            _ => None,
        };
        let errors = board.errors.iter().map(|shown| shown.error.message.clone());
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
            machine_errors: hindrance.into_iter().chain(errors).collect(),
            is_driver_available: self.driver(&machine.driver).is_some(),
            restart_required: board.restart_required.is_some(),
            properties: board.properties,
            state,
            state_since,
            kept_settings: self.kept_settings(machine),
            ping_interval_ms: machine.ping_interval().and_then(|interval| interval.as_millis().try_into().ok()),
            last_known: last_known.filter(|_| !board.heard),
            revision,
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
                .map(|(scope, spec, value)| SettingView::of(entry.machine.id, scope, spec, value))
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
    pub fn type_view(of: &MachineType, plugins: &[Plugin]) -> TypeView {
        TypeView {
            slug: of.slug.clone(),
            name: of.name.clone(),
            description: of.description.clone(),
            contract: of.contract.clone(),
            is_builtin: of.provider.is_none(),
            provider_plugin: of.provider.as_ref().map(|slug| ProviderView::find(slug, plugins)),
            functions: of.functions.clone(),
            statuses: of.statuses.clone(),
        }
    }

    /// An installed driver.
    pub fn driver_view(&self, installed: InstalledDriver, plugins: &[Plugin]) -> DriverView {
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
            driver_errors: errors.into_iter().map(|(_, error)| error.message).collect(),
            is_builtin: false,
            provider_plugin: installed.plugin.as_ref().map(|slug| ProviderView::find(slug, plugins)),
            machines: running.map_or(0, |driver| driver.context.machines.read().len()),
            installed,
        }
    }
}

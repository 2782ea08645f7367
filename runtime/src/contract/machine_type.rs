//! A machine type: a WIT contract and a manifest. It is data, not code.

use super::{TypeFunction, packages::KnownType, signature};
use crate::model::{SettingSpec, Slug};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};
use thiserror::Error;
use wit_parser::{InterfaceId, Resolve, TypeDefKind, WorldId, WorldItem};

/// Why a machine type cannot be registered.
#[derive(Debug, Clone, Error)]
pub enum TypeError {
    /// The WIT does not parse.
    #[error("the WIT package in '{source_name}' does not parse: {error}")]
    Wit {
        /// Which file or folder.
        source_name: String,
        /// The parser's words.
        error: String,
    },
    /// The manifest does not parse.
    #[error("machine-type.toml of '{source_name}' does not parse: {error}")]
    Manifest {
        /// Which file or folder.
        source_name: String,
        /// The parser's words.
        error: String,
    },
    /// Manifest and WIT contradict each other.
    #[error("machine type '{slug}': {}", problems.join("; "))]
    Mismatch {
        /// Which type.
        slug: String,
        /// All that is wrong.
        problems: Vec<String>,
    },
    /// The slug is taken.
    #[error("cannot re-register machine type '{slug}': the first one registered stays")]
    Duplicate {
        /// Which slug.
        slug: String,
    },
}

/// One of a type's statuses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The case of the WIT enum.
    pub case: String,
    /// 1xx fine, 2xx warning, 3xx fault of the machine, 4xx fault of driver or connection, 5xx unknown.
    pub code: u16,
    /// For people.
    pub text: String,
    /// `primary`, `secondary`, `success`, `danger`, `warning`, `info` or `dark`.
    pub color: String,
}

/// Functions that the host asks before it takes a job, by their names in the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Intake {
    /// Says which options a job may set: `result<list<setting>, error>`.
    pub options: Option<String>,
    /// Says what is loaded: `result<option<loaded-media>, error>`.
    pub media: Option<String>,
    /// Says which media types are taken as they are: `result<list<string>, error>`.
    pub formats: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Manifest {
    slug: Slug,
    name: String,
    description: String,
    contract: String,
    default_status: String,
    #[serde(default)]
    optional: Vec<String>,
    #[serde(default)]
    idempotent: Vec<String>,
    #[serde(default)]
    jobs: Vec<String>,
    #[serde(default)]
    intake: Intake,
    #[serde(default, rename = "status")]
    statuses: Vec<Status>,
    #[serde(default, rename = "setting")]
    settings: Vec<SettingSpec>,
    #[serde(default)]
    translations: BTreeMap<String, BTreeMap<String, String>>,
}

/// A machine type whose manifest and WIT agree.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineType {
    /// Its name for programs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// What such machines do.
    pub description: String,
    /// The exported interface with its version: `ostler:label-printer/printer@0.1.0`.
    pub contract: String,
    /// The interface that sets a status: `ostler:label-printer/status@0.1.0`.
    pub status_interface: String,
    /// What a machine's status is until its driver sets one.
    pub default_status: Status,
    /// All statuses, in the manifest's order.
    pub statuses: Vec<Status>,
    /// Settings in scope `machine`.
    pub settings: Vec<SettingSpec>,
    /// Functions that a driver may answer with `unsupported`.
    pub optional: Vec<String>,
    /// Functions that may be called again after a crash.
    pub idempotent: Vec<String>,
    /// Functions that run as durable jobs.
    pub jobs: Vec<String>,
    /// Functions that are asked before a job is taken.
    pub intake: Intake,
    /// Texts in other languages, by language and path.
    pub translations: BTreeMap<String, BTreeMap<String, String>>,
    /// Every function of the contract.
    pub functions: Vec<TypeFunction>,
    /// The plugin that brought it; none for one that came with the runtime.
    pub provider: Option<Slug>,
    /// Whether nobody knows this type, and it only stands for the slug of machines that have it.
    pub is_missing: bool,
}

/// The interfaces of the core whose types functions of `[intake]` answer with.
const TYPES: &str = "ostler:machine/types@0.1.0";
const JOBS: &str = "ostler:printing/jobs@0.1.0";

const COLORS: [&str; 7] = ["primary", "secondary", "success", "danger", "warning", "info", "dark"];

impl MachineType {
    /// Reads a manifest and checks it against the WIT packages.
    pub fn load(
        source_name: &str,
        manifest: &str,
        provider: Option<&Slug>,
        resolve: &Resolve,
    ) -> Result<KnownType, TypeError> {
        let manifest: Manifest = toml::from_str(manifest)
            .map_err(|error| TypeError::Manifest { source_name: source_name.to_owned(), error: error.to_string() })?;
        let mismatch = |problems| TypeError::Mismatch { slug: manifest.slug.to_string(), problems };
        let Some((world, interface)) = find_contract(resolve, &manifest.contract) else {
            let problem = format!("no WIT world exports the contract '{}'", manifest.contract);
            return Err(mismatch(vec![problem]));
        };
        let status_interface = status_interface_of(&manifest.contract);
        let mut problems = Vec::new();
        check_statuses(&manifest, resolve, &status_interface, &mut problems);
        let functions = resolve.interfaces.get(interface).map(|found| &found.functions);
        let lists = [("optional", &manifest.optional), ("idempotent", &manifest.idempotent), ("jobs", &manifest.jobs)];
        for (list, names) in lists {
            for name in names.iter().filter(|name| functions.is_some_and(|all| !all.contains_key(*name))) {
                problems.push(format!("`{list}` names the function `{name}`, which {} lacks", manifest.contract));
            }
        }
        check_settings(&manifest, &mut problems);
        if let Err(too_large) = check_size(resolve, interface) {
            return Err(mismatch(vec![too_large]));
        }
        check_jobs(&manifest, resolve, interface, &mut problems);
        check_intake(&manifest, resolve, interface, &mut problems);
        let default_status = manifest.statuses.iter().find(|status| status.case == manifest.default_status).cloned();
        if default_status.is_none() {
            problems.push(format!("default-status '{}' is not one of the statuses", manifest.default_status));
        }
        match default_status {
            Some(default_status) if problems.is_empty() => {
                let machine_type = Self {
                    slug: manifest.slug,
                    name: manifest.name,
                    description: manifest.description,
                    contract: manifest.contract,
                    status_interface,
                    default_status,
                    statuses: manifest.statuses,
                    settings: manifest.settings,
                    optional: manifest.optional,
                    idempotent: manifest.idempotent,
                    jobs: manifest.jobs,
                    intake: manifest.intake,
                    translations: manifest.translations,
                    functions: TypeFunction::all(resolve, interface),
                    provider: provider.cloned(),
                    is_missing: false,
                };
                Ok(KnownType { machine_type: Arc::new(machine_type), world, interface })
            }
            _ => Err(mismatch(problems)),
        }
    }

    /// What stands for a type that is not known, so that its machines can still be shown.
    pub fn missing(slug: Slug) -> Self {
        let unknown =
            Status { case: "unknown".to_owned(), code: 101, text: "Unknown".to_owned(), color: "secondary".to_owned() };
        Self {
            name: slug.to_string(),
            slug,
            description: String::new(),
            contract: String::new(),
            status_interface: String::new(),
            default_status: unknown.clone(),
            statuses: vec![unknown],
            settings: Vec::new(),
            optional: Vec::new(),
            idempotent: Vec::new(),
            jobs: Vec::new(),
            intake: Intake::default(),
            translations: BTreeMap::new(),
            functions: Vec::new(),
            provider: None,
            is_missing: true,
        }
    }

    /// The functions that print: jobs that take a print job, and not only values.
    pub fn print_functions(&self) -> impl Iterator<Item = &String> {
        let prints = |name: &&String| self.functions.iter().any(|of| of.name == **name && !of.callable);
        self.jobs.iter().filter(prints)
    }

    /// Whether such machines print.
    pub fn prints(&self) -> bool {
        self.print_functions().next().is_some()
    }

    /// The status of a WIT case.
    pub fn status(&self, case: &str) -> Option<&Status> {
        self.statuses.iter().find(|status| status.case == case)
    }

    /// `LabelPrinterStatus`: the name of the status model in upstream's API.
    pub fn status_model(&self) -> String {
        format!("{}Status", self.slug.pascal_case())
    }
}

/// `ostler:label-printer/printer@0.1.0` -> `ostler:label-printer/status@0.1.0`.
fn status_interface_of(contract: &str) -> String {
    let (path, version) = contract.split_once('@').unwrap_or((contract, ""));
    let package = path.split_once('/').map_or(path, |(package, _)| package);
    format!("{package}/status@{version}")
}

fn find_contract(resolve: &Resolve, contract: &str) -> Option<(WorldId, InterfaceId)> {
    resolve.worlds.iter().find_map(|(world, definition)| {
        definition.exports.iter().find_map(|(key, item)| match item {
            WorldItem::Interface { id, .. } if resolve.name_world_key(key) == contract => Some((world, *id)),
            _ => None,
        })
    })
}

/// Where a driver may connect to is the operator's decision alone, so nobody ships a value for it; other defaults must be
/// values that their settings take.
fn check_settings(manifest: &Manifest, problems: &mut Vec<String>) {
    for spec in &manifest.settings {
        let Some(default) = &spec.default else { continue };
        if spec.kind.is_operators_alone() {
            problems.push(format!(
                "the setting '{}' is the operator's decision alone (a permission or a secret): remove its default",
                spec.key
            ));
        } else if let Err(why) = spec.parse(&serde_json::to_value(default).unwrap_or_default()) {
            problems.push(format!("the default of the setting '{}' is not a value that it takes: {why}", spec.key));
        }
    }
}

/// Types are compared written out to their last field, which a few lines of WIT can make as long as they like.
fn check_size(resolve: &Resolve, interface: InterfaceId) -> Result<(), String> {
    let functions = resolve.interfaces.get(interface).into_iter().flat_map(|interface| interface.functions.values());
    let mut budget = signature::MAX_PARTS;
    for function in functions {
        let types = function.params.iter().map(|param| param.ty).chain(function.result);
        for ty in types {
            if !signature::fits(resolve, &ty, &mut budget, 0) {
                return Err(format!("the types of `{}` are too large or too deep", function.name));
            }
        }
    }
    Ok(())
}

/// A function that runs as a job takes values, or the machine and a print job.
fn check_jobs(manifest: &Manifest, resolve: &Resolve, interface: InterfaceId, problems: &mut Vec<String>) {
    let functions = TypeFunction::all(resolve, interface);
    let Some(found) = resolve.interfaces.get(interface) else { return };
    for name in &manifest.jobs {
        let callable = functions.iter().any(|of| of.name == *name && of.callable);
        let Some(function) = found.functions.get(name).filter(|_| !callable) else { continue };
        let parameters: Vec<_> = function.params.iter().map(|param| signature::ty(resolve, &param.ty)).collect();
        if parameters != ["own<machine>", "own<print-job>"] || !function.kind.is_async() {
            problems.push(format!(
                "`jobs` names `{name}`, which is not `async func(machine: machine, job: print-job) -> result<_, error>` and \
                 cannot be called with values either"
            ));
        }
    }
}

/// The functions of `[intake]` must be there, take the machine alone, and answer what the host expects.
fn check_intake(manifest: &Manifest, resolve: &Resolve, interface: InterfaceId, problems: &mut Vec<String>) {
    let named = |interface: &str, name: &str| {
        let (_, interface) =
            resolve.interfaces.iter().find(|(id, _)| resolve.id_of(*id).as_deref() == Some(interface))?;
        Some(signature::ty(resolve, &wit_parser::Type::Id(*interface.types.get(name)?)))
    };
    let setting = named(TYPES, "setting").unwrap_or_default();
    let media = named(JOBS, "loaded-media").unwrap_or_default();
    let error = named(TYPES, "error").unwrap_or_default();
    let roles = [
        ("options", &manifest.intake.options, "list<setting>", format!("list<{setting}>")),
        ("media", &manifest.intake.media, "option<loaded-media>", format!("option<{media}>")),
        ("formats", &manifest.intake.formats, "list<string>", "list<string>".to_owned()),
    ];
    for (role, name, shown, written) in roles {
        let Some(name) = name else { continue };
        let expected = format!("async func(machine: own<machine>) -> result<{written}, {error}>");
        let function = resolve.interfaces.get(interface).and_then(|found| found.functions.get(name));
        match function {
            None => {
                let contract = &manifest.contract;
                problems.push(format!("`intake.{role}` names the function `{name}`, which {contract} lacks"));
            }
            Some(function) if signature::function(resolve, function) != expected => {
                let shown = format!("async func(machine: machine) -> result<{shown}, error>");
                problems.push(format!("`intake.{role}`: `{name}` is not `{shown}`"));
            }
            Some(_) => {}
        }
    }
}

/// The cases of the manifest and of the WIT enum must be the same set, and codes and colours must be usable.
fn check_statuses(manifest: &Manifest, resolve: &Resolve, status_interface: &str, problems: &mut Vec<String>) {
    let interface = resolve
        .interfaces
        .iter()
        .find(|(id, _)| resolve.id_of(*id).as_deref() == Some(status_interface))
        .map(|(_, interface)| interface);
    let cases: Vec<&str> = interface
        .and_then(|interface| interface.types.get("status"))
        .and_then(|id| resolve.types.get(*id))
        .map(|definition| match &definition.kind {
            TypeDefKind::Enum(all) => all.cases.iter().map(|case| case.name.as_str()).collect(),
            _ => Vec::new(),
        })
        .unwrap_or_default();
    if cases.is_empty() {
        problems.push(format!("the WIT has no enum `status` in the interface {status_interface}"));
        return;
    }
    for case in cases.iter().filter(|case| !manifest.statuses.iter().any(|status| status.case == **case)) {
        problems.push(format!("the manifest lacks the status '{case}' of the WIT enum"));
    }
    for status in &manifest.statuses {
        if !cases.contains(&status.case.as_str()) {
            problems.push(format!("the WIT enum lacks the status '{}' of the manifest", status.case));
        }
        if !(100..600).contains(&status.code) {
            problems.push(format!("status '{}' has the code {}: use 100 to 599", status.case, status.code));
        }
        if !COLORS.contains(&status.color.as_str()) {
            problems.push(format!(
                "status '{}' has the colour '{}': use one of {}",
                status.case,
                status.color,
                COLORS.join(", ")
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::contract::Packages;

    #[test]
    fn the_embedded_types_load_without_errors() {
        let packages = Packages::embedded().unwrap();
        assert!(packages.errors.is_empty(), "{:?}", packages.errors);
        let printer = &packages.types[0].machine_type;
        assert_eq!(printer.status_model(), "LabelPrinterStatus");
        let codes: Vec<_> = printer.statuses.iter().map(|status| status.code).collect();
        assert_eq!(codes, [100, 101, 110, 200, 301, 302, 400, 500]);
        assert_eq!(printer.status_interface, "ostler:label-printer/status@0.1.0");
        assert!(packages.baseline.contains(&"wasi:io/poll@0.2".to_owned()));
    }

    #[test]
    fn a_manifest_that_differs_from_its_wit_lists_everything_at_once() {
        let packages = Packages::embedded().unwrap();
        let manifest = r#"
            slug = "x"
            name = "X"
            description = ""
            contract = "ostler:label-printer/printer@0.1.0"
            default-status = "asleep"
            jobs = ["print-everything"]
            [intake]
            options = "media"
            formats = "smells"
            [[status]]
            case = "melted"
            code = 42
            text = "Melted"
            color = "pink"
        "#;
        let text = MachineType::load("x", manifest, None, &packages.resolve).unwrap_err().to_string();
        for part in ["'connected'", "'melted'", "42", "pink", "asleep", "print-everything", "intake.options", "smells"]
        {
            assert!(text.contains(part), "{part} is missing in: {text}");
        }
    }
}

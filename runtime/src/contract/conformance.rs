//! Does a component fulfil the contract of a machine type? Everything that differs is listed at once, by name.
//!
//! Exports and imports are compared function by function as decoded from the component. What is linked is checked a
//! second time, exactly, by the engine when it prepares the instance.

use super::{
    MachineType, Packages,
    packages::{KnownType, without_patch},
    signature,
};
use std::sync::Arc;
use thiserror::Error;
use wit_component::DecodedWasm;
use wit_parser::{InterfaceId, Resolve, WorldId, WorldItem};

/// The contract that every driver shares.
const CORE: &str = "ostler:machine@0.1.0";

/// A component that fulfils a contract.
#[derive(Debug, Clone)]
pub struct Conformance {
    /// The machine type whose contract it exports.
    pub machine_type: Arc<MachineType>,
    /// Every interface that it imports, by full name.
    pub imports: Vec<String>,
}

/// Why a file is not a driver for this runtime.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NonConformance {
    /// Not WebAssembly, or not a component.
    #[error("this is not a WebAssembly component ({0}). Build drivers with `cargo build --target wasm32-wasip2`")]
    NotAComponent(String),
    /// Something of the contract is missing or different.
    #[error("this component is not a driver that this ostler can run (it serves {served}):\n{}", list(.problems))]
    Differs {
        /// Each difference in a sentence: the function, what was found, what was expected.
        problems: Vec<String>,
        /// The contracts of this runtime with their versions, comma-separated.
        served: String,
    },
}

/// `ostler:machine@0.1.0, ostler:label-printer/printer@0.1.0`: the core, and the types.
fn served(packages: &Packages) -> String {
    let contracts = packages.types.iter().map(|of| of.machine_type.contract.clone());
    std::iter::once(CORE.to_owned()).chain(contracts).collect::<Vec<_>>().join(", ")
}

fn list(problems: &[String]) -> String {
    problems.iter().map(|problem| format!("  - {problem}")).collect::<Vec<_>>().join("\n")
}

/// Compares a component with the contracts of all known types.
pub fn check(packages: &Packages, component: &[u8]) -> Result<Conformance, NonConformance> {
    if !component.starts_with(b"\0asm") {
        return Err(NonConformance::NotAComponent("it is not WebAssembly at all".to_owned()));
    }
    let (have, world) = match wit_component::decode(component) {
        Ok(DecodedWasm::Component(resolve, world)) => (resolve, world),
        Ok(DecodedWasm::WitPackage(..)) => {
            return Err(NonConformance::NotAComponent("it is a WIT package".to_owned()));
        }
        Err(error) => return Err(NonConformance::NotAComponent(first_line(&error))),
    };
    let exports = interfaces(&have, world, Side::Exports);
    let machine_type =
        packages.types.iter().find(|of| exports.iter().any(|(name, _)| *name == of.machine_type.contract));
    let mut problems = Vec::new();
    let Some(machine_type) = machine_type else {
        problems.push(no_contract(packages, &exports));
        // Without a type the core's functions can still be checked, so that one message says all.
        if let Some(any) = packages.types.first() {
            problems.extend(compare_exports(packages, any, &have, &exports, |name| name != any.machine_type.contract));
        }
        return Err(NonConformance::Differs { problems, served: served(packages) });
    };
    problems.extend(compare_exports(packages, machine_type, &have, &exports, |_| true));
    let imports = interfaces(&have, world, Side::Imports);
    problems.extend(compare_imports(packages, machine_type, &have, &imports));
    if problems.is_empty() {
        let imports = imports.into_iter().map(|(name, _)| name).collect();
        Ok(Conformance { machine_type: Arc::clone(&machine_type.machine_type), imports })
    } else {
        Err(NonConformance::Differs { problems, served: served(packages) })
    }
}

fn first_line(error: &impl std::fmt::Display) -> String {
    format!("{error:#}").lines().next().unwrap_or_default().to_owned()
}

#[derive(Clone, Copy)]
enum Side {
    Imports,
    Exports,
}

fn interfaces(resolve: &Resolve, world: WorldId, side: Side) -> Vec<(String, InterfaceId)> {
    let Some(world) = resolve.worlds.get(world) else { return Vec::new() };
    let items = match side {
        Side::Imports => &world.imports,
        Side::Exports => &world.exports,
    };
    items
        .iter()
        .filter_map(|(key, item)| match item {
            WorldItem::Interface { id, .. } => Some((resolve.name_world_key(key), *id)),
            _ => None,
        })
        .collect()
}

/// The sentence for a component that exports no known contract: what it exports, and what is served.
fn no_contract(packages: &Packages, exports: &[(String, InterfaceId)]) -> String {
    let served: Vec<_> = packages.types.iter().map(|of| of.machine_type.contract.as_str()).collect();
    let same_name = packages.types.iter().find_map(|of| {
        let name = of.machine_type.contract.split('@').next().unwrap_or_default();
        exports.iter().find(|(export, _)| export.split('@').next() == Some(name)).map(|(export, _)| (export, of))
    });
    match same_name {
        Some((export, of)) => format!(
            "it exports {export}, and this ostler serves {}: build it with the SDK of that version",
            of.machine_type.contract
        ),
        None => format!(
            "it exports the contract of no machine type (served here: {}); if a plugin brings its type, that comes first",
            served.join(", ")
        ),
    }
}

fn compare_exports(
    packages: &Packages,
    machine_type: &KnownType,
    have: &Resolve,
    exports: &[(String, InterfaceId)],
    wanted: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut problems = Vec::new();
    let contract = interfaces(&packages.resolve, machine_type.world, Side::Exports);
    for (name, want) in contract.iter().filter(|(name, _)| wanted(name)) {
        let found = exports.iter().find(|(export, _)| export == name).map(|(_, id)| *id);
        for (function, want) in functions(&packages.resolve, *want) {
            let found = found
                .and_then(|id| have.interfaces.get(id))
                .and_then(|interface| interface.functions.get(function))
                .map(|found| signature::function(have, found));
            match found {
                None => problems.push(format!("`{function}` of {name} is not implemented; expected {want}")),
                Some(found) if found != want => {
                    problems.push(format!("`{function}` of {name} differs: expected {want}, found {found}"));
                }
                Some(_) => {}
            }
        }
    }
    problems
}

fn compare_imports(
    packages: &Packages,
    machine_type: &KnownType,
    have: &Resolve,
    imports: &[(String, InterfaceId)],
) -> Vec<String> {
    let mut problems = Vec::new();
    let contract = interfaces(&packages.resolve, machine_type.world, Side::Imports);
    for (name, found) in imports {
        if packages.baseline.contains(&without_patch(name)) {
            continue;
        }
        let Some((_, offered)) = contract.iter().find(|(offered, _)| offered == name) else {
            problems.push(format!(
                "it imports {name}, which no driver of type '{}' is given",
                machine_type.machine_type.slug
            ));
            continue;
        };
        let offered: Vec<_> = functions(&packages.resolve, *offered).collect();
        for (function, found) in functions(have, *found) {
            match offered.iter().find(|(name, _)| *name == function) {
                None => problems.push(format!("it imports `{function}` of {name}, which does not exist")),
                Some((_, want)) if *want != found => {
                    problems.push(format!("its import `{function}` of {name} differs: offered {want}, found {found}"));
                }
                Some(_) => {}
            }
        }
    }
    problems
}

fn functions(resolve: &Resolve, interface: InterfaceId) -> impl Iterator<Item = (&str, String)> {
    resolve
        .interfaces
        .get(interface)
        .into_iter()
        .flat_map(|interface| &interface.functions)
        .map(|(name, function)| (name.as_str(), signature::function(resolve, function)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_text_file_is_not_a_component_and_the_message_says_how_to_build_one() {
        let packages = Packages::embedded().unwrap();
        let error = check(&packages, b"hello").unwrap_err().to_string();
        assert!(error.contains("not a WebAssembly component") && error.contains("wasm32-wasip2"), "{error}");
    }
}

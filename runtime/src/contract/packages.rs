//! The WIT packages that are known: those embedded at build time, and those that plugins bring along.

use super::machine_type::{MachineType, TypeError};
use crate::model::{Plugin, Slug};
use std::sync::Arc;
use wit_parser::{InterfaceId, Resolve, UnresolvedPackageGroup, WorldId};

include!(concat!(env!("OUT_DIR"), "/wit.rs"));

/// The folder whose package lists what a standard library may import.
const BASELINE: &str = "baseline";

/// One folder of `wit/`.
struct EmbeddedPackage {
    folder: &'static str,
    wit: &'static [(&'static str, &'static str)],
    manifest: Option<&'static str>,
}

/// Parsed WIT packages and the machine types among them.
pub struct Packages {
    /// All packages together.
    pub resolve: Resolve,
    /// Interfaces of the baseline, without versions' patch numbers: `wasi:io/poll@0.2`.
    pub baseline: Vec<String>,
    /// The machine types: those that came with the runtime, then those of plugins in their order.
    pub types: Vec<KnownType>,
    /// Types that could not be registered: where from, and why.
    pub errors: Vec<(String, TypeError)>,
}

/// A machine type and where its contract stands among the packages.
#[derive(Debug, Clone)]
pub struct KnownType {
    /// The type.
    pub machine_type: Arc<MachineType>,
    /// The complete world of a driver of this type.
    pub world: WorldId,
    /// The exported interface.
    pub interface: InterfaceId,
}

impl Packages {
    /// What came with the runtime. An error here is a mistake in the build, not in a user's file.
    pub fn embedded() -> Result<Self, TypeError> {
        let mut resolve = Resolve::default();
        let mut groups = Vec::new();
        for package in EMBEDDED {
            groups.push((package.folder, parse(package.folder, package.wit.iter().copied())?));
        }
        push_all(&mut resolve, groups)?;
        let baseline = baseline_interfaces(&resolve)?;
        let mut packages = Self { resolve, baseline, types: Vec::new(), errors: Vec::new() };
        for package in EMBEDDED {
            if let Some(manifest) = package.manifest {
                packages.register(package.folder, manifest, None);
            }
        }
        Ok(packages)
    }

    /// These packages with those of a plugin. Nothing of the plugin is taken when its WIT cannot be read; of its types, those
    /// that cannot be registered are left out.
    pub fn add(&mut self, plugin: &Plugin) {
        let before = (self.resolve.clone(), self.types.len());
        // WIT of a stranger: what makes the parser panic must not take the daemon along.
        let added = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.try_add(plugin)));
        if added.is_err() {
            self.resolve = before.0;
            self.types.truncate(before.1);
            let error = TypeError::Wit {
                source_name: format!("plugin '{}'", plugin.slug),
                error: "it makes the parser fail".to_owned(),
            };
            self.errors.push((source_of(plugin), error));
        }
    }

    fn try_add(&mut self, plugin: &Plugin) {
        let source = |folder: &str| format!("{}, {folder}", source_of(plugin));
        let mut groups = Vec::new();
        for of in &plugin.types {
            let wit = of.wit.iter().map(|(name, text)| (name.as_str(), text.as_str()));
            match parse(&source(&of.folder), wit) {
                Ok(group) => groups.push((of.folder.as_str(), group)),
                Err(error) => return self.errors.push((source(&of.folder), error)),
            }
        }
        let mut resolve = self.resolve.clone();
        match push_all(&mut resolve, groups) {
            Ok(()) => self.resolve = resolve,
            Err(error) => return self.errors.push((source_of(plugin), error)),
        }
        for of in &plugin.types {
            if let Some(manifest) = &of.manifest {
                self.register(&source(&of.folder), manifest, Some(&plugin.slug));
            }
        }
    }

    /// The first type of a slug stays.
    fn register(&mut self, source: &str, manifest: &str, provider: Option<&Slug>) {
        match MachineType::load(source, manifest, provider, &self.resolve) {
            Ok(found) if self.types.iter().any(|known| known.machine_type.slug == found.machine_type.slug) => {
                let slug = found.machine_type.slug.to_string();
                self.errors.push((source.to_owned(), TypeError::Duplicate { slug }));
            }
            Ok(found) => self.types.push(found),
            Err(error) => self.errors.push((source.to_owned(), error)),
        }
    }
}

/// How errors name a plugin; those of one of its folders go on with a comma and the folder.
pub fn source_of(plugin: &Plugin) -> String {
    format!("plugin '{}'", plugin.slug)
}

fn parse<'a>(
    source_name: &str,
    wit: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<UnresolvedPackageGroup, TypeError> {
    let mut sources = wit_parser::SourceMap::new();
    for (name, text) in wit {
        sources.push(std::path::Path::new(name), text);
    }
    let broken = |error: String| TypeError::Wit { source_name: source_name.to_owned(), error };
    sources.parse().map_err(|(_, error)| broken(format!("{error:#}")))
}

/// Packages refer to each other by name, so they are added in the order of their needs.
fn push_all(resolve: &mut Resolve, mut groups: Vec<(&str, UnresolvedPackageGroup)>) -> Result<(), TypeError> {
    while !groups.is_empty() {
        let Some(position) = groups.iter().position(|(_, group)| needs_nothing_missing(resolve, group)) else {
            let names: Vec<_> = groups.iter().map(|(folder, _)| *folder).collect();
            let error = "it uses a package that is not there".to_owned();
            return Err(TypeError::Wit { source_name: names.join(", "), error });
        };
        let (folder, group) = groups.remove(position);
        // The parser takes a name that is taken for a mistake of its caller, and panics.
        let mut names = std::iter::once(&group.main).chain(&group.nested).map(|package| &package.name);
        if let Some(taken) = names.find(|name| resolve.package_names.contains_key(*name)) {
            let error = format!("there is a package {taken} already: choose another name");
            return Err(TypeError::Wit { source_name: folder.to_owned(), error });
        }
        resolve
            .push_group(group)
            .map_err(|error| TypeError::Wit { source_name: folder.to_owned(), error: format!("{error:#}") })?;
    }
    Ok(())
}

fn needs_nothing_missing(resolve: &Resolve, group: &UnresolvedPackageGroup) -> bool {
    let own: Vec<_> = std::iter::once(&group.main).chain(&group.nested).map(|package| &package.name).collect();
    std::iter::once(&group.main)
        .chain(&group.nested)
        .flat_map(|package| package.foreign_deps.keys())
        .all(|name| resolve.package_names.contains_key(name) || own.contains(&name))
}

fn baseline_interfaces(resolve: &Resolve) -> Result<Vec<String>, TypeError> {
    let world =
        resolve.worlds.iter().find(|(_, world)| world.name == BASELINE).map(|(_, world)| world).ok_or_else(|| {
            TypeError::Wit { source_name: BASELINE.to_owned(), error: "it has no world of that name".to_owned() }
        })?;
    Ok(world.imports.keys().map(|key| without_patch(&resolve.name_world_key(key))).collect())
}

/// `wasi:io/poll@0.2.12` as `wasi:io/poll@0.2`: versions that differ in their last number are compatible.
pub fn without_patch(interface: &str) -> String {
    match interface.split_once('@') {
        Some((name, version)) => {
            let mut numbers = version.split('.');
            let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
            format!("{name}@{major}.{minor}")
        }
        None => interface.to_owned(),
    }
}

//! The WIT packages that are known: those embedded at build time, later those that plugins bring along.

use super::machine_type::{MachineType, TypeError};
use wit_parser::{Resolve, UnresolvedPackageGroup};

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
    /// The machine types, by file order.
    pub types: Vec<MachineType>,
    /// Types that could not be registered, and why.
    pub errors: Vec<TypeError>,
}

impl Packages {
    /// Parses what was embedded. An error here is a mistake in the build, not in a user's file.
    pub fn embedded() -> Result<Self, TypeError> {
        let mut resolve = Resolve::default();
        let mut groups = Vec::new();
        for package in EMBEDDED {
            let broken = |error: String| TypeError::Wit { source_name: package.folder.to_owned(), error };
            let mut sources = wit_parser::SourceMap::new();
            for (name, text) in package.wit {
                sources.push(std::path::Path::new(name), *text);
            }
            let group = sources.parse().map_err(|(_, error)| broken(format!("{error:#}")))?;
            groups.push((package, group));
        }
        // Packages refer to each other by name, so they are added in the order of their needs.
        while !groups.is_empty() {
            let ready = groups.iter().position(|(_, group)| needs_nothing_missing(&resolve, group));
            let Some(position) = ready else {
                let names: Vec<_> = groups.iter().map(|(package, _)| package.folder).collect();
                let error = "it uses a package that is not there".to_owned();
                return Err(TypeError::Wit { source_name: names.join(", "), error });
            };
            let (package, group) = groups.remove(position);
            resolve.push_group(group).map_err(|error| TypeError::Wit {
                source_name: package.folder.to_owned(),
                error: format!("{error:#}"),
            })?;
        }
        let mut types: Vec<MachineType> = Vec::new();
        let mut errors = Vec::new();
        for package in EMBEDDED {
            let Some(manifest) = package.manifest else { continue };
            match MachineType::load(package.folder, manifest, &resolve) {
                Ok(loaded) if types.iter().any(|known| known.slug == loaded.slug) => {
                    errors.push(TypeError::Duplicate { slug: loaded.slug.to_string() });
                }
                Ok(loaded) => types.push(loaded),
                Err(error) => errors.push(error),
            }
        }
        let baseline = baseline_interfaces(&resolve)?;
        Ok(Self { resolve, baseline, types, errors })
    }
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

//! A machine type, as its `.wit` files and `machine-type.toml` say.

use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, LitStr, Result};
use wit_parser::{Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId};

use crate::invocation::{Invocation, absolute};
use crate::names::{camel, origin, snake};

/// The core packages, found beside this crate: an author names only what is new.
const CORE_PACKAGES: [&str; 2] = ["machine", "printing"];

/// Everything that the expansion needs to know.
pub struct Contract {
    /// All packages, parsed.
    pub resolve: Resolve,
    /// The exported interface, and its full name with version.
    pub interface: InterfaceId,
    pub interface_name: String,
    /// The interface `status` of the same package, and its full name, when the package has one.
    pub status: Option<(InterfaceId, String)>,
    /// From the manifest.
    pub slug: String,
    optional: Vec<String>,
    /// The WIT folders for `wit_bindgen`, and the manifest.
    pub folders: Vec<PathBuf>,
    pub manifest: PathBuf,
}

/// What a value of the contract is to a driver author.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `machine`: passed as `&Machine`.
    Machine,
    /// `print-job`: passed as `&PrintJob`.
    PrintJob,
    /// The core's `error`.
    Error,
    /// Anything else: passed as it is.
    Plain,
}

impl Contract {
    /// Reads the folders of an invocation.
    pub fn read(invocation: &Invocation) -> Result<Self> {
        let mut resolve = Resolve::default();
        let mut folders: Vec<(PathBuf, Option<&LitStr>)> =
            CORE_PACKAGES.iter().map(|name| (core_folder(name), None)).collect();
        folders.extend(invocation.deps.iter().map(|dep| (absolute(dep), Some(dep))));
        folders.push((absolute(&invocation.path), Some(&invocation.path)));
        let mut package = None;
        for (folder, written) in &folders {
            let (id, _) = resolve
                .push_path(folder)
                .map_err(|error| fail(*written, format!("{}: {error:#}", folder.display())))?;
            package = Some(id);
        }
        let package = package.ok_or_else(|| fail(Some(&invocation.path), "no WIT package found"))?;
        let manifest_path = absolute(&invocation.path).join("machine-type.toml");
        let manifest = Manifest::read(&manifest_path).map_err(|error| fail(Some(&invocation.path), error))?;

        let interfaces: Vec<(String, InterfaceId, String)> = resolve
            .packages
            .get(package)
            .into_iter()
            .flat_map(|package| &package.interfaces)
            .filter_map(|(name, id)| Some((name.clone(), *id, resolve.id_of(*id)?)))
            .collect();
        let (interface, interface_name) = interfaces
            .iter()
            .find(|(.., full)| *full == manifest.contract)
            .map(|(_, id, full)| (*id, full.clone()))
            .ok_or_else(|| {
                let known: Vec<&str> = interfaces.iter().map(|(.., full)| full.as_str()).collect();
                let (wanted, known) = (&manifest.contract, known.join(", "));
                fail(Some(&invocation.path), format!("machine-type.toml: contract `{wanted}` is none of {known}"))
            })?;
        let status = interfaces.into_iter().find(|(name, ..)| name == "status").map(|(_, id, full)| (id, full));
        let contract = Self {
            resolve,
            interface,
            interface_name,
            status,
            slug: manifest.slug,
            optional: manifest.optional,
            folders: folders.into_iter().map(|(folder, _)| folder).collect(),
            manifest: manifest_path,
        };
        contract.check_optional(&invocation.path)?;
        Ok(contract)
    }

    fn check_optional(&self, path: &LitStr) -> Result<()> {
        match self.optional.iter().find(|name| !self.functions().any(|function| function.name == **name)) {
            Some(name) => {
                Err(fail(Some(path), format!("machine-type.toml: optional function `{name}` is not in the contract")))
            }
            None => Ok(()),
        }
    }

    /// The functions that a driver exports, in the order of the WIT.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.resolve.interfaces.get(self.interface).into_iter().flat_map(|interface| interface.functions.values())
    }

    /// Whether a driver may leave a function out.
    pub fn is_optional(&self, function: &Function) -> bool {
        self.optional.contains(&function.name)
    }

    /// The names of the types that an interface itself declares.
    pub fn declared_types(&self, interface: InterfaceId) -> Vec<&str> {
        let types = self.resolve.interfaces.get(interface).into_iter().flat_map(|interface| &interface.types);
        types.filter(|(_, id)| origin(&self.resolve, **id) == Some(**id)).map(|(name, _)| name.as_str()).collect()
    }

    /// The path of an interface's bindings below the root of its `generate!`.
    pub fn module_of(&self, interface: InterfaceId) -> Option<TokenStream> {
        let interface = self.resolve.interfaces.get(interface)?;
        let package = &self.resolve.packages.get(interface.package?)?.name;
        let (namespace, name) = (snake(&package.namespace), snake(&package.name));
        let interface = snake(interface.name.as_ref()?);
        Some(quote!(#namespace::#name::#interface))
    }

    /// The package of the contract as one word: `ostler-label-printer`.
    pub fn world(&self) -> String {
        let package = self.interface_name.split('/').next().unwrap_or_default();
        package.replace(':', "-")
    }

    /// What a parameter or an error is to the author.
    pub fn role(&self, ty: &Type) -> Role {
        let Type::Id(id) = ty else { return Role::Plain };
        let id = match self.resolve.types.get(*id).map(|def| &def.kind) {
            Some(TypeDefKind::Handle(wit_parser::Handle::Own(resource))) => *resource,
            _ => *id,
        };
        match origin(&self.resolve, id).and_then(|id| self.full_name(id)).as_deref() {
            Some("ostler:machine/host.machine") => Role::Machine,
            Some("ostler:printing/jobs.print-job") => Role::PrintJob,
            Some("ostler:machine/types.error") => Role::Error,
            _ => Role::Plain,
        }
    }

    /// `namespace:package/interface.type`, without the version.
    fn full_name(&self, id: TypeId) -> Option<String> {
        let def = self.resolve.types.get(id)?;
        let wit_parser::TypeOwner::Interface(interface) = def.owner else {
            return None;
        };
        let full = self.resolve.id_of(interface)?;
        let interface = full.split('@').next()?;
        Some(format!("{interface}.{}", def.name.as_ref()?))
    }

    /// The interfaces of the core that this contract uses, by full name with version, and where the SDK has their
    /// bindings.
    pub fn shared(&self) -> Vec<(String, TokenStream)> {
        let known = [
            ("ostler:machine/types", quote!(::ostler_sdk::__private::core::ostler::machine::types)),
            ("ostler:machine/host", quote!(::ostler_sdk::__private::core::ostler::machine::host)),
            ("ostler:printing/jobs", quote!(::ostler_sdk::__private::printing::ostler::printing::jobs)),
        ];
        let names = self.used_interfaces().into_iter().filter_map(|id| self.resolve.id_of(id));
        names
            .filter_map(|full| {
                let (_, path) = known.iter().find(|(known, _)| full.split('@').next() == Some(known))?;
                Some((full, path.clone()))
            })
            .collect()
    }

    /// The contract, its status, and what they `use`, directly or not. `wit_bindgen` refuses to be told of more.
    fn used_interfaces(&self) -> Vec<InterfaceId> {
        let mut used = vec![self.interface];
        used.extend(self.status.as_ref().map(|(id, _)| *id));
        let mut next = 0;
        while let Some(interface) = used.get(next).and_then(|id| self.resolve.interfaces.get(*id)) {
            next += 1;
            for id in interface.types.values() {
                let alias = self.resolve.types.get(*id).map(|def| &def.kind);
                let Some(TypeDefKind::Type(Type::Id(target))) = alias else {
                    continue;
                };
                let owner = self.resolve.types.get(*target).map(|def| def.owner);
                if let Some(wit_parser::TypeOwner::Interface(owner)) = owner
                    && !used.contains(&owner)
                {
                    used.push(owner);
                }
            }
        }
        used
    }

    /// The name of a type in Rust.
    pub fn rust_names(&self, interface: InterfaceId) -> Vec<syn::Ident> {
        self.declared_types(interface).into_iter().map(camel).collect()
    }
}

/// The parts of `machine-type.toml` that matter here; the host reads the rest.
struct Manifest {
    slug: String,
    contract: String,
    optional: Vec<String>,
}

impl Manifest {
    fn read(path: &Path) -> std::result::Result<Self, String> {
        let at = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| format!("{at}: {error}"))?;
        let table: toml::Table = text.parse().map_err(|error| format!("{at}: {error}"))?;
        let string = |key: &str| {
            let value = table.get(key).and_then(toml::Value::as_str);
            value.map(str::to_owned).ok_or_else(|| format!("{at}: `{key}` is missing or not a text"))
        };
        let optional = match table.get("optional") {
            None => Vec::new(),
            Some(value) => value
                .as_array()
                .and_then(|list| list.iter().map(|name| name.as_str().map(str::to_owned)).collect())
                .ok_or_else(|| format!("{at}: `optional` is not a list of texts"))?,
        };
        Ok(Self { slug: string("slug")?, contract: string("contract")?, optional })
    }
}

fn core_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit").join(name)
}

/// An error at the path that was written, or at the invocation.
fn fail(at: Option<&LitStr>, message: impl std::fmt::Display) -> Error {
    Error::new(at.map_or_else(Span::call_site, LitStr::span), message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const METER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/meter");

    fn read(folder: &Path) -> Result<Contract> {
        let folder = folder.to_str().unwrap();
        Contract::read(&syn::parse_quote!(path: #folder, pub trait Meter {}))
    }

    /// The type with another manifest.
    fn with_manifest(change: impl Fn(String) -> String) -> Result<Contract> {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| Path::new(METER).join(name);
        std::fs::copy(file("meter.wit"), folder.path().join("meter.wit")).unwrap();
        let manifest = std::fs::read_to_string(file("machine-type.toml")).unwrap();
        std::fs::write(folder.path().join("machine-type.toml"), change(manifest)).unwrap();
        read(folder.path())
    }

    fn message(result: Result<Contract>) -> String {
        result.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_contract_lists_its_functions_and_which_of_them_are_optional() {
        let contract = read(Path::new(METER)).unwrap();
        let functions: Vec<_> =
            contract.functions().map(|function| (function.name.as_str(), contract.is_optional(function))).collect();
        assert_eq!(functions, [("measure", false), ("zero", true), ("unit-name", false)]);
    }

    #[test]
    fn only_the_interfaces_that_a_contract_uses_are_shared() {
        let shared = read(Path::new(METER)).unwrap().shared();
        let names: Vec<_> = shared.iter().map(|(name, _)| name.split('@').next().unwrap()).collect();
        assert!(names.contains(&"ostler:machine/types") && names.contains(&"ostler:machine/host"));
        assert!(!names.contains(&"ostler:printing/jobs"));
    }

    #[test]
    fn an_optional_function_that_is_not_in_the_contract_is_named() {
        let error = message(with_manifest(|text| text.replace("[\"zero\"]", "[\"zeroo\"]")));
        assert!(error.contains("`zeroo` is not in the contract"), "{error}");
    }

    #[test]
    fn a_contract_that_is_not_in_the_package_is_answered_with_those_that_are() {
        let error = message(with_manifest(|text| text.replace("example:meter/meter@", "example:meter/xyz@")));
        assert!(error.contains("example:meter/xyz@0.1.0") && error.contains("example:meter/meter@0.1.0"), "{error}");
    }

    #[test]
    fn a_manifest_without_a_slug_is_refused() {
        let error = message(with_manifest(|text| text.replace("slug =", "slog =")));
        assert!(error.contains("`slug` is missing"), "{error}");
    }
}

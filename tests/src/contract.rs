//! Components made from the contract in `wit/`, as it stands there or changed: whole by type, and each function traps.

use crate::place;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, PackageId, Resolve};

/// The contract of label printers, to make components from.
#[derive(Debug)]
pub struct Contract {
    resolve: Resolve,
    package: PackageId,
}

impl Contract {
    /// Reads it, with every file's text changed like this.
    pub fn read(change: impl Fn(&str) -> String) -> Self {
        let mut resolve = Resolve::default();
        let mut package = None;
        for name in ["machine", "printing", "label-printer"] {
            let file = place::repository().join("wit").join(name).join(name).with_extension("wit");
            let wit = change(&std::fs::read_to_string(&file).unwrap());
            package = Some(resolve.push_str(&file, &wit).unwrap());
        }
        Self { resolve, package: package.unwrap() }
    }

    /// A component of a world, all of whose functions trap.
    pub fn component(&self, world: &str) -> Vec<u8> {
        let world = self.resolve.select_world(&[self.package], Some(world)).unwrap();
        let abi = ManglingAndAbi::Legacy(LiftLowerAbi::AsyncCallback);
        let mut module = dummy_module(&self.resolve, world, abi);
        embed_component_metadata(&mut module, &self.resolve, world, StringEncoding::UTF8, false).unwrap();
        ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
    }

    /// The functions that every driver exports.
    pub fn lifecycle(&self) -> Vec<String> {
        let mut interfaces = self.resolve.interfaces.iter().map(|(_, interface)| interface);
        let lifecycle = interfaces.find(|interface| interface.name.as_deref() == Some("lifecycle")).unwrap();
        lifecycle.functions.keys().cloned().collect()
    }
}

/// A text without the lines that start like this.
pub fn without_lines(wit: &str, start: &str) -> String {
    wit.lines().filter(|line| !line.starts_with(start)).collect::<Vec<_>>().join("\n")
}

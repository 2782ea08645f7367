//! Which machine types are known now? Those that came with the runtime, and those of enabled plugins.
//!
//! A catalog is never changed: when plugins change, the registry builds the next one, and types that are still the same keep
//! their value, so that what uses them can tell.

use crate::{
    contract::{MachineType, Packages, TypeError},
    model::{Plugin, Slug},
};
use std::{collections::BTreeMap, sync::Arc};

/// The machine types, and the packages that their contracts stand in.
pub struct Catalog {
    /// Every known contract.
    pub packages: Packages,
    types: BTreeMap<Slug, Arc<MachineType>>,
}

impl Catalog {
    /// The types of the runtime and of these plugins, as far as they are enabled.
    pub fn build(plugins: &[Plugin], before: Option<&Self>) -> Result<Self, TypeError> {
        let mut packages = Packages::embedded()?;
        for plugin in plugins.iter().filter(|plugin| plugin.enabled) {
            packages.add(plugin);
        }
        let mut types = BTreeMap::new();
        for known in &mut packages.types {
            let slug = known.machine_type.slug.clone();
            if let Some(same) = before.and_then(|before| before.get(&slug)).filter(|of| **of == known.machine_type) {
                known.machine_type = Arc::clone(same);
            }
            types.insert(slug, Arc::clone(&known.machine_type));
        }
        Ok(Self { packages, types })
    }

    /// A type by its slug.
    pub fn get(&self, slug: &Slug) -> Option<&Arc<MachineType>> {
        self.types.get(slug)
    }

    /// All of them, by slug.
    pub fn types(&self) -> impl Iterator<Item = &Arc<MachineType>> {
        self.types.values()
    }
}

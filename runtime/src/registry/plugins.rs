//! Plugins: installing, enabling and removing machine types and drivers that come together.
//!
//! A plugin whose parts are not all usable is installed all the same: what cannot be registered is told at once, and is a
//! registry error for as long as the plugin is enabled.

use super::{
    InstallError, Registry,
    bundle::{Bundle, BundleError},
    catalog::Catalog,
};
use crate::{
    contract::packages::source_of,
    model::{InstalledDriver, Plugin, Slug, Timestamp, plugin::PluginDriver},
    store::StoreError,
};
use std::{collections::BTreeSet, sync::Arc};
use thiserror::Error;

/// Why a plugin is not installed, enabled or removed.
#[derive(Debug, Error)]
pub enum PluginError {
    /// It cannot be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// One of its components could not be looked at, through no fault of its own.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The store failed, or there is no such plugin.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registry {
    /// Every installed plugin, in the order of their first install.
    pub async fn plugins(&self) -> Result<Vec<Plugin>, StoreError> {
        self.services.store.plugins().await
    }

    /// Installs a plugin, or another version of it in place of the one before. Nothing of a new one runs before it is
    /// enabled.
    pub async fn install_plugin(self: &Arc<Self>, archive: Vec<u8>, by: &str) -> Result<Plugin, PluginError> {
        let _turn = self.changing.lock().await;
        let read = tokio::task::spawn_blocking(move || Bundle::read(&archive)).await;
        let bundle = read.map_err(|_| BundleError::Manifest("reading it made the parser fail".to_owned()))??;
        let manifest = bundle.manifest;
        let mut plugin = Plugin {
            slug: manifest.slug,
            name: manifest.name,
            description: manifest.description,
            version: manifest.version,
            types: bundle.types,
            drivers: Vec::new(),
            installed_at: Timestamp::now(),
            enabled: true,
        };
        // Its components are compared with its own types, too.
        let mut plugins = self.plugins().await?;
        plugins.retain(|other| other.slug != plugin.slug);
        plugins.push(plugin.clone());
        let built = tokio::task::spawn_blocking(move || Catalog::build(&plugins, None)).await;
        let built = built.map_err(|_| BundleError::Manifest("reading its types made the parser fail".to_owned()))?;
        let catalog = Arc::new(built.map_err(|error| BundleError::Manifest(error.to_string()))?);
        let whole = source_of(&plugin);
        for of in &mut plugin.types {
            let own = format!("{whole}, {}", of.folder);
            let problem = catalog.packages.errors.iter().find(|(source, _)| *source == own || *source == whole);
            of.problem = problem.map(|(_, error)| error.to_string());
        }
        for (file, component) in bundle.components {
            let installed = self.install_of(&catalog, Some(&plugin.slug), component, by).await;
            let registered = match installed {
                Ok(installed) => self.claim(&plugin, installed.driver, installed.new, by).await?,
                Err(error) if error.is_the_components() => Err(error.to_string()),
                Err(error) => return Err(error.into()),
            };
            plugin.drivers.push(match registered {
                Ok(driver) => PluginDriver { file, driver: Some((driver.info.slug, driver.digest)), problem: None },
                Err(problem) => PluginDriver { file, driver: None, problem: Some(problem) },
            });
        }
        let before = self.plugins().await?.into_iter().find(|before| before.slug == plugin.slug);
        let plugin = self.services.store.put_plugin(plugin, by).await?;
        if plugin.enabled {
            // A component is never paired with a contract that it was not checked against.
            if before.is_some_and(|before| before.types != plugin.types) {
                for driver in self.drivers_of(&plugin.slug).await? {
                    self.switch_off(&driver, by).await?;
                }
            }
            self.refresh().await?;
            self.enable_drivers(&plugin, by).await?;
        }
        Ok(plugin)
    }

    /// Whether a driver may be the plugin's: the first one that brought a slug keeps it.
    async fn claim(
        &self,
        plugin: &Plugin,
        driver: InstalledDriver,
        new: bool,
        by: &str,
    ) -> Result<Result<InstalledDriver, String>, StoreError> {
        let slug = &driver.info.slug;
        let of_slug = self.installed().await?.into_iter().filter(|other| other.info.slug == *slug);
        let first = of_slug.min_by_key(|other| other.installed_at);
        let foreign = first.filter(|first| first.plugin.as_ref() != Some(&plugin.slug));
        let twice = plugin.drivers.iter().any(|other| other.driver.as_ref().is_some_and(|(other, _)| other == slug));
        let owner = match (foreign.map(|other| other.plugin), twice) {
            (Some(Some(other)), _) => format!("plugin '{other}' brought it first"),
            (Some(None), _) => "it was installed by itself before".to_owned(),
            (None, true) => "this plugin brings it twice".to_owned(),
            (None, false) => return Ok(Ok(driver)),
        };
        let problem = format!("Cannot re-register driver '{slug}': {owner}");
        if new {
            self.forget_component(driver.digest, by).await?;
        }
        Ok(Err(problem))
    }

    /// Registers a plugin's types and lets its drivers run; machines that wait for them start.
    pub async fn enable_plugin(self: &Arc<Self>, slug: &Slug, by: &str) -> Result<Plugin, PluginError> {
        let _turn = self.changing.lock().await;
        let plugin = self.services.store.set_plugin_enabled(slug, true, by).await?;
        self.refresh().await?;
        self.enable_drivers(&plugin, by).await?;
        Ok(plugin)
    }

    /// Stops a plugin's drivers and takes its types back; its machines become `driver-missing`.
    pub async fn disable_plugin(self: &Arc<Self>, slug: &Slug, by: &str) -> Result<Plugin, PluginError> {
        let _turn = self.changing.lock().await;
        self.switch_plugin_off(slug, by).await
    }

    async fn switch_plugin_off(self: &Arc<Self>, slug: &Slug, by: &str) -> Result<Plugin, PluginError> {
        let plugin = self.services.store.set_plugin_enabled(slug, false, by).await?;
        for driver in self.drivers_of(slug).await? {
            self.switch_off_for(&driver, Some(slug.clone()), by).await?;
        }
        self.refresh().await?;
        Ok(plugin)
    }

    /// Disables a plugin and forgets it with its components. Its machines stay, and wait for a driver.
    pub async fn remove_plugin(self: &Arc<Self>, slug: &Slug, by: &str) -> Result<(), PluginError> {
        let _turn = self.changing.lock().await;
        self.switch_plugin_off(slug, by).await?;
        for driver in self.installed().await?.into_iter().filter(|driver| driver.plugin.as_ref() == Some(slug)) {
            self.forget_component(driver.digest, by).await?;
        }
        Ok(self.services.store.remove_plugin(slug, by).await?)
    }

    /// Enables the components of this version, and disables drivers that it does not bring any more.
    async fn enable_drivers(&self, plugin: &Plugin, by: &str) -> Result<(), StoreError> {
        let brought: Vec<_> = plugin.drivers.iter().filter_map(|driver| driver.driver.as_ref()).collect();
        for driver in self.drivers_of(&plugin.slug).await? {
            if !brought.iter().any(|(slug, _)| *slug == driver) {
                self.switch_off(&driver, by).await?;
            }
        }
        for (slug, digest) in brought {
            let component = self.choose(slug, Some(*digest)).await?;
            match self.switch_on(component, by).await {
                Err(StoreError::Conflict { what }) => self.report(&format!("plugin '{}'", plugin.slug), what),
                enabled => drop(enabled?),
            }
        }
        Ok(())
    }

    async fn drivers_of(&self, plugin: &Slug) -> Result<BTreeSet<Slug>, StoreError> {
        let installed = self.installed().await?;
        let of_plugin = installed.into_iter().filter(|driver| driver.plugin.as_ref() == Some(plugin));
        Ok(of_plugin.map(|driver| driver.info.slug).collect())
    }
}

//! Which component of a driver runs: enabling another version while machines run, going back, isolation, removal.
//!
//! A swap goes machine by machine: each finishes the job in hand, is stopped in the old instance and initialised in the new
//! one. The old instance ends with the last machine that used it.

use super::{Registry, Slot};
use crate::{
    model::{Digest, InstalledDriver, Isolation, Scope, SettingKey, SettingSpec, Slug, Timestamp},
    store::{SettingWrite, StoreError},
};

impl Registry {
    /// Enables a digest of a driver, the latest installed one unless it is named; machines move over to it.
    pub async fn enable(&self, slug: &Slug, digest: Option<Digest>, by: &str) -> Result<InstalledDriver, StoreError> {
        let not_found = || StoreError::NotFound {
            what: match digest {
                Some(digest) => format!("no component {} of driver '{slug}' is installed", digest.short()),
                None => format!("no driver '{slug}' is installed: install its component first"),
            },
        };
        let of_slug = |all: Vec<InstalledDriver>| all.into_iter().filter(move |driver| driver.info.slug == *slug);
        let chosen = of_slug(self.services.store.drivers().await?)
            .filter(|driver| digest.is_none_or(|digest| digest == driver.digest))
            .max_by_key(|driver| driver.installed_at)
            .ok_or_else(not_found)?;
        if let Some(plugin) = self.disabled_plugin_of(&chosen).await? {
            let what = format!(
                "driver '{slug}' comes with the plugin '{plugin}', which is disabled: enable it with `ostler plugin enable {plugin}`"
            );
            return Err(StoreError::Conflict { what });
        }
        // It runs already: its machines are not to be disturbed.
        if chosen.enabled && self.driver(slug).is_some_and(|now| now.installed.digest == chosen.digest) {
            return Ok(chosen);
        }
        self.withdraw_changed_permissions(&chosen).await?;
        self.services.store.enable_driver(slug, chosen.digest, by).await?;
        let chosen = InstalledDriver { enabled: true, enabled_at: Some(Timestamp::now()), ..chosen };
        self.put_in_slot(chosen.clone()).await?;
        Ok(chosen)
    }

    /// The plugin that brought a driver, if it is disabled.
    async fn disabled_plugin_of(&self, driver: &InstalledDriver) -> Result<Option<Slug>, StoreError> {
        let plugins = self.plugins().await?;
        let of = |slug: &Slug| plugins.iter().any(|plugin| plugin.slug == *slug && !plugin.enabled);
        Ok(driver.plugin.clone().filter(of))
    }

    /// A value that permits to connect somewhere was given to a setting of a certain kind and schemes. Where another version
    /// of the driver declares it otherwise, the value is withdrawn until an operator saves it again.
    async fn withdraw_changed_permissions(&self, next: &InstalledDriver) -> Result<(), StoreError> {
        let others = self
            .installed()
            .await?
            .into_iter()
            .filter(|other| other.info.slug == next.info.slug && other.digest != next.digest);
        // The version that runs now is the one to compare with. Without one it may have been any, so all must agree.
        let before: Vec<InstalledDriver> = match self.driver(&next.info.slug) {
            Some(now) if now.installed.digest == next.digest => return Ok(()),
            Some(now) => vec![now.installed.clone()],
            None => others.collect(),
        };
        let agrees = |spec: &SettingSpec, before: &InstalledDriver| {
            let same = before.info.settings.iter().find(|before| before.key == spec.key);
            same.is_some_and(|before| before.kind == spec.kind && before.schemes() == spec.schemes())
        };
        let changed: Vec<_> = next
            .info
            .settings
            .iter()
            .filter(|spec| spec.kind.is_operators_alone() && !before.iter().all(|before| agrees(spec, before)))
            .map(|spec| spec.key.clone())
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        for entry in self.machines().into_iter().filter(|entry| entry.machine.driver == next.info.slug) {
            let writes =
                |key: &SettingKey| SettingWrite { scope: Scope::Driver, key: key.clone(), value: None, masked: false };
            let id = entry.machine.id;
            let author = format!("daemon: {} {} declares it otherwise", next.info.slug, next.info.version);
            self.services.store.write_settings(id, changed.iter().map(writes).collect(), &author).await?;
            let applied: Vec<_> = changed.iter().map(|key| (Scope::Driver, key.clone(), None)).collect();
            entry.machine.change_settings(|settings| settings.apply(&applied));
        }
        Ok(())
    }

    /// Disables a driver; its machines become `driver-missing`.
    pub async fn disable(&self, slug: &Slug, by: &str) -> Result<(), StoreError> {
        self.services.store.disable_driver(slug, by).await?;
        self.slot(slug).0.send_replace(Slot::default());
        Ok(())
    }

    /// Goes back to the component that was enabled before the one that is enabled now.
    pub async fn roll_back(&self, slug: &Slug, by: &str) -> Result<InstalledDriver, StoreError> {
        let all = self.installed().await?;
        let before = all
            .into_iter()
            .filter(|driver| driver.info.slug == *slug && !driver.enabled && driver.enabled_at.is_some())
            .max_by_key(|driver| driver.enabled_at);
        match before {
            Some(before) => self.enable(slug, Some(before.digest), by).await,
            None => Err(StoreError::Conflict {
                what: format!(
                    "no other component of driver '{slug}' was ever enabled; `ostler driver show {slug}` shows what is there"
                ),
            }),
        }
    }

    /// Decides how many machines an instance of a driver serves; its machines are stopped and started again.
    pub async fn isolate(&self, slug: &Slug, isolation: Isolation, by: &str) -> Result<(), StoreError> {
        let changed = self.services.store.set_isolation(slug, isolation, by).await?;
        if let Some(driver) = self.driver(slug).filter(|_| changed) {
            self.put_in_slot(driver.installed.clone()).await?;
        }
        Ok(())
    }

    /// Removes a component that is not enabled and that no plugin brought.
    pub async fn remove_component(&self, digest: Digest, by: &str) -> Result<InstalledDriver, StoreError> {
        let found = self.installed().await?.into_iter().find(|driver| driver.digest == digest);
        if let Some(plugin) = found.and_then(|driver| driver.plugin) {
            let what = format!("the component {digest} belongs to the plugin '{plugin}': remove that");
            return Err(StoreError::Conflict { what });
        }
        self.forget_component(digest, by).await
    }

    /// Removes a component with its compiled code.
    pub(super) async fn forget_component(&self, digest: Digest, by: &str) -> Result<InstalledDriver, StoreError> {
        let removed = self.services.store.remove_driver(digest, by).await?;
        self.code.forget(&self.services.store, digest).await;
        Ok(removed)
    }
}

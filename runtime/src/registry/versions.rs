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
        let _turn = self.changing.lock().await;
        let chosen = self.choose(slug, digest).await?;
        let machine_type = &chosen.info.machine_type;
        if self.catalog().get(machine_type).is_none() {
            let what = format!(
                "driver '{slug}' is for the machine type '{machine_type}', which is not there: install or enable the plugin that brings it"
            );
            return Err(StoreError::Conflict { what });
        }
        self.switch_on(chosen, by).await
    }

    /// A component of a driver: the one with that digest, or the latest installed one.
    pub(super) async fn choose(&self, slug: &Slug, digest: Option<Digest>) -> Result<InstalledDriver, StoreError> {
        let not_found = || StoreError::NotFound {
            what: match digest {
                Some(digest) => format!("no component {} of driver '{slug}' is installed", digest.short()),
                None => format!("no driver '{slug}' is installed: install its component first"),
            },
        };
        let of_slug = |all: Vec<InstalledDriver>| all.into_iter().filter(move |driver| driver.info.slug == *slug);
        of_slug(self.services.store.drivers().await?)
            .filter(|driver| digest.is_none_or(|digest| digest == driver.digest))
            .max_by_key(|driver| driver.installed_at)
            .ok_or_else(not_found)
    }

    /// Lets a component run. A turn to change something is held.
    pub(super) async fn switch_on(&self, chosen: InstalledDriver, by: &str) -> Result<InstalledDriver, StoreError> {
        let slug = &chosen.info.slug;
        self.check_plugin_of(&chosen).await?;
        // It runs already: its machines are not to be disturbed.
        if chosen.enabled && self.driver(slug).is_some_and(|now| now.installed.digest == chosen.digest) {
            return Ok(chosen);
        }
        // The contracts may have changed since it was installed. One whose type is not there waits for it.
        if self.catalog().get(&chosen.info.machine_type).is_some() {
            self.compare(&chosen).await?.map_err(|what| StoreError::Conflict { what })?;
        }
        self.withdraw_changed_permissions(&chosen).await?;
        self.services.store.enable_driver(slug, chosen.digest, by).await?;
        let chosen = InstalledDriver { enabled: true, enabled_at: Some(Timestamp::now()), ..chosen };
        self.put_in_slot(chosen.clone()).await?;
        Ok(chosen)
    }

    /// Whether the plugin that brought a driver lets it run.
    async fn check_plugin_of(&self, driver: &InstalledDriver) -> Result<(), StoreError> {
        let Some(slug) = &driver.plugin else { return Ok(()) };
        let (name, digest) = (&driver.info.slug, driver.digest.short());
        let what = match self.plugins().await?.into_iter().find(|plugin| plugin.slug == *slug) {
            Some(plugin) if plugin.enabled => return Ok(()),
            Some(_) => format!(
                "driver '{name}' comes with the plugin '{slug}', which is disabled: enable it with `ostler plugin enable {slug}`"
            ),
            None => format!(
                "driver '{name}' came with the plugin '{slug}', whose install did not come to its end: install that again, or remove the component {digest}"
            ),
        };
        Err(StoreError::Conflict { what })
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
        let _turn = self.changing.lock().await;
        self.choose(slug, None).await?;
        self.switch_off(slug, by).await
    }

    /// Stops a driver. A turn to change something is held.
    pub(super) async fn switch_off(&self, slug: &Slug, by: &str) -> Result<(), StoreError> {
        self.switch_off_for(slug, None, by).await
    }

    /// The same, with the plugin that brought it and is disabled: its machines say so from the first moment.
    pub(super) async fn switch_off_for(
        &self,
        slug: &Slug,
        disabled_plugin: Option<Slug>,
        by: &str,
    ) -> Result<(), StoreError> {
        self.services.store.disable_driver(slug, by).await?;
        self.slot(slug).0.send_replace(Slot { driver: None, disabled_plugin });
        Ok(())
    }

    /// Goes back to the component that was enabled before the one that is enabled now.
    pub async fn roll_back(&self, slug: &Slug, by: &str) -> Result<InstalledDriver, StoreError> {
        let _turn = self.changing.lock().await;
        self.choose(slug, None).await?;
        let all = self.installed().await?;
        let before = all
            .into_iter()
            .filter(|driver| driver.info.slug == *slug && !driver.enabled && driver.enabled_at.is_some())
            .max_by_key(|driver| driver.enabled_at);
        match before {
            Some(before) => self.switch_on(before, by).await,
            None => Err(StoreError::Conflict {
                what: format!(
                    "no other component of driver '{slug}' was ever enabled; `ostler driver show {slug}` shows what is there"
                ),
            }),
        }
    }

    /// Decides how many machines an instance of a driver serves; its machines are stopped and started again.
    pub async fn isolate(&self, slug: &Slug, isolation: Isolation, by: &str) -> Result<(), StoreError> {
        let _turn = self.changing.lock().await;
        self.choose(slug, None).await?;
        let changed = self.services.store.set_isolation(slug, isolation, by).await?;
        if changed { self.start_again(slug).await } else { Ok(()) }
    }

    /// Removes a component that is not enabled and that does not belong to an installed plugin.
    pub async fn remove_component(&self, digest: Digest, by: &str) -> Result<InstalledDriver, StoreError> {
        let _turn = self.changing.lock().await;
        let found = self.installed().await?.into_iter().find(|driver| driver.digest == digest);
        let plugins = self.plugins().await?;
        let owner = found.and_then(|driver| driver.plugin).filter(|of| plugins.iter().any(|known| known.slug == *of));
        if let Some(plugin) = owner {
            let what = format!("the component {digest} belongs to the plugin '{plugin}': remove that");
            return Err(StoreError::Conflict { what });
        }
        self.forget_component(digest, by).await
    }

    /// Removes a component with its compiled code.
    pub(super) async fn forget_component(&self, digest: Digest, by: &str) -> Result<InstalledDriver, StoreError> {
        let removed = self.services.store.remove_driver(digest, by).await?;
        self.code.forget(&self.services.store, digest).await;
        let slug = &removed.info.slug;
        if self.installed().await?.iter().all(|driver| driver.info.slug != *slug) {
            self.services.metrics.forget_driver(slug);
        }
        Ok(removed)
    }
}

//! What drivers ask for beyond the settings of their machines, and what operators decide about it.

use super::Registry;
use crate::{
    broker::grants::Grants,
    model::{Grant, GrantState, InstalledDriver, Slug},
    store::StoreError,
};

impl Registry {
    /// What the component of a driver that runs, or else the latest one, asks for.
    pub async fn grants(&self, slug: &Slug) -> Result<Vec<GrantState>, StoreError> {
        let driver = self.asking(slug).await?;
        let mut approved = self.services.store.grants(slug).await?;
        let states = driver.info.grants.into_iter().map(|request| GrantState {
            driver: slug.clone(),
            approved: approved.remove(&request.grant),
            opens: Grant::parse(&request.grant).map(|grant| grant.opens().to_owned()),
            grant: request.grant,
            reason: request.reason,
        });
        Ok(states.collect())
    }

    /// Approves a grant that a driver asks for. Its machines start again, with what they may do now.
    pub async fn approve(&self, slug: &Slug, name: &str, by: &str) -> Result<Vec<GrantState>, StoreError> {
        let _turn = self.changing.lock().await;
        let driver = self.asking(slug).await?;
        if driver.info.grants.iter().all(|request| request.grant != name) {
            let asked: Vec<_> = driver.info.grants.iter().map(|request| request.grant.as_str()).collect();
            let asked = if asked.is_empty() { "no grants".to_owned() } else { asked.join(", ") };
            let what =
                format!("driver '{slug}' {} does not ask for '{name}'; it asks for {asked}", driver.info.version);
            return Err(StoreError::NotFound { what });
        }
        let grant = Grant::parse(name).ok_or_else(|| {
            let known: Vec<_> = Grant::ALL.iter().map(|grant| grant.name()).collect();
            let what = format!(
                "this ostler knows no grant '{name}', only {}: a newer one may, or the driver is mistaken",
                known.join(", ")
            );
            StoreError::Conflict { what }
        })?;
        if self.services.store.approve_grant(slug, grant, by).await? {
            self.start_again(slug).await?;
        }
        self.grants(slug).await
    }

    /// Takes an approval back. What was opened under it is closed, since the machines of the driver start again.
    pub async fn revoke(&self, slug: &Slug, name: &str, by: &str) -> Result<Vec<GrantState>, StoreError> {
        let _turn = self.changing.lock().await;
        self.choose(slug, None).await?;
        let revoked = match Grant::parse(name) {
            Some(grant) => self.services.store.revoke_grant(slug, grant, by).await?,
            None => false,
        };
        if !revoked {
            let what = format!(
                "the grant '{name}' is not approved for driver '{slug}'; `ostler driver grants {slug}` shows them"
            );
            return Err(StoreError::NotFound { what });
        }
        self.start_again(slug).await?;
        self.grants(slug).await
    }

    /// What a component may do beyond the settings of its machines.
    pub(super) async fn grants_of(&self, installed: &InstalledDriver) -> Result<Grants, StoreError> {
        let slug = &installed.info.slug;
        let requested = installed.info.grants.iter().filter_map(|request| Grant::parse(&request.grant)).collect();
        let approved = self.services.store.grants(slug).await?;
        let approved = approved.keys().filter_map(|name| Grant::parse(name)).collect();
        Ok(Grants::new(slug.as_str(), requested, &approved))
    }

    /// The component whose requests count: the one that runs, or else the latest.
    async fn asking(&self, slug: &Slug) -> Result<InstalledDriver, StoreError> {
        match self.driver(slug) {
            Some(driver) => Ok(driver.installed.clone()),
            None => self.choose(slug, None).await,
        }
    }

    /// Stops the machines of a driver and starts them again in another instance.
    pub(super) async fn start_again(&self, slug: &Slug) -> Result<(), StoreError> {
        match self.driver(slug) {
            Some(driver) => self.put_in_slot(driver.installed.clone()).await,
            None => Ok(()),
        }
    }
}

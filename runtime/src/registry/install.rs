//! From bytes to an installed component: validate, compare with the contract, compile, describe, store. Nothing of it runs
//! but `describe`, and nothing more ever does before an operator enables its digest.

use super::{Registry, catalog::Catalog};
use crate::{
    contract::{NonConformance, conformance},
    instance::{
        code::CodeError,
        describe::{DescribeError, describe},
    },
    model::{Digest, InstalledDriver, Slug, Timestamp},
    store::StoreError,
};
use std::sync::Arc;
use thiserror::Error;

/// What an install did.
#[derive(Debug, Clone)]
pub struct Installed {
    /// The component.
    pub driver: InstalledDriver,
    /// Whether it was not installed before.
    pub new: bool,
}

/// Why a component is not installed. Nothing is kept of it.
#[derive(Debug, Error)]
pub enum InstallError {
    /// Too large.
    #[error("the component has {size} bytes, and at most {limit} are allowed")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Not a driver for this runtime.
    #[error(transparent)]
    NonConformance(#[from] NonConformance),
    /// Not compiled or not linked.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// Does not say what it is.
    #[error(transparent)]
    Describe(#[from] DescribeError),
    /// Not stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl InstallError {
    /// Whether the component is at fault, and not the daemon.
    pub fn is_the_components(&self) -> bool {
        match self {
            Self::TooLarge { .. } | Self::NonConformance(_) | Self::Describe(_) => true,
            Self::Code(error) => matches!(error, CodeError::Compile(_) | CodeError::Link(_)),
            Self::Store(_) => false,
        }
    }
}

impl Registry {
    /// Installs a component. Installing the same bytes again changes nothing.
    pub async fn install(&self, bytes: Vec<u8>, by: &str) -> Result<Installed, InstallError> {
        self.install_of(&self.catalog(), None, bytes, by).await
    }

    /// Installs a component for the types of a catalog, on behalf of a plugin or by itself.
    pub(super) async fn install_of(
        &self,
        catalog: &Arc<Catalog>,
        plugin: Option<&Slug>,
        bytes: Vec<u8>,
        by: &str,
    ) -> Result<Installed, InstallError> {
        let limit = self.services.limits().component_bytes;
        if bytes.len() > limit {
            return Err(InstallError::TooLarge { size: bytes.len(), limit });
        }
        let _turn = self.installing.lock().await;
        let catalog = Arc::clone(catalog);
        let checked = tokio::task::spawn_blocking(move || {
            let conformance = conformance::check(&catalog.packages, &bytes);
            (Digest::of(&bytes), conformance, bytes)
        });
        let (digest, conformance, bytes) =
            checked.await.map_err(|_| NonConformance::NotAComponent("reading it made the parser fail".to_owned()))?;
        let conformance = conformance?;
        let store = &self.services.store;
        if let Some(driver) = store.drivers().await?.into_iter().find(|driver| driver.digest == digest) {
            return Ok(Installed { driver, new: false });
        }
        let machine_type = conformance.machine_type;
        let contract = machine_type.contract.clone();
        let described: Result<_, InstallError> = async {
            let loaded = Arc::new(self.code.compile_and_link(store, digest, &bytes, machine_type).await?);
            Ok(describe(&self.guests, loaded, &self.services.limits()).await?)
        }
        .await;
        let info = match described {
            Ok(info) => info,
            Err(error) => {
                self.code.forget(store, digest).await;
                return Err(error);
            }
        };
        let driver = InstalledDriver {
            digest,
            info,
            contract,
            imports: conformance.imports,
            size: bytes.len() as u64,
            installed_at: Timestamp::now(),
            enabled: false,
            enabled_at: None,
            plugin: plugin.cloned(),
        };
        store.write_component(digest, bytes).await?;
        let new = store.insert_driver(driver.clone(), by).await?;
        Ok(Installed { driver, new })
    }
}

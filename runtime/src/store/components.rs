//! The bytes of components: one file each, named by its sha256 and checked against it on every read.

use super::{Result, Store, StoreError, blocking, folder};
use crate::model::Digest;
use std::{fs, io::ErrorKind, path::PathBuf};

impl Store {
    /// Stores the bytes of a component. A crash leaves the whole file or none. Writing it again is no mistake, and
    /// repairs a damaged file.
    pub async fn write_component(&self, digest: Digest, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<()> {
        let path = self.component_path(digest);
        blocking(move || {
            let found = Digest::of(bytes.as_ref());
            if found != digest {
                return Err(StoreError::conflict(format!("the component has the digest {found}, not {digest}")));
            }
            folder::write_whole(&path, bytes.as_ref())
        })
        .await
    }

    /// The bytes of a component. [`StoreError::Corrupt`] when they do not have that digest any more.
    pub async fn read_component(&self, digest: Digest) -> Result<Vec<u8>> {
        let path = self.component_path(digest);
        blocking(move || {
            let bytes = folder::read_whole(&path)?
                .ok_or_else(|| StoreError::not_found(format!("there is no component {digest}: install it again")))?;
            let found = Digest::of(&bytes);
            if found == digest {
                Ok(bytes)
            } else {
                Err(StoreError::Corrupt { what: format!("'{}' has the digest {found}", path.display()) })
            }
        })
        .await
    }

    /// Removes the file of a component, if there is one.
    pub(super) async fn remove_component(&self, digest: Digest) -> Result<()> {
        let _no_backup = self.inner.removals.read().await;
        let path = self.component_path(digest);
        blocking(move || match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::file(&path, &error)),
            _ => Ok(()),
        })
        .await
    }

    fn component_path(&self, digest: Digest) -> PathBuf {
        self.inner.folder.components().join(format!("{digest}.wasm"))
    }
}

//! A daemon for one command of an author's, in a folder that goes with it.

use crate::{
    api::plugins::PluginView,
    cli::{apart::Daemon, client::Client, plugin},
    registry::view::DriverView,
};
use anyhow::{Context as _, Result, bail};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Such a daemon.
pub struct Apart {
    daemon: Daemon,
    /// Speaks with it.
    pub client: Client,
    folder: tempfile::TempDir,
}

impl Apart {
    /// Starts it with these plugins, enabled.
    pub async fn start(plugins: &[PathBuf], arguments: &[&str]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ostler-apart-").tempdir()?;
        let data = folder.path().join("data");
        let daemon = Daemon::start(&data, &[&["--listen", "off"], arguments].concat()).await?;
        let apart = Self { daemon, client: Client::new(&data), folder };
        for path in plugins {
            let view = apart.bring(path).await?;
            let _: PluginView = apart.client.post(&format!("/api/plugin/{}/enable/", view.slug), &json!({})).await?;
        }
        Ok(apart)
    }

    /// Installs a plugin.
    pub async fn bring(&self, path: &Path) -> Result<PluginView> {
        let archive = plugin::archive(path)?;
        self.client.upload("/api/plugin/", ("application/x-tar".into(), archive.into())).await
    }

    /// Installs a component.
    pub async fn install(&self, file: &Path) -> Result<DriverView> {
        let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        if bytes.is_empty() {
            bail!("{} is empty", file.display());
        }
        self.client.upload("/api/driver/", ("application/wasm".into(), bytes.into())).await
    }

    /// What it wrote, until now.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("data.log")).unwrap_or_default()
    }

    /// Ends it.
    pub async fn stop(self) -> Result<()> {
        self.daemon.stop().await
    }
}

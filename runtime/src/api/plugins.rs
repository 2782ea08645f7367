//! `/api/plugin/`: machine types and drivers that come together.

use super::{
    ApiError, State, carried,
    extract::{Bytes, Created, Json, Path},
};
use crate::{
    access::Caller,
    model::{Digest, Plugin, Slug, Timestamp},
    store::StoreError,
};
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A plugin.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PluginView {
    /// Its name for programs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// What it brings.
    pub description: String,
    /// Its version.
    pub version: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// When it was installed last.
    pub installed_at: Timestamp,
    /// Its machine types.
    pub types: Vec<PluginTypeView>,
    /// Its drivers, and what became of them.
    pub drivers: Vec<PluginDriverView>,
}

/// A machine type of a plugin.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PluginTypeView {
    /// Its folder.
    pub folder: String,
    /// Why it could not be registered when the plugin was installed.
    pub problem: Option<String>,
}

/// A component of a plugin.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PluginDriverView {
    /// Its file.
    pub file: String,
    /// The driver that it is; none when it could not be registered.
    pub slug: Option<Slug>,
    /// The component.
    pub digest: Option<Digest>,
    /// Why it could not be registered.
    pub problem: Option<String>,
}

fn view(plugin: Plugin) -> PluginView {
    let drivers = plugin.drivers.into_iter().map(|driver| {
        let (slug, digest) = driver.driver.unzip();
        PluginDriverView { file: driver.file, slug, digest, problem: driver.problem }
    });
    PluginView {
        slug: plugin.slug,
        name: plugin.name,
        description: plugin.description,
        version: plugin.version,
        enabled: plugin.enabled,
        installed_at: plugin.installed_at,
        types: plugin.types.into_iter().map(|of| PluginTypeView { folder: of.folder, problem: of.problem }).collect(),
        drivers: drivers.collect(),
    }
}

/// `GET /api/plugin/`: in the order of their first install.
pub async fn list(registry: State) -> Result<Json<Vec<PluginView>>, ApiError> {
    Ok(Json(registry.plugins().await?.into_iter().map(view).collect()))
}

/// `POST /api/plugin/`: the body is a tar archive of the plugin's folder, compressed by zstd or not.
pub async fn install(registry: State, caller: Caller, Bytes(body): Bytes) -> Result<Created<PluginView>, ApiError> {
    let plugin = carried(async move { registry.install_plugin(body, caller.name()).await }).await?;
    Ok(Created(view(plugin)))
}

/// `GET /api/plugin/{slug}/`.
pub async fn show(registry: State, Path(slug): Path<String>) -> Result<Json<PluginView>, ApiError> {
    let found = registry.plugins().await?.into_iter().find(|plugin| plugin.slug.as_str() == slug);
    let missing =
        || ApiError::not_found(format!("no plugin '{slug}' is installed; `ostler plugin list` shows what is"));
    Ok(Json(view(found.ok_or_else(missing)?)))
}

/// `POST /api/plugin/{slug}/enable/`.
pub async fn enable(registry: State, caller: Caller, Path(slug): Path<String>) -> Result<Json<PluginView>, ApiError> {
    let slug = parse(&slug)?;
    Ok(Json(view(carried(async move { registry.enable_plugin(&slug, caller.name()).await }).await?)))
}

/// `POST /api/plugin/{slug}/disable/`.
pub async fn disable(registry: State, caller: Caller, Path(slug): Path<String>) -> Result<Json<PluginView>, ApiError> {
    let slug = parse(&slug)?;
    Ok(Json(view(carried(async move { registry.disable_plugin(&slug, caller.name()).await }).await?)))
}

/// `DELETE /api/plugin/{slug}/`.
pub async fn remove(registry: State, caller: Caller, Path(slug): Path<String>) -> Result<NoContent, ApiError> {
    let slug = parse(&slug)?;
    carried(async move { registry.remove_plugin(&slug, caller.name()).await }).await?;
    Ok(NoContent)
}

fn parse(slug: &str) -> Result<Slug, ApiError> {
    slug.parse().map_err(|_| StoreError::NotFound { what: format!("no plugin '{slug}' is installed") }.into())
}

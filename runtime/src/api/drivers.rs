//! `/api/driver/`: installed components: install, enable, disable.

use super::{
    ApiError, State, carried,
    extract::{Bytes, Json, Kept, Path, Query},
};
use crate::{
    access::Caller,
    broker::LogLine,
    model::{Digest, GrantState, InstalledDriver, Isolation, Slug},
    registry::{Registry, view::DriverView},
};
use axum::response::NoContent;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Which drivers to list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Filter {
    machine_type: Option<String>,
}

/// `GET /api/driver/`: every installed component, enabled or not.
pub async fn list(registry: State) -> Result<Json<Vec<DriverView>>, ApiError> {
    let installed = registry.installed().await?;
    Ok(Json(views(&registry, installed).await?))
}

async fn views(registry: &Registry, installed: Vec<InstalledDriver>) -> Result<Vec<DriverView>, ApiError> {
    let plugins = registry.plugins().await?;
    let mut views = Vec::new();
    for driver in installed {
        views.push(registry.driver_view(driver, &plugins));
    }
    Ok(views)
}

async fn view(registry: &Registry, installed: InstalledDriver) -> Result<DriverView, ApiError> {
    Ok(registry.driver_view(installed, &registry.plugins().await?))
}

/// `GET /api/machine/drivers/`: the enabled ones, as upstream lists them.
pub async fn available(registry: State, Query(filter): Query<Filter>) -> Result<Json<Vec<DriverView>>, ApiError> {
    let installed = registry.installed().await?;
    let wanted = |view: &DriverView| {
        view.installed.enabled && filter.machine_type.as_ref().is_none_or(|of| of == view.machine_type.as_str())
    };
    let mut views = views(&registry, installed).await?;
    views.retain(wanted);
    Ok(Json(views))
}

/// `POST /api/driver/`: the body is the component.
pub async fn install(registry: State, caller: Caller, Bytes(body): Bytes) -> Result<Kept<DriverView>, ApiError> {
    let installed = registry.install(body, caller.name()).await?;
    Ok(Kept { what: view(&registry, installed.driver).await?, new: installed.new })
}

/// `GET /api/driver/{slug}/`: its components, newest first.
pub async fn show(registry: State, Path(slug): Path<String>) -> Result<Json<Vec<DriverView>>, ApiError> {
    let mut found: Vec<_> =
        registry.installed().await?.into_iter().filter(|driver| driver.info.slug.as_str() == slug).collect();
    if found.is_empty() {
        return Err(ApiError::not_found(format!("no driver '{slug}' is installed; `ostler driver list` shows them")));
    }
    found.sort_by_key(|driver| std::cmp::Reverse(driver.installed_at));
    Ok(Json(views(&registry, found).await?))
}

/// Which component to enable.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Enable {
    /// The latest installed one when it says nothing.
    digest: Option<String>,
}

/// `POST /api/driver/{slug}/enable/`.
pub async fn enable(
    registry: State,
    caller: Caller,
    Path(slug): Path<String>,
    Query(body): Query<Enable>,
) -> Result<Json<DriverView>, ApiError> {
    let slug = parse(&slug)?;
    let digest = body
        .digest
        .map(|text| text.parse::<Digest>().map_err(|error| ApiError::field("digest", error.to_string())))
        .transpose()?;
    let by = Arc::clone(&registry);
    let enabled = carried(async move { by.enable(&slug, digest, caller.name()).await }).await?;
    Ok(Json(view(&registry, enabled).await?))
}

/// `POST /api/driver/{slug}/disable/`.
pub async fn disable(registry: State, caller: Caller, Path(slug): Path<String>) -> Result<Json<super::Done>, ApiError> {
    let slug = parse(&slug)?;
    carried(async move { registry.disable(&slug, caller.name()).await }).await?;
    Ok(super::done())
}

/// `POST /api/driver/{slug}/rollback/`: back to the component that was enabled before.
pub async fn roll_back(
    registry: State,
    caller: Caller,
    Path(slug): Path<String>,
) -> Result<Json<DriverView>, ApiError> {
    let (by, slug) = (Arc::clone(&registry), parse(&slug)?);
    let enabled = carried(async move { by.roll_back(&slug, caller.name()).await }).await?;
    Ok(Json(view(&registry, enabled).await?))
}

/// What may be decided about a driver.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DriverChange")]
pub struct Update {
    isolation: Isolation,
}

/// `PATCH /api/driver/{slug}/`: `{"isolation": "driver"}` or `"machine"`.
pub async fn update(
    registry: State,
    caller: Caller,
    Path(slug): Path<String>,
    Json(body): Json<Update>,
) -> Result<Json<Vec<DriverView>>, ApiError> {
    let (by, of) = (Arc::clone(&registry), parse(&slug)?);
    carried(async move { by.isolate(&of, body.isolation, caller.name()).await }).await?;
    show(registry, Path(slug)).await
}

/// `GET /api/driver/{slug}/grants/`: what a driver asks for beyond the settings of its machines, and what is approved of that.
pub async fn grants(registry: State, Path(slug): Path<String>) -> Result<Json<Vec<GrantState>>, ApiError> {
    Ok(Json(registry.grants(&parse(&slug)?).await?))
}

/// `PUT /api/driver/{slug}/grants/{grant}/`: approves it.
pub async fn approve(
    registry: State,
    caller: Caller,
    Path((slug, grant)): Path<(String, String)>,
) -> Result<Json<Vec<GrantState>>, ApiError> {
    let slug = parse(&slug)?;
    Ok(Json(carried(async move { registry.approve(&slug, &grant, caller.name()).await }).await?))
}

/// `DELETE /api/driver/{slug}/grants/{grant}/`: takes the approval back.
pub async fn revoke(
    registry: State,
    caller: Caller,
    Path((slug, grant)): Path<(String, String)>,
) -> Result<Json<Vec<GrantState>>, ApiError> {
    let slug = parse(&slug)?;
    Ok(Json(carried(async move { registry.revoke(&slug, &grant, caller.name()).await }).await?))
}

/// Which component to remove.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Remove {
    digest: String,
}

/// `DELETE /api/driver/{slug}/?digest=SHA256`: a component that is not enabled.
pub async fn remove(
    registry: State,
    caller: Caller,
    Path(slug): Path<String>,
    Query(which): Query<Remove>,
) -> Result<NoContent, ApiError> {
    let digest = which.digest.parse::<Digest>().map_err(|error| ApiError::field("digest", error.to_string()))?;
    let ours = registry.installed().await?.iter().any(|of| of.digest == digest && of.info.slug.as_str() == slug);
    if !ours {
        return Err(ApiError::not_found(format!("driver '{slug}' has no component {digest}")));
    }
    carried(async move { registry.remove_component(digest, caller.name()).await }).await?;
    Ok(NoContent)
}

/// `GET /api/driver/{slug}/log/`.
pub async fn log(registry: State, Path(slug): Path<String>) -> Result<Json<Vec<LogLine>>, ApiError> {
    let driver =
        registry.driver(&parse(&slug)?).ok_or_else(|| ApiError::not_found(format!("no driver '{slug}' is enabled")))?;
    Ok(Json(driver.context.log.lines()))
}

fn parse(slug: &str) -> Result<Slug, ApiError> {
    slug.parse().map_err(|error: crate::model::ids::IdError| ApiError::not_found(error.to_string()))
}

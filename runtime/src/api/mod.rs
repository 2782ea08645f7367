//! The REST API: axum routes by resource. It turns a request into a registry operation or a job, and answers.
//!
//! Upstream's paths and fields are kept under `/api/machine/`; additions live beside them. All paths end in `/`.
//!
//! * [`error`]: what a refusal looks like
//! * [`extract`]: what requests bring, read with refusals in JSON
//! * [`machines`], [`settings`]: machines and their settings
//! * [`drivers`], [`plugins`]: installed components, and what comes together
//! * [`actions`]: buttons, functions, options of jobs
//! * [`rehearsals`]: previews and dry runs; [`capture`]: what goes over a machine's wire
//! * [`jobs`]: print jobs; [`submission`]: a document as a request brings it
//! * [`templates`]: label templates; `rows`: values for them, as JSON or CSV
//! * [`backup`]: all of the state
//! * [`config`]: the configuration, with the origin of each value
//! * [`events`]: the feed, as server-sent events
//!
//! Invariant: no route decides anything that the registry does not.

pub mod actions;
pub mod backup;
pub mod capture;
pub mod config;
pub mod drivers;
pub mod error;
pub mod events;
pub mod extract;
pub mod jobs;
pub mod machines;
pub mod plugins;
pub mod rehearsals;
mod rows;
pub mod settings;
pub mod submission;
pub mod templates;

pub use error::ApiError;

use crate::registry::{Registry, templates::MOST_BYTES as MOST_TEMPLATE};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use serde_json::json;
use std::sync::Arc;

/// What every route sees.
pub type State = axum::extract::State<Arc<Registry>>;

/// The largest document that may be printed, in bytes.
const MAX_DOCUMENT: usize = 64 << 20;
/// The largest plugin that may be installed, in bytes.
const MAX_PLUGIN: usize = 256 << 20;
/// Who acts on the Unix socket, for the audit.
const OPERATOR: &str = "operator";

/// All routes.
pub fn router(registry: Arc<Registry>) -> Router {
    let component_bytes = registry.services.limits().component_bytes;
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/api/machine/", get(machines::list).post(machines::create))
        .route("/api/machine/types/", get(machines::types))
        .route("/api/machine/drivers/", get(drivers::available))
        .route("/api/machine/status/", get(machines::registry_status))
        .route(
            "/api/machine/{id}/",
            get(machines::show).patch(machines::update).put(machines::update).delete(machines::remove),
        )
        .route("/api/machine/{id}/restart/", post(machines::restart))
        .route("/api/machine/{id}/pause/", post(machines::pause))
        .route("/api/machine/{id}/resume/", post(machines::resume))
        .route("/api/machine/{id}/log/", get(machines::log))
        .route("/api/machine/{id}/actions/", get(actions::list))
        .route("/api/machine/{id}/actions/{key}/", post(actions::run))
        .route("/api/machine/{id}/call/{function}/", post(actions::call))
        .route("/api/machine/{id}/history/", get(machines::history))
        .route("/api/machine/{id}/options/", get(actions::options))
        .route("/api/machine/{id}/preview/", post(rehearsals::preview).layer(DefaultBodyLimit::max(MAX_DOCUMENT)))
        .route("/api/machine/{id}/dry-run/", post(rehearsals::dry_run).layer(DefaultBodyLimit::max(MAX_DOCUMENT)))
        .route("/api/machine/{id}/capture/", get(capture::read).post(capture::begin).delete(capture::end))
        .route("/api/machine/{id}/settings/", get(settings::list).patch(settings::update))
        .route("/api/machine/{id}/settings/{scope}/{key}/", get(settings::show).put(settings::set).patch(settings::set))
        .route("/api/machine/{id}/settings/{scope}/{key}/choices/", get(settings::choices))
        .route(
            "/api/driver/",
            get(drivers::list).post(drivers::install).layer(DefaultBodyLimit::max(component_bytes + 1)),
        )
        .route("/api/driver/{slug}/", get(drivers::show).patch(drivers::update).delete(drivers::remove))
        .route("/api/driver/{slug}/rollback/", post(drivers::roll_back))
        .route("/api/plugin/", get(plugins::list).post(plugins::install).layer(DefaultBodyLimit::max(MAX_PLUGIN)))
        .route("/api/plugin/{slug}/", get(plugins::show).delete(plugins::remove))
        .route("/api/plugin/{slug}/enable/", post(plugins::enable))
        .route("/api/plugin/{slug}/disable/", post(plugins::disable))
        .route("/api/driver/{slug}/enable/", post(drivers::enable))
        .route("/api/driver/{slug}/disable/", post(drivers::disable))
        .route("/api/driver/{slug}/log/", get(drivers::log))
        .route("/api/job/", get(jobs::list).post(jobs::submit).layer(DefaultBodyLimit::max(MAX_DOCUMENT)))
        .route("/api/job/candidates/", post(jobs::candidates).layer(DefaultBodyLimit::max(MAX_DOCUMENT)))
        .route("/api/job/{id}/", get(jobs::show))
        .route("/api/job/{id}/result/", get(jobs::result))
        .route("/api/job/{id}/cancel/", post(jobs::cancel))
        .route("/api/job/{id}/hold/", post(jobs::hold))
        .route("/api/job/{id}/release/", post(jobs::release))
        .route("/api/job/{id}/retry/", post(jobs::retry))
        .route("/api/job/{id}/reprint/", post(jobs::reprint))
        .route(
            "/api/template/",
            get(templates::list).post(templates::create).layer(DefaultBodyLimit::max(MOST_TEMPLATE + 1)),
        )
        .route("/api/template/{which}/", get(templates::show).delete(templates::remove))
        .route("/api/template/{which}/versions/", get(templates::versions))
        .route(
            "/api/template/{which}/row/",
            get(templates::list_rows).post(templates::add_rows).layer(DefaultBodyLimit::max(MAX_DOCUMENT)),
        )
        .route("/api/template/{which}/row/{row}/", axum::routing::delete(templates::remove_row))
        .route("/api/template/{which}/preview/", post(templates::preview).layer(DefaultBodyLimit::max(MAX_DOCUMENT)))
        .route("/api/backup/", post(backup::take))
        .route("/api/audit/", get(events::audit))
        .route("/api/events/", get(events::stream))
        .fallback(|| async { ApiError::not_found("there is no such path; paths end in a slash") })
        .with_state(registry)
}

/// Carries a change of several steps to its end, even if the client goes away meanwhile.
async fn carried<T, E>(change: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, ApiError>
where
    T: Send + 'static,
    E: Into<ApiError> + Send + 'static,
{
    match tokio::spawn(change).await {
        Ok(changed) => changed.map_err(Into::into),
        Err(error) => Err(ApiError::internal(format!("the change did not come to its end: {error}"))),
    }
}

/// An empty answer.
fn done() -> extract::Json<serde_json::Value> {
    extract::Json(json!({}))
}

//! The REST API: axum routes by resource. It turns a request into a registry operation or a job, and answers.
//!
//! Upstream's paths and fields are kept under `/api/machine/`; additions live beside them. All paths end in `/`.
//!
//! * [`routes`]: what a route is; [`table`]: all of them; [`openapi`]: the document that is made of them
//! * [`request`]: what surrounds every request; [`access`]: who makes it, and may they
//! * [`error`]: what a refusal looks like
//! * [`pages`]: long lists in parts
//! * [`upload`]: large bodies, as they come
//! * [`once`]: requests that must not be done twice
//! * [`extract`]: what requests bring, read with refusals in JSON
//! * [`machines`], [`settings`]: machines and their settings
//! * [`drivers`], [`plugins`]: installed components, and what comes together
//! * [`actions`]: buttons, functions, options of jobs
//! * [`labels`], [`outputs`], [`statuses`]: printing and statuses as upstream's clients ask for them
//! * [`rehearsals`]: previews and dry runs; [`capture`]: what goes over a machine's wire
//! * [`jobs`]: print jobs; [`submission`]: a document as a request brings it
//! * [`templates`]: label templates; `rows`: values for them, as JSON or CSV
//! * [`tokens`]: who may do what; [`audit`]: who did what
//! * [`backup`]: all of the state
//! * [`config`]: the configuration, with the origin of each value
//! * [`events`]: the feed, as server-sent events
//! * [`metrics`]: what is counted, and whether the daemon is ready
//! * [`patience`]: connections whose clients take nothing
//!
//! Invariants: no route decides anything that the registry does not; the role that a route needs stands beside it, in [`table`].

pub mod access;
pub mod actions;
pub mod audit;
pub mod backup;
pub mod capture;
pub mod config;
pub mod drivers;
pub mod error;
pub mod events;
pub mod extract;
pub mod jobs;
pub mod labels;
pub mod machines;
pub mod metrics;
pub mod once;
pub mod openapi;
pub mod outputs;
pub mod pages;
pub mod patience;
pub mod plugins;
pub mod rehearsals;
pub mod request;
pub mod routes;
mod rows;
pub mod settings;
pub mod statuses;
pub mod submission;
mod table;
pub mod templates;
pub mod tokens;
pub mod upload;

pub use error::ApiError;

use crate::{
    access::{Attempts, Tokens},
    config::Live,
    listen::Url,
    registry::Registry,
};
use aide::openapi::OpenApi;
use axum::{Router, extract::FromRef, middleware};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use tracing::Instrument as _;

/// What every route sees.
pub type State = axum::extract::State<Arc<Registry>>;

/// All that routes can ask.
#[derive(Clone)]
pub struct Context {
    /// Machines, drivers, jobs.
    pub registry: Arc<Registry>,
    /// The configuration.
    pub config: Arc<Live>,
    /// Who may do what.
    pub tokens: Arc<Tokens>,
    /// Where a browser finds the page, if it does.
    pub url: Option<Url>,
    /// How often addresses were wrong.
    pub attempts: Arc<Attempts>,
}

impl FromRef<Context> for Arc<Registry> {
    fn from_ref(context: &Context) -> Self {
        Self::clone(&context.registry)
    }
}

impl FromRef<Context> for Arc<Live> {
    fn from_ref(context: &Context) -> Self {
        Self::clone(&context.config)
    }
}

impl FromRef<Context> for Arc<Tokens> {
    fn from_ref(context: &Context) -> Self {
        Self::clone(&context.tokens)
    }
}

/// The API with all that surrounds it.
pub fn router(context: Context) -> Router {
    let (router, _) = described(Some(&context));
    router
        .merge(crate::page::router(Arc::clone(&context.registry)))
        .merge(crate::page::login::router(context.clone()))
        .fallback(|| async { ApiError::not_found("there is no such path; paths end in a slash") })
        .method_not_allowed_fallback(|| async { ApiError::no_such_method() })
        .layer(middleware::from_fn_with_state(context.clone(), access::identify))
        .layer(middleware::from_fn(request::surround))
        .with_state(context)
}

/// All routes, and the document about them. Without what routes ask they cannot be used, and are only described.
fn described(context: Option<&Context>) -> (Router<Context>, OpenApi) {
    let mut document = openapi::begin();
    let router = table::all_routes(context).into_router().finish_api(&mut document);
    openapi::finish(&mut document);
    (router, document)
}

/// `GET /healthz`.
pub(crate) async fn health() -> axum::response::Response {
    extract::file("text/plain", "ok")
}

/// Carries a change of several steps to its end, even if the client goes away meanwhile.
async fn carried<T, E>(change: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, ApiError>
where
    T: Send + 'static,
    E: Into<ApiError> + Send + 'static,
{
    match tokio::spawn(change.in_current_span()).await {
        Ok(changed) => changed.map_err(Into::into),
        Err(error) => Err(ApiError::internal(format!("the change did not come to its end: {error}"))),
    }
}

/// That it was done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Done {
    /// Always true.
    ok: bool,
}

fn done() -> extract::Json<Done> {
    extract::Json(Done { ok: true })
}

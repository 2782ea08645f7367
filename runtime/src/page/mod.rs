//! The page: what does an operator see and do in a browser?
//!
//! Everything is rendered here, by askama, which escapes what drivers and people wrote. Every form works without JavaScript; with
//! it, the page follows the feed of events and replaces each part that changed by what is rendered anew under the part's path.
//!
//! * [`guard`]: who may see and do what
//! * [`answer`]: pages and refusals as answers; [`shell`]: what stands around every page
//! * [`assets`]: the stylesheet, the script, the icon
//! * [`words`]: states, times and progress in words
//! * [`lines`]: a machine, and a job, in a line of a list
//! * [`overview`]: `/`; [`machine`]: a machine; [`job`]: a job, and what people decide about it
//! * [`print`]: printing and previews; [`form`]: the form for that; [`input`]: one typed input of it; [`errors`]: what is wrong with
//!   what was typed
//! * [`login`]: the form that asks for a token
//!
//! Invariant: no page decides anything that the registry does not.

mod answer;
pub mod assets;
mod errors;
mod form;
mod guard;
mod input;
mod job;
mod lines;
pub mod login;
mod machine;
mod overview;
mod print;
mod shell;
mod words;

use crate::registry::Registry;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use guard::{operated, seen};
use std::sync::Arc;

/// What every page sees.
type State = axum::extract::State<Arc<Registry>>;

/// The largest form with its document, in bytes.
const MOST_BYTES: usize = 64 << 20;

/// All pages, and what they are made with.
pub fn router<S: Clone + Send + Sync + 'static>(registry: Arc<Registry>) -> Router<S> {
    Router::new()
        .route("/", seen(get(overview::show)))
        .route("/help", seen(get(shell::help)))
        .route("/parts/notices", seen(get(shell::notices)))
        .route("/parts/machines", seen(get(overview::machines)))
        .route("/parts/jobs", seen(get(overview::jobs)))
        .route("/machine/{id}", seen(get(machine::show)))
        .route("/machine/{id}/row", seen(get(machine::row)))
        .route("/machine/{id}/state", seen(get(machine::state)))
        .route("/machine/{id}/jobs", seen(get(machine::jobs)))
        .route("/machine/{id}/pause", operated(post(machine::pause)))
        .route("/machine/{id}/resume", operated(post(machine::resume)))
        .route("/machine/{id}/restart", operated(post(machine::restart)))
        .route("/job/{id}", seen(get(job::show)))
        .route("/job/{id}/state", seen(get(job::state)))
        .route("/job/{id}/cancel", operated(post(job::cancel)))
        .route("/job/{id}/hold", operated(post(job::hold)))
        .route("/job/{id}/release", operated(post(job::release)))
        .route("/job/{id}/retry", operated(post(job::retry)))
        .route("/job/{id}/reprint", operated(post(job::reprint)))
        .route("/print", seen(get(print::show)))
        .route("/print", operated(post(print::submit).layer(DefaultBodyLimit::max(MOST_BYTES))))
        .route("/print/preview", operated(post(print::preview).layer(DefaultBodyLimit::max(MOST_BYTES))))
        .layer(middleware::map_response(answer::keep_to_itself))
        .with_state(registry)
        .merge(assets::router())
}

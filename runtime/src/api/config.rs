//! `/api/config/`: the configuration, with the origin of each value.

use super::extract::Json;
use crate::config::{Live, live::ConfigView};
use axum::{Router, extract::State, routing::get};
use std::sync::Arc;

/// Its routes: they ask the configuration, not the registry.
pub fn router(config: Arc<Live>) -> Router {
    Router::new().route("/api/config/", get(show)).with_state(config)
}

/// `GET`: what the daemon uses, and what it would use after a restart.
async fn show(State(config): State<Arc<Live>>) -> Json<ConfigView> {
    Json(config.view())
}

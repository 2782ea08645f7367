//! `/api/config/`: the configuration, with the origin of each value.

use super::extract::Json;
use crate::config::{Live, live::ConfigView};
use axum::extract::State;
use std::sync::Arc;

/// `GET`: what the daemon uses, and what it would use after a restart.
pub async fn show(State(config): State<Arc<Live>>) -> Json<ConfigView> {
    Json(config.view())
}

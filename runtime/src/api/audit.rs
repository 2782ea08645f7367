//! `/api/audit/`: who decided what, and when.

use super::{
    ApiError, State,
    extract::{Json, Query},
};
use crate::store::{Audit, AuditFilter};
use schemars::JsonSchema;
use serde::Deserialize;

/// The most entries that one answer lists.
const MOST: u32 = 1000;

/// Which entries.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// How many at most: 100 unless it says otherwise, and never more than 1000.
    limit: Option<u32>,
    /// Only those before this number: the last one of the page before.
    before: Option<i64>,
    /// Whose decisions: `operator`, `token:NAME`, `driver SLUG`, `daemon`.
    who: Option<String>,
    /// What was done: `machine.rename`, or the first part of it, `machine.`.
    action: Option<String>,
    /// To what: `machine:ID`, or the first part of it.
    subject: Option<String>,
}

/// `GET /api/audit/`: the newest first.
pub async fn list(registry: State, Query(filter): Query<Filter>) -> Result<Json<Vec<Audit>>, ApiError> {
    let filter = AuditFilter {
        limit: filter.limit.unwrap_or(100).min(MOST),
        before: filter.before,
        who: filter.who,
        action: filter.action,
        subject: filter.subject,
    };
    Ok(Json(registry.services.store.audits(filter).await?))
}

//! `/api/token/`: who may do what.

use super::{
    ApiError, Context,
    extract::{Created, Json, Path},
};
use crate::{
    access::{Caller, Tokens},
    model::{MachineId, NewToken, Role, Timestamp, TokenId, TokenRecord},
};
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};

/// The longest name of a token.
const LONGEST: usize = 64;

/// `GET /api/token/`: oldest first, revoked ones too.
pub async fn list(State(tokens): State<Arc<Tokens>>) -> Json<Vec<TokenRecord>> {
    Json(tokens.list())
}

/// A token to be made.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewToken")]
pub struct Create {
    /// What it is called: 1 to 64 characters.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The machines that it is for; all unless it says some.
    #[serde(default)]
    pub machines: Option<BTreeSet<MachineId>>,
    /// When it ends; never unless it says when.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A token that was made.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MadeToken")]
pub struct Made {
    /// It.
    #[serde(flatten)]
    pub record: TokenRecord,
    /// Its text. It is shown this once: only a hash is kept.
    pub token: String,
}

/// `POST /api/token/`.
pub async fn create(
    State(tokens): State<Arc<Tokens>>,
    caller: Caller,
    Json(body): Json<Create>,
) -> Result<Created<Made>, ApiError> {
    let name = body.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST || name.chars().any(char::is_control) {
        return Err(ApiError::field("name", format!("Give a name of 1 to {LONGEST} characters.")));
    }
    if body.machines.as_ref().is_some_and(BTreeSet::is_empty) {
        return Err(ApiError::field("machines", "Name at least one machine, or leave it out for all."));
    }
    if body.expires_at.is_some_and(|at| at <= Timestamp::now()) {
        return Err(ApiError::field("expires_at", "This time has passed."));
    }
    let new = NewToken { name, role: body.role, machines: body.machines, expires_at: body.expires_at };
    let (record, token) = tokens.create(new, caller.name()).await?;
    Ok(Created(Made { record, token }))
}

/// `DELETE /api/token/{id}/`: it opens nothing from now on; it stays in the list.
pub async fn revoke(
    State(tokens): State<Arc<Tokens>>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<Json<TokenRecord>, ApiError> {
    Ok(Json(tokens.revoke(TokenId(id), caller.name()).await?))
}

/// Who asks.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Caller")]
pub struct Me {
    /// As in the audit.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The machines that they see; null for all.
    pub machines: Option<BTreeSet<MachineId>>,
}

/// `GET /api/user/me/`.
pub async fn me(caller: Caller) -> Json<Me> {
    Json(Me { name: caller.name().to_owned(), role: caller.role(), machines: caller.machines().cloned() })
}

/// A link that logs in.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LoginLink")]
pub struct Link {
    /// For a browser; it works once, and for 15 minutes.
    pub url: String,
}

/// `POST /api/token/link/`: a link that logs in to the page once, as whoever asks; over the Unix socket, as the oldest token for
/// administrators.
pub async fn link(State(context): State<Context>, caller: Caller) -> Result<Json<Link>, ApiError> {
    let url = context.url.as_ref().ok_or_else(|| {
        ApiError::conflict("no-page", "the daemon listens on its socket alone: start it with --listen 127.0.0.1:7420")
    })?;
    let token = caller.token().or_else(|| context.tokens.oldest(Role::Admin)).ok_or_else(|| {
        ApiError::conflict("no-token", "there is no token for administrators: make one with `ostler token create`")
    })?;
    Ok(Json(Link { url: format!("{url}login/?link={}", context.tokens.offer_link(token)) }))
}

//! Who makes a request, and may they? Every request goes through [`identify`], and each route through [`check`].

use super::{ApiError, Context, routes::Need};
use crate::access::{Attempts, Caller, Denied};
use aide::OperationInput;
use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use std::net::SocketAddr;

/// The cookie of a session.
pub const COOKIE: &str = "ostler-session";

/// Where a connection came from.
#[derive(Debug, Clone, Copy)]
pub enum Origin {
    /// The Unix socket in the data folder: the operator's own account.
    Socket,
    /// A network address.
    Network(SocketAddr),
}

/// Finds out who makes a request. Nobody is no error yet: some routes are for everybody.
pub async fn identify(
    State(context): State<Context>,
    ConnectInfo(origin): ConnectInfo<Origin>,
    mut request: Request,
    next: Next,
) -> Response {
    match caller(&context, origin, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn caller(context: &Context, origin: Origin, request: &Request) -> Result<Option<Caller>, ApiError> {
    let headers = request.headers();
    if let Some(said) = headers.get(header::AUTHORIZATION) {
        let text = said.to_str().ok().and_then(shown).ok_or_else(|| {
            ApiError::unauthorized("the header Authorization cannot be read: send `Authorization: Bearer TOKEN`")
        })?;
        let known = context.tokens.authenticate(text);
        return known.map(Some).map_err(|denied| refused(&context.attempts, origin, denied));
    }
    if let Some(cookie) = CookieJar::from_headers(headers).get(COOKIE) {
        // One that has ended is nobody: the page then asks to log in.
        if let Ok(caller) = context.tokens.resume_session(cookie.value()) {
            if !is_safe(request.method()) && !is_same_origin(headers) {
                return Err(ApiError::forbidden(
                    "another site sent this request with the cookie of your session: nothing was done",
                ));
            }
            return Ok(Some(caller));
        }
    }
    Ok(match origin {
        Origin::Socket => Some(Caller::local()),
        Origin::Network(_) => None,
    })
}

/// `Token X` as upstream's clients write it, or `Bearer X` (RFC 6750).
fn shown(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token");
    known.then(|| token.trim())
}

/// Counts a wrong token against the address that it came from.
pub fn refused(attempts: &Attempts, origin: Origin, denied: Denied) -> ApiError {
    let Origin::Network(address) = origin else { return ApiError::unauthorized(denied.to_string()) };
    match attempts.wrong(address.ip()) {
        Ok(()) => ApiError::unauthorized(denied.to_string()),
        Err(wait) => ApiError::too_many("too many wrong tokens came from your address", wait),
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a browser says that its page came from here. Browsers send `Sec-Fetch-Site` or `Origin` with every form.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin"), text("host")) {
        (Some(site), _, _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, of)| of == host),
        _ => false,
    }
}

/// Lets a request through if its caller may do what the route is for.
pub async fn check(need: Need, request: Request, next: Next) -> Response {
    match allow(need, request.extensions().get::<Option<Caller>>().and_then(Option::as_ref)) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Whether a caller may do what a route is for.
pub fn allow(need: Need, caller: Option<&Caller>) -> Result<(), ApiError> {
    let Some(role) = need.role else { return Ok(()) };
    let Some(caller) = caller else {
        return Err(ApiError::unauthorized("show a token: send `Authorization: Bearer TOKEN`"));
    };
    if !caller.reaches(role) {
        let has = caller.role();
        return Err(ApiError::forbidden(format!("this needs the role '{role}', and your token has '{has}'")));
    }
    if !need.some_machines && caller.machines().is_some() {
        return Err(ApiError::forbidden("this needs a token for all machines, and yours is for some"));
    }
    Ok(())
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let known = parts.extensions.get::<Option<Self>>().cloned().flatten();
        known.ok_or_else(|| ApiError::unauthorized("show a token: send `Authorization: Bearer TOKEN`"))
    }
}

impl OperationInput for Caller {}

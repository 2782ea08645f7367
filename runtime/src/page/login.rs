//! Logging in and out: a token, or a link that works once, becomes a session, whose secret is in a cookie.

use super::{
    answer::{Page, PageError, guarded},
    shell::Shell,
};
use crate::{
    access::{Denied, tokens::SESSION_TIME},
    api::{
        ApiError, Context,
        access::{COOKIE, Origin, is_same_origin, refused},
    },
    listen::Url,
    model::TokenId,
};
use askama::Template;
use axum::{
    Form, Router,
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use serde::Deserialize;

/// Its routes: for everybody, since whoever comes here is not known yet.
pub fn router(context: Context) -> Router<Context> {
    Router::new().route("/login/", get(show).post(log_in)).route("/logout/", post(log_out)).with_state(context)
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    shell: Shell,
    error: Option<&'a str>,
}

/// The form, with what was wrong the last time.
fn form(status: StatusCode, error: Option<&str>) -> Response {
    guarded((status, Page(Login { shell: Shell::alone(), error })).into_response())
}

/// What the address says.
#[derive(Debug, Deserialize)]
struct Shown {
    link: Option<String>,
}

/// `GET /login/`, or with `?link=` what `ostler token link` prints.
async fn show(
    State(context): State<Context>,
    ConnectInfo(origin): ConnectInfo<Origin>,
    jar: CookieJar,
    Query(shown): Query<Shown>,
) -> Response {
    let Some(link) = shown.link else { return form(StatusCode::OK, None) };
    match context.tokens.take_link(&link) {
        Ok(token) => enter(&context, jar, token).await,
        Err(denied) => {
            let words = "This link was used or is too old. `ostler token link` prints another one, or show a token.";
            wrong(&context, origin, denied, words)
        }
    }
}

/// What the form says.
#[derive(Debug, Deserialize)]
struct Typed {
    token: String,
}

/// `POST /login/`.
async fn log_in(
    State(context): State<Context>,
    ConnectInfo(origin): ConnectInfo<Origin>,
    headers: HeaderMap,
    jar: CookieJar,
    Form(typed): Form<Typed>,
) -> Response {
    if !is_same_origin(&headers) {
        return form(StatusCode::FORBIDDEN, Some("Another site sent this form: nothing was done."));
    }
    match context.tokens.authenticate(typed.token.trim()) {
        Ok(caller) => match caller.token() {
            Some(token) => enter(&context, jar, token).await,
            None => form(StatusCode::UNAUTHORIZED, Some("This token cannot log in.")),
        },
        Err(denied) => {
            let words = match denied {
                Denied::Unknown => "This token is not known.",
                Denied::Expired => "This token has expired.",
                Denied::Revoked => "This token was revoked.",
            };
            wrong(&context, origin, denied, words)
        }
    }
}

/// `POST /logout/`.
async fn log_out(State(context): State<Context>, jar: CookieJar) -> Result<Response, PageError> {
    if let Some(cookie) = jar.get(COOKIE) {
        context.tokens.end_session(cookie.value()).await?;
    }
    let gone = Cookie::build(COOKIE).path("/");
    Ok((jar.remove(gone), Redirect::to("/login/")).into_response())
}

/// Counts a wrong secret, and shows the form again.
fn wrong(context: &Context, origin: Origin, denied: Denied, words: &str) -> Response {
    match refused(&context.attempts, origin, denied) {
        ApiError::TooMany { wait, .. } => {
            let words = format!("Too many wrong tokens came from your address: wait {} s.", wait.as_secs() + 1);
            form(StatusCode::TOO_MANY_REQUESTS, Some(&words))
        }
        _ => form(StatusCode::UNAUTHORIZED, Some(words)),
    }
}

async fn enter(context: &Context, jar: CookieJar, token: TokenId) -> Response {
    let secret = match context.tokens.begin_session(token).await {
        Ok(secret) => secret,
        Err(error) => return PageError::Store(error).into_response(),
    };
    let cookie = Cookie::build((COOKIE, secret))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(context.url.as_ref().is_some_and(Url::is_secure))
        .max_age(time::Duration::try_from(SESSION_TIME).unwrap_or(time::Duration::DAY));
    (jar.add(cookie), Redirect::to("/")).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_wrong_is_told_beside_the_token_as_text() {
        let html = Login { shell: Shell::alone(), error: Some("<b>unknown</b>") }.render().unwrap();
        assert!(
            html.contains("&#60;b&#62;unknown")
                && html.contains("name=\"token\"")
                && html.contains("action=\"/login/\"")
        );
        // Nobody is known yet: the page offers nothing and follows nothing.
        assert!(!html.contains("<nav") && html.contains("data-after=\"-1\""));
    }
}

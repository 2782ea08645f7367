//! The form that asks for a token.

use super::{
    answer::{Page, guarded},
    shell::Shell,
};
use askama::Template;
use axum::response::{IntoResponse as _, Response};

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    shell: Shell,
    error: Option<&'a str>,
}

/// The form, with what was wrong the last time. It posts the field `token` to `/login/`.
pub fn render(error: Option<&str>) -> Response {
    guarded(Page(Login { shell: Shell::alone(), error }).into_response())
}

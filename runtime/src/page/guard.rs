//! May whoever asks see a page, and do what its buttons do? The role stands beside each route.

use super::answer::PageError;
use crate::{
    access::Caller,
    model::Role::{self, Operate, View},
    registry::Registry,
};
use axum::{
    extract::Request,
    middleware::{self, Next},
    response::{IntoResponse as _, Redirect, Response},
    routing::MethodRouter,
};
use std::sync::Arc;

/// Where people log in.
const LOGIN: &str = "/login/";

/// For whoever may see machines; the page then shows those that are theirs.
pub fn seen(method: MethodRouter<Arc<Registry>>) -> MethodRouter<Arc<Registry>> {
    needs(View, method)
}

/// For whoever may print, decide about jobs, pause and restart.
pub fn operated(method: MethodRouter<Arc<Registry>>) -> MethodRouter<Arc<Registry>> {
    needs(Operate, method)
}

fn needs(role: Role, method: MethodRouter<Arc<Registry>>) -> MethodRouter<Arc<Registry>> {
    method.layer(middleware::from_fn(move |request, next| check(role, request, next)))
}

/// Somebody of whom nothing is known is asked to log in; somebody who may not is told so.
async fn check(role: Role, request: Request, next: Next) -> Response {
    match request.extensions().get::<Option<Caller>>().and_then(Option::as_ref) {
        None => Redirect::to(LOGIN).into_response(),
        Some(caller) if caller.reaches(role) => next.run(request).await,
        Some(caller) => {
            let has = caller.role();
            PageError::Forbidden(format!("This needs the role '{role}', and your token has '{has}'.")).into_response()
        }
    }
}

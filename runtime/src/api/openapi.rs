//! The OpenAPI document: made of the routes, so that it cannot say anything else than they do.
//!
//! `ostler schema` prints it, and `docs/openapi.json` is what it prints; a test compares the two.

use super::{State, described, extract::file};
use aide::openapi::{Info, OpenApi, ReferenceOr, SchemaObject, SecurityRequirement, SecurityScheme};
use axum::response::Response;
use schemars::json_schema;
use serde_json::Value;

/// The document without the routes.
pub(super) fn begin() -> OpenApi {
    OpenApi {
        info: Info {
            title: "Ostler".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: Some(
                "Machines, their drivers and jobs. Whoever comes over the network shows a token: `Authorization: Bearer TOKEN`, or \
                 `Token TOKEN`. Every answer has its id in the header `X-Request-Id`."
                    .to_owned(),
            ),
            ..Info::default()
        },
        ..OpenApi::default()
    }
}

/// What all routes refer to.
pub(super) fn finish(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let mut schema = |name: &str, schema| {
        let object = SchemaObject { json_schema: schema, external_docs: None, example: None };
        components.schemas.insert(name.to_owned(), object);
    };
    schema(
        "Refusal",
        json_schema!({
            "type": "object",
            "description": "Why something was not done.",
            "required": ["detail", "error"],
            "properties": {
                "detail": { "type": "string", "description": "What happened, and what to do." },
                "error": {
                    "type": "object",
                    "required": ["code", "request_id"],
                    "properties": {
                        "code": { "type": "string", "description": "A short stable name." },
                        "request_id": { "type": "string", "description": "As in the header X-Request-Id, and in the log." },
                        "hint": { "type": "string", "description": "What to do." }
                    }
                }
            }
        }),
    );
    schema(
        "FieldErrors",
        json_schema!({
            "type": "object",
            "description": "What is wrong with each field.",
            "additionalProperties": { "type": "array", "items": { "type": "string" } }
        }),
    );
    let scheme = SecurityScheme::Http {
        scheme: "bearer".to_owned(),
        bearer_format: None,
        description: Some("A token, as `ostler token create` makes it.".to_owned()),
        extensions: Default::default(),
    };
    components.security_schemes.insert("token".to_owned(), ReferenceOr::Item(scheme));
    document.security = vec![SecurityRequirement::from_iter([("token".to_owned(), Vec::new())])];
}

/// The document.
pub fn document() -> Value {
    let (_, document) = described();
    serde_json::to_value(document).unwrap_or_default()
}

/// `GET /api/schema/`.
pub async fn show(_: State) -> Response {
    file("application/json", document().to_string())
}

//! The OpenAPI document: made of the routes, so that it cannot say anything else than they do.
//!
//! `ostler schema` prints it, and `docs/openapi.json` is what it prints; a test compares the two.

// The document is an object of objects that was made here; what is missing in it answers with null.
#![allow(clippy::indexing_slicing)]

use super::{State, described, extract::file};
use crate::{
    contract::{MachineType, TypeFunction},
    registry::Catalog,
};
use aide::openapi::{Info, OpenApi, ReferenceOr, SchemaObject, SecurityRequirement, SecurityScheme};
use axum::response::Response;
use indexmap::IndexMap;
use schemars::json_schema;
use serde_json::{Value, json};

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
    let token = SecurityScheme::Http {
        scheme: "bearer".to_owned(),
        bearer_format: None,
        description: Some("A token, as `ostler token create` makes it.".to_owned()),
        extensions: IndexMap::default(),
    };
    components.security_schemes.insert("token".to_owned(), ReferenceOr::Item(token));
    document.security = vec![SecurityRequirement::from_iter([("token".to_owned(), Vec::new())])];
}

/// The document for these machine types.
pub fn document(catalog: &Catalog) -> Value {
    let (_, document) = described(None);
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let methods = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in methods.filter_map(Value::as_object_mut).flat_map(|methods| methods.values_mut()) {
        refuse_by_default(operation);
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for schema in parameters.into_iter().flatten().filter_map(|parameter| parameter.get_mut("schema")) {
            never_null(schema);
        }
    }
    for of in catalog.types() {
        for function in of.functions.iter().filter(|function| function.callable) {
            add_function(&mut document, of, function);
        }
    }
    prune(&mut document);
    document
}

/// Whoever may not use a route is refused before it is asked, so every route refuses.
fn refuse_by_default(operation: &mut Value) {
    let refusal = json!({
        "description": "A refusal, with what to do.",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } } },
    });
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        responses.entry("default").or_insert(refusal);
    }
}

/// A parameter that may be left out is not null when it is there.
fn never_null(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(types) = object.get("type").and_then(Value::as_array) {
        let others: Vec<_> = types.iter().filter(|of| *of != "null").cloned().collect();
        if let [only] = others.as_slice() {
            object.insert("type".to_owned(), only.clone());
        }
    }
    if let Some(all) = object.get("anyOf").and_then(Value::as_array) {
        let others: Vec<_> = all.iter().filter(|of| of["type"] != "null").cloned().collect();
        object.insert("anyOf".to_owned(), Value::Array(others));
    }
    // It stands beside the parameter already.
    object.remove("description");
}

/// Leaves out what nothing refers to: the parts of queries, which stand in their routes.
fn prune(document: &mut Value) {
    loop {
        let text = document.to_string();
        let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
        let before = schemas.len();
        schemas.retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
        if schemas.len() == before {
            return;
        }
    }
}

/// The typed call of a function, beside the path that calls any.
fn add_function(document: &mut Value, of: &MachineType, function: &TypeFunction) {
    let (Some(parameters), Some(returns)) = (&function.parameters, &function.returns) else { return };
    let path = format!("/api/machine/{{id}}/call/{}/", function.name);
    let any = document["paths"]["/api/machine/{id}/call/{function}/"]["post"].clone();
    let Some(paths) = document["paths"].as_object_mut() else { return };
    // Types may have functions of one name: then either form is one that some machine takes.
    let known = paths.remove(&path);
    let among = |schema: &Value, place: &str| match known.as_ref().and_then(|known| known.pointer(place)) {
        Some(other) if other != schema => json!({ "anyOf": [other, schema] }),
        _ => schema.clone(),
    };
    let mut call = any;
    call["operationId"] = json!(format!("call_{}", function.name));
    call["summary"] = json!(format!("`{}` of {}: {}", function.name, of.name, function.signature));
    if let Some(places) = call.get_mut("parameters").and_then(Value::as_array_mut) {
        places.retain(|place| place["name"] != "function");
    }
    let body = "/post/requestBody/content/application~1json/schema";
    let answer = "/post/responses/200/content/application~1json/schema";
    call["requestBody"]["content"]["application/json"]["schema"] = among(parameters, body);
    let returned = json!({ "type": "object", "required": ["ok"], "properties": { "ok": returns } });
    call["responses"]["200"]["content"]["application/json"]["schema"] = among(&returned, answer);
    paths.insert(path, json!({ "post": call }));
}

/// `GET /api/schema/`: with the functions of every machine type that there is now.
pub async fn show(registry: State) -> Response {
    file("application/json", document(&registry.catalog()).to_string())
}

//! A route, declared once: its path, who may use it, what answers it and what it is for. From that come the router, the check of roles
//! and the OpenAPI document.

use super::{Context, access};
use crate::model::Role;
use aide::{
    OperationInput, OperationOutput,
    axum::{
        ApiRouter,
        routing::{ApiMethodRouter, delete_with, get_with, options_with, patch_with, post_with, put_with},
    },
    openapi::{
        HeaderStyle, MediaType, Operation, Parameter, ParameterData, ParameterSchemaOrContent, PathStyle, ReferenceOr,
        RequestBody, Response, SchemaObject, StatusCode,
    },
    operation::OperationHandler,
    transform::TransformOperation,
};
use axum::{extract::DefaultBodyLimit, handler::Handler, middleware};
use indexmap::IndexMap;
use schemars::json_schema;
use serde_json::json;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The least role; none where nobody needs to say who they are.
    pub role: Option<Role>,
    /// Whether a token that is for some machines only will do. The handler then sees to it that it touches no others.
    pub some_machines: bool,
}

/// Open to whoever reaches the daemon.
pub const fn anybody() -> Need {
    Need { role: None, some_machines: true }
}

/// For this role, over the machines of the caller.
pub const fn on_machines(role: Role) -> Need {
    Need { role: Some(role), some_machines: true }
}

/// For this role over all machines.
pub const fn on_all(role: Role) -> Need {
    Need { role: Some(role), some_machines: false }
}

/// Routes with their description.
pub struct Routes {
    router: ApiRouter<Context>,
    context: Option<Context>,
}

impl Routes {
    /// None, with what they are going to ask, unless they are to be described only.
    pub fn new(context: Option<&Context>) -> Self {
        Self { router: ApiRouter::new(), context: context.cloned() }
    }

    /// One more.
    #[must_use]
    pub fn at(self, path: &'static str, need: Need, mut endpoint: Endpoint) -> Self {
        endpoint.about.path = path;
        endpoint.about.need = need;
        let once = endpoint.about.once;
        let mut method = (endpoint.make)(endpoint.about);
        if let Some(context) = self.context.clone().filter(|_| once) {
            method = method.layer(middleware::from_fn_with_state(context, super::once::once));
        }
        if let Some(bytes) = endpoint.limit {
            method = method.layer(DefaultBodyLimit::max(bytes));
        }
        // Outermost, so that nothing of a request is read for somebody who may not make it.
        let method = method.layer(middleware::from_fn(move |request, next| access::check(need, request, next)));
        Self { router: self.router.api_route(path, method), ..self }
    }

    /// The router, to be finished with its document.
    pub fn into_router(self) -> ApiRouter<Context> {
        self.router
    }
}

/// A method of a route.
pub struct Endpoint {
    make: Box<dyn FnOnce(About) -> ApiMethodRouter<Context>>,
    about: About,
    limit: Option<usize>,
}

/// What the document says about it.
struct About {
    id: String,
    summary: &'static str,
    path: &'static str,
    need: Need,
    /// Media types of the body, where it is not JSON of one type.
    takes: &'static [&'static str],
    /// Media types of the answer, where it is not JSON.
    sends: &'static [&'static str],
    /// Whether `Idempotency-Key` counts.
    once: bool,
    /// A parameter of the query that a handler reads by itself, with what it is.
    parameters: &'static [(&'static str, &'static str)],
}

macro_rules! method {
    ($name:ident, $with:ident, $doc:literal) => {
        #[doc = $doc]
        pub fn $name<H, I, O, T>(handler: H, summary: &'static str) -> Endpoint
        where
            H: Handler<T, Context> + OperationHandler<I, O>,
            I: OperationInput,
            O: OperationOutput,
            T: 'static,
        {
            Endpoint {
                make: Box::new(move |about| $with(handler, move |operation| about.write(operation))),
                about: About::new(name_of::<H>(), summary),
                limit: None,
            }
        }
    };
}

method!(get, get_with, "`GET`.");
method!(post, post_with, "`POST`.");
method!(put, put_with, "`PUT`.");
method!(patch, patch_with, "`PATCH`.");
method!(delete, delete_with, "`DELETE`.");
method!(options, options_with, "`OPTIONS`.");

impl Endpoint {
    /// Its body is a file of one of these media types, with so many bytes at most.
    #[must_use]
    pub fn takes(mut self, media_types: &'static [&'static str], most_bytes: usize) -> Self {
        self.about.takes = media_types;
        self.limit = Some(most_bytes);
        self
    }

    /// Its answer is a file of one of these media types.
    #[must_use]
    pub fn sends(mut self, media_types: &'static [&'static str]) -> Self {
        self.about.sends = media_types;
        self
    }

    /// Parameters of the query that the handler reads by itself, with what they are.
    #[must_use]
    pub fn reads(mut self, parameters: &'static [(&'static str, &'static str)]) -> Self {
        self.about.parameters = parameters;
        self
    }

    /// With an `Idempotency-Key` it is done once.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.about.once = true;
        self
    }

    /// A name of its own, where one handler answers several methods.
    #[must_use]
    pub fn named(mut self, id: &'static str) -> Self {
        id.clone_into(&mut self.about.id);
        self
    }
}

/// `machines_list` for the function `ostler::api::machines::list`.
fn name_of<H>() -> String {
    let path: Vec<_> = std::any::type_name::<H>().rsplit("::").take(2).collect();
    path.into_iter().rev().collect::<Vec<_>>().join("_")
}

impl About {
    fn new(id: String, summary: &'static str) -> Self {
        Self { id, summary, path: "", need: anybody(), once: false, takes: &[], sends: &[], parameters: &[] }
    }

    fn write(self, mut transform: TransformOperation<'_>) -> TransformOperation<'_> {
        let operation: &mut Operation = transform.inner_mut();
        operation.operation_id = Some(self.id);
        operation.summary = Some(self.summary.to_owned());
        operation.tags =
            self.path.split('/').find(|part| !matches!(*part, "" | "api")).map(str::to_owned).into_iter().collect();
        let scope = if self.need.some_machines { "machines of the token" } else { "a token for all machines" };
        match self.need.role {
            Some(role) => {
                operation.description = Some(format!("Role: {role}, {scope}."));
                operation.extensions.insert("x-role".to_owned(), json!(role.name()));
                operation.extensions.insert("x-some-machines".to_owned(), json!(self.need.some_machines));
            }
            None => operation.security = vec![aide::openapi::SecurityRequirement::default()],
        }
        for name in self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            operation.parameters.push(ReferenceOr::Item(Parameter::Path {
                parameter_data: parameter(name, None, true),
                style: PathStyle::Simple,
            }));
        }
        if self.once {
            operation.parameters.push(ReferenceOr::Item(Parameter::Header {
                parameter_data: parameter(
                    "Idempotency-Key",
                    Some("The client's name for the request: it is done once."),
                    false,
                ),
                style: HeaderStyle::Simple,
            }));
        }
        for (name, what) in self.parameters {
            operation.parameters.push(ReferenceOr::Item(Parameter::Query {
                parameter_data: parameter(name, Some(what), false),
                allow_reserved: false,
                style: aide::openapi::QueryStyle::Form,
                allow_empty_value: None,
            }));
        }
        if !self.takes.is_empty() {
            let content = self.takes.iter().map(|of| ((*of).to_owned(), media_type(of))).collect();
            operation.request_body = Some(ReferenceOr::Item(RequestBody { content, ..RequestBody::default() }));
        }
        if !self.sends.is_empty() {
            let content = self.sends.iter().map(|of| ((*of).to_owned(), media_type(of))).collect();
            let response = Response { description: "The file.".to_owned(), content, ..Response::default() };
            let responses = operation.responses.get_or_insert_default();
            responses.responses.insert(StatusCode::Code(200), ReferenceOr::Item(response));
        }
        transform
    }
}

fn parameter(name: &str, description: Option<&str>, required: bool) -> ParameterData {
    ParameterData {
        name: name.to_owned(),
        description: description.map(str::to_owned),
        required,
        format: ParameterSchemaOrContent::Schema(SchemaObject {
            json_schema: json_schema!({ "type": "string" }),
            example: None,
            external_docs: None,
        }),
        extensions: IndexMap::default(),
        deprecated: None,
        example: None,
        examples: IndexMap::default(),
        explode: None,
    }
}

fn media_type(name: &str) -> MediaType {
    let schema = match name {
        "multipart/form-data" => json_schema!({ "type": "object" }),
        "application/json" => json_schema!(true),
        name if name.starts_with("text/") => json_schema!({ "type": "string" }),
        _ => json_schema!({ "type": "string", "format": "binary" }),
    };
    MediaType {
        schema: Some(SchemaObject { json_schema: schema, example: None, external_docs: None }),
        ..MediaType::default()
    }
}

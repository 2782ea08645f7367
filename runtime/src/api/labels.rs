//! `/api/label/`: printing as upstream's clients ask for it: a template by its number, rows by theirs, and a machine.

use super::{
    ApiError, State,
    extract::{Created, Json, Query},
    outputs::DataOutput,
    submission::idempotency_key,
    templates::template_of,
};
use crate::{
    access::Caller,
    jobs::{Submission, options::copies_spec},
    model::{OptionSpec, SettingKind, StoredTemplate},
    registry::{Entry, Registry},
};
use axum::http::HeaderMap;
use ostler_render::template::MEDIA_TYPE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Upstream's name for printing on machines.
pub const PLUGIN: &str = "inventreelabelmachine";

/// What is to be printed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "LabelPrint")]
pub struct Print {
    /// The number of a stored template.
    #[schemars(with = "i64")]
    #[serde(default)]
    template: Value,
    /// The numbers of rows that are kept with it, in the order in which they are printed.
    #[schemars(with = "Vec<i64>")]
    #[serde(default, deserialize_with = "present")]
    items: Option<Value>,
    /// The machine's id.
    #[schemars(with = "String")]
    #[serde(default)]
    machine: Value,
    /// `inventreelabelmachine`, or nothing.
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    plugin: Value,
    /// `copies`, and what the machine's driver takes. What it does not know is left out, as upstream does.
    #[serde(default)]
    driver_options: Map<String, Value>,
}

/// A field that is there, also when it is null.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// `POST /api/label/print/`.
pub async fn print(
    registry: State,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<Print>,
) -> Result<Created<DataOutput>, ApiError> {
    if !matches!(&body.plugin, Value::Null) && body.plugin != PLUGIN {
        let message = format!("Plugin not found: labels are printed on machines, by '{PLUGIN}'.");
        return Err(ApiError::field("plugin", message));
    }
    let template = template(&registry, &body.template).await?;
    let items = items(body.items)?;
    let entry = machine(&registry, &caller, &body.machine)?;
    let rows = registry.services.store.template_rows_of(template.id, items).await;
    let rows = rows.map_err(|error| ApiError::field("items", error.to_string()))?;
    let known = known_options(&registry, &entry).await?;
    let mut options: BTreeMap<String, Value> = body.driver_options.into_iter().collect();
    options.retain(|key, _| known.iter().any(|spec| spec.key.as_str() == key));
    let submission = Submission {
        document: template.source.into_bytes(),
        media_type: Some(MEDIA_TYPE.to_owned()),
        title: template.name.to_string(),
        copies: 1,
        options,
        fields: rows.into_iter().map(|row| row.fields).collect(),
        key: idempotency_key(&headers)?,
        by: caller.name().to_owned(),
    };
    let job = registry.submit(&entry, submission).await.map_err(|error| match ApiError::from(error) {
        ApiError::Fields(fields) => ApiError::Fields(renamed(fields)),
        other => other,
    })?;
    Ok(Created(job.into()))
}

async fn template(registry: &Registry, said: &Value) -> Result<StoredTemplate, ApiError> {
    let number = match said {
        Value::Null => return Err(ApiError::field("template", "This field is required.")),
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let number =
        number.ok_or_else(|| ApiError::field("template", "Incorrect type. Expected the number of a template."))?;
    registry
        .services
        .store
        .template(number, None)
        .await
        .map_err(|_| ApiError::field("template", format!("Invalid pk \"{number}\" - object does not exist.")))
}

fn items(said: Option<Value>) -> Result<Vec<i64>, ApiError> {
    match said {
        None => Err(ApiError::field("items", "This field is required.")),
        Some(Value::Null) => Err(ApiError::field("items", "This field may not be null.")),
        Some(Value::Array(items)) if items.is_empty() => Err(ApiError::field("items", "This list may not be empty.")),
        Some(Value::Array(items)) => {
            let number = |item: &Value| {
                let number = item.as_i64().or_else(|| item.as_str()?.parse().ok());
                number.ok_or_else(|| ApiError::field("items", format!("{item} is not the number of a row.")))
            };
            items.iter().map(number).collect()
        }
        Some(other) => Err(ApiError::field("items", format!("Expected a list of numbers, and not {other}."))),
    }
}

fn machine(registry: &Registry, caller: &Caller, said: &Value) -> Result<Entry, ApiError> {
    let text = match said {
        Value::Null => return Err(ApiError::field("machine", "This field is required.")),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    caller
        .machine(registry, &text)
        .filter(|entry| entry.machine.machine_type.prints())
        .ok_or_else(|| ApiError::field("machine", format!("\"{text}\" is not a valid choice.")))
}

/// What a machine takes: `copies` first.
async fn known_options(registry: &Registry, entry: &Entry) -> Result<Vec<OptionSpec>, ApiError> {
    let declared = registry.intake(entry).options().await?;
    Ok(copies_spec().into_iter().chain(declared.iter().flat_map(|all| all.iter().cloned())).collect())
}

/// Field errors by the names that the body has.
fn renamed(fields: Map<String, Value>) -> Map<String, Value> {
    let name = |field: String| match field.as_str() {
        "options" | "copies" => "driver_options".to_owned(),
        "fields" => "items".to_owned(),
        "document" => "template".to_owned(),
        _ => field,
    };
    fields.into_iter().map(|(field, messages)| (name(field), messages)).collect()
}

/// For which machine the options are asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Chosen {
    /// Its id; the first one unless given.
    machine: Option<String>,
}

/// `OPTIONS /api/label/print/?machine=ID`: the fields of the body, with the options of a machine, in the form of Django REST
/// Framework's metadata.
pub async fn describe(registry: State, caller: Caller, Query(chosen): Query<Chosen>) -> Result<Json<Value>, ApiError> {
    let mut printers = caller.machines_of(&registry);
    printers.retain(|entry| entry.machine.machine_type.prints());
    let entry = match chosen.machine {
        Some(id) => Some(machine(&registry, &caller, &json!(id))?),
        None => printers.first().cloned(),
    };
    let mut children = Map::new();
    if let Some(entry) = &entry {
        for spec in known_options(&registry, entry).await? {
            children.insert(spec.key.to_string(), described(&spec));
        }
    }
    let choices: Vec<Value> = printers
        .iter()
        .map(|entry| json!({ "value": entry.machine.id, "display_name": entry.machine.name() }))
        .collect();
    let field = |kind: &str, required: bool, label: &str, more: Value| {
        let field = json!({ "type": kind, "required": required, "read_only": false, "label": label });
        joined(field, more)
    };
    let machine = json!({ "choices": choices, "default": entry.as_ref().map(|entry| entry.machine.id) });
    let options = json!({ "depends_on": ["machine"], "children": children });
    Ok(Json(json!({
        "name": "Label Print",
        "description": "Prints labels on a machine.",
        "renders": ["application/json"],
        "parses": ["application/json"],
        "actions": { "POST": {
            "template": field("related field", true, "Template", json!({})),
            "items": field("list", true, "Items", json!({})),
            "plugin": field("string", false, "Plugin", json!({})),
            "machine": field("choice", true, "Machine", machine),
            "driver_options": field("dependent field", false, "Options", options),
        } }
    })))
}

/// An option as metadata.
fn described(spec: &OptionSpec) -> Value {
    let kind = match spec.kind {
        SettingKind::Integer | SettingKind::Duration => "integer",
        SettingKind::Decimal => "float",
        SettingKind::Boolean => "boolean",
        SettingKind::Choice => "choice",
        _ => "string",
    };
    let mut more = Map::new();
    for (key, theirs) in [("min", "min_value"), ("max", "max_value")] {
        if let Some(bound) = spec.constraint(key) {
            more.insert(theirs.to_owned(), serde_json::from_str(bound).unwrap_or_else(|_| json!(bound)));
        }
    }
    if !spec.choices.is_empty() {
        more.insert("choices".to_owned(), json!(spec.choices));
    }
    let described = json!({
        "type": kind, "required": spec.required, "read_only": false, "label": spec.name, "help_text": spec.description,
        "default": spec.default,
    });
    joined(described, Value::Object(more))
}

/// Two objects in one.
fn joined(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            Value::Object(one)
        }
        (one, _) => one,
    }
}

/// A template as upstream lists them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LabelTemplate {
    /// Its number.
    pk: i64,
    /// Its name for people.
    name: String,
    /// What it is for.
    description: String,
    /// Always true.
    enabled: bool,
    /// The version.
    revision: u32,
    /// The width of its labels in millimetres.
    width: f64,
    /// Their height in millimetres.
    height: f64,
}

/// `GET /api/label/template/`.
pub async fn templates(registry: State) -> Result<Json<Vec<LabelTemplate>>, ApiError> {
    let stored = registry.services.store.templates().await?;
    let shown = stored.into_iter().map(|stored| {
        let (pk, revision) = (stored.id, stored.version);
        template_of(stored, false).map(|view| LabelTemplate {
            pk,
            name: view.title,
            description: view.description,
            enabled: true,
            revision,
            width: f64::from(view.width_um) / 1000.0,
            height: f64::from(view.height_um) / 1000.0,
        })
    });
    Ok(Json(shown.collect::<Result<_, ApiError>>()?))
}

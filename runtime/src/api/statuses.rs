//! `/api/generic/status/`: what the statuses of each machine type mean, in upstream's form.

use super::{
    ApiError, State,
    extract::{Json, Path},
};
use crate::contract::MachineType;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The statuses of a machine type.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatusModel {
    /// `LabelPrinterStatus`, as machines name it.
    status_class: String,
    /// By name: `NO_MEDIA`.
    values: BTreeMap<String, StatusValue>,
}

/// What a status means.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatusValue {
    /// The code, as machines have it. 1xx fine, 2xx warning, 3xx fault of the machine, 4xx fault of driver or connection, 5xx
    /// unknown.
    key: u16,
    /// `NO_MEDIA`.
    name: String,
    /// For people.
    label: String,
    /// `primary`, `secondary`, `success`, `danger`, `warning`, `info` or `dark`.
    color: String,
    /// Always false.
    custom: bool,
}

fn model(of: &MachineType) -> StatusModel {
    let value = |status: &crate::contract::Status| {
        let name = status.case.to_uppercase().replace('-', "_");
        let value = StatusValue {
            key: status.code,
            name: name.clone(),
            label: status.text.clone(),
            color: status.color.clone(),
            custom: false,
        };
        (name, value)
    };
    StatusModel { status_class: of.status_model(), values: of.statuses.iter().map(value).collect() }
}

/// `GET /api/generic/status/`: by the names of the models.
pub async fn list(registry: State) -> Json<BTreeMap<String, StatusModel>> {
    Json(registry.catalog().types().map(|of| (of.status_model(), model(of))).collect())
}

/// `GET /api/generic/status/{model}/`.
pub async fn show(registry: State, Path(name): Path<String>) -> Result<Json<StatusModel>, ApiError> {
    let catalog = registry.catalog();
    let found = catalog.types().find(|of| of.status_model() == name).map(|of| model(of));
    found.map(Json).ok_or_else(|| {
        let known: Vec<_> = catalog.types().map(|of| of.status_model()).collect();
        ApiError::not_found(format!("there is no status model '{name}': there are {}", known.join(", ")))
    })
}

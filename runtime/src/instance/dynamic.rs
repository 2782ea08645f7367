//! Calling a function of any type with parameters in JSON.

use super::{actor::machine, state::DriverStore};
use crate::{
    broker::Call,
    contract::{bindings::types, convert, json},
    model::{DriverError, ErrorKind},
};
use serde_json::Value as Json;
use std::sync::Arc;
use wasmtime::{
    AsContextMut as _,
    component::{Accessor, Func, ResourceAny, Type, Val},
};

/// Calls a function whose first parameter is the machine. Parameters that do not fit are an ordinary failure, and the
/// function is then not called: a value of another type would end the store.
pub async fn call(
    accessor: &Accessor<DriverStore>,
    function: Func,
    call: &Arc<Call>,
    budget_ms: u32,
    parameters: &Json,
) -> wasmtime::Result<Result<Json, types::Error>> {
    let ty = accessor.with(|mut access| function.ty(access.as_context_mut()));
    let given = match json::parameters(ty.params().skip(1), parameters) {
        Ok(given) => given,
        Err(mistake) => {
            let error = DriverError::invalid("bad-parameters", mistake.to_string());
            return Ok(Err(convert::error_to_wit(error)));
        }
    };
    let handle = accessor.with(|mut access| {
        let handle = machine(access.get(), call)?;
        ResourceAny::try_from_resource(handle, access.as_context_mut())
    })?;
    let params: Vec<Val> = std::iter::once(Val::Resource(handle)).chain(given).collect();
    let mut results = vec![Val::Bool(false); ty.results().len()];
    let (started, task) = accessor.with(|mut access| -> wasmtime::Result<_> {
        let started = function.start_call_concurrent(access.as_context_mut(), &params, &mut results)?;
        let task = started.task();
        access.get().cpu.begin(task, Arc::clone(call), budget_ms);
        Ok((started, task))
    })?;
    let finished = function.finish_call_concurrent(accessor, started).await;
    accessor.with(|mut access| access.get().cpu.end(task));
    finished?;
    Ok(match (ty.results().next(), results.into_iter().next()) {
        (Some(ty), Some(value)) => answer(&ty, value),
        _ => Ok(Json::Null),
    })
}

/// The `ok` of a result with the core's `error`; anything else as it is.
fn answer(ty: &Type, value: Val) -> Result<Json, types::Error> {
    let (ty, value) = match (ty, value) {
        (Type::Result(result), Val::Result(Ok(value))) => match (result.ok(), value) {
            (Some(ty), Some(value)) => (ty, *value),
            _ => return Ok(Json::Null),
        },
        (Type::Result(result), Val::Result(Err(error))) => {
            let (Some(ty), Some(error)) = (result.err(), error) else {
                let error = DriverError::new(ErrorKind::Permanent, "failed", "the driver failed without a word");
                return Err(convert::error_to_wit(error));
            };
            let told = json::from_val(&ty, &error).unwrap_or_default();
            let error = serde_json::from_value::<DriverError>(told.clone()).unwrap_or_else(|_| {
                DriverError::new(ErrorKind::Permanent, "failed", format!("the driver failed: {told}"))
            });
            return Err(convert::error_to_wit(error));
        }
        (ty, value) => (ty.clone(), value),
    };
    json::from_val(&ty, &value).map_err(|mistake| {
        let message = format!("what the driver returned cannot be written in JSON: {mistake}");
        convert::error_to_wit(DriverError::new(ErrorKind::Permanent, "bad-result", message))
    })
}

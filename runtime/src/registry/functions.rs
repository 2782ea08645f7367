//! The functions of a machine's type, called from outside with JSON.

use super::{Entry, Registry, actions::gone};
use crate::{
    broker::CallKind,
    contract::TypeFunction,
    instance::{Answer, CallEnd, Payload},
    jobs::{SubmitError, submit::submit_call},
    model::{DriverError, JobRecord, MachineState},
};
use serde_json::Value as Json;
use std::time::Duration;
use thiserror::Error;

/// How often an idempotent function is called again after the instance ended under it, by no fault of it.
const RETRIES: usize = 2;
/// How long such a call waits for the machine to be ready again.
const READY_AGAIN: Duration = Duration::from_secs(10);

/// What a call led to.
#[derive(Debug)]
pub enum Called {
    /// It was made, and returned this.
    Returned(Json),
    /// The type's manifest wants it to be a job, which is stored.
    Job(Box<JobRecord>),
}

/// Why a function was not called, or failed.
#[derive(Debug, Error)]
pub enum FunctionError {
    /// The type has no such function.
    #[error("the machine type '{machine_type}' has no function '{function}'; it has: {known}")]
    Unknown {
        /// The type's name.
        machine_type: String,
        /// What was asked for.
        function: String,
        /// What can be called, comma-separated.
        known: String,
    },
    /// It takes more than values.
    #[error("'{function}' cannot be called like this, for it takes more than values: {signature}")]
    NotCallable {
        /// The function.
        function: String,
        /// Its type.
        signature: String,
    },
    /// It failed, or could not be called now.
    #[error("{0}")]
    Failed(DriverError),
    /// The job was not taken.
    #[error(transparent)]
    Job(#[from] SubmitError),
}

impl Registry {
    /// Calls a function, or stores the call as a job where the type's manifest says so; `key` is the client's name for that
    /// job's request.
    pub async fn call_function(
        &self,
        entry: &Entry,
        function: &str,
        parameters: Json,
        key: Option<&str>,
        by: &str,
    ) -> Result<Called, FunctionError> {
        let machine_type = &entry.machine.machine_type;
        let Some(found) = machine_type.functions.iter().find(|of| of.name == function) else {
            let known: Vec<_> =
                machine_type.functions.iter().filter(|of| of.callable).map(|of| of.name.as_str()).collect();
            return Err(FunctionError::Unknown {
                machine_type: machine_type.name.clone(),
                function: function.to_owned(),
                known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
            });
        };
        let TypeFunction { name, signature, callable, .. } = found.clone();
        if !callable {
            return Err(FunctionError::NotCallable { function: name, signature });
        }
        if machine_type.jobs.contains(&name) {
            let job = submit_call(&self.services, &entry.machine, name, &parameters, key, by).await?;
            self.nudge_job(entry.machine.id);
            return Ok(Called::Job(Box::new(job)));
        }
        let again = if machine_type.idempotent.contains(&name) { RETRIES } else { 0 };
        for left in (0..=again).rev() {
            let payload = Payload::Call { function: name.clone(), parameters: parameters.clone() };
            match entry.run(name.clone(), CallKind::Function, payload).await {
                Ok(Answer::Json(value)) => return Ok(Called::Returned(value)),
                Ok(_) => return Ok(Called::Returned(Json::Null)),
                Err(CallEnd::NotRunning | CallEnd::Crashed { blamed: false, .. }) if left > 0 => ready(entry).await,
                Err(end) => return Err(FunctionError::Failed(end.failure().unwrap_or_else(gone))),
            }
        }
        Err(FunctionError::Failed(gone()))
    }
}

/// Waits until the machine is ready, but not for ever.
async fn ready(entry: &Entry) {
    let mut state = entry.state.clone();
    let is_ready = state.wait_for(|(state, _)| *state == MachineState::Ready);
    // Whatever comes of it, the next call tells.
    let _ = tokio::time::timeout(READY_AGAIN, is_ready).await;
}

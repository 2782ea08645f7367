//! What goes into an instance and what comes out.

use crate::{
    broker::Call,
    contract::bindings::types,
    model::{DriverError, LoadedMedia, OptionKey, OptionSpec, Scope, Value, setting::Choice},
};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What a call carries beside its handles.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Nothing.
    None,
    /// The machine as it was, for `update-machine`.
    Old(types::MachineState),
    /// Proposed values, for `validate-settings`.
    Proposed(Vec<types::SettingValue>),
    /// The function of the type that prints.
    Function(String),
    /// A function of the type with its parameters in JSON.
    Call {
        /// The function's name.
        function: String,
        /// An object with the parameters' names; null when there are none.
        parameters: serde_json::Value,
    },
    /// A setting whose choices are asked for, for `setting-choices`.
    Setting(Scope, String),
    /// A button and what was entered for it, for `run-action`.
    Action {
        /// The action's key.
        key: OptionKey,
        /// Its inputs.
        inputs: Vec<(OptionKey, Value)>,
    },
}

/// Why a proposed value cannot be saved, in the driver's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The setting's scope.
    pub scope: Scope,
    /// The setting's key.
    pub key: String,
    /// What is wrong.
    pub message: String,
}

/// What a call returned.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It succeeded.
    Done,
    /// The proposed settings cannot be saved.
    Problems(Vec<FieldProblem>),
    /// What an action says to the operator.
    Text(String),
    /// What a function of the type returned, in JSON.
    Json(serde_json::Value),
    /// The choices of a setting.
    Choices(Vec<Choice>),
    /// What a job may set.
    Options(Vec<OptionSpec>),
    /// What is loaded, if the driver can tell.
    Media(Option<LoadedMedia>),
    /// Media types that are taken as they are.
    Formats(Vec<String>),
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum CallEnd {
    /// It returned, with an answer or an ordinary failure.
    Returned(Result<Answer, DriverError>),
    /// The instance died under it.
    Crashed {
        /// Whether this very call was at fault.
        blamed: bool,
        /// What happened.
        reason: String,
    },
    /// It did not return by its deadline, nor in the grace after it.
    GivenUp {
        /// Which bound was passed.
        reason: String,
    },
    /// The instance does not run, or is another one since.
    NotRunning,
}

impl CallEnd {
    /// The failure as an error that a machine can show; nothing when the call succeeded.
    pub fn failure(&self) -> Option<DriverError> {
        use crate::model::ErrorKind;
        match self {
            Self::Returned(Ok(_)) => None,
            Self::Returned(Err(error)) => Some(error.clone()),
            Self::Crashed { blamed: true, reason } => {
                let message = format!("the driver crashed in a call of this machine: {reason}");
                Some(DriverError::new(ErrorKind::Permanent, "driver-crashed", message))
            }
            Self::Crashed { blamed: false, reason } => {
                let message = format!("the driver's instance ended under this call, by no fault of it: {reason}");
                Some(DriverError::transient("instance-ended", message))
            }
            Self::GivenUp { reason } => Some(DriverError::transient("deadline", reason.clone())),
            Self::NotRunning => Some(DriverError::transient("not-running", "the driver's instance is not running")),
        }
    }
}

/// A call on its way into an instance.
pub struct Request {
    /// The call.
    pub call: Arc<Call>,
    /// What it carries.
    pub payload: Payload,
    /// The start of the instance that it is meant for; another one has not initialised the machine.
    pub generation: u64,
    /// Where the end goes.
    pub reply: oneshot::Sender<CallEnd>,
}

/// What the mailbox takes.
pub enum Message {
    /// A call.
    Call(Request),
    /// A sign of life, answered at once.
    Beat(oneshot::Sender<()>),
}

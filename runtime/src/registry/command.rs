//! What a machine's keeper is told, and answers.

use crate::{
    broker::CallKind,
    instance::{CallEnd, Payload},
    model::JobId,
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::Span;

/// What a keeper is told.
pub enum Command {
    /// An operator changed something: look at the machine again.
    Look,
    /// There is a new job, or one was cancelled.
    Job,
    /// The operator wants it restarted; `hard` is stop and init.
    Restart {
        /// Whether to stop it and initialise it again.
        hard: bool,
        /// Answered when it is done.
        reply: oneshot::Sender<()>,
    },
    /// A job is to be cancelled; answered with whether its call was running here.
    Cancel {
        /// The job.
        job: JobId,
        /// Answered at once.
        reply: oneshot::Sender<bool>,
    },
    /// Somebody wants a call between the others: an action, or a function of the type.
    Run(Box<Wanted>),
    /// The machine is loaded again, for its type is another one now; the job in hand ends first.
    Reload {
        /// Answered when it is stopped.
        reply: oneshot::Sender<()>,
    },
    /// The machine was removed.
    Remove {
        /// Answered when it is stopped.
        reply: oneshot::Sender<()>,
    },
    /// The daemon ends. A job in hand may finish its label within the time for that.
    Shutdown {
        /// Fires when somebody cannot wait for that.
        at_once: CancellationToken,
        /// Answered when it is stopped.
        reply: oneshot::Sender<()>,
    },
}

impl Command {
    /// Whether it ends a call that runs: it wants the machine for itself.
    pub(super) fn interrupts(&self) -> bool {
        matches!(self, Self::Restart { .. } | Self::Remove { .. } | Self::Shutdown { .. })
    }
}

/// A call that somebody wants between the others. Boxed in the command: each machine has room for some of those.
pub struct Wanted {
    /// What it is, for the log.
    pub what: String,
    /// Which export.
    pub kind: CallKind,
    /// What it carries.
    pub payload: Payload,
    /// What it stems from, such as a request.
    pub span: Span,
    /// Answered with its end.
    pub reply: oneshot::Sender<CallEnd>,
}

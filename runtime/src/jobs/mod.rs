//! Durable calls: stored before they are acknowledged, one at a time on a machine, in order, and never lying.
//!
//! * [`mod@settle`]: what becomes of a job when its call has ended; a pure function, decided by bytes
//! * [`attempt`]: one attempt: the document, the ledger, the call, the outcome
//! * [`ahead`]: the label that will be wanted next, made before it is asked for
//! * [`patience`]: a call that goes on while its device wants attention
//! * [`retention`]: how long finished jobs stay
//! * [`intake`]: what a machine takes, asked of its driver
//! * [`submit`]: from a document to an acknowledged job; [`options`]: what it sets beside the document

pub mod ahead;
pub mod attempt;
pub mod intake;
pub mod options;
pub mod patience;
pub mod retention;
pub mod settle;
pub mod submit;

pub use intake::Intake;
pub use patience::Patience;
pub use settle::{Settlement, settle};
pub use submit::{Submission, SubmitError};

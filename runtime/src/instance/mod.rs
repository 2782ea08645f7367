//! Running components: the engine, its limits, compiled code, and the actor that owns one driver's store.
//!
//! * [`limits`]: every bound, with its default
//! * [`engine`]: the engine, its epoch ticker, and the runtime that guests run on
//! * [`link`]: what a store offers to a component: the contract, and a WASI with nothing behind it
//! * [`state`]: the data of a store
//! * [`cpu`]: processor time by call
//! * [`exports`]: the functions of a driver, looked up and typed
//! * [`code`]: compiled code, from the cache or from a compiler process
//! * [`describe`]: the only thing that runs before a driver is enabled
//! * [`request`]: what goes into an instance and what comes out
//! * [`actor`]: one task owns the store and runs calls side by side
//! * `dynamic`: calling a function of any type with JSON
//! * [`life`]: one life of a store, why it ended and which call is to blame
//! * [`supervisor`]: starts the next life, within a budget
//! * [`handle`]: the instance as its callers see it: calls, deadlines, state
//! * `wakes`: what becomes of wakes that come while the actor runs
//! * [`beside`]: calls that overlap a keeper's own
//!
//! Invariant: nobody but the actor awaits a guest call, so dropping a caller's future never harms a store.

pub mod actor;
pub mod beside;
pub mod code;
pub mod cpu;
pub mod describe;
mod dynamic;
pub mod engine;
pub mod exports;
pub mod handle;
pub mod life;
pub mod limits;
pub mod link;
pub mod request;
pub mod state;
pub mod supervisor;
mod wakes;

pub use beside::{Beside, Held, Live};
pub use engine::GuestEngine;
pub use handle::{Instance, InstanceState, UsageView};
pub use limits::{LimitTable, Limits};
pub use request::{Answer, CallEnd, Payload};

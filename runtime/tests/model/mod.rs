//! The parts of the model test.
//!
//! * [`world`]: the model: what an operator decided, and the state that follows for each machine
//! * [`hooks`]: what guests were called, as the engine's traces tell it
//! * [`real`]: the registry under test
//! * [`sequence`]: random steps on both, and the comparison

pub mod hooks;
pub mod real;
pub mod sequence;
pub mod world;

//! Who makes a request, and what may they do?
//!
//! A request brings a token, the cookie of a session, or comes over the Unix socket, which only the operator's own account can
//! open. The token's role must reach that of the route; a token for some machines sees and touches no others.
//!
//! * [`secret`]: what a token is made of, and what is kept of it
//! * [`tokens`]: all tokens and sessions, and whose a secret is
//! * [`caller`]: who makes a request; `visible`: what is there for them
//! * [`attempts`]: how often one address may be wrong

pub mod attempts;
pub mod caller;
pub mod secret;
pub mod tokens;
mod visible;

pub use attempts::Attempts;
pub use caller::Caller;
pub use tokens::{Denied, Tokens};

//! EPL2 in page mode: what older desktop models understand on the same port (*EPL Programming Guide*, 14245L).
//!
//! [`parser`] cuts the stream into lines and the binary data of `GW`; [`session`] acts on them. Pages, media, faults and counters
//! are those of the printer that ZPL prints on.

mod parser;
mod session;

pub(super) use session::EplSession;

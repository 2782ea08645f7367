//! Kills and what survives them.

//! Machines and daemons over their lives.

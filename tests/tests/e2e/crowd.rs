//! Many machines and many jobs.

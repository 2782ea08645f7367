//! Components that come and go.

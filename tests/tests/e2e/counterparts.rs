//! What drivers send, read by programs nobody here wrote.

//! Labels on paper.

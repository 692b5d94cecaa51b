//! The plan in words and as JSON, with what only the edges know handed in.
//!
//! Pure.

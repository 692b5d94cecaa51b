//! Every profile in a line, as a table and as JSON.
//!
//! Pure.

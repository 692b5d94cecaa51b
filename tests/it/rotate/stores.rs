//! Rotation over real key stores, and stores that fail in the middle of it.

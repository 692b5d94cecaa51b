//! IAM Identity Center, at the loopback one.

mod loopback;
mod sign_in;

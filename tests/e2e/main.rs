//! The server against a GitHub of our own: real git repositories, GitHub's own descriptions as the judge.
//!
//! Invariant: no test sleeps for a fixed time; each waits for a condition, and fails after a bound.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod client_test;
mod fake_github;
mod fixtures;
mod harness;
mod issuer;
#[path = "../image/osv_server.rs"]
mod osv_server;
mod registry;
mod scenarios;
mod schema;
mod self_test;

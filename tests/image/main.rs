//! Images of real parts: built without a daemon by the tools that make real ones, read by the embedded scanner, and
//! compared with the package managers' own lists and with another scanner's.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failing test says what it expected")]

mod backends;
mod command;
mod fixtures;
mod hostile;
mod inventory;
mod osv_server;
mod vulnerabilities;

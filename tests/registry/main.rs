//! The registry client against Debian's own registry, and against one that means harm.
//!
//! Every server of these tests listens on a loopback address and has a name that only the tests' name service knows.
//! What must never be contacted is a `Server::tripwire`, which counts connections.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test says what it expected")]
#![allow(clippy::print_stderr, reason = "says what a program that the tests start is missing")]

mod authentication;
mod bodies;
mod clouds;
mod debian;
mod debian_registry;
mod destinations;
mod economy;
mod fixture;
mod layout;
mod lies;
mod pki;
mod redirects;
mod server;
mod tags;

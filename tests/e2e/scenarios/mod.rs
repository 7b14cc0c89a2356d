//! What a user of the gate sees, from a delivery to the pull request's page.
//!
//! Invariant: every scenario ends with [`crate::harness::Gate::assert_sound`].

mod budget;
mod commands;
mod deliveries;
mod endings;
mod faults;
mod files;
mod fix_all;
mod history;
mod images;
mod rerun;
mod secrets;
mod settings;
mod threads;
mod verdicts;
mod waivers;

//! What a user of the gate sees, from a delivery to the pull request's page.
//!
//! Invariant: every scenario ends with [`crate::harness::Gate::assert_sound`].

mod budget;
mod built_images;
mod deliveries;
mod faults;
mod files;
mod history;
mod images;
mod rerun;
mod secrets;
mod settings;
mod verdicts;

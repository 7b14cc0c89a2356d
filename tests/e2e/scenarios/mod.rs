//! What a user of the gate sees, from a delivery to the pull request's page.
//!
//! Invariant: every scenario ends with [`crate::harness::Gate::assert_sound`].

mod budget;
mod built_images;
mod chaos;
mod commands;
mod deliveries;
mod endings;
mod faults;
mod figures;
mod files;
mod fix_all;
mod history;
mod image_secrets;
mod images;
mod recovery;
mod replicas;
mod report_page;
mod rerun;
mod secrets;
mod settings;
mod setup;
mod threads;
mod twins;
mod verdicts;
mod waivers;
mod watch;

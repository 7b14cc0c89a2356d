//! The command line: one file for each subcommand.
//!
//! Invariant: a command prints its result on standard output, what went wrong on standard error, and ends with 0
//! (nothing blocks), 1 (something blocks) or 2 (it could not judge).

mod baseline;
mod doctor;
mod fix;
mod image;
mod pin;
mod progress;
mod registry;
mod replay;
mod rules;
mod scan;
mod scanner;
mod serve;
mod team;
mod test;

use std::collections::BTreeMap;
use std::io::Write;

use clap::{Parser, Subcommand};

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing blocks.
    Clean,
    /// Something blocks.
    Blocked,
    /// It could not judge: usage, settings, unreadable input.
    Unjudged,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Blocked => 1,
            Self::Unjudged => 2,
        }
    }
}

/// What a command sees of the process it runs in.
pub struct Surroundings<'a> {
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
    /// Whether standard output is a terminal.
    pub out_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub err_is_terminal: bool,
}

/// Finds secrets, privileged settings and unpinned images before they are merged.
#[derive(Debug, Parser)]
#[command(name = "dockgate", version, about, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge files, a folder, or a change of a git repository
    Scan(scan::ScanArgs),
    /// List the rules, or explain one
    Rules(rules::RulesArgs),
    /// Run the examples of policy files
    Test(test::TestArgs),
    /// List the findings that stand today, so that they block nothing
    Baseline(baseline::BaselineArgs),
    /// Write the digest of each image beside its tag
    Pin(pin::PinArgs),
    /// Judge a saved snapshot or a recorded webhook delivery again
    Replay(replay::ReplayArgs),
    /// List the vulnerabilities that are known of an image
    Image(image::ImageArgs),
    /// Receive webhooks as a GitHub App
    Serve(serve::ServeArgs),
    /// Check credentials, permissions, database and settings
    Doctor(doctor::DoctorArgs),
}

/// Runs the command that `args` name.
///
/// # Errors
/// Whatever kept the command from judging, with its cause.
pub fn run(args: Args, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    match args.command {
        Command::Scan(args) => scan::run(&args, surroundings),
        Command::Rules(args) => rules::run(&args, surroundings),
        Command::Test(args) => test::run(&args, surroundings),
        Command::Baseline(args) => baseline::run(&args, surroundings),
        Command::Pin(args) => pin::run(&args, surroundings),
        Command::Replay(args) => replay::run(&args, surroundings),
        Command::Image(args) => image::run(&args, surroundings),
        Command::Serve(args) => serve::run(&args, surroundings),
        Command::Doctor(args) => doctor::run(&args, surroundings),
    }
}

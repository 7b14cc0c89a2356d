//! `dockgate replay`: judges a saved change again, or tells what a recorded webhook delivery asks for.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;

use super::scan::{circumstances, exit, format_parser, plain_input};
use super::{Exit, Surroundings};
use crate::pipeline::{self, Circumstances};
use crate::report::{self, Format};
use crate::source::saved::SavedChange;

/// Arguments of `dockgate replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A change that `dockgate scan --save` wrote, or a delivery: {"event": …, "payload": …}
    file: PathBuf,
    /// How to print
    #[arg(long, default_value = "human", value_parser = format_parser())]
    format: Format,
}

/// Judges and prints.
///
/// # Errors
/// The file is neither a saved change nor a delivery.
pub fn run(args: &ReplayArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    let text = std::fs::read_to_string(&args.file).with_context(|| format!("read {}", args.file.display()))?;
    let saved = SavedChange::from_json(&text).with_context(|| format!("read {}", args.file.display()))?;
    let circumstances = Circumstances {
        organisation: saved.organisation.clone(),
        today: saved.today.parse().map_err(|error| anyhow!("{}: today: {error}", args.file.display()))?,
        fail_on: saved.fail_on.as_deref().map(str::parse).transpose()?,
        ..circumstances(None, &surroundings.environment)
    };
    let judgement = pipeline::run(saved.into_change(), &circumstances);
    let input = plain_input(&judgement, "the saved change");
    surroundings.out.write_all(report::render(args.format, &input).as_bytes())?;
    Ok(exit(&judgement.verdict))
}

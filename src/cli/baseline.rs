//! `dockgate baseline`: lists the findings that stand today, so that they are context from then on.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::{Exit, Surroundings, scan};
use crate::pipeline::{self, Flags};
use crate::scan::finding::Finding;
use crate::scan::limits::Limits;
use crate::settings::baseline;
use crate::source::directory::DirectorySource;
use crate::verdict::Standing;

/// Arguments of `dockgate baseline`.
#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// The file to write; `-` for standard output
    #[arg(long, value_name = "FILE", default_value = baseline::PATH)]
    output: PathBuf,
}

/// Judges this folder and lists what it finds.
///
/// # Errors
/// The folder can't be read, or the file not be written.
pub fn run(args: &BaselineArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    let circumstances = scan::circumstances(Flags::default(), &surroundings.environment);
    let mut change = DirectorySource::new(".", Vec::new(), Limits::default()).read_now()?;
    // What is listed already stays listed only as long as it stands.
    change.team.baselines.clear();
    let judgement = pipeline::run(change, &circumstances);
    let stands = |standing: &Standing| matches!(standing, Standing::Blocks | Standing::Introduced | Standing::Existing);
    let findings = judgement.verdict.findings.iter().filter(|judged| stands(&judged.standing));
    let findings: Vec<&Finding> = findings.map(|judged| &judged.finding).collect();
    let text = baseline::write(findings.iter().copied());
    if args.output.as_os_str() == "-" {
        surroundings.out.write_all(text.as_bytes())?;
        return Ok(Exit::Clean);
    }
    if let Some(folder) = args.output.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("make the folder {}", folder.display()))?;
    }
    std::fs::write(&args.output, text).with_context(|| format!("write {}", args.output.display()))?;
    let (count, file) = (findings.len(), args.output.display());
    writeln!(
        surroundings.out,
        "{count} findings listed in {file}: once it is on the base branch, they are context and block nothing"
    )?;
    Ok(Exit::Clean)
}

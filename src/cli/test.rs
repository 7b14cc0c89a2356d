//! `dockgate test`: runs the examples of policy files, a team's own or the built-in ones.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::{Exit, Surroundings};
use crate::scan::admission::holds_objects;
use crate::scan::policy::set::{PolicySet, TEAM_DIRECTORY};
use crate::scan::problem::Problem;

/// Arguments of `dockgate test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Folder of policy files; when absent `.github/dockgate`, or the built-in policies where there is none
    dir: Option<PathBuf>,
}

/// Runs every example and lists those that fail.
///
/// # Errors
/// The folder can't be read.
pub fn run(args: &TestArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    let own = Path::new(TEAM_DIRECTORY);
    let folder = args.dir.clone().or_else(|| own.is_dir().then(|| own.to_path_buf()));
    let (policies, files, problems) = match folder {
        Some(folder) => read(&folder)?,
        None => builtin(),
    };
    for problem in &problems {
        let (path, line) = (problem.path.as_deref().unwrap_or_default(), problem.line.unwrap_or(1));
        writeln!(surroundings.out, "{path}:{line}: {}", problem.message)?;
    }
    let (mut passed, mut failed) = (0, problems.len());
    for policy in policies.iter().filter(|policy| files.contains(&policy.file)) {
        for example in policy.examples() {
            match example.run(policy) {
                Ok(()) => passed += 1,
                Err(failure) => {
                    failed += 1;
                    writeln!(surroundings.out, "{} · {}: {failure}", policy.file, example.name)?;
                }
            }
        }
    }
    writeln!(surroundings.out, "{} policies: {passed} examples passed, {failed} failed", files.len())?;
    Ok(if failed == 0 { Exit::Clean } else { Exit::Blocked })
}

type Chosen = (PolicySet, Vec<String>, Vec<Problem>);

fn builtin() -> Chosen {
    let policies = PolicySet::builtin().clone();
    let files = policies.iter().map(|policy| policy.file.clone()).collect();
    let problems = Vec::new();
    (policies, files, problems)
}

/// The policies of `folder`, with the ids that they would have below `.github/dockgate`.
fn read(folder: &Path) -> anyhow::Result<Chosen> {
    let mut texts = Vec::new();
    for entry in ignore::WalkBuilder::new(folder).standard_filters(false).sort_by_file_path(Ord::cmp).build() {
        let path = entry.with_context(|| format!("read {}", folder.display()))?.into_path();
        let is_policy = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        if is_policy && path.is_file() {
            let below = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
            if !holds_objects(&text) {
                texts.push((format!("{TEAM_DIRECTORY}{below}"), text));
            }
        }
    }
    let (policies, problems) = PolicySet::builtin().with_team(&texts);
    let files = texts.into_iter().map(|(path, _)| path).collect();
    Ok((policies, files, problems))
}

//! Archives that COPY takes and a later command unpacks, which ADD does in one step.
//!
//! Invariant: an archive is told by its name, and the work is linear in the number of commands.

use crate::scan::document::dockerfile::{Dockerfile, Instruction, Keyword, Word};
use crate::scan::document::node::Node;
use crate::scan::document::shell::{Program, ShellScript};

use super::{list, word_fact};

/// Archives of one stage that are looked for.
const MAX_ARCHIVES: usize = 64;
/// What ADD unpacks.
const ENDINGS: [&str; 9] = [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst"];

/// One archive of a COPY.
struct Archive<'d> {
    /// The COPY, as its place among the instructions.
    index: usize,
    stage: Option<usize>,
    word: &'d Word,
    name: &'d str,
}

/// For each instruction the archives among its sources that a later command of the stage unpacks.
pub(super) fn unpacked_later(dockerfile: &Dockerfile) -> Vec<Node> {
    let mut found: Vec<Vec<Node>> = vec![Vec::new(); dockerfile.instructions.len()];
    let mut waiting: Vec<Archive<'_>> = Vec::new();
    for (index, instruction) in dockerfile.instructions.iter().enumerate() {
        waiting.retain(|archive| archive.stage == instruction.stage);
        let room = MAX_ARCHIVES.saturating_sub(waiting.len());
        waiting.extend(archives(instruction, index).take(room));
        if instruction.keyword != Keyword::Run || waiting.is_empty() {
            continue;
        }
        let commands = instruction.scripts.iter().flat_map(ShellScript::commands);
        let programs = commands.filter_map(|(pipeline, position)| pipeline.commands.get(position)?.program());
        for program in programs.filter(unpacks) {
            let names = program.arguments.iter().filter_map(|word| word.value.as_deref()).map(base_name);
            for name in names {
                let (unpacked, others) = waiting.into_iter().partition(|archive| archive.name == name);
                waiting = others;
                let unpacked: Vec<Archive<'_>> = unpacked;
                for archive in unpacked {
                    found.get_mut(archive.index).into_iter().for_each(|nodes| nodes.push(word_fact(archive.word)));
                }
            }
        }
    }
    found.into_iter().map(list).collect()
}

fn archives(instruction: &Instruction, index: usize) -> impl Iterator<Item = Archive<'_>> {
    let is_plain = instruction.keyword == Keyword::Copy && !instruction.on_build && instruction.flag("from").is_none();
    let words = instruction.words();
    let sources = words.get(..words.len().saturating_sub(1)).unwrap_or_default().iter().filter(move |_| is_plain);
    sources.filter_map(move |word| {
        let name = base_name(word.value.as_deref()?);
        let is_archive = ENDINGS.iter().any(|ending| name.ends_with(ending)) && !name.contains(['*', '?', '[']);
        is_archive.then_some(Archive { index, stage: instruction.stage, word, name })
    })
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether it is a `tar` that takes files out.
fn unpacks(program: &Program<'_>) -> bool {
    let first = program.arguments.first().and_then(|word| word.value.as_deref()).unwrap_or_default();
    let is_joined =
        |text: &str| text.strip_prefix('-').is_some_and(|rest| !rest.starts_with('-') && rest.contains('x'));
    let takes_out = |text: &str| matches!(text, "--extract" | "--get") || is_joined(text);
    let mut words = program.arguments.iter().filter_map(|word| word.value.as_deref());
    matches!(program.name, "tar" | "bsdtar" | "gtar")
        && ((!first.starts_with(['-', '/', '.']) && first.contains('x') && !first.contains('.'))
            || words.any(takes_out))
}

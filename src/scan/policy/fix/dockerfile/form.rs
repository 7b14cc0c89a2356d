//! Instructions in the form that says what they mean.

use super::Thing;
use crate::scan::document::dockerfile::{Arguments, Base, Instruction, Keyword};
use crate::scan::document::shell::{ShellCommand, ShellScript};
use crate::scan::edit::Edit;
use crate::scan::policy::fix::removal::joined;
use crate::scan::policy::fix::tree::edit;
use crate::scan::span::Span;

/// `NAME value` as `NAME=value`.
pub(super) fn pairs(thing: &Thing<'_>) -> Option<Edit> {
    let [pair] = thing.instruction.pairs() else { return None };
    let value = pair.value.as_ref()?;
    let (gap, raw) = (Span::new(pair.key.span.end, value.span.start), value.span.of(thing.text));
    let is_gap = !gap.is_empty() && gap.of(thing.text).chars().all(|letter| matches!(letter, ' ' | '\t'));
    let written = if is_one_word(raw) {
        raw.to_owned()
    } else if raw.contains(['"', '\'', '\\', '`', '\n']) {
        return None;
    } else {
        format!("\"{raw}\"")
    };
    is_gap.then(|| edit(gap.start, value.span.end, format!("={written}")))
}

/// Whether the text is read as one word: it has quotes around it and none inside, or neither blanks nor quotes.
fn is_one_word(raw: &str) -> bool {
    let quoted = ['"', '\''].iter().find_map(|quote| raw.strip_prefix(*quote)?.strip_suffix(*quote));
    let inner = quoted.unwrap_or(raw);
    !inner.contains(['"', '\'', '\\', '`', '\n']) && (quoted.is_some() || !inner.contains(char::is_whitespace))
}

/// The numbers of stages that have a name as their names.
pub(super) fn stage_name(thing: &Thing<'_>) -> Option<Edit> {
    let parts = thing.instruction.origins.iter().filter_map(|origin| {
        let Base::Stage(index) = origin.base else { return None };
        let is_number = origin.word.raw.bytes().all(|byte| byte.is_ascii_digit());
        let name = thing.dockerfile.stages.get(index)?.name.as_ref().filter(|_| is_number)?;
        Some(edit(origin.word.span.start, origin.word.span.end, name.raw.to_string()))
    });
    joined(thing.text, parts.collect())
}

/// A RUN that is only a `cd` to a fixed folder as WORKDIR.
pub(super) fn workdir(thing: &Thing<'_>) -> Option<Edit> {
    let commands = only_commands(thing.instruction)?;
    let [command] = commands.as_slice() else { return None };
    let [name, folder] = command.words.as_slice() else { return None };
    let is_plain = folder.raw.starts_with('/') && !folder.raw.contains(['"', '\'', '\\', '*', '?', '`', '(']);
    (&*name.raw == "cd" && is_plain).then(|| in_place(thing, format!("{} {}", thing.keyword("WORKDIR"), folder.raw)))
}

/// A RUN that only puts another shell in the place of `/bin/sh` as SHELL.
pub(super) fn shell(thing: &Thing<'_>) -> Option<Edit> {
    let mut shell = None;
    for command in only_commands(thing.instruction)? {
        let program = command.program()?;
        let operands = program.operands();
        let operands: Vec<&str> = operands.iter().filter_map(|word| word.value.as_deref()).collect();
        match (program.name, operands.as_slice()) {
            ("rm" | "unlink", ["/bin/sh"]) | ("mv", ["/bin/sh", _]) => {}
            ("ln" | "cp" | "mv", [other, "/bin/sh" | "/usr/bin/sh"]) if shell.is_none() => {
                let name = other.rsplit('/').next().filter(|name| matches!(*name, "bash" | "zsh" | "dash"))?;
                shell = Some(if other.contains('/') { (*other).to_owned() } else { format!("/bin/{name}") });
            }
            _ => return None,
        }
    }
    Some(in_place(thing, format!("{} [\"{}\", \"-c\"]", thing.keyword("SHELL"), shell?)))
}

/// The instruction as `written`.
fn in_place(thing: &Thing<'_>, written: String) -> Edit {
    edit(thing.instruction.keyword_span.start, thing.instruction.span.end, written)
}

/// The commands of a RUN that is nothing but simple commands joined by `&&` or `;`.
fn only_commands(instruction: &Instruction) -> Option<Vec<&ShellCommand>> {
    let is_bare = instruction.keyword == Keyword::Run && !instruction.on_build && instruction.flags.is_empty();
    let (Arguments::Shell(source), true) = (&instruction.arguments, is_bare) else { return None };
    let [ShellScript { pipelines, comments, flaw: None }] = instruction.scripts.as_slice() else { return None };
    let is_chain = !source.text().contains(['|', '<', '>']) && comments.is_empty() && instruction.heredocs.is_empty();
    let commands = pipelines.iter().map(|pipeline| match pipeline.commands.as_slice() {
        [command] if command.inner.is_none() && command.assignments.is_empty() => Some(command),
        _ => None,
    });
    commands.collect::<Option<Vec<_>>>().filter(|commands| is_chain && !commands.is_empty())
}

//! Facts of a command in a RUN, CMD, ENTRYPOINT or HEALTHCHECK.
//!
//! Invariant: a word with an expansion is unknown, at no place, so that ordinary scripts give no notes.

mod account;
mod effect;
mod file;
mod order;
mod package;
mod spec;
#[cfg(test)]
mod tests;

use super::super::Subject;
use super::super::facts::{map, null, text, truth};
use super::{list, stage_facts, stage_identity, stage_title, unknown};
use crate::scan::document::dockerfile::Dockerfile;
use crate::scan::document::node::{Node, Value};
use crate::scan::document::shell::{Program, ShellCommand, ShellWord};
use crate::scan::span::Span;
use effect::Effects;
use order::Placed;
pub(in crate::scan::policy) use order::runs_as_root;

/// How many commands before a shell tell it from others.
const MAX_IDENTITY_COMMANDS: usize = 10;
/// Programs that a pipe feeds, as far as they are listed.
const MAX_PIPED: usize = 20;

pub(super) fn subjects(dockerfile: &Dockerfile) -> Vec<Subject> {
    order::commands(dockerfile).iter().map(|placed| subject(dockerfile, placed)).collect()
}

fn subject(dockerfile: &Dockerfile, placed: &Placed<'_>) -> Subject {
    let Placed { instruction, pipeline, position, command, .. } = placed;
    let stage = instruction.stage.and_then(|stage| dockerfile.stages.get(stage));
    let mut identity = stage.map(stage_identity).unwrap_or_default();
    identity.extend(["command".to_owned(), command_identity(command)]);
    if placed.runs_download {
        identity.extend(pipeline.commands.iter().take((*position).min(MAX_IDENTITY_COMMANDS)).map(command_identity));
    }
    Subject {
        facts: map(vec![("command", facts(placed)), ("stage", map(stage_facts(dockerfile, instruction.stage)))]),
        node: None,
        places: places(placed),
        span: command.span,
        resource: stage.map(stage_title),
        identity,
    }
}

/// The places that findings and edits may name.
fn places(placed: &Placed<'_>) -> Vec<(&'static str, Span)> {
    let Placed { pipeline, command, program, packaging, .. } = placed;
    let mut places = vec![("pipeline", pipeline.span)];
    places.extend(command.words.first().map(|name| ("name", name.span)));
    let Some(program) = program else { return places };
    let name_at = command.words.len().saturating_sub(program.arguments.len() + 1);
    let name = command.words.get(name_at);
    places.extend(name.map(|name| ("program", name.span)));
    places.extend(name.map(|name| ("after_program", Span::new(name.span.end, name.span.end))));
    if let (Some(first), Some(name), true) = (command.words.first(), name, placed.scope.is_root)
        && is_plain_sudo(command.words.get(..name_at).unwrap_or_default())
    {
        places.push(("sudo", Span::new(first.span.start, name.span.start)));
    }
    if let Some(packaging) = packaging {
        places.extend(packaging.action_end().map(|end| ("after_action", Span::new(end, end))));
        let has_same_words = matches!(packaging.action, Some("install" | "update" | "upgrade" | "remove"));
        let is_bare = name.filter(|name| packaging.manager == "apt" && &*name.raw == "apt" && has_same_words);
        places.extend(is_bare.map(|name| ("apt", name.span)));
    }
    places
}

/// Whether the words are `sudo` with options that change nothing for root.
fn is_plain_sudo(words: &[ShellWord]) -> bool {
    let Some((first, options)) = words.split_first() else { return false };
    let is_plain =
        |word: &ShellWord| matches!(word.value.as_deref(), Some("-E" | "-H" | "-n" | "-S" | "-EH" | "-HE" | "--"));
    first.value.as_deref().is_some_and(|name| name == "sudo" || name.ends_with("/sudo")) && options.iter().all(is_plain)
}

fn facts(placed: &Placed<'_>) -> Node {
    let Placed { pipeline, position, command, program, packaging, .. } = placed;
    let program = program.as_ref();
    let name = |program: &Program<'_>| text(program.name);
    let arguments = program.map(|program| program.arguments).unwrap_or_default();
    let after = pipeline.commands.get(position + 1..).unwrap_or_default();
    let before = position.checked_sub(1).and_then(|before| pipeline.commands.get(before));
    let answers_yes = before.and_then(ShellCommand::program).is_some_and(|program| program.name == "yes");
    let mut facts = vec![
        ("instruction", text(placed.instruction.keyword.name())),
        ("name", program.map_or_else(|| unknown(""), name)),
        ("words", list(command.words.iter().map(word))),
        ("wrappers", list(program.map(|program| &program.wrappers).into_iter().flatten().map(|name| text(name)))),
        ("arguments", list(arguments.iter().map(word))),
        ("options", list(program.map(options).unwrap_or_default())),
        ("operands", list(program.map(Program::operands).unwrap_or_default().into_iter().map(word))),
        (
            "environment",
            list(
                command.assignments.iter().map(|one| map(vec![("name", text(&one.name)), ("value", word(&one.value))])),
            ),
        ),
        (
            "pipes_to",
            list(after.iter().take(MAX_PIPED).map(|next| next.program().as_ref().map_or_else(|| unknown(""), name))),
        ),
        ("fed_by", list(before.map(|before| before.words.iter()).into_iter().flatten().map(word))),
        ("is_first_in_pipe", truth(*position == 0 && !after.is_empty())),
        ("is_nested", truth(placed.is_nested)),
        ("has_pipefail", truth(placed.has_pipefail)),
        ("downloads", truth(program.is_some_and(Program::downloads))),
        ("runs_download", truth(placed.runs_download)),
        (
            "is_verified",
            program
                .filter(|program| program.downloads())
                .map_or_else(null, |_| truth(placed.later_in_stage.has(Effects::VERIFIES))),
        ),
        ("installs_later", truth(placed.later.has(Effects::INSTALLS_SYSTEM))),
        ("installs_after", truth(placed.after.has(Effects::INSTALLS_SYSTEM))),
        ("cleaner", placed.packaging.as_ref().and_then(package::Packaging::cleaner).map_or_else(null, text)),
        ("keeps_cache", keeps_cache(placed)),
    ];
    facts.extend(file::facts(command, program));
    facts.extend(account::facts(program));
    facts.push(("password", account::password(placed)));
    facts.extend(package::facts(packaging.as_ref(), answers_yes));
    map(facts)
}

/// Whether what a manager keeps for later stays in the layer; `null` when it keeps nothing.
fn keeps_cache(placed: &Placed<'_>) -> Node {
    let Some(packaging) = &placed.packaging else { return null() };
    let Some(cleaning) = Effects::cleaning(packaging.manager) else { return null() };
    let fills = match packaging.action {
        None if !packaging.has_action() => return null(),
        None => return unknown(""),
        Some("update") => cleaning == Effects::CLEANS_APT,
        Some("install" | "upgrade" | "dist-upgrade") => cleaning != Effects::CLEANS_APT,
        Some(_) => false,
    };
    let mut assigned = placed.command.assignments.iter().filter(|one| &*one.name == "PIP_NO_CACHE_DIR");
    let by_assignment = assigned.any(|one| !order::says_no(&one.value.raw));
    let by_environment = cleaning == Effects::CLEANS_PIP && (placed.scope.skips_pip_cache || by_assignment);
    if !fills {
        return null();
    }
    truth(!(packaging.skips_cache() || placed.later.has(cleaning) || by_environment))
}

/// The value of a word; unknown, at no place, when an expansion decides it.
fn word(word: &ShellWord) -> Node {
    match &word.value {
        Some(value) => Node::new(word.span, Value::String(value.clone())),
        None => unknown(&word.raw),
    }
}

/// The names of the options, each at its word.
pub(super) fn options(program: &Program<'_>) -> Vec<Node> {
    let options = program.options().into_iter();
    options.map(|option| Node::new(option.word.span, Value::String(option.name.into()))).collect()
}

/// The program and where it reads from, without versions, options and anything that may be a secret.
fn command_identity(command: &ShellCommand) -> String {
    let Some(program) = command.program() else { return "(…)".to_owned() };
    let words = program.arguments.iter().filter_map(|word| file::host_and_path(&word.raw));
    let words = words.map(|place| place.chars().filter(|letter| !letter.is_ascii_digit()).collect());
    std::iter::once(program.name.to_owned()).chain(words).collect::<Vec<String>>().join(" ")
}

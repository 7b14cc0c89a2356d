//! Facts of a command in a RUN.
//!
//! Invariant: a word with an expansion is unknown, at no place, so that ordinary scripts give no notes.

use super::super::Subject;
use super::super::facts::{map, text, truth};
use super::{list, stage_facts, stage_identity, stage_title, unknown};
use crate::scan::document::dockerfile::{Dockerfile, Instruction};
use crate::scan::document::node::{Node, Value};
use crate::scan::document::shell::{Pipeline, Program, ShellCommand, ShellWord};

/// How many commands before a shell tell it from others.
const MAX_IDENTITY_COMMANDS: usize = 10;

pub(super) fn subjects(dockerfile: &Dockerfile) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for instruction in &dockerfile.instructions {
        for script in &instruction.scripts {
            let mut commands = script.commands();
            commands.sort_by_key(|(pipeline, position)| pipeline.commands.get(*position).map(|command| command.span));
            let mut runs: (Option<*const Pipeline>, Vec<bool>) = (None, Vec::new());
            for (pipeline, position) in commands {
                if runs.0 != Some(std::ptr::from_ref(pipeline)) {
                    runs = (Some(std::ptr::from_ref(pipeline)), pipeline.runs_download());
                }
                let runs_download = runs.1.get(position).copied().unwrap_or_default();
                subjects.extend(subject(dockerfile, instruction, pipeline, position, runs_download));
            }
        }
    }
    subjects
}

fn subject(
    dockerfile: &Dockerfile,
    instruction: &Instruction,
    pipeline: &Pipeline,
    position: usize,
    runs_download: bool,
) -> Option<Subject> {
    let command = pipeline.commands.get(position)?;
    let stage = instruction.stage.and_then(|stage| dockerfile.stages.get(stage));
    let mut identity = stage.map(stage_identity).unwrap_or_default();
    identity.extend(["command".to_owned(), command_identity(command)]);
    if runs_download {
        identity.extend(pipeline.commands.iter().take(position.min(MAX_IDENTITY_COMMANDS)).map(command_identity));
    }
    let mut places = vec![("pipeline", pipeline.span)];
    places.extend(command.words.first().map(|name| ("name", name.span)));
    Some(Subject {
        facts: map(vec![
            ("command", facts(command, pipeline, position, runs_download)),
            ("stage", map(stage_facts(dockerfile, instruction.stage))),
        ]),
        node: None,
        places,
        span: command.span,
        resource: stage.map(stage_title),
        identity,
    })
}

fn facts(command: &ShellCommand, pipeline: &Pipeline, position: usize, runs_download: bool) -> Node {
    let program = command.program();
    let name = |program: &Program<'_>| text(program.name);
    let arguments = program.as_ref().map(|program| program.arguments).unwrap_or_default();
    let after = pipeline.commands.get(position + 1..).unwrap_or_default();
    let wrappers = program.as_ref().map(|program| program.wrappers.as_slice()).unwrap_or_default();
    map(vec![
        ("name", program.as_ref().map_or_else(|| unknown(""), name)),
        ("words", list(command.words.iter().map(word))),
        ("wrappers", list(wrappers.iter().map(|wrapper| text(wrapper)))),
        ("arguments", list(arguments.iter().map(word))),
        ("options", list(program.as_ref().map(options).unwrap_or_default())),
        (
            "environment",
            list(
                command.assignments.iter().map(|one| map(vec![("name", text(&one.name)), ("value", word(&one.value))])),
            ),
        ),
        ("pipes_to", list(after.iter().take(20).map(|next| next.program().as_ref().map_or_else(|| unknown(""), name)))),
        ("downloads", truth(program.as_ref().is_some_and(Program::downloads))),
        ("runs_download", truth(runs_download)),
    ])
}

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
    let words = program.arguments.iter().filter_map(|word| host_and_path(&word.raw));
    std::iter::once(program.name.to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Host and path of a URL without user, query and digits.
fn host_and_path(word: &str) -> Option<String> {
    let (_, rest) = word.split_once("://")?;
    let end = rest.find(['?', '#', '"', '\'']).unwrap_or(rest.len());
    let place = rest.get(..end)?;
    let host_end = place.find('/').unwrap_or(place.len());
    let (authority, path) = place.split_at_checked(host_end)?;
    let host = authority.rsplit('@').next().unwrap_or_default();
    Some(host.chars().chain(path.chars()).filter(|letter| !letter.is_ascii_digit()).collect())
}

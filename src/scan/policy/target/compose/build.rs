//! Facts of what a service is built from.
//!
//! Invariant: what the Dockerfile says is known only where it was seen, and the stage that is built is certain.

use super::super::facts::{field, list, map, null, text, texts, truth};
use super::substituted;
use crate::scan::document::beside::BuiltFrom;
use crate::scan::document::dockerfile::{Dockerfile, Instruction, Keyword, Stage, Word};
use crate::scan::document::node::{Node, Value};

/// What `build` says, as a path or as a map, and what the Dockerfile says of it.
pub(super) fn facts(build: &Node, from: Option<&BuiltFrom>) -> Node {
    let context = if build.as_str().is_some() { build.clone() } else { substituted(&field(build, "context")) };
    let is_remote =
        |context: &str| context.contains("://") || context.starts_with("git@") || context.starts_with("github.com/");
    let (remote, reference) = match context.value() {
        Value::String(written) => {
            let reference =
                written.split_once('#').map(|(_, reference)| reference.split(':').next().unwrap_or_default());
            let reference = reference.map_or_else(null, |name| Node::new(context.span(), Value::String(name.into())));
            (truth(is_remote(written)), reference)
        }
        // A variable may stand for the version alone.
        Value::Unknown(written) if is_remote(written) => (truth(true), context.clone()),
        Value::Unknown(_) => (context.clone(), context.clone()),
        _ => (truth(false), null()),
    };
    let target = substituted(&field(build, "target"));
    map(vec![
        ("context", context),
        ("is_remote", remote),
        ("reference", reference),
        ("privileged", substituted(&field(build, "privileged"))),
        ("network", substituted(&field(build, "network"))),
        ("entitlements", texts(&field(build, "entitlements"), str::to_owned)),
        ("arguments", arguments(&field(build, "args"))),
        ("dockerfile", from.map_or_else(unseen, |from| dockerfile(from, &target))),
        ("target", target),
    ])
}

/// The names of the build arguments, of a map or of a list of `NAME=value`.
fn arguments(written: &Node) -> Node {
    if written.is_unknown() {
        return written.clone();
    }
    let of_map =
        written.entries().iter().map(|entry| Node::new(entry.key_span, Value::String(entry.key.as_ref().into())));
    let of_list = written.items().iter().filter_map(|item| {
        let (Value::String(written) | Value::Unknown(written)) = item.value() else { return None };
        let name = written.split('=').next().unwrap_or_default();
        Some(super::part(item, name))
    });
    list(of_map.chain(of_list))
}

fn unseen() -> Node {
    map(["path", "stages", "has_target", "user", "arguments"].map(|name| (name, null())).to_vec())
}

/// What the Dockerfile says: its stages, the user of the stage that is built and the arguments that the stage takes.
fn dockerfile(from: &BuiltFrom, target: &Node) -> Node {
    let file = &from.dockerfile;
    let names = file.stages.iter().filter_map(|stage| stage.name.as_ref()).map(|name| text(&name.raw.to_lowercase()));
    let stage = match target.value() {
        Value::Null => file.stages.len().checked_sub(1),
        Value::String(name) => stage_of(file, name),
        _ => None,
    };
    let user = match (target.is_unknown(), stage) {
        (true, _) => target.clone(),
        (false, Some(stage)) => user_of(file, stage),
        (false, None) => null(),
    };
    map(vec![
        ("path", text(&from.path)),
        ("stages", list(names)),
        ("has_target", if target.is_unknown() { target.clone() } else { truth(stage.is_some()) }),
        ("user", user),
        ("arguments", list(taken(file).into_iter().map(text))),
    ])
}

/// The stage of that name or number.
fn stage_of(file: &Dockerfile, name: &str) -> Option<usize> {
    let is_named = |stage: &&Stage| stage.name.as_ref().is_some_and(|own| own.raw.eq_ignore_ascii_case(name));
    let numbered = || name.parse().ok().filter(|number| *number < file.stages.len());
    file.stages.iter().find(is_named).map(|stage| stage.index).or_else(numbered)
}

/// The USER that holds in the end: `null` where the base image decides, unknown where a variable does.
fn user_of(file: &Dockerfile, stage: usize) -> Node {
    let word = file.user_of(stage).and_then(|instruction| instruction.words().first());
    word.map_or_else(null, |word: &Word| match &word.value {
        Some(value) => text(value),
        None => Node::computed(Value::Unknown(word.raw.clone())),
    })
}

/// The names of all arguments that the file takes.
fn taken(file: &Dockerfile) -> Vec<&str> {
    let arguments = file.instructions.iter().filter(|instruction| instruction.keyword == Keyword::Arg);
    arguments.flat_map(Instruction::pairs).map(|pair| pair.key.shown()).collect()
}

//! Dockerfile stages, instructions and commands as policies see them.
//!
//! Invariant: a fact that the file does not state is `null`, and one that only a build decides is unknown; no fact and
//! no fingerprint hangs on line numbers.

mod archive;
mod command;
mod docs;
mod ignored;
mod instruction;
mod permission;
mod place;
mod silenced;
mod stage;
mod style;
mod surroundings;
#[cfg(test)]
mod tests;
mod verification;

pub(in crate::scan::policy) use command::runs_as_root;

use super::facts::{map, null, text, truth};
use super::{FactDoc, Subject, Target};
use crate::scan::document::dockerfile::{Base, Dockerfile, Origin, Stage, Word};
use crate::scan::document::node::{Node, Value};
use crate::scan::document::{Body, ParsedFile};
use crate::scan::image_reference::ImageReference;

/// Stages that start from each other in a row.
const MAX_PARENTS: usize = 64;

/// The things of `file` that `target` means, in the order of the file.
pub fn subjects(target: Target, file: &ParsedFile, text: &str) -> Vec<Subject> {
    let dockerfiles = file.documents.iter().filter_map(|document| match &document.body {
        Body::Dockerfile(dockerfile) => Some(dockerfile),
        Body::Tree(_) => None,
    });
    let subjects = dockerfiles.flat_map(|dockerfile| match target {
        Target::DockerfileStage => stage::subjects(dockerfile, text),
        Target::DockerfileInstruction => instruction::subjects(dockerfile, text, file),
        Target::DockerfileCommand => command::subjects(dockerfile),
        _ => Vec::new(),
    });
    subjects.collect()
}

/// The facts of `target`.
pub fn facts(target: Target) -> &'static [FactDoc] {
    match target {
        Target::DockerfileStage => docs::STAGE,
        Target::DockerfileInstruction => docs::INSTRUCTION,
        Target::DockerfileCommand => docs::COMMAND,
        _ => &[],
    }
}

/// The value of a word at its place; unknown when only the build knows it.
fn word_fact(word: &Word) -> Node {
    let value = match &word.value {
        Some(value) => Value::String(value.clone()),
        None => Value::Unknown(word.raw.clone()),
    };
    Node::new(word.span, value)
}

fn optional_word(word: Option<&Word>) -> Node {
    word.map_or_else(null, word_fact)
}

fn list(items: impl IntoIterator<Item = Node>) -> Node {
    Node::computed(Value::Sequence(items.into_iter().collect()))
}

fn unknown(raw: &str) -> Node {
    Node::computed(Value::Unknown(raw.into()))
}

/// The facts of the image that an origin names, all `null` for a stage or for `scratch`.
fn image_facts(origin: Option<&Origin>) -> Node {
    let node = match origin {
        Some(Origin { base: Base::Image(_) | Base::Unknown, word }) => word_fact(word),
        Some(_) | None => null(),
    };
    super::image::facts(&node)
}

/// What an origin is: `image`, `stage` or `scratch`.
fn origin_kind(origin: &Origin) -> Node {
    match &origin.base {
        Base::Image(_) => text("image"),
        Base::Stage(_) => text("stage"),
        Base::Scratch => text("scratch"),
        Base::Unknown if origin.word.value.is_none() => word_fact(&origin.word),
        Base::Unknown => null(),
    }
}

/// The repository of an origin, or its name as written: what stays when a version changes.
fn origin_identity(origin: &Origin) -> String {
    origin.base.image().map_or_else(|| origin.word.raw.to_string(), ImageReference::repository)
}

fn stage_name(stage: &Stage) -> Option<String> {
    stage.name.as_ref().map(|name| name.raw.to_lowercase())
}

/// What a stage is called by people: its name, or its place among the stages, from 0.
fn stage_title(stage: &Stage) -> String {
    stage_name(stage).map_or_else(|| format!("stage {}", stage.index), |name| format!("stage {name}"))
}

/// What a stage is: its name, else what it starts from; a stage put before it changes neither.
fn stage_identity(stage: &Stage) -> Vec<String> {
    let identity = stage_name(stage).unwrap_or_else(|| format!("FROM {}", origin_identity(&stage.origin)));
    vec!["stage".to_owned(), identity]
}

fn is_last(dockerfile: &Dockerfile, index: usize) -> bool {
    index + 1 == dockerfile.stages.len()
}

/// The facts about a stage that instructions and commands have too.
fn stage_facts(dockerfile: &Dockerfile, index: Option<usize>) -> Vec<(&'static str, Node)> {
    let stage = index.and_then(|index| dockerfile.stages.get(index));
    vec![
        ("name", optional_word_raw(stage.and_then(|stage| stage.name.as_ref()))),
        ("is_last", index.map_or_else(null, |index| truth(is_last(dockerfile, index)))),
        ("is_shipped", index.map_or_else(null, |index| truth(is_shipped(dockerfile, index)))),
    ]
}

/// Whether the image that the file builds holds the layers of the stage: it is the last one, or below it.
fn is_shipped(dockerfile: &Dockerfile, index: usize) -> bool {
    let mut next = dockerfile.stages.last();
    for _ in 0..MAX_PARENTS {
        match next {
            Some(stage) if stage.index == index => return true,
            Some(Stage { origin: Origin { base: Base::Stage(parent), .. }, .. }) => {
                next = dockerfile.stages.get(*parent);
            }
            Some(_) | None => return false,
        }
    }
    false
}

fn optional_word_raw(word: Option<&Word>) -> Node {
    word.map_or_else(null, |word| Node::new(word.span, Value::String(word.raw.clone())))
}

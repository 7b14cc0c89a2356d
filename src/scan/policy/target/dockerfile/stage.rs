//! Facts of a stage.
//!
//! Invariant: what a stage inherits from another stage of the file is followed; what an image brings is not assumed.

use super::super::Subject;
use super::super::facts::{map, null, text, truth};
use super::{MAX_PARENTS, is_shipped, list, stage_title, style, word_fact};
use super::{image_facts, is_last, optional_word, optional_word_raw, origin_identity, origin_kind, stage_identity};
use std::collections::HashSet;

use crate::scan::document::dockerfile::{Base, Dockerfile, Keyword, Stage, Word};
use crate::scan::document::node::{Node, Value};
use crate::scan::span::Span;

/// Stages whose names are compared.
const MAX_COMPARED: usize = 500;

pub(super) fn subjects(dockerfile: &Dockerfile, file: &str) -> Vec<Subject> {
    dockerfile.stages.iter().map(|stage| subject(dockerfile, stage, file)).collect()
}

fn subject(dockerfile: &Dockerfile, stage: &Stage, file: &str) -> Subject {
    let user = dockerfile.user_of(stage.index).and_then(|instruction| instruction.words().first());
    let syntax = syntax(dockerfile, stage);
    let from = dockerfile.instructions_of(stage.index).first();
    let mut places = vec![("image", stage.origin.word.span)];
    places.extend(user.map(|user| ("user", user.span)));
    places.extend(from.and_then(|from| style::platform_flag(from, stage)).map(|span| ("platform_flag", span)));
    places.extend((!syntax.is_null()).then(|| ("syntax", syntax.span())));
    let mut identity = stage_identity(stage);
    identity.push(origin_identity(&stage.origin));
    Subject {
        facts: map(vec![
            ("stage", stage_map(dockerfile, stage, file)),
            ("image", image_facts(Some(&stage.origin))),
            ("user", user_facts(user, stage, dockerfile)),
            ("syntax", super::super::image::facts(&syntax)),
        ]),
        node: None,
        places,
        span: from.map_or(stage.span, |from| from.span),
        resource: Some(stage_title(stage)),
        identity,
    }
}

fn stage_map(dockerfile: &Dockerfile, stage: &Stage, file: &str) -> Node {
    let name = stage.name.as_ref().map(|name| name.raw.to_lowercase());
    let is_same = |other: &Stage| other.name.as_ref().is_some_and(|other| Some(other.raw.to_lowercase()) == name);
    let earlier = dockerfile.stages.get(..stage.index.min(MAX_COMPARED)).unwrap_or_default();
    map(vec![
        ("is_shipped", truth(is_shipped(dockerfile, stage.index))),
        ("repeats_name", truth(earlier.iter().any(is_same))),
        ("has_healthcheck", truth(has_healthcheck(dockerfile, stage))),
        ("programs", list(programs(dockerfile, stage))),
        ("drops_root", truth(drops_root(dockerfile, stage))),
        ("name", optional_word_raw(stage.name.as_ref())),
        ("title", text(&stage_title(stage))),
        ("is_last", truth(is_last(dockerfile, stage.index))),
        ("is_first", truth(stage.index == 0)),
        ("platform", optional_word(stage.platform.as_ref())),
        ("platform_written", optional_word_raw(stage.platform.as_ref())),
        ("as_differs", style::as_differs(dockerfile, stage, file)),
        ("is_invalid_by_default", style::is_invalid_by_default(dockerfile, stage)),
        ("starts_from", origin_kind(&stage.origin)),
    ])
}

/// Whether the stage, or one it starts from, says how to see that the container works, or that nothing should.
fn has_healthcheck(dockerfile: &Dockerfile, stage: &Stage) -> bool {
    let mut next = Some(stage);
    for _ in 0..MAX_PARENTS {
        let Some(stage) = next else { return false };
        let mut own = dockerfile.instructions_of(stage.index).iter();
        if own.any(|instruction| instruction.keyword == Keyword::Healthcheck && !instruction.on_build) {
            return true;
        }
        next = match stage.origin.base {
            Base::Stage(parent) => dockerfile.stages.get(parent),
            _ => None,
        };
    }
    false
}

/// Whether what the stage starts begins with a program that changes to another user, and names one.
fn drops_root(dockerfile: &Dockerfile, stage: &Stage) -> bool {
    let starts = |keyword| {
        let mut own = dockerfile.instructions_of(stage.index).iter();
        own.rfind(|instruction| instruction.keyword == keyword && !instruction.on_build)
    };
    let Some(start) = starts(Keyword::Entrypoint).or_else(|| starts(Keyword::Cmd)) else { return false };
    let words = start
        .words()
        .iter()
        .map(Word::shown)
        .skip_while(|word| matches!(*word, "tini" | "/sbin/tini" | "dumb-init" | "--"));
    let words: Vec<&str> = words.take(4).collect();
    let (Some(program), Some(user)) = (words.first(), words.get(1)) else { return false };
    let is_changer =
        matches!(program.rsplit('/').next(), Some("gosu" | "su-exec" | "setpriv" | "runuser" | "setuidgid"));
    is_changer && words.len() > 2 && !matches!(user.split(':').next(), Some("root" | "0"))
}

/// The programs that RUN instructions of the stage start, each where it is first named.
fn programs(dockerfile: &Dockerfile, stage: &Stage) -> Vec<Node> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let runs = dockerfile.instructions_of(stage.index).iter().filter(|instruction| instruction.keyword == Keyword::Run);
    for script in runs.flat_map(|instruction| &instruction.scripts) {
        for (pipeline, position) in script.commands() {
            let Some(command) = pipeline.commands.get(position) else { continue };
            let Some(program) = command.program() else { continue };
            if seen.insert(program.name) {
                found.push(Node::new(command.span, Value::String(program.name.into())));
            }
        }
    }
    found
}

fn user_facts(user: Option<&Word>, stage: &Stage, dockerfile: &Dockerfile) -> Node {
    let Some(word) = user else {
        return map(["raw", "name", "group", "is_root", "is_own"].map(|name| (name, null())).to_vec());
    };
    let (name, group) = user_parts(word);
    let is_root = match &name {
        Some(name) => truth(name == "root" || (!name.is_empty() && name.bytes().all(|byte| byte == b'0'))),
        None => word_fact(word),
    };
    let is_own = dockerfile.user_of(stage.index).is_some_and(|user| user.stage == Some(stage.index));
    let at = |text: String| Node::new(word.span, Value::String(text.into()));
    map(vec![
        ("raw", at(word.shown().to_owned())),
        ("name", name.map_or_else(|| word_fact(word), at)),
        ("group", group),
        ("is_root", is_root),
        ("is_own", truth(is_own)),
    ])
}

/// The user and the group of `user[:group]`. The part before the colon is known when it holds no variable, whatever
/// the group is.
fn user_parts(word: &Word) -> (Option<String>, Node) {
    if let Some(value) = &word.value {
        let (name, group) = value.split_once(':').map_or((&**value, None), |(name, group)| (name, Some(group)));
        return (Some(name.to_owned()), group.map_or_else(null, text));
    }
    let known = word.raw.split_once(':').map(|(name, _)| name).filter(|name| !name.contains(['$', '"', '\'', '\\']));
    (known.map(str::to_owned), word_fact(word))
}

/// The image of the `syntax` directive: a fact of the first stage alone, so that a file gets one finding.
fn syntax(dockerfile: &Dockerfile, stage: &Stage) -> Node {
    let directive = dockerfile.directive("syntax").filter(|_| stage.index == 0);
    let image = directive.and_then(|directive| Some((directive, directive.value.split_whitespace().next()?)));
    image.map_or_else(null, |(directive, image)| {
        let start = directive.value_span.start;
        Node::new(Span::new(start, start + image.len()), Value::String(image.into()))
    })
}

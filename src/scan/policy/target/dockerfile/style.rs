//! How instructions are written: the case of keywords, lines that are continued by nothing, and what a default gives.
//!
//! **Invariant**: these facts tell of form alone; none of them changes what is built.
//!
//! # Source
//! The checks of `BuildKit`: `ConsistentInstructionCasing`, `FromAsCasing`, `NoEmptyContinuation` and
//! `InvalidDefaultArgInFrom`.

use super::super::facts::{null, text, truth};
use crate::scan::document::dockerfile::{Base, Dockerfile, Instruction, Keyword, Stage};
use crate::scan::document::node::Node;
use crate::scan::image_reference::ImageReference;
use crate::scan::span::Span;

/// Variables of one base that are replaced.
const MAX_VARIABLES: usize = 20;

/// What most keywords of a file are written in: whether that is lower case. In a tie it is not.
pub(super) fn is_lower_case(dockerfile: &Dockerfile, file: &str) -> bool {
    let written = || dockerfile.instructions.iter().map(|instruction| instruction.keyword_span.of(file));
    let lower = written().filter(|word| is_lower(word)).count();
    lower > written().filter(|word| is_upper(word)).count()
}

/// The case in which a keyword should be written, when it is not: that of most others.
pub(super) fn other_case(instruction: &Instruction, is_lower_case: bool, file: &str) -> Node {
    let word = instruction.keyword_span.of(file);
    let (fits, expected) = if is_lower_case { (is_lower(word), "lower") } else { (is_upper(word), "upper") };
    if fits { null() } else { text(expected) }
}

/// Whether FROM and its AS are written in different cases.
pub(super) fn as_differs(dockerfile: &Dockerfile, stage: &Stage, file: &str) -> Node {
    let from = dockerfile.instructions_of(stage.index).first();
    let (Some(from), Some(name)) = (from, &stage.name) else { return truth(false) };
    let between = file.get(stage.origin.word.span.end..name.span.start).unwrap_or_default();
    let keyword = from.keyword_span.of(file);
    let is_as = between.split_whitespace().find(|word| word.eq_ignore_ascii_case("as"));
    let fits = |word: &str| (is_lower(keyword) && is_lower(word)) || (is_upper(keyword) && is_upper(word));
    truth(is_as.is_some_and(|word| !fits(word)))
}

/// `--platform` of FROM with the blanks after it.
pub(super) fn platform_flag(from: &Instruction, stage: &Stage) -> Option<Span> {
    let flags = from.flags.iter();
    let start = flags.filter(|flag| &*flag.name == "platform").map(|flag| flag.span.start).next_back()?;
    let later = from.flags.iter().map(|flag| flag.span.start).find(|other| *other > start);
    Some(Span::new(start, later.unwrap_or(stage.origin.word.span.start)))
}

/// Whether an empty line stands between the lines of an instruction.
pub(super) fn has_empty_line(instruction: &Instruction, file: &str, escape: char) -> Node {
    let written = instruction.span.of(file);
    // What a here-document holds is its own.
    if written.contains("<<") {
        return truth(false);
    }
    let mut lines = written.lines();
    let mut is_continued = false;
    let found = lines.any(|line| {
        let line = line.trim();
        let is_empty = is_continued && line.is_empty();
        // A comment between two lines does not end the continuation.
        is_continued = line.ends_with(escape) || (is_continued && line.starts_with('#'));
        is_empty
    });
    truth(found)
}

/// Whether the base of a stage is no image's name when every argument has its default, and is empty without one.
pub(super) fn is_invalid_by_default(dockerfile: &Dockerfile, stage: &Stage) -> Node {
    let word = &stage.origin.word;
    if !matches!(stage.origin.base, Base::Unknown) || !word.raw.contains('$') {
        return truth(false);
    }
    let result = by_default(dockerfile, word.raw.trim_matches('"'));
    truth(result.is_some_and(|name| ImageReference::parse(&name).is_err()))
}

/// A base with its variables replaced; `None` when it is not plain what they are.
fn by_default(dockerfile: &Dockerfile, raw: &str) -> Option<String> {
    let mut parts = raw.split('$');
    let mut name = parts.next()?.to_owned();
    for part in parts.take(MAX_VARIABLES) {
        let (variable, rest) = match part.strip_prefix('{') {
            Some(part) => part.split_once('}')?,
            None => {
                part.split_at(part.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count())
            }
        };
        let is_plain = variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_plain || variable.is_empty() {
            return None;
        }
        name.push_str(&default(dockerfile, variable)?);
        name.push_str(rest);
    }
    Some(name)
}

/// The default of an argument that stands before the first stage; empty when it has none.
fn default(dockerfile: &Dockerfile, name: &str) -> Option<String> {
    let global = dockerfile.instructions.iter().take_while(|instruction| instruction.stage.is_none());
    let pairs = global.filter(|instruction| instruction.keyword == Keyword::Arg).flat_map(Instruction::pairs);
    let Some(pair) = pairs.filter(|pair| pair.key.shown() == name).last() else {
        // The builder gives values to its own.
        return (!name.starts_with("TARGET") && !name.starts_with("BUILD")).then(String::new);
    };
    pair.value.as_ref().map_or_else(|| Some(String::new()), |value| value.value.as_deref().map(str::to_owned))
}

fn is_lower(word: &str) -> bool {
    !word.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_upper(word: &str) -> bool {
    !word.bytes().any(|byte| byte.is_ascii_lowercase())
}

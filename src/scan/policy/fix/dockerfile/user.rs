//! The USER that a stage ends with.
//!
//! Invariant: a user is named only where the stage, or an image that is known to run as root, leaves no other answer.

use std::collections::BTreeSet;

use super::{Thing, indent};
use crate::scan::document::dockerfile::{Base, Dockerfile, Instruction, Keyword, Stage, Word};
use crate::scan::document::shell::{Program, ShellScript};
use crate::scan::edit::Edit;
use crate::scan::policy::fix::tree::edit;
use crate::scan::policy::target::dockerfile::runs_as_root;

/// The user that needs no entry in any file.
const NUMBERED: &str = "65532:65532";
/// Stages that start from each other in a row.
const MAX_PARENTS: usize = 64;

/// USER at the end of the stage, or another one in the place of the last.
pub(super) fn user(thing: &Thing<'_>) -> Option<Edit> {
    let index = thing.instruction.stage?;
    let own = thing.dockerfile.instructions_of(index);
    if own.iter().any(listens_as_root) {
        return None;
    }
    let user = user_of(thing.dockerfile, index)?;
    let last = own.iter().rposition(|one| is(one, Keyword::User));
    if let Some(at) = last
        && let [word] = own.get(at)?.words()
        && !own.get(at + 1..)?.iter().any(|one| is(one, Keyword::Run))
    {
        // Another USER than that of an argument would leave the argument without effect.
        return (!word.raw.contains('$')).then(|| edit(word.span.start, word.span.end, user));
    }
    insert(thing, own, &user)
}

/// Whether EXPOSE names a port that not every host lets others than root take.
fn listens_as_root(instruction: &Instruction) -> bool {
    let is_low = |word: &Word| {
        let port = word.value.as_deref().and_then(|value| value.split(['/', '-']).next());
        port.and_then(|port| port.parse::<u16>().ok()).is_some_and(|port| port < 1024)
    };
    is(instruction, Keyword::Expose) && instruction.words().iter().any(is_low)
}

/// Puts the instruction before what the container starts, with the comments above that; else at the end.
fn insert(thing: &Thing<'_>, own: &[Instruction], user: &str) -> Option<Edit> {
    let line = format!("{} {user}", thing.keyword("USER"));
    let settings = own.iter().rev().take_while(|one| is_setting(one.keyword));
    let start = settings.filter(|one| is_start(one.keyword)).last();
    let line_break = thing.line_break();
    if let Some(start) = start {
        let indent = indent(thing.text, start.span.start)?;
        let at = above_comments(thing.text, start.span.start - indent.len());
        return Some(edit(at, at, format!("{indent}{line}{line_break}")));
    }
    let last = own.last()?;
    let end = last.heredocs.last().map_or(last.span.end, |heredoc| heredoc.span.end.max(last.span.end));
    let end = thing.text.get(..end)?.trim_end_matches(['\n', '\r']).len();
    let indent = indent(thing.text, last.span.start)?;
    Some(edit(end, end, format!("{line_break}{indent}{line}")))
}

/// The beginning of the comment lines right above the line at `start`; `start` when there are none.
fn above_comments(text: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(above) = text.get(..at).and_then(|text| text.strip_suffix('\n')) {
        let line = above.rfind('\n').map_or(0, |at| at + 1);
        if !above.get(line..).is_some_and(|line| line.trim_start().starts_with('#')) {
            break;
        }
        at = line;
    }
    at
}

/// Whether the instruction says what the container is like, and changes no file.
fn is_setting(keyword: Keyword) -> bool {
    is_start(keyword)
        || matches!(keyword, Keyword::Expose | Keyword::Stopsignal | Keyword::Volume | Keyword::Label | Keyword::Env)
}

fn is_start(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck)
}

fn is(instruction: &Instruction, keyword: Keyword) -> bool {
    instruction.keyword == keyword && !instruction.on_build
}

/// The user that the stage had before, else the one that it makes, else the one that every image knows.
fn user_of(dockerfile: &Dockerfile, index: usize) -> Option<String> {
    let (mut made, mut stage) = (BTreeSet::new(), dockerfile.stages.get(index)?);
    for _ in 0..MAX_PARENTS {
        let own = dockerfile.instructions_of(stage.index);
        let users = own.iter().rev().filter(|one| is(one, Keyword::User)).flat_map(Instruction::words);
        for word in users {
            if !is_root(word)? {
                return Some(word.raw.to_string());
            }
        }
        made.extend(own.iter().filter(|one| is(one, Keyword::Run)).flat_map(|run| made_by(&run.scripts)));
        match &stage.origin.base {
            Base::Stage(parent) => stage = dockerfile.stages.get(*parent)?,
            _ => break,
        }
    }
    let mut made = made.into_iter();
    match (made.next(), made.next()) {
        (Some(user), None) => user,
        (None, _) => starts_as_root(stage).then(|| known_user(stage)),
        (Some(_), Some(_)) => None,
    }
}

/// Whether a USER names root; `None` when only a build knows.
fn is_root(word: &Word) -> Option<bool> {
    let user = word.value.as_deref()?;
    let name = user.split(':').next().unwrap_or(user);
    Some(name == "root" || (!name.is_empty() && name.bytes().all(|byte| byte == b'0')))
}

fn starts_as_root(stage: &Stage) -> bool {
    match &stage.origin.base {
        Base::Scratch => true,
        Base::Image(image) => runs_as_root(image),
        Base::Stage(_) | Base::Unknown => false,
    }
}

/// The user that images of Node.js bring for this, else a number.
fn known_user(stage: &Stage) -> String {
    let is_node = |image: &crate::scan::image_reference::ImageReference| image.familiar_name() == "node";
    if stage.origin.base.image().is_some_and(is_node) { "1000:1000" } else { NUMBERED }.to_owned()
}

/// The users that commands add, each as USER would name it; `None` for one whose name is not known.
fn made_by(scripts: &[ShellScript]) -> Vec<Option<String>> {
    let commands = scripts.iter().flat_map(ShellScript::commands);
    let programs = commands.filter_map(|(pipeline, position)| pipeline.commands.get(position)?.program());
    programs.filter(|program| matches!(program.name, "useradd" | "adduser")).map(|program| made(&program)).collect()
}

/// The number that the user is given, else its name.
fn made(program: &Program<'_>) -> Option<String> {
    let (options, operands) = program.split();
    let number = options.iter().find(|option| matches!(option.name.as_str(), "-u" | "--uid"));
    let is_number = |value: &&str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(number) = number {
        return number.value.filter(is_number).map(str::to_owned);
    }
    let name = operands.last().filter(|_| operands.len() == 1)?.value.as_deref()?;
    let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    is_plain.then(|| name.to_owned())
}

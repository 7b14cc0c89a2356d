//! Users and groups that a command makes or changes.
//!
//! Invariant: a group is listed when the command puts a user into it, not when it only makes the group.

use super::super::super::facts::{null, text};
use super::super::{list, unknown};
use super::{Placed, word};
use crate::scan::document::node::{Node, Value};
use crate::scan::document::shell::{Program, ShellCommand, ShellOption, ShellWord};

pub(super) fn facts(program: Option<&Program<'_>>) -> Vec<(&'static str, Node)> {
    let Some(program) = program else { return vec![("groups", list([])), ("user_id", null())] };
    let (options, operands) = program.split();
    let valued = |names: &[&str]| -> Vec<Node> {
        let found = options.iter().filter(|option| names.contains(&option.name.as_str()));
        found.flat_map(parts).collect()
    };
    let second = || operands.get(1).map(|group| word(group)).into_iter().collect();
    let groups = match program.name {
        "useradd" | "usermod" => valued(&["-G", "--groups", "-g", "--gid"]),
        "adduser" | "addgroup" if operands.len() > 1 => second(),
        "adduser" => valued(&["-G", "--ingroup"]),
        "gpasswd" if options.iter().any(|option| matches!(option.name.as_str(), "-a" | "--add")) => {
            operands.first().map(|group| word(group)).into_iter().collect()
        }
        _ => Vec::new(),
    };
    let user_id = match program.name {
        "useradd" | "usermod" | "adduser" => valued(&["-u", "--uid"]).into_iter().next().unwrap_or_else(null),
        _ => null(),
    };
    vec![("groups", list(groups)), ("user_id", user_id)]
}

/// What makes a password that nobody knows.
const GENERATORS: [&str; 6] = ["/dev/urandom", "/dev/random", "openssl rand", "pwgen", "uuidgen", "makepasswd"];

/// The password that the command gives a user: `set`, `random` when a generator makes it, `locked` when it lets nobody
/// in; `null` when it gives none.
pub(super) fn password(placed: &Placed<'_>) -> Node {
    let Some(program) = &placed.program else { return null() };
    let fed = placed.pipeline.commands.get(..=placed.position).unwrap_or_default();
    let has_option = |names: &[&str]| program.options().iter().any(|option| names.contains(&option.name.as_str()));
    match program.name {
        "chpasswd" => text(if fed.iter().any(generates) { "random" } else { "set" }),
        "passwd" if has_option(&["--stdin"]) => text(if fed.iter().any(generates) { "random" } else { "set" }),
        "useradd" | "usermod" => given(program),
        _ => null(),
    }
}

fn given(program: &Program<'_>) -> Node {
    let options = program.options();
    let is_password = |option: &&ShellOption<'_>| matches!(option.name.as_str(), "-p" | "--password");
    let Some(option) = options.iter().find(is_password) else { return null() };
    let after = program.arguments.iter().skip_while(|word| word.span != option.word.span).nth(1);
    let is_locked = option.value.is_some_and(|value| value.starts_with(['!', '*']) || value == "x");
    let is_random = has_generator(option.word) || after.is_some_and(has_generator);
    text(if is_locked {
        "locked"
    } else if is_random {
        "random"
    } else {
        "set"
    })
}

fn generates(command: &ShellCommand) -> bool {
    let reads_one = |word: &ShellWord| word.value.as_deref().is_some_and(|name| GENERATORS.contains(&name));
    let calls_one = command.program().is_some_and(|program| {
        GENERATORS.contains(&program.name)
            || (program.name == "openssl" && program.operands().first().is_some_and(|word| &*word.raw == "rand"))
    });
    calls_one
        || command.words.iter().any(|word| has_generator(word) || reads_one(word))
        || command.redirects.iter().any(|redirect| reads_one(&redirect.target))
}

/// Whether a word holds what a generator writes.
fn has_generator(word: &ShellWord) -> bool {
    !word.nested.is_empty() && GENERATORS.iter().any(|name| word.raw.contains(name))
}

/// The items of a value that commas part.
fn parts(option: &ShellOption<'_>) -> Vec<Node> {
    let Some(value) = option.value else { return vec![unknown(&option.word.raw)] };
    let at = |part: &str| Node::new(option.word.span, Value::String(part.into()));
    value.split(',').take(50).filter(|part| !part.is_empty()).map(at).collect()
}

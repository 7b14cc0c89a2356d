//! Users and groups that a command makes or changes.
//!
//! Invariant: a group is listed when the command puts a user into it, not when it only makes the group.

use super::super::super::facts::null;
use super::super::{list, unknown};
use super::word;
use crate::scan::document::node::{Node, Value};
use crate::scan::document::shell::{Program, ShellOption};

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

/// The items of a value that commas part.
fn parts(option: &ShellOption<'_>) -> Vec<Node> {
    let Some(value) = option.value else { return vec![unknown(&option.word.raw)] };
    let at = |part: &str| Node::new(option.word.span, Value::String(part.into()));
    value.split(',').take(50).filter(|part| !part.is_empty()).map(at).collect()
}

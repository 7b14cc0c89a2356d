//! The permissions that an instruction gives to files: `--chmod`, and chmod, install and mkdir in its commands.
//!
//! Invariant: a mode is read as the program reads it; one that is not known says nothing.

use super::super::facts::{map, truth};
use super::{list, word_fact};
use crate::scan::document::dockerfile::Instruction;
use crate::scan::document::node::{Node, Value};
use crate::scan::document::shell::{Program, ShellWord};

/// What a mode grants beyond the owner's own rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Granted {
    /// Anyone may write, and no sticky bit keeps them from each other's files.
    world_writable: bool,
    setuid: bool,
    setgid: bool,
}

/// Every mode that the instruction sets, in the order of the text.
pub(super) fn permissions(instruction: &Instruction) -> Vec<Node> {
    let flag = instruction.flag("chmod").and_then(|flag| flag.value.as_ref()).map(|value| {
        let granted = value.value.as_deref().map(granted);
        entry(word_fact(value), granted, list(instruction.words().last().map(word_fact)))
    });
    let mut found: Vec<Node> = flag.into_iter().collect();
    for script in &instruction.scripts {
        let commands = script.commands();
        let commands = commands.iter().filter_map(|(pipeline, position)| pipeline.commands.get(*position));
        found.extend(commands.filter_map(|command| of_command(&command.program()?)));
    }
    found.sort_by_key(|one| one.get("mode").map(Node::span));
    found
}

fn of_command(program: &Program<'_>) -> Option<Node> {
    let (mode, paths): (&ShellWord, Vec<&ShellWord>) = match program.name {
        "chmod" => {
            // `-w` is a mode, not an option.
            let is_mode = |word: &&ShellWord| {
                let value = word.value.as_deref().unwrap_or(&word.raw);
                !value.starts_with("--") && !matches!(value, "-R" | "-f" | "-v" | "-c" | "-Rf" | "-fR" | "-vR" | "-Rv")
            };
            let mut words = program.arguments.iter().filter(is_mode);
            (words.next()?, words.collect())
        }
        "install" | "mkdir" => {
            let option =
                program.options().into_iter().find(|option| matches!(option.name.as_str(), "-m" | "--mode"))?;
            let value = option.value?;
            let mode = Node::new(option.word.span, Value::String(value.into()));
            return Some(entry(mode, Some(granted(value)), list(program.operands().into_iter().map(shell_word))));
        }
        _ => return None,
    };
    let granted = mode.value.as_deref().map(granted);
    Some(entry(shell_word(mode), granted, list(paths.into_iter().take(50).map(shell_word))))
}

fn shell_word(word: &ShellWord) -> Node {
    let value = word.value.clone().map_or_else(|| Value::Unknown(word.raw.clone()), Value::String);
    Node::new(word.span, value)
}

fn entry(mode: Node, granted: Option<Granted>, paths: Node) -> Node {
    let unknown = || Node::computed(Value::Unknown("".into()));
    let part = |part: fn(&Granted) -> bool| granted.as_ref().map_or_else(unknown, |granted| truth(part(granted)));
    let shown = mode.as_str().unwrap_or_default().to_owned();
    map(vec![
        ("world_writable", part(|granted| granted.world_writable)),
        ("setuid", part(|granted| granted.setuid)),
        ("setgid", part(|granted| granted.setgid)),
        ("paths", paths),
        ("is_numeric", truth(shown.bytes().all(|byte| byte.is_ascii_digit()))),
        ("mode", if mode.as_str().is_some() { Node::new(mode.span(), Value::String(shown.into())) } else { mode }),
    ])
}

fn granted(mode: &str) -> Granted {
    let digits = mode.trim_start_matches('=');
    if !digits.is_empty() && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte)) {
        let bits = u32::from_str_radix(digits, 8).unwrap_or_default();
        return Granted {
            world_writable: bits & 0o002 != 0 && bits & 0o1000 == 0,
            setuid: bits & 0o4000 != 0,
            setgid: bits & 0o2000 != 0,
        };
    }
    let clauses: Vec<Granted> = mode.split(',').take(50).map(clause).collect();
    let is_sticky = mode.split(',').any(|clause| clause.contains('t') && !clause.contains('-'));
    Granted {
        world_writable: clauses.iter().any(|one| one.world_writable) && !is_sticky,
        setuid: clauses.iter().any(|one| one.setuid),
        setgid: clauses.iter().any(|one| one.setgid),
    }
}

/// One clause of a symbolic mode: `ug+rw`.
fn clause(clause: &str) -> Granted {
    let who_end = clause.find(['+', '-', '=']).unwrap_or(clause.len());
    let (who, rest) = clause.split_at_checked(who_end).unwrap_or_default();
    let mut granted = Granted::default();
    let mut adds = false;
    for letter in rest.chars().take(50) {
        match letter {
            '+' | '=' => adds = true,
            '-' => adds = false,
            'w' if adds => granted.world_writable |= who.contains(['o', 'a']),
            's' if adds => {
                granted.setuid |= who.is_empty() || who.contains(['u', 'a']);
                granted.setgid |= who.is_empty() || who.contains(['g', 'a']);
            }
            _ => {}
        }
    }
    granted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected`: `w`, `u`, `g` for what is granted.
    fn check(mode: &str, expected: &str) {
        let Granted { world_writable, setuid, setgid } = granted(mode);
        let found: String = [(world_writable, 'w'), (setuid, 'u'), (setgid, 'g')]
            .into_iter()
            .filter_map(|(is_granted, letter)| is_granted.then_some(letter))
            .collect();
        assert_eq!(found, expected, "{mode}");
    }

    #[test]
    fn modes_are_read_as_chmod_reads_them() {
        for (mode, expected) in [
            ("777", "w"),
            ("0777", "w"),
            ("666", "w"),
            ("755", ""),
            ("775", ""),
            ("1777", ""),
            ("3777", "g"),
            ("4755", "u"),
            ("2755", "g"),
            ("6755", "ug"),
            ("7777", "ug"),
            ("a+w", "w"),
            ("o=rw", "w"),
            ("ugo+rwx", "w"),
            ("g+w", ""),
            ("o-w", ""),
            ("+w", ""),
            ("a+rwxt", ""),
            ("a+rw,+t", ""),
            ("u+s", "u"),
            ("g+s", "g"),
            ("+s", "ug"),
            ("u-s,o+w", "w"),
            ("u=rwX,go=rX", ""),
            ("", ""),
            ("ä", ""),
        ] {
            check(mode, expected);
        }
    }
}

//! Words, flags and variables that are taken out of an instruction.
//!
//! Invariant: an option goes with its value and a setting with its option; what would leave half a command is not done.

use super::{Thing, with_line_break};
use crate::scan::document::shell::{Assignment, Pipeline, ShellCommand, ShellScript, ShellWord};
use crate::scan::edit::Edit;
use crate::scan::policy::fix::removal::joined;
use crate::scan::policy::fix::tree::{contains, edit};
use crate::scan::span::Span;

/// Options whose value is the next word.
const VALUED: [&str; 6] =
    ["--trusted-host", "--allow-insecure-host", "--setopt", "--src-tls-verify", "--tls-verify", "--strict-ssl"];
/// Options that a setting follows as a word of its own.
const SETS: [&str; 6] = ["-o", "--option", "-c", "--config", "--setopt", "-e"];
/// Places that one edit takes out.
const MAX_PLACES: usize = 50;

/// The instruction without what the finding's subjects name.
pub(super) fn without_subjects(thing: &Thing<'_>) -> Option<Edit> {
    let places = &thing.found.places;
    if places.is_empty() || places.len() > MAX_PLACES {
        return None;
    }
    let mut parts: Vec<Edit> = Vec::new();
    for place in places {
        let part = flag(thing, *place).or_else(|| pair(thing, *place)).or_else(|| in_script(thing, *place))?;
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    joined(thing.text, parts)
}

/// A flag of the instruction, with the blanks after it.
fn flag(thing: &Thing<'_>, place: Span) -> Option<Edit> {
    let flag = thing.instruction.flags.iter().find(|flag| contains(flag.span, place))?;
    let rest = thing.text.get(flag.span.end..)?;
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    Some(edit(flag.span.start, flag.span.end + blanks, String::new()))
}

/// A variable of ENV or ARG; the whole line when it is the only one.
fn pair(thing: &Thing<'_>, place: Span) -> Option<Edit> {
    let pairs = thing.instruction.pairs();
    let at = pairs.iter().position(|pair| pair.key.span == place)?;
    let pair = pairs.get(at)?;
    let end = pair.value.as_ref().map_or(pair.key.span.end, |value| value.span.end);
    if pairs.len() == 1 {
        return Some(whole(thing));
    }
    Some(match at.checked_sub(1).and_then(|before| pairs.get(before)) {
        Some(before) => edit(before.value.as_ref().map_or(before.key.span, |value| value.span).end, end, String::new()),
        None => edit(pair.key.span.start, pairs.get(1)?.key.span.start, String::new()),
    })
}

/// The instruction with its line.
fn whole(thing: &Thing<'_>) -> Edit {
    let span = with_line_break(thing.text, thing.instruction.span);
    edit(span.start, span.end, String::new())
}

fn in_script(thing: &Thing<'_>, place: Span) -> Option<Edit> {
    let scripts = &thing.instruction.scripts;
    let commands = scripts.iter().flat_map(ShellScript::commands);
    let commands = commands.filter_map(|(pipeline, position)| pipeline.commands.get(position));
    let mut holding: Vec<&ShellCommand> = commands.filter(|command| contains(command.span, place)).collect();
    // The innermost one.
    holding.sort_by_key(|command| command.span.len());
    holding.into_iter().find_map(|command| match command.words.iter().position(|word| word.span == place) {
        Some(at) => word(thing, command, at),
        None if command.span == place => assignment(thing, command),
        None => None,
    })
}

/// A word of a command, with what belongs to it.
fn word(thing: &Thing<'_>, command: &ShellCommand, at: usize) -> Option<Edit> {
    let program = command.program()?;
    let first = command.words.len().checked_sub(program.arguments.len())?;
    let setting = command.words.get(at)?.raw.to_ascii_lowercase();
    let configures = program.arguments.iter().any(|word| matches!(&*word.raw, "config" | "set"));
    let only = program.arguments.len() == 1 && matches!(program.name, "export" | "set" | "declare");
    if configures || only {
        // Another command of the RUN may take the setting back, which fails where there is none.
        let own = thing.instruction.span;
        let others = [Span::new(own.start, command.span.start), Span::new(command.span.end, own.end)];
        let is_said_again = others.iter().any(|other| other.of(thing.text).to_ascii_lowercase().contains(&setting));
        return whole_command(thing, command).filter(|_| !is_said_again);
    }
    if at < first {
        return None;
    }
    let (word, next) = (command.words.get(at)?, command.words.get(at + 1));
    if let Some(rest) = without_letters(thing, &program.options(), word) {
        return Some(rest);
    }
    let before = at.checked_sub(1).and_then(|before| command.words.get(before)).filter(|_| at > first);
    let start = before.filter(|before| SETS.contains(&&*before.raw)).unwrap_or(word).span.start;
    let takes_next = VALUED.contains(&&*word.raw) || SETS.contains(&&*word.raw) || is_setting(word);
    let end = if takes_next { next?.span.end } else { word.span.end };
    Some(edit(start - blanks_before(thing.text, start), end, String::new()))
}

/// A key whose value is the next word, such as `http.sslVerify`.
fn is_setting(word: &ShellWord) -> bool {
    !word.raw.starts_with('-') && !word.raw.contains('=')
}

/// The word without the letters that are options to be gone; `None` when it is one option.
fn without_letters(
    thing: &Thing<'_>,
    options: &[crate::scan::document::shell::ShellOption<'_>],
    word: &ShellWord,
) -> Option<Edit> {
    let here: Vec<&str> =
        options.iter().filter(|option| option.word.span == word.span).map(|option| &*option.name).collect();
    let is_cluster =
        here.len() > 1 && here.iter().all(|name| name.len() == 2) && word.span.of(thing.text) == &*word.raw;
    let goes = |name: &&&str| thing.found.finding.subjects.iter().any(|subject| subject == **name);
    let letters: Vec<char> = here.iter().filter(goes).filter_map(|name| name.chars().nth(1)).collect();
    let left: String = word.raw.chars().filter(|letter| !letters.contains(letter)).collect();
    (is_cluster && !letters.is_empty() && left.len() > 1).then(|| edit(word.span.start, word.span.end, left))
}

/// The assignments before a command that are to be gone.
fn assignment(thing: &Thing<'_>, command: &ShellCommand) -> Option<Edit> {
    let goes = |one: &&Assignment| thing.found.finding.subjects.iter().any(|subject| **subject == *one.name);
    let part = |one: &Assignment| {
        let start = one.value.span.start.checked_sub(one.name.len() + 1)?;
        let is_here = thing.text.get(start..one.value.span.start)? == format!("{}=", one.name);
        let rest = thing.text.get(one.value.span.end..)?;
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        is_here.then(|| edit(start, one.value.span.end + blanks, String::new()))
    };
    if command.words.is_empty() {
        return (command.assignments.len() == 1).then(|| whole_command(thing, command))?;
    }
    joined(thing.text, command.assignments.iter().filter(goes).map(part).collect::<Option<Vec<_>>>()?)
}

/// A command with what joins it to the next or the one before; the whole instruction when there is no other.
fn whole_command(thing: &Thing<'_>, command: &ShellCommand) -> Option<Edit> {
    let [script] = thing.instruction.scripts.as_slice() else { return None };
    let pipelines = &script.pipelines;
    let at = pipelines.iter().position(|one| one.commands.len() == 1 && one.span == command.span)?;
    let span = |at: usize| pipelines.get(at).map(|pipeline: &Pipeline| pipeline.span);
    let is_joint = |start: usize, end: usize| {
        let joint = thing.text.get(start..end).unwrap_or_default();
        let operator: String =
            joint.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '\\' | '`')).collect();
        matches!(operator.as_str(), "&&" | ";" | "")
    };
    match (at.checked_sub(1).and_then(span), span(at + 1)) {
        (None, None) => Some(whole(thing)),
        (_, Some(next)) if is_joint(command.span.end, next.start) => {
            Some(edit(command.span.start, next.start, String::new()))
        }
        (Some(before), _) if is_joint(before.end, command.span.start) => {
            Some(edit(before.end, command.span.end, String::new()))
        }
        _ => None,
    }
}

/// How many bytes of blanks and continued lines stand before `offset`.
fn blanks_before(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or_default();
    let mut kept = before.trim_end_matches([' ', '\t']);
    loop {
        let line = kept.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        match line.and_then(|line| line.strip_suffix(['\\', '`'])) {
            Some(line) => kept = line.trim_end_matches([' ', '\t']),
            None => break before.len() - kept.len(),
        }
    }
}

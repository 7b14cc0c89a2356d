//! Places of an instruction that edits replace, and the texts that take their place.
//!
//! Invariant: a place is named only where the edit that it is for has one right answer.

use crate::scan::document::dockerfile::{Arguments, Instruction, Keyword};
use crate::scan::document::shell::ShellCommand;
use crate::scan::span::Span;

/// Builtins of the shell, which no JSON form can run.
const BUILTINS: [&str; 14] = [
    ".", "source", "cd", "exec", "eval", "export", "set", "unset", "ulimit", "umask", "trap", "alias", "command",
    "exit",
];

pub(super) fn of(instruction: &Instruction, text: &str) -> Vec<(&'static str, Span)> {
    let mut places = vec![("line", line(instruction, text)), ("instruction", instruction.span)];
    places.extend(ssh_port(instruction, text).map(|span| ("ssh_port", span)));
    if json_form(instruction).is_some()
        && let Arguments::Shell(source) = &instruction.arguments
    {
        places.push(("shell_form", source.whole()));
    }
    let is_plain = |author: &str| !author.is_empty() && !author.contains(['"', '\\', '$', '\n']);
    places.extend(author(instruction).filter(|author| is_plain(author)).map(|_| ("maintainer", instruction.span)));
    let takes_local = instruction.keyword == Keyword::Add && is_local(instruction);
    places.extend(takes_local.then_some(("local_add", instruction.keyword_span)));
    places.extend(destination_end(instruction, text).map(|end| ("destination_end", Span::new(end, end))));
    places
}

/// The instruction with its line break.
fn line(instruction: &Instruction, text: &str) -> Span {
    let rest = text.get(instruction.span.end..).unwrap_or_default();
    let length = rest.find('\n').filter(|end| rest.get(..*end).is_some_and(|rest| rest.trim().is_empty()));
    let end = length.map_or(instruction.span.end, |length| instruction.span.end + length + 1);
    Span::new(instruction.span.start, end)
}

/// Port 22 of EXPOSE with the blank before it, or the whole line when it is the only port.
fn ssh_port(instruction: &Instruction, text: &str) -> Option<Span> {
    let words = instruction.words();
    let at = words.iter().position(|word| {
        instruction.keyword == Keyword::Expose && matches!(word.value.as_deref(), Some("22" | "22/tcp"))
    })?;
    let port = words.get(at)?;
    match at.checked_sub(1).and_then(|before| words.get(before)) {
        Some(before) => Some(Span::new(before.span.end, port.span.end)),
        None => match words.get(at + 1) {
            Some(next) => Some(Span::new(port.span.start, next.span.start)),
            None => Some(line(instruction, text)),
        },
    }
}

/// Where the destination of COPY and ADD ends, inside of its quotes.
fn destination_end(instruction: &Instruction, text: &str) -> Option<usize> {
    let takes_files = matches!(instruction.keyword, Keyword::Add | Keyword::Copy) && instruction.words().len() > 1;
    let last = instruction.words().last().filter(|_| takes_files)?;
    Some(last.span.end - usize::from(last.span.of(text).ends_with(['"', '\''])))
}

/// Whether ADD takes only files of the build's own folder that it would not unpack.
fn is_local(instruction: &Instruction) -> bool {
    let words = instruction.words();
    let sources = words.get(..words.len().saturating_sub(1)).unwrap_or_default();
    let is_plain = |value: &str| !value.contains("://") && !value.starts_with("git@") && !is_archive(value);
    let flags = instruction.flags.iter().all(|flag| matches!(&*flag.name, "chown" | "chmod" | "link" | "exclude"));
    flags && !sources.is_empty() && sources.iter().all(|word| word.value.as_deref().is_some_and(is_plain))
}

/// Whether ADD may unpack the file: its name says so, or a pattern may match one that does.
fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let endings = [".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".gz", ".bz2", ".xz", ".zst", "*"];
    endings.iter().any(|ending| name.ends_with(ending)) || name.contains(".tar.")
}

/// The name that MAINTAINER gives, without quotes around it.
pub(super) fn author(instruction: &Instruction) -> Option<&str> {
    let word = instruction.words().first().filter(|_| instruction.keyword == Keyword::Maintainer)?;
    let quoted = |quote| word.raw.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    Some(quoted('"').or_else(|| quoted('\'')).unwrap_or(&word.raw))
}

/// The JSON form of a shell form that is one command without anything that only a shell does.
pub(super) fn json_form(instruction: &Instruction) -> Option<String> {
    let Arguments::Shell(_) = &instruction.arguments else { return None };
    if !matches!(instruction.keyword, Keyword::Cmd | Keyword::Entrypoint) || !instruction.heredocs.is_empty() {
        return None;
    }
    let [script] = instruction.scripts.as_slice() else { return None };
    let [pipeline] = script.pipelines.as_slice() else { return None };
    let [command] = pipeline.commands.as_slice() else { return None };
    let is_whole = script.comments.is_empty() && script.flaw.is_none() && is_simple(command);
    let words: Option<Vec<&str>> = command.words.iter().map(|word| word.value.as_deref()).collect();
    let words = words.filter(|words| is_whole && !words.first().is_none_or(|name| BUILTINS.contains(name)))?;
    let words: Vec<String> = words.into_iter().map(|word| serde_json::Value::from(word).to_string()).collect();
    Some(format!("[{}]", words.join(", ")))
}

fn is_simple(command: &ShellCommand) -> bool {
    let is_plain =
        |raw: &str| !raw.starts_with('~') && (raw.starts_with(['"', '\'']) || !raw.contains(['*', '?', '[', '{']));
    command.assignments.is_empty()
        && command.redirects.is_empty()
        && command.words.iter().all(|word| word.nested.is_empty() && is_plain(&word.raw))
}

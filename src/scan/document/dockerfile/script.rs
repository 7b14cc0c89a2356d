//! The shell text of RUN, CMD, ENTRYPOINT and HEALTHCHECK, wherever it stands: the line, the JSON form, a
//! here-document.
//!
//! Invariant: text that another shell reads (`cmd`, PowerShell) or another program is handed is not taken for POSIX
//! shell.

use std::ops::Range;

use super::instruction::{Arguments, Instruction};
use super::keyword::Keyword;
use super::problems::Problems;
use super::source::Source;
use super::stage::{Base, Stage};
use crate::scan::document::Comment;
use crate::scan::document::shell::variables::Variables;
use crate::scan::document::shell::{Flaw, ShellCommand, ShellScript};
use crate::scan::problem::Cause;
use crate::scan::span::Span;

const OTHER_SHELLS: [&str; 3] = ["cmd", "powershell", "pwsh"];

/// Reads the scripts of all instructions that execute something.
pub(super) fn read(text: &str, instructions: &mut [Instruction], stages: &[Stage], problems: &mut Problems<'_>) {
    let mut is_posix_after: Vec<bool> = Vec::with_capacity(stages.len());
    for stage in stages {
        let mut is_posix = match stage.origin.base {
            Base::Stage(parent) => is_posix_after.get(parent).copied().unwrap_or(true),
            Base::Image(_) | Base::Scratch | Base::Unknown => true,
        };
        let range: Range<usize> = stage.instructions.clone();
        for instruction in instructions.get_mut(range).unwrap_or_default() {
            match instruction.keyword {
                Keyword::Shell if !instruction.on_build => is_posix = !names_other_shell(instruction),
                Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {
                    instruction.scripts = scripts(text, instruction, is_posix, problems);
                }
                _ => {}
            }
        }
        is_posix_after.push(is_posix);
    }
}

/// The shell's own comments; one that swallows joined lines is not a comment to people.
pub(super) fn comments(text: &str, instructions: &[Instruction]) -> Vec<Comment> {
    let scripts = instructions.iter().flat_map(|instruction| &instruction.scripts);
    let spans = scripts.flat_map(|script| &script.comments).filter(|span| !span.of(text).contains('\n'));
    let comment = |span: &Span| {
        let line = text.get(..span.start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        Comment { span: *span, own_line: line.trim().is_empty() }
    };
    spans.map(comment).collect()
}

fn names_other_shell(instruction: &Instruction) -> bool {
    let first = instruction.words().first().map(|word| word.raw.to_ascii_lowercase()).unwrap_or_default();
    let name = first.rsplit(['/', '\\']).next().unwrap_or_default();
    OTHER_SHELLS.contains(&name.trim_end_matches(".exe"))
}

fn scripts(text: &str, instruction: &Instruction, is_posix: bool, problems: &mut Problems<'_>) -> Vec<ShellScript> {
    let scripts = match &instruction.arguments {
        Arguments::Shell(source) if is_none(instruction.keyword, source.text()) => Vec::new(),
        Arguments::Json(words) => vec![ShellScript::of_words(words, text)],
        Arguments::Shell(source) if is_posix => shell_form(text, source, instruction),
        Arguments::Shell(_) | Arguments::Words(_) | Arguments::Pairs(_) => Vec::new(),
    };
    for script in &scripts {
        let (cause, message) = match script.flaw {
            None => continue,
            Some(Flaw::Unclosed) => {
                let message = "is never closed: the commands after it were not judged";
                (Cause::Syntax, format!("a quote or bracket in this {} {message}", instruction.keyword))
            }
            Some(Flaw::TooDeep) => {
                let message = "are nested deeper than the limit: the inner ones were not judged";
                (Cause::Limit, format!("the commands in this {} {message}", instruction.keyword))
            }
        };
        problems.add(cause, instruction.keyword_span.start, message);
    }
    scripts
}

/// The line itself, and those here-documents that a shell reads as commands.
fn shell_form(text: &str, source: &Source, instruction: &Instruction) -> Vec<ShellScript> {
    let bodies: Vec<Source> = instruction.heredocs.iter().map(|heredoc| Source::of(text, heredoc.body)).collect();
    let texts: Vec<&str> = std::iter::once(source.text()).chain(bodies.iter().map(Source::text)).collect();
    let variables = Variables::held(instruction.variables.clone(), &texts);
    let mut scripts = vec![ShellScript::parse_with(source, &variables)];
    let readers = scripts.first().map(heredoc_readers).unwrap_or_default();
    // A here-document that no command is seen to read is read by the shell, as in `RUN <<EOF`.
    let is_code = |index: usize| readers.get(index).copied().unwrap_or(readers.is_empty());
    let read = bodies.iter().enumerate().filter(|(index, body)| is_code(*index) && is_shell_text(body.text()));
    scripts.extend(read.map(|(_, body)| ShellScript::parse_with(body, &variables)));
    scripts
}

/// For each here-document of the line, whether a shell reads it as commands: nothing else does, or a shell is told to.
fn heredoc_readers(line: &ShellScript) -> Vec<bool> {
    let mut commands: Vec<&ShellCommand> =
        line.commands().into_iter().filter_map(|(pipeline, position)| pipeline.commands.get(position)).collect();
    commands.sort_by_key(|command| command.span.start);
    let runs = |command: &ShellCommand| {
        (command.words.is_empty() && command.inner.is_none())
            || command.program().is_some_and(|program| program.is_shell() && program.runs_input())
    };
    let count =
        |command: &ShellCommand| command.redirects.iter().filter(|one| matches!(one.operator, "<<" | "<<-")).count();
    commands.into_iter().flat_map(|command| std::iter::repeat_n(runs(command), count(command))).collect()
}

/// `HEALTHCHECK NONE` runs nothing.
fn is_none(keyword: Keyword, text: &str) -> bool {
    keyword == Keyword::Healthcheck && text.trim().eq_ignore_ascii_case("none")
}

/// A first line that names another interpreter makes the text its program.
fn is_shell_text(body: &str) -> bool {
    let first = body.lines().next().unwrap_or_default();
    let Some(interpreter) = first.strip_prefix("#!") else { return true };
    let mut words = interpreter.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    words.find(|word| *word != "env" && !word.starts_with('-')).is_none_or(|name| name.ends_with("sh"))
}

//! The shell text of RUN, wherever it stands: the line, the JSON form, a here-document.
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
use crate::scan::document::shell::{Flaw, ShellScript};
use crate::scan::problem::Cause;
use crate::scan::span::Span;

const OTHER_SHELLS: [&str; 3] = ["cmd", "powershell", "pwsh"];

/// Reads the scripts of all RUN instructions.
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
                Keyword::Run => instruction.scripts = scripts(text, instruction, is_posix, problems),
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
        Arguments::Json(words) => vec![ShellScript::of_words(words, text)],
        Arguments::Shell(source) if is_posix => shell_form(text, source, instruction),
        Arguments::Shell(_) | Arguments::Words(_) | Arguments::Pairs(_) => Vec::new(),
    };
    for script in &scripts {
        let (cause, message) = match script.flaw {
            None => continue,
            Some(Flaw::Unclosed) => {
                (Cause::Syntax, "a quote or bracket in this RUN is never closed: the commands after it were not judged")
            }
            Some(Flaw::TooDeep) => (
                Cause::Limit,
                "the commands in this RUN are nested deeper than the limit: the inner ones were not judged",
            ),
        };
        problems.add(cause, instruction.keyword_span.start, message);
    }
    scripts
}

/// The line itself, and those here-documents that a shell reads as commands.
fn shell_form(text: &str, source: &Source, instruction: &Instruction) -> Vec<ShellScript> {
    let mut scripts = vec![ShellScript::parse(source)];
    if scripts.first().is_some_and(reads_commands) {
        let bodies = instruction.heredocs.iter().map(|heredoc| Source::of(text, heredoc.body));
        scripts.extend(bodies.filter(|body| is_shell_text(body.text())).map(|body| ShellScript::parse(&body)));
    }
    scripts
}

/// Whether the line hands its here-documents to a shell: it holds nothing else, or its last command is one.
fn reads_commands(line: &ShellScript) -> bool {
    let commands = line.pipelines.iter().flat_map(|pipeline| &pipeline.commands);
    let mut fed = commands.filter(|command| command.redirects.iter().any(|one| one.operator.starts_with("<<")));
    fed.all(|command| {
        command.words.is_empty() || command.program().is_some_and(|program| program.is_shell() && program.runs_input())
    })
}

/// A first line that names another interpreter makes the text its program.
fn is_shell_text(body: &str) -> bool {
    let first = body.lines().next().unwrap_or_default();
    let Some(interpreter) = first.strip_prefix("#!") else { return true };
    let mut words = interpreter.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    words.find(|word| *word != "env" && !word.starts_with('-')).is_none_or(|name| name.ends_with("sh"))
}

//! Shell words: which commands a RUN executes, with which words, and what feeds what.
//!
//! Invariant: nothing is executed or guessed. A word that holds an expansion has no value, unless it is a variable
//! whose value is certain; a construct that is not understood loses structure but no command, and nesting is bounded.
//!
//! # Source
//! POSIX.1-2024, Shell Command Language, with the `bash` forms that Dockerfiles use (`<(…)`, `&>`, `|&`, `$'…'`).

mod draft;
mod options;
mod parser;
mod program;
#[cfg(test)]
mod tests;
pub mod variables;
mod word;

pub use options::ShellOption;
pub use program::Program;

use variables::Variables;

use super::dockerfile::Word;
use super::dockerfile::source::Source;
use crate::scan::span::Span;

/// A piece of shell text, read.
#[derive(Clone, Debug, Default)]
pub struct ShellScript {
    /// The pipelines in the order of the text; what joins them (`&&`, `||`, `;`, `&`, a line break) is left out.
    pub pipelines: Vec<Pipeline>,
    /// The comments, from their `#` to the end of the line.
    pub comments: Vec<Span>,
    /// Why a part was not understood, when one was not.
    pub flaw: Option<Flaw>,
}

/// Why a part of a shell text was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A quote or bracket is never closed.
    Unclosed,
    /// The nesting is deeper than the bound.
    TooDeep,
}

/// Commands that feed each other: `a | b | c`. A lone command is a pipeline too.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// The commands.
    pub commands: Vec<ShellCommand>,
    /// From the first command to the last.
    pub span: Span,
}

/// A simple command, or a group in its place.
#[derive(Clone, Debug, Default)]
pub struct ShellCommand {
    /// The words, the command's name first; empty for a group or for assignments alone.
    pub words: Vec<ShellWord>,
    /// The assignments before the name.
    pub assignments: Vec<Assignment>,
    /// The redirections.
    pub redirects: Vec<Redirect>,
    /// What runs inside: the body of `( … )`, `{ … }`, `if`, a loop or `case`, or the text given to `sh -c`.
    pub inner: Option<Box<ShellScript>>,
    /// The command with its assignments and redirections.
    pub span: Span,
}

/// One word.
#[derive(Clone, Debug, Default)]
pub struct ShellWord {
    /// The word as written.
    pub raw: Box<str>,
    /// The word without quotes and with variables replaced; `None` when it holds an expansion that is not known.
    pub value: Option<Box<str>>,
    /// The place of the word.
    pub span: Span,
    /// What its `$(…)`, backquotes and `<(…)` run.
    pub nested: Vec<ShellScript>,
    /// Whether the word is a process substitution, `<(…)`.
    pub is_process: bool,
    /// Where it begins in the text that was parsed, in bytes.
    offset: usize,
    /// What the shell makes of it, when the values of variables make it several words, or none.
    fields: Option<Vec<Box<str>>>,
}

/// `NAME=value` before a command.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The name.
    pub name: Box<str>,
    /// The value.
    pub value: ShellWord,
}

/// `2>file`, `<<EOF`, `>&2`.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// The operator without the descriptor, such as `>` or `<<-`.
    pub operator: &'static str,
    /// What it names.
    pub target: ShellWord,
    /// Whether it is of another output than the standard one, as `2>` is.
    pub is_other_output: bool,
}

impl ShellScript {
    /// Reads shell text in which nothing is known of variables.
    pub fn parse(source: &Source) -> Self {
        Self::parse_with(source, &Variables::default())
    }

    /// Reads shell text that finds `variables` set.
    pub fn parse_with(source: &Source, variables: &Variables) -> Self {
        parser::parse(source, variables)
    }

    /// The script of a JSON form: its words are one command, run without a shell unless they name one.
    pub fn of_words(words: &[Word], file: &str) -> Self {
        let words: Vec<ShellWord> = words.iter().map(ShellWord::literal).collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else { return Self::default() };
        let span = Span::new(first.span.start, last.span.end);
        let mut command = ShellCommand { words, span, ..ShellCommand::default() };
        let inner = command.program().and_then(|program| program.shell_code()).map(|code| {
            let text = code.value.as_deref().unwrap_or_default();
            let is_plain = code.span.of(file) == text;
            let source = if is_plain { Source::of(file, code.span) } else { Source::opaque(text, code.span) };
            Box::new(Self::parse(&source))
        });
        let flaw = inner.as_ref().and_then(|inner| inner.flaw);
        command.inner = inner;
        Self { pipelines: vec![Pipeline { commands: vec![command], span }], comments: Vec::new(), flaw }
    }

    /// Every command, those in groups, substitutions and `sh -c` included, each with its pipeline and its position in
    /// it. Outer ones come first.
    pub fn commands(&self) -> Vec<(&Pipeline, usize)> {
        let mut found = Vec::new();
        let mut waiting = vec![self];
        while let Some(script) = waiting.pop() {
            for pipeline in &script.pipelines {
                for (position, command) in pipeline.commands.iter().enumerate() {
                    found.push((pipeline, position));
                    waiting.extend(command.scripts());
                }
            }
        }
        found
    }
}

impl ShellWord {
    fn literal(word: &Word) -> Self {
        Self { raw: word.raw.clone(), value: Some(word.raw.clone()), span: word.span, ..Self::default() }
    }
}

impl ShellCommand {
    /// The scripts inside the command, one level down.
    pub fn scripts(&self) -> impl Iterator<Item = &ShellScript> {
        let redirected = self.redirects.iter().map(|redirect| &redirect.target);
        let assigned = self.assignments.iter().map(|assignment| &assignment.value);
        let words = self.words.iter().chain(redirected).chain(assigned);
        words.flat_map(|word| &word.nested).chain(self.inner.as_deref())
    }
}

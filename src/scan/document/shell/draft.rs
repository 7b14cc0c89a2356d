//! Commands, pipelines and compound commands while they are read.
//!
//! Invariant: a compound command becomes a group like `( … )`; one that is never closed, or nested too deeply, loses
//! its structure but none of its commands.

use super::parser::MAX_DEPTH;
use super::{Pipeline, ShellCommand, ShellScript};

/// Words that open a compound command, with the one that closes it.
const COMPOUNDS: [(&str, &str); 7] = [
    ("{", "}"),
    ("if", "fi"),
    ("while", "done"),
    ("until", "done"),
    ("for", "done"),
    ("select", "done"),
    ("case", "esac"),
];

/// What has been read of a script so far.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) pipelines: Vec<Pipeline>,
    pub(super) pipeline: Vec<ShellCommand>,
    pub(super) command: ShellCommand,
    pub(super) start: Option<usize>,
    pub(super) end: usize,
    /// How many `case` are open.
    pub(super) cases: usize,
    /// Whether the redirection that comes is of an output other than the standard one, such as `2>`.
    pub(super) is_other_output: bool,
    /// The compound commands that are open, outermost first.
    frames: Vec<Frame>,
    /// How many more are open that are read flat, for their depth.
    flat: usize,
}

/// What stands before an open compound command.
struct Frame {
    closer: &'static str,
    start: usize,
    pipelines: Vec<Pipeline>,
    pipeline: Vec<ShellCommand>,
    command: ShellCommand,
}

/// The word that closes the compound command which `word` opens.
pub(super) fn closer_of(word: &str) -> Option<&'static str> {
    COMPOUNDS.iter().find(|(opener, _)| *opener == word).map(|(_, closer)| *closer)
}

/// Whether `word` closes a compound command.
pub(super) fn is_closer(word: &str) -> bool {
    COMPOUNDS.iter().any(|(_, closer)| *closer == word)
}

/// Whether the opening word is kept, as the name of a command that holds what it goes through.
pub(super) fn has_header(word: &str) -> bool {
    matches!(word, "for" | "select" | "case")
}

impl Draft {
    pub(super) fn touch(&mut self, start: usize, end: usize) {
        self.start.get_or_insert(start);
        self.end = end;
    }

    /// Drops what was read since the last separator: a pattern of `case`, or the name of a function.
    pub(super) fn forget_command(&mut self) {
        self.command = ShellCommand::default();
        self.pipeline.clear();
        self.start = None;
    }

    /// Begins a compound command at `start`, in a script of that depth.
    pub(super) fn open(&mut self, closer: &'static str, start: usize, depth: usize) {
        if depth + self.frames.len() >= MAX_DEPTH {
            self.flat += 1;
            return;
        }
        self.frames.push(Frame {
            closer,
            start,
            pipelines: std::mem::take(&mut self.pipelines),
            pipeline: std::mem::take(&mut self.pipeline),
            command: std::mem::take(&mut self.command),
        });
        self.start = None;
    }

    /// Ends the innermost compound command at `end`, when `word` closes it.
    pub(super) fn close(&mut self, word: &str, end: usize) {
        if self.flat > 0 {
            self.flat -= 1;
            return;
        }
        let Some(frame) = self.frames.pop_if(|frame| frame.closer == word) else { return };
        let pipelines = std::mem::replace(&mut self.pipelines, frame.pipelines);
        self.pipeline = frame.pipeline;
        self.command = frame.command;
        self.command.inner = Some(Box::new(ShellScript { pipelines, ..ShellScript::default() }));
        self.start = None;
        self.touch(frame.start, end);
    }

    /// The pipelines; those of compound commands that are still open stand after what came before them.
    pub(super) fn finish(mut self) -> Vec<Pipeline> {
        let mut parts = vec![self.pipelines];
        while let Some(Frame { mut pipelines, pipeline, .. }) = self.frames.pop() {
            pipelines.extend(Pipeline::of(pipeline));
            parts.push(pipelines);
        }
        parts.into_iter().rev().flatten().collect()
    }
}

impl Pipeline {
    /// The commands as one pipeline; `None` when there are none.
    pub(super) fn of(commands: Vec<ShellCommand>) -> Option<Self> {
        let (first, last) = (commands.first()?, commands.last()?);
        let span = crate::scan::span::Span::new(first.span.start, last.span.end);
        Some(Self { commands, span })
    }
}

//! Dockerfiles: stages, instructions and the values that are certain before a build.
//!
//! Invariant: parsing never stops at an error. What the builder would refuse becomes a [`Problem`] with its place, and
//! all other instructions are still read; every part knows its exact bytes in the file.
//!
//! # Source
//! The Dockerfile reference of Docker; where it is silent, what `BuildKit` does.

mod expand;
mod heredoc;
mod instruction;
mod keyword;
mod lines;
mod problems;
mod resolve;
mod script;
pub mod source;
mod stage;
mod template;
#[cfg(test)]
mod tests;
mod word;

pub use heredoc::Heredoc;
pub use instruction::{Arguments, Flag, Instruction, Pair};
pub use keyword::Keyword;
pub use resolve::PLATFORM_ARGUMENTS;
pub use stage::{Base, Origin, Stage};
pub use word::Word;

use super::super::limits::Limits;
use super::super::problem::Problem;
use super::super::span::Span;
use super::Comment;
use problems::Problems;

/// A Dockerfile, read.
#[derive(Clone, Debug, Default)]
pub struct Dockerfile {
    /// The parser directives at the top, such as `# syntax=docker/dockerfile:1`, known or not.
    pub directives: Vec<Directive>,
    /// All instructions in the order of the file.
    pub instructions: Vec<Instruction>,
    /// The stages in the order of the file.
    pub stages: Vec<Stage>,
}

/// A parser directive: `# name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The name in lower case.
    pub name: Box<str>,
    /// The value.
    pub value: Box<str>,
    /// The place of the value.
    pub value_span: Span,
    /// The line.
    pub span: Span,
}

impl Dockerfile {
    /// The instructions of a stage, its FROM first; empty when there is no such stage.
    pub fn instructions_of(&self, stage: usize) -> &[Instruction] {
        self.stages.get(stage).and_then(|stage| self.instructions.get(stage.instructions.clone())).unwrap_or_default()
    }

    /// The USER that holds at the end of a stage; `None` when the image below it decides.
    pub fn user_of(&self, stage: usize) -> Option<&Instruction> {
        self.stages.get(stage)?.user.and_then(|index| self.instructions.get(index))
    }

    /// The directive called `name`: the first of that name counts.
    pub fn directive(&self, name: &str) -> Option<&Directive> {
        self.directives.iter().find(|directive| &*directive.name == name)
    }
}

/// Reads a Dockerfile. The comments are those of the file, in order; the problems carry line and column, no path.
pub fn parse(text: &str, limits: &Limits) -> (Dockerfile, Vec<Comment>, Vec<Problem>) {
    let mut problems = Problems::new(text);
    let lines = lines::split(text, &mut problems);
    let mut instructions = Vec::with_capacity(lines.logical.len());
    for line in lines.logical {
        instructions.extend(instruction::parse(line, lines.escape, &mut problems));
    }
    let mut dockerfile = Dockerfile { directives: lines.directives, instructions, stages: Vec::new() };
    resolve::resolve(text, &mut dockerfile, lines.escape, limits, &mut problems);
    script::read(text, &mut dockerfile.instructions, &dockerfile.stages, &mut problems);
    let mut comments = lines.comments;
    comments.extend(script::comments(text, &dockerfile.instructions));
    comments.sort_by_key(|comment| comment.span);
    (dockerfile, comments, template::fold(text, problems.finish()))
}

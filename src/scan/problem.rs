//! What could not be judged, by name and cause, so that nothing is ever silently clean.
//!
//! Invariant: a problem never holds file content, only names, places and causes.

use serde::Serialize;

/// Something dockgate could not judge, or was told wrongly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file, relative to the repository root; `None` for the change as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column, from 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// The kind of cause.
    pub cause: Cause,
    /// One sentence for people: what was found and what to do; lower case, no full stop.
    pub message: String,
    /// Whether the change brings the problem; `false` when the base has the same one.
    pub introduced: bool,
}

/// Why something was not judged. The order is the order of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A settings file, policy file or waiver is wrong.
    Settings,
    /// The text does not parse, or a field has a form that its kind does not take.
    Syntax,
    /// The text is not UTF-8.
    NotUtf8,
    /// The file or document exceeds a limit.
    Limit,
    /// The content could not be had.
    Unavailable,
    /// A policy could not be evaluated.
    Policy,
    /// A suppression has no reason, names no known rule, or matches nothing.
    Suppression,
    /// The file is a Git LFS pointer: its content is elsewhere.
    LfsPointer,
    /// The path is a symbolic link.
    Symlink,
    /// The path is a submodule: its content is another repository's.
    Submodule,
    /// The content is binary.
    Binary,
    /// A map names a key twice: the last one counts.
    DuplicateKey,
    /// A value is templated, so a rule that needs it could not decide.
    Templated,
}

impl Cause {
    /// Whether something that dockgate is meant to judge went unjudged, as opposed to what is only worth a note.
    pub fn leaves_unjudged(self) -> bool {
        matches!(self, Self::Settings | Self::Syntax | Self::NotUtf8 | Self::Limit | Self::Unavailable | Self::Policy)
    }
}

impl Problem {
    /// A problem of a whole file.
    pub fn of_file(path: impl Into<String>, cause: Cause, message: impl Into<String>) -> Self {
        Self { path: Some(path.into()), line: None, column: None, cause, message: message.into(), introduced: true }
    }

    /// A problem of the change as a whole.
    pub fn general(cause: Cause, message: impl Into<String>) -> Self {
        Self { path: None, line: None, column: None, cause, message: message.into(), introduced: true }
    }

    /// The same problem at a place of its file.
    #[must_use]
    pub fn at(mut self, position: super::span::Position) -> Self {
        self.line = Some(position.line);
        self.column = Some(position.column);
        self
    }
}

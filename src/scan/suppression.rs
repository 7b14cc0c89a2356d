//! Inline suppressions: `# dockgate:ignore RULE -- reason`.
//!
//! Invariant: a suppression without a reason, for an unknown rule, or that matches nothing is reported, never obeyed
//! or passed over in silence.

use super::finding::Finding;

/// A suppression as written in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The rules it names, as written.
    pub rules: Vec<String>,
    /// Why the finding is accepted.
    pub reason: String,
    /// The line of the comment, from 1.
    pub line: usize,
    /// Whether it is meant for the whole file.
    pub whole_file: bool,
    /// The tool whose comment it is, when it is not dockgate's own.
    pub tool: Option<&'static str>,
}

/// A finding with the suppression that matches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// The suppression.
    pub suppression: Suppression,
    /// Whether the change itself brings the suppression.
    pub introduced: bool,
}

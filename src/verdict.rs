//! The verdict: which findings a change introduces, and whether they block it.
//!
//! Invariant: only what the change introduces blocks, and nothing that could not be judged is called clean.

use serde::Serialize;

use crate::scan::finding::{Finding, Severity};
use crate::scan::problem::Problem;
use crate::scan::suppression::Suppression;

/// How a change ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Conclusion {
    /// Nothing blocks and everything was judged.
    Success,
    /// Something blocks.
    Failure,
    /// Nothing blocks, but something could not be judged.
    Neutral,
}

/// A finding with what the verdict makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// Where it stands.
    pub standing: Standing,
}

/// What the verdict makes of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The change introduces it, at or above the threshold.
    Blocks,
    /// The change introduces it, below the threshold.
    Introduced,
    /// It stands in the base as well.
    Existing,
    /// An inline suppression accepts it.
    Suppressed {
        /// The suppression.
        suppression: Suppression,
        /// Whether the change itself brings the suppression.
        introduced: bool,
    },
    /// A waiver of the settings accepts it.
    Waived(WaiverNote),
}

/// The waiver that accepts a finding, as reports show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaiverNote {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Last day on which it holds, `YYYY-MM-DD`.
    pub until: String,
}

/// The outcome of a change.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// How the change ends.
    pub conclusion: Conclusion,
    /// Introduced findings from this severity on block; `None` when nothing ever blocks.
    pub fail_on: Option<Severity>,
    /// Every finding of the head: blocking ones first, then by severity, path and place.
    pub findings: Vec<Judged>,
    /// What could not be judged.
    pub problems: Vec<Problem>,
    /// How many files were judged.
    pub files: usize,
    /// How many findings of the base are gone in the head.
    pub resolved: usize,
}

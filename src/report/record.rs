//! The decision record: what a check was concluded on, as it is kept and shown later.
//!
//! Invariant: bounded in size, and without any secret: lines of files are masked before they come in. What does not
//! fit is counted.

mod of;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::frame::FrameLine;
use super::words;

pub use of::conclusion;

/// Most bytes of findings with their lines, and of findings at all.
const MAX_BYTES_WITH_FRAMES: usize = 3 * 1024 * 1024;
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Most problems, and most settings that are listed.
const MAX_PROBLEMS: usize = 1_000;
const MAX_SETTINGS: usize = 500;
/// Most images, and most vulnerabilities of each, that are listed.
pub const MAX_IMAGES: usize = 200;
/// See [`MAX_IMAGES`].
pub const MAX_VULNERABILITIES: usize = 500;

/// One decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// The version of dockgate, hence of its built-in policies.
    pub dockgate: String,
    /// `owner/name`.
    pub repository: String,
    /// The commit that was judged.
    pub head: String,
    /// The name of the check.
    pub check: String,
    /// The pull request; `None` for a merge group.
    pub pull_request: Option<u64>,
    /// `success`, `failure` or `neutral`.
    pub conclusion: String,
    /// What the check run says in one line.
    pub title: String,
    /// What the verdict comes to, in short parts.
    pub facts: Vec<String>,
    /// Why nothing was judged, when nothing was.
    pub could_not_finish: Option<String>,
    /// The findings, in the order of reports.
    pub findings: Vec<Entry>,
    /// How many findings had no room.
    pub left_out: usize,
    /// What the rules of the findings say, by rule.
    pub rules: BTreeMap<String, RuleText>,
    /// What could not be judged, mistakes in the settings, and notes.
    pub problems: Vec<ProblemEntry>,
    /// How many problems had no room.
    pub problems_left_out: usize,
    /// The images that the change brings in.
    pub images: Vec<ImageEntry>,
    /// The settings in force.
    pub settings: Vec<SettingEntry>,
    /// Where the repository's settings are from, such as `main@4f1c2e9`.
    pub settings_from: String,
    /// What happened when.
    pub timeline: Vec<Step>,
}

/// One finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// The rule.
    pub rule: String,
    /// `info` … `critical`.
    pub severity: String,
    /// `blocks`, `introduced`, `existing`, `suppressed` or `waived`.
    pub standing: String,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The commit that the line stands in, when it is gone from the head.
    pub commit: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What it belongs to.
    pub resource: Option<String>,
    /// Its identity across commits.
    pub fingerprint: String,
    /// The lines around it, secrets masked.
    pub frame: Vec<FrameLine>,
    /// Who accepts it and why, or why that does not count.
    pub remarks: Vec<String>,
}

/// What a rule says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleText {
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// Whether it has a page.
    pub built_in: bool,
}

/// Something that could not be judged, or was told wrongly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProblemEntry {
    /// `unjudged`, `settings` or `note`.
    pub group: String,
    /// `path:line:column`, as far as known.
    pub place: String,
    /// The kind of cause.
    pub cause: String,
    /// What was found and what to do.
    pub message: String,
}

/// An image that a change brings in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageEntry {
    /// The file that names it.
    pub path: String,
    /// The line there.
    pub line: usize,
    /// The image whose place it takes.
    pub before: Option<String>,
    /// The image.
    pub after: String,
    /// Why it is not fully judged.
    pub unjudged: Vec<String>,
    /// What is known of it, worst first; empty where it was not scanned.
    pub vulnerabilities: Vec<VulnerabilityEntry>,
    /// How many vulnerabilities had no room.
    pub left_out: usize,
}

/// A vulnerability of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VulnerabilityEntry {
    /// The CVE, or the advisory.
    pub id: String,
    /// `blocks`, `introduced`, `accepted`, `existing` or `gone`.
    pub standing: String,
    /// Its severity.
    pub severity: String,
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The version that mends it.
    pub fixed: Option<String>,
    /// By what it is accepted.
    pub remark: Option<String>,
}

/// A setting in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SettingEntry {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it came from.
    pub origin: String,
}

/// A moment of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// Milliseconds since 1970.
    pub at: i64,
    /// What had happened then.
    pub what: String,
}

impl Record {
    /// The record of a check that ended without a verdict.
    pub fn could_not_finish(cause: &str) -> Self {
        Self {
            dockgate: version(),
            conclusion: "failure".to_owned(),
            title: format!("Could not finish: {}", words::inert(cause)),
            could_not_finish: Some(words::inert_in_full(&cause.chars().take(4_000).collect::<String>())),
            ..Self::default()
        }
    }

    /// The record within its bounds: lines of files go first, from the end, then findings.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let (mut bytes, mut kept) = (0, 0);
        for finding in &mut self.findings {
            if bytes + finding.bytes() > MAX_BYTES_WITH_FRAMES {
                finding.frame.clear();
            }
            bytes += finding.bytes();
            if bytes > MAX_BYTES {
                break;
            }
            kept += 1;
        }
        self.left_out += self.findings.len() - kept;
        self.findings.truncate(kept);
        self.problems_left_out += self.problems.len().saturating_sub(MAX_PROBLEMS);
        self.problems.truncate(MAX_PROBLEMS);
        self.settings.truncate(MAX_SETTINGS);
        self.images.truncate(MAX_IMAGES);
        let mut used: BTreeMap<String, RuleText> = BTreeMap::new();
        for finding in &self.findings {
            if let Some((rule, text)) = self.rules.remove_entry(&finding.rule) {
                used.insert(rule, text);
            }
        }
        self.rules = used;
        self
    }

    /// The record as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| format!("{{\"could_not_finish\":\"{error}\"}}"))
    }

    /// Reads a record; `None` when it is none.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl Entry {
    /// About how many bytes it takes as JSON.
    fn bytes(&self) -> usize {
        const KEYS: usize = 200;
        const LINE_KEYS: usize = 40;
        let lines: usize = self.frame.iter().map(|line| line.text.len() + LINE_KEYS).sum();
        let remarks: usize = self.remarks.iter().map(String::len).sum();
        KEYS + self.path.len() + self.message.len() + self.rule.len() + remarks + lines
    }

    /// Whether it blocks.
    pub fn blocks(&self) -> bool {
        self.standing == "blocks"
    }
}

fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

#[cfg(test)]
mod tests;

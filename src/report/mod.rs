//! Reports: one verdict, told to each kind of reader.
//!
//! Invariant: a renderer shows every finding and problem of the verdict or says how many it leaves out and where they
//! are; it adds no judgement, and the same input always gives the same text.

pub mod budget;
pub mod check_run;
pub mod details;
pub mod frame;
pub mod github;
pub mod html;
pub mod json;
pub mod link;
pub mod markdown;
pub mod place;
pub mod record;
pub mod review;
pub mod rule_site;
#[cfg(test)]
mod sample;
pub mod sarif;
pub mod text;
mod waiving;
pub mod words;

use std::time::Duration;

use crate::scan::policy::{Policy, PolicyId, PolicySet};
use crate::scan::snapshot::Snapshot;
use crate::settings::date::Date;
use crate::settings::repository::RepositorySettings;
use crate::verdict::Verdict;

/// What a renderer may show.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    /// The verdict.
    pub verdict: &'a Verdict,
    /// The policies that were applied, for what a rule says of itself.
    pub policies: &'a PolicySet,
    /// The files that were judged, for code frames and for the lines a comment may stand on.
    pub snapshot: &'a Snapshot,
    /// The settings in force.
    pub settings: &'a RepositorySettings,
    /// How long judging took; `None` where the same input must give the same text.
    pub elapsed: Option<Duration>,
    /// Where the settings came from, such as `main@4f1c2e9` or `defaults`.
    pub settings_from: &'a str,
    /// The commit that was judged, when there is one.
    pub head: Option<&'a str>,
    /// Where the rest of a report that does not fit is to be read, when there is such a place.
    pub details_url: Option<&'a str>,
    /// Where files of the head can be seen, without a `/` at its end, such as `https://github.com/o/r/blob/SHA`.
    pub source_url: Option<&'a str>,
    /// Where the pages of the rules are, without a `/` at its end, when they are anywhere.
    pub rules_url: Option<&'a str>,
    /// The day that a ready-made command names for a waiver; `None` where nobody reads commands.
    pub waive_until: Option<Date>,
    /// Whether text may hold colours.
    pub colour: bool,
    /// Whether text says which step decided about a secret.
    pub explain: bool,
}

impl ReportInput<'_> {
    /// The address of a rule's page; a team's own rule has none.
    pub fn rule_url(&self, rule: &PolicyId) -> Option<String> {
        let url = self.rules_url?;
        let has_page = self.policies.get(rule).is_some_and(Policy::is_built_in);
        has_page.then(|| format!("{url}/{rule}.html"))
    }
}

/// A format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Human,
    /// For programs.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For comments and job summaries.
    Markdown,
    /// A page that stands alone.
    Html,
    /// Workflow commands for GitHub Actions.
    Github,
}

impl Format {
    /// All formats with their names.
    pub const ALL: [(&'static str, Self); 6] = [
        ("human", Self::Human),
        ("json", Self::Json),
        ("sarif", Self::Sarif),
        ("markdown", Self::Markdown),
        ("html", Self::Html),
        ("github", Self::Github),
    ];

    /// Whether it shows the edits of findings.
    pub fn shows_edits(self) -> bool {
        matches!(self, Self::Json | Self::Sarif)
    }

    /// The format called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, format)| format)
    }
}

/// Renders a report; the text ends with a line break.
pub fn render(format: Format, input: &ReportInput<'_>) -> String {
    match format {
        Format::Human => text::render(input),
        Format::Json => json::render(input),
        Format::Sarif => sarif::render(input),
        Format::Html => html::render(input),
        Format::Markdown => markdown::render(input),
        Format::Github => github::render(input),
    }
}

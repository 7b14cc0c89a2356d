//! Review comments: which findings get one, where it stands, and what it says.
//!
//! Invariant: a comment stands only on lines that the diff shows, never holds a secret, and carries a marker by which
//! the next run knows it as its own.
//!
//! # Source
//! GitHub REST API, pull request reviews: `line` and `start_line` within one hunk; a suggestion replaces whole lines.

mod suggestion;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{ReportInput, markdown, place, waiving, words};
use crate::scan::finding::{Category, Finding, Severity};
use crate::scan::snapshot::ChangedFile;
use crate::verdict::Judged;
use suggestion::Suggestion;

const MARKER_START: &str = "<!-- dockgate:";
const MARKER_END: &str = " -->";

/// Most bytes of a comment; GitHub takes 65,536 characters.
const MAX_BODY_BYTES: usize = 65_000;

/// Most lines that a comment without a suggestion spans.
const MAX_LINES: usize = 10;

/// A comment on lines of the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewComment {
    /// The file.
    pub path: String,
    /// The line, from 1; the last one of several.
    pub line: usize,
    /// The first line, when the comment spans several.
    pub start_line: Option<usize>,
    /// Markdown, with the marker at its end.
    pub body: String,
    /// What tells the comment from every other one of the same pull request: the finding's fingerprint, and for the
    /// second and later finding with the same one `-2`, `-3`, ….
    pub marker: String,
}

/// The comments on a verdict, most severe first, and how many more there would be without the limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewPlan {
    /// At most as many as the settings allow.
    pub comments: Vec<ReviewComment>,
    /// How many did not fit; the check run's summary has them.
    pub left_out: usize,
}

/// The marker of one of our comments; `None` for anybody else's.
pub fn marker_of(body: &str) -> Option<&str> {
    let after = body.trim_end().rsplit_once(MARKER_START)?.1;
    let marker = after.strip_suffix(MARKER_END)?;
    let ours = !marker.is_empty() && marker.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    ours.then_some(marker)
}

/// Plans the comments: what blocks first, then what is introduced from medium on.
pub fn plan(input: &ReportInput<'_>) -> ReviewPlan {
    let verdict = input.verdict;
    let worth = verdict.to_know().filter(|judged| judged.finding.severity >= Severity::Medium);
    let mut seen = BTreeMap::new();
    let mut plan = ReviewPlan::default();
    // What stands in the history only has no line to stand on.
    let standing = |judged: &&Judged| judged.finding.commit().is_none();
    for judged in verdict.blocking().chain(worth).filter(standing) {
        let fingerprint = judged.finding.fingerprint.as_str();
        let number: &mut usize = seen.entry(fingerprint).or_default();
        *number += 1;
        let marker = if *number == 1 { fingerprint.to_owned() } else { format!("{fingerprint}-{number}") };
        let Some(file) = place::file(input.snapshot, &judged.finding.path) else { continue };
        if plan.comments.len() < input.settings.max_comments.value {
            plan.comments.extend(comment(judged, file, marker, input));
        } else if anchor(&judged.finding, file).is_some() {
            plan.left_out += 1;
        }
    }
    plan
}

fn comment(judged: &Judged, file: &ChangedFile, marker: String, input: &ReportInput<'_>) -> Option<ReviewComment> {
    let finding = &judged.finding;
    let suggestion = suggestion::of(finding, file, input.verdict);
    let (first, last) = match &suggestion {
        Some(suggestion) => (suggestion.first_line, suggestion.last_line),
        None => anchor(finding, file)?,
    };
    let mut body = match finding.category {
        Category::Secret => secret_body(judged, input),
        _ => body(judged, suggestion.as_ref(), input),
    };
    if body.len() > MAX_BODY_BYTES {
        // Only a team's own rule says so much.
        body = format!("{}The check run has the rest.\n", heading(finding, input));
    }
    let _ = write!(body, "\n{MARKER_START}{marker}{MARKER_END}");
    let start_line = (first < last).then_some(first);
    Some(ReviewComment { path: finding.path.clone(), line: last, start_line, body, marker })
}

/// The lines that a comment on `finding` may stand on: all of its lines when the diff shows them and they are few, else
/// its first touched line, else its first visible one.
fn anchor(finding: &Finding, file: &ChangedFile) -> Option<(usize, usize)> {
    let (first, last) = (finding.start.line, place::last_line(finding));
    if last - first < MAX_LINES && file.visible.covers(first, last) {
        return Some((first, last));
    }
    let visible = |line: &usize| (first..=last).contains(line) && file.visible.contains(*line);
    let line = file.touched.iter().find(visible).or_else(|| file.visible.iter().find(visible))?;
    Some((line, line))
}

fn heading(finding: &Finding, input: &ReportInput<'_>) -> String {
    let message = markdown::message(&finding.message);
    format!("**{} · {message}** · {}\n\n", finding.severity, markdown::rule(finding, input))
}

fn body(judged: &Judged, suggestion: Option<&Suggestion>, input: &ReportInput<'_>) -> String {
    let finding = &judged.finding;
    let mut body = heading(finding, input);
    let policy = input.policies.get(&finding.rule);
    if let Some(policy) = policy {
        let _ = writeln!(body, "{}\n", markdown::message(&policy.why));
    }
    if let Some(suggestion) = suggestion {
        if let Some(policy) = policy.filter(|_| suggestion.text.is_empty()) {
            let _ = writeln!(body, "{}\n", markdown::message(&policy.fix));
        }
        body.push_str(&markdown::fenced("suggestion", &suggestion.text));
        body.push('\n');
    } else if let Some(policy) = policy {
        let _ = writeln!(body, "Fix: {}\n", markdown::message(&policy.fix));
    }
    if let Some(note) = &judged.note {
        let _ = writeln!(body, "Note: {}.\n", markdown::text(note));
    }
    if let Some(reference) = policy.and_then(|policy| policy.references.first()) {
        let _ = write!(body, "[Why and how]({reference}) · ");
    }
    let _ = writeln!(body, "Wrong here? {}", way_out(finding, input));
    body
}

/// How to accept a finding that is meant to be there.
fn way_out(finding: &Finding, input: &ReportInput<'_>) -> String {
    if input.settings.max_suppressed.value.is_some_and(|most| finding.severity <= most) {
        markdown::code(&format!("# dockgate:ignore {} -- reason", finding.rule))
    } else if let Some(command) = waiving::command(finding, input) {
        format!("Accept it until a day: {command}")
    } else {
        format!("Ask for a waiver in `{}` on the base branch.", crate::settings::repository::REPOSITORY_PATH)
    }
}

fn secret_body(judged: &Judged, input: &ReportInput<'_>) -> String {
    let finding = &judged.finding;
    let mut body = heading(finding, input);
    let revoke = input.policies.get(&finding.rule).and_then(|policy| policy.references.first());
    let revoke = revoke.map_or_else(String::new, |reference| format!(": [how]({reference})"));
    let history = input.head.map_or_else(
        || "It is in the history of this branch".to_owned(),
        |head| format!("It is in the history, in {} at the latest", markdown::code(head.get(..7).unwrap_or(head))),
    );
    let _ = writeln!(body, "{history}: removing the line is not enough.\n");
    let _ =
        writeln!(body, "1. Revoke it now{revoke}.\n2. Put the new one in a secret store.\n3. Then fix this line.\n");
    if let Some(note) = &judged.note {
        let _ = writeln!(body, "Note: {}.\n", markdown::text(note));
    }
    let _ = writeln!(body, "Not a secret? {}", way_out(finding, input));
    body
}

/// What a review says above its comments.
pub fn review_body(input: &ReportInput<'_>, plan: &ReviewPlan) -> String {
    let parts = words::parts(input.verdict).join(" · ");
    let rest = if plan.left_out > 0 {
        format!(" {} more in the check run `dockgate`.", words::count(plan.left_out, "finding"))
    } else {
        String::new()
    };
    format!("**{parts}**.{rest}\n")
}

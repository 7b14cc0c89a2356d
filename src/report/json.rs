//! The report for programs.
//!
//! Invariant: the shape only ever grows. `findings` holds what blocks or could block, `suppressed` what somebody
//! accepted; nothing is in both.

use serde::Serialize;

use super::{ReportInput, place};
use crate::scan::finding::{Category, Finding, Severity};
use crate::scan::problem::Problem;
use crate::verdict::{Conclusion, Judged, Standing, WaiverNote};

#[derive(Serialize)]
struct Report<'a> {
    findings: Vec<Entry<'a>>,
    suppressed: Vec<Entry<'a>>,
    problems: &'a [Problem],
    verdict: Summary<'a>,
    files: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    rule: &'a str,
    category: Category,
    severity: Severity,
    path: &'a str,
    line: usize,
    end_line: usize,
    column: usize,
    end_column: usize,
    message: &'a str,
    resource: Option<&'a str>,
    status: &'static str,
    blocks: bool,
    fingerprint: &'a str,
    title: &'a str,
    why: &'a str,
    fix: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppression: Option<SuppressionEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<&'a WaiverNote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edit: Option<EditEntry<'a>>,
}

#[derive(Serialize)]
struct SuppressionEntry<'a> {
    line: usize,
    reason: &'a str,
    whole_file: bool,
    introduced: bool,
    /// The tool whose comment it is, when it is not dockgate's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'static str>,
}

#[derive(Serialize)]
struct EditEntry<'a> {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
    replacement: &'a str,
}

#[derive(Serialize)]
struct Summary<'a> {
    conclusion: Conclusion,
    fail_on: &'a str,
    blocking: usize,
    introduced: usize,
    existing: usize,
    suppressed: usize,
    resolved: usize,
    unjudged: usize,
    settings_mistakes: usize,
    ignored_files: usize,
    settings_from: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<&'a str>,
}

/// Renders the report as one JSON object.
pub fn render(input: &ReportInput<'_>) -> String {
    let verdict = input.verdict;
    let open = verdict.findings.iter().filter(|judged| !is_accepted(judged));
    let report = Report {
        findings: open.map(|judged| entry(judged, input)).collect(),
        suppressed: verdict.accepted().map(|judged| entry(judged, input)).collect(),
        problems: &verdict.problems,
        verdict: summary(input),
        files: verdict.files,
    };
    text_of(&report)
}

/// A report as JSON on lines of its own.
pub(super) fn text_of(report: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(report).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    text.push('\n');
    text
}

fn is_accepted(judged: &Judged) -> bool {
    matches!(judged.standing, Standing::Suppressed { .. } | Standing::Waived(_))
}

fn summary<'a>(input: &ReportInput<'a>) -> Summary<'a> {
    let verdict = input.verdict;
    let blocking = verdict.blocking().count();
    Summary {
        conclusion: verdict.conclusion,
        fail_on: verdict.fail_on.map_or("never", Severity::name),
        blocking,
        introduced: blocking + verdict.to_know().count(),
        existing: verdict.existing().count(),
        suppressed: verdict.accepted().count(),
        resolved: verdict.resolved,
        unjudged: verdict.unjudged().count(),
        settings_mistakes: verdict.settings_mistakes().count(),
        ignored_files: verdict.ignored,
        settings_from: input.settings_from,
        head: input.head,
    }
}

fn entry<'a>(judged: &'a Judged, input: &ReportInput<'a>) -> Entry<'a> {
    let finding = &judged.finding;
    let (suppression, waiver) = match &judged.standing {
        Standing::Suppressed { suppression, introduced } => {
            let (line, reason) = (suppression.line, suppression.reason.as_str());
            let whole_file = suppression.whole_file;
            (Some(SuppressionEntry { line, reason, whole_file, introduced: *introduced, tool: suppression.tool }), None)
        }
        Standing::Waived(note) => (None, Some(note)),
        Standing::Blocks | Standing::Introduced | Standing::Existing => (None, None),
    };
    let policy = input.policies.get(&finding.rule);
    Entry {
        title: policy.map_or("", |policy| &policy.title),
        why: policy.map_or("", |policy| policy.why.trim()),
        fix: policy.map_or("", |policy| policy.fix.trim()),
        rule: finding.rule.as_str(),
        category: finding.category,
        severity: finding.severity,
        path: &finding.path,
        line: finding.start.line,
        end_line: finding.end.line,
        column: finding.start.column,
        end_column: finding.end.column,
        message: &finding.message,
        resource: finding.resource.as_deref(),
        status: status(&judged.standing),
        blocks: judged.standing == Standing::Blocks,
        fingerprint: finding.fingerprint.as_str(),
        decided_by: finding.decided_by,
        note: judged.note.as_deref(),
        suppression,
        waiver,
        edit: edit(finding, input),
    }
}

fn status(standing: &Standing) -> &'static str {
    match standing {
        Standing::Blocks | Standing::Introduced => "introduced",
        Standing::Existing => "existing",
        Standing::Suppressed { .. } => "suppressed",
        Standing::Waived(_) => "waived",
    }
}

fn edit<'a>(finding: &'a Finding, input: &ReportInput<'a>) -> Option<EditEntry<'a>> {
    let edit = finding.edit.as_ref()?;
    let (start, end) = place::of_edit(place::text(input.snapshot, &finding.path)?, edit);
    Some(EditEntry {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
        replacement: &edit.replacement,
    })
}

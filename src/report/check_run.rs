//! The output of a check run, within the limits of the API.
//!
//! Invariant: every field fits its limit, the same verdict gives the same output, and what does not fit is counted.
//!
//! # Source
//! GitHub REST API, checks: title 255 characters, summary and text 65,535 each, annotation title 255 characters,
//! annotation message 64 KB, columns only for annotations within one line.

use super::budget::Budget;
use super::{ReportInput, markdown, place, words};
use crate::scan::finding::Severity;
use crate::scan::problem::Problem;
use crate::verdict::{Judged, Standing, Verdict};

/// Most bytes of a summary or text.
pub const MAX_TEXT_BYTES: usize = 65_535;

/// Most characters of a title.
pub const MAX_TITLE: usize = 255;

/// Most annotations of one check run; the summary lists what has none.
pub const MAX_ANNOTATIONS: usize = 200;

/// What a check run shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRunOutput {
    /// At most 255 characters.
    pub title: String,
    /// Markdown, at most 65,535 bytes.
    pub summary: String,
    /// Markdown, at most 65,535 bytes; what is not from this change.
    pub text: Option<String>,
    /// At most [`MAX_ANNOTATIONS`], most severe first.
    pub annotations: Vec<Annotation>,
}

/// A remark beside a line of a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Annotation {
    /// The file.
    pub path: String,
    /// First line, from 1.
    pub start_line: usize,
    /// Last line.
    pub end_line: usize,
    /// First column, from 1, when the remark is about one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_column: Option<usize>,
    /// Last column, when the remark is about one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<usize>,
    /// How it is marked.
    pub annotation_level: AnnotationLevel,
    /// At most 255 characters.
    pub title: String,
    /// At most 64 KB.
    pub message: String,
}

/// How an annotation is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AnnotationLevel {
    /// For what blocks.
    Failure,
    /// For what could not be judged, and for findings from medium on.
    Warning,
    /// For the rest.
    Notice,
}

/// The output for a verdict.
pub fn output(input: &ReportInput<'_>) -> CheckRunOutput {
    let verdict = input.verdict;
    // The line of one that stands in the history only is another's in the head; the summary has it.
    let standing = verdict.blocking().chain(verdict.to_know()).filter(|judged| judged.finding.commit().is_none());
    let mut annotations: Vec<Annotation> = standing.map(|judged| of_finding(judged, input)).collect();
    annotations.extend(verdict.unjudged().filter_map(|problem| of_problem(problem, "could not be judged")));
    annotations.extend(verdict.settings_mistakes().filter_map(|problem| of_problem(problem, "mistake")));
    let without = annotations.len().saturating_sub(MAX_ANNOTATIONS);
    annotations.truncate(MAX_ANNOTATIONS);
    let mut summary = Budget::new(MAX_TEXT_BYTES);
    markdown::body(input, &mut summary);
    if without > 0 {
        summary.line("");
        summary.line(&format!("{without} have no annotation: a check run has at most {MAX_ANNOTATIONS} annotations."));
    }
    if let Some(url) = input.details_url {
        summary.line("");
        summary.line(&format!("[The whole report]({url})"));
    }
    let mut text = Budget::new(MAX_TEXT_BYTES);
    markdown::existing(input, &mut text);
    let text = text.finish();
    CheckRunOutput {
        title: title(verdict),
        summary: summary.finish(),
        text: (!text.is_empty()).then_some(text),
        annotations,
    }
}

/// What blocks, in one line of at most 255 characters.
pub fn title(verdict: &Verdict) -> String {
    let blocking = verdict.blocking().count();
    let (unjudged, mistakes) = (verdict.unjudged().count(), verdict.settings_mistakes().count());
    let files = format!("{} checked", words::count(verdict.files, "file"));
    let title = match (blocking, verdict.to_know().count()) {
        (0, _) if verdict.unjudged_blocks => {
            format!("{} could not be judged, and that blocks here", words::count(unjudged, "place"))
        }
        (0, _) if unjudged > 0 => format!("Nothing blocks, {unjudged} could not be judged: {files}"),
        (0, _) if mistakes > 0 => {
            format!("Nothing blocks, {} in the settings: {files}", words::count(mistakes, "mistake"))
        }
        (0, to_know) => format!("Nothing blocks: {files}, {}", words::count(to_know, "finding")),
        (1, _) => format!("1 finding blocks this merge ({})", words::by_severity(verdict.blocking())),
        (many, _) => format!("{many} findings block this merge ({})", words::by_severity(verdict.blocking())),
    };
    title.chars().take(MAX_TITLE).collect()
}

fn of_finding(judged: &Judged, input: &ReportInput<'_>) -> Annotation {
    let finding = &judged.finding;
    let annotation_level = match (&judged.standing, finding.severity) {
        (Standing::Blocks, _) => AnnotationLevel::Failure,
        (_, Severity::Critical | Severity::High | Severity::Medium) => AnnotationLevel::Warning,
        _ => AnnotationLevel::Notice,
    };
    let end_line = place::last_line(finding);
    let columns = (end_line == finding.start.line && finding.end.line == end_line)
        .then(|| (finding.start.column, finding.end.column.saturating_sub(1).max(finding.start.column)));
    let mut message = vec![words::inert(&finding.message)];
    message.extend(judged.note.as_deref().map(words::inert));
    if let Some(policy) = input.policies.get(&finding.rule) {
        message.push(format!("Why: {}", policy.why.trim()));
        message.push(format!("Fix: {}", policy.fix.trim()));
    }
    Annotation {
        path: finding.path.clone(),
        start_line: finding.start.line,
        end_line,
        start_column: columns.map(|(start, _)| start),
        end_column: columns.map(|(_, end)| end),
        annotation_level,
        title: format!("{} · {}", finding.severity, finding.rule).chars().take(MAX_TITLE).collect(),
        message: clip(&message.join("\n")),
    }
}

fn of_problem(problem: &Problem, what: &str) -> Option<Annotation> {
    let line = problem.line?;
    Some(Annotation {
        path: problem.path.clone()?,
        start_line: line,
        end_line: line,
        start_column: problem.column,
        end_column: problem.column,
        annotation_level: AnnotationLevel::Warning,
        title: format!("{what}: {}", words::cause(problem.cause)),
        message: words::inert(&problem.message),
    })
}

/// At most 60,000 bytes of `message`, marked when it was longer.
fn clip(message: &str) -> String {
    const MAX_BYTES: usize = 60_000;
    let Some(end) = message.char_indices().map(|(at, _)| at).find(|at| *at > MAX_BYTES) else {
        return message.to_owned();
    };
    format!("{}…", message.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::scan::policy::PolicySet;
    use crate::scan::snapshot::Snapshot;
    use crate::settings::repository::RepositorySettings;

    fn made(findings: usize) -> CheckRunOutput {
        let finding = sample::finding_at("a/long/path/to/deployment.yaml", "a: 1\n", "1");
        let verdict = sample::verdict(vec![(finding, Standing::Blocks); findings]);
        output(&ReportInput {
            verdict: &verdict,
            policies: &PolicySet::default(),
            snapshot: &Snapshot::default(),
            settings: &RepositorySettings::default(),
            elapsed: None,
            settings_from: "defaults",
            head: None,
            details_url: Some("https://dockgate.example/1"),
            source_url: None,
            rules_url: None,
            waive_until: None,
            colour: false,
            explain: false,
        })
    }

    #[test]
    fn the_title_counts_what_blocks() {
        for (findings, expected) in [
            (0, "Nothing blocks: 1 file checked, 0 findings"),
            (1, "1 finding blocks this merge (1 high)"),
            (3, "3 findings block this merge (3 high)"),
        ] {
            assert_eq!(made(findings).title, expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_has_a_place() {
        let many = 5_000;
        let output = made(many);
        assert!(output.summary.len() <= MAX_TEXT_BYTES, "{}", output.summary.len());
        let shown = output.summary.matches("| high |").count();
        assert!(shown > 100 && output.summary.contains(&format!("{} more did not fit", many - shown)), "{shown}");
        assert!(output.summary.contains("4800 have no annotation"), "{}", output.summary);
        assert!(output.summary.ends_with("[The whole report](https://dockgate.example/1)\n"));
        assert_eq!(output.annotations.len(), MAX_ANNOTATIONS);
    }
}

//! Hand-made findings, for tests.
//!
//! Invariant: positions are those of the text they are made from.

use std::collections::BTreeMap;

use crate::scan::finding::{Category, Finding, Fingerprint, Severity};
use crate::scan::policy::PolicyId;
use crate::scan::snapshot::{ChangedFile, Content, FileStatus, LineSet};
use crate::scan::span::{LineIndex, Span};
use crate::verdict::{Conclusion, Judged, Standing, Verdict};

/// A high finding of the first `marked` in `text`.
pub fn finding_at(path: &str, text: &str, marked: &str) -> Finding {
    let start = text.find(marked).unwrap();
    let span = Span::new(start, start + marked.len());
    let lines = LineIndex::new(text);
    Finding {
        rule: PolicyId::new("kubernetes/privileged-container"),
        category: Category::Security,
        severity: Severity::High,
        path: path.to_owned(),
        span,
        start: lines.position(text, span.start),
        end: lines.position(text, span.end),
        message: "container `web` runs in privileged mode".to_owned(),
        resource: None,
        fingerprint: Fingerprint::of(&[path, marked]),
        subjects: Vec::new(),
        edit: None,
        decided_by: None,
    }
}

/// A new file whose lines are all touched and shown.
pub fn file(path: &str, text: &str) -> ChangedFile {
    let lines = LineSet::first(LineIndex::new(text).line_count(text));
    ChangedFile {
        path: path.to_owned(),
        previous_path: None,
        status: FileStatus::Added,
        base: Content::Absent,
        head: Content::Text(text.into()),
        touched: lines.clone(),
        visible: lines,
    }
}

/// A verdict on `findings`.
pub fn verdict(findings: Vec<(Finding, Standing)>) -> Verdict {
    let judged = findings.into_iter().map(|(finding, standing)| Judged { finding, standing, note: None });
    let findings: Vec<Judged> = judged.collect();
    let mut secrets: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for judged in findings.iter().filter(|judged| judged.finding.category == Category::Secret) {
        secrets.entry(judged.finding.path.clone()).or_default().push(judged.finding.span);
    }
    let blocks = findings.iter().any(|judged| judged.standing == Standing::Blocks);
    Verdict {
        conclusion: if blocks { Conclusion::Failure } else { Conclusion::Success },
        fail_on: Some(Severity::High),
        findings,
        problems: Vec::new(),
        files: 1,
        ignored: 0,
        resolved: 0,
        secrets,
        unjudged_blocks: false,
    }
}

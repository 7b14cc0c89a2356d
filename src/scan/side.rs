//! The two sides of a change, file by file.
//!
//! Invariant: each text is parsed once, and a file whose text does not change is judged once.

use std::collections::BTreeSet;

use super::document::{self, ParsedFile};
use super::finding::Finding;
use super::policy::PolicySet;
use super::policy::evaluate::{Evaluation, FileView, evaluate, runs};
use super::problem::{Cause, Problem};
use super::secret::find_secrets;
use super::snapshot::{ChangedFile, Content, Snapshot};
use super::span::LineIndex;
use super::{Scan, ScanOptions, Side};

/// Judges both sides.
pub(super) fn scan(snapshot: &Snapshot, policies: &PolicySet, options: &ScanOptions) -> Scan {
    let mut scan = Scan::default();
    scan.head.problems.extend(policies.problems().iter().cloned());
    for file in &snapshot.files {
        let scanner = FileScanner { file, policies, options };
        let base_path = file.previous_path.as_deref().unwrap_or(&file.path);
        let is_same = file.base == file.head && base_path == file.path;
        let head = scanner.side(&file.path, &file.head);
        let base = if is_same { head.clone() } else { scanner.side(base_path, &file.base) };
        append(&mut scan.base, base);
        append(&mut scan.head, head);
    }
    mark_existing(&scan.base.problems, &mut scan.head.problems, snapshot);
    sort(&mut scan.base);
    sort(&mut scan.head);
    scan
}

struct FileScanner<'s> {
    file: &'s ChangedFile,
    policies: &'s PolicySet,
    options: &'s ScanOptions,
}

impl FileScanner<'_> {
    /// Judges one side of the file, which has `path` there.
    fn side(&self, path: &str, content: &Content) -> Side {
        match content {
            Content::Absent => Side::default(),
            Content::Text(text) => self.text(path, text),
            Content::Unjudged(why) => {
                Side { problems: vec![Problem::of_file(path, why.cause(), why.message())], ..Side::default() }
            }
        }
    }

    fn text(&self, path: &str, text: &str) -> Side {
        if text.len() > self.options.limits.max_file_bytes {
            let why = super::snapshot::Unjudged::too_large(text.len() as u64, &self.options.limits);
            return self.side(path, &Content::Unjudged(why));
        }
        let parsed = document::parse(path, text, &self.options.limits);
        let lines = LineIndex::new(text);
        let identity_path = self.file.previous_path.as_deref().unwrap_or(&self.file.path);
        let view = FileView { path, identity_path, text, lines: &lines, parsed: &parsed };
        let evaluation = evaluate(self.policies, view, self.options);
        self.judged(view, evaluation)
    }

    fn judged(&self, view: FileView<'_>, evaluation: Evaluation) -> Side {
        let parsed: &ParsedFile = view.parsed;
        let mut problems = parsed.problems.clone();
        problems.extend(evaluation.problems);
        let mut findings: Vec<Finding> = evaluation.findings.into_iter().map(|found| found.finding).collect();
        let detectors = self.policies.detectors(|policy| runs(policy, self.options));
        let secrets = find_secrets(view.path, view.text, detectors, self.options);
        findings.extend(secrets.findings);
        problems.extend(secrets.problems);
        Side { findings, suppressed: Vec::new(), problems, files: 1 }
    }
}

fn append(side: &mut Side, other: Side) {
    side.findings.extend(other.findings);
    side.suppressed.extend(other.suppressed);
    side.problems.extend(other.problems);
    side.files += other.files;
}

fn sort(side: &mut Side) {
    let key = |finding: &Finding| (finding.path.clone(), finding.span, finding.rule.clone());
    side.findings.sort_by_cached_key(key);
    side.suppressed.sort_by_cached_key(|suppressed| key(&suppressed.finding));
    side.problems.sort();
}

/// A problem that the base has as well was not brought by the change, wherever its line moved.
fn mark_existing(base: &[Problem], head: &mut [Problem], snapshot: &Snapshot) {
    let base_path = |path: &str| {
        let renamed = snapshot.files.iter().find(|file| file.path == path);
        renamed.and_then(|file| file.previous_path.as_deref()).unwrap_or(path).to_owned()
    };
    let known: BTreeSet<(Option<&str>, Cause, &str)> =
        base.iter().map(|problem| (problem.path.as_deref(), problem.cause, problem.message.as_str())).collect();
    for problem in head {
        let path = problem.path.as_deref().map(base_path);
        problem.introduced = !known.contains(&(path.as_deref(), problem.cause, problem.message.as_str()));
    }
}

#[cfg(test)]
mod tests;

//! Secrets that a commit of a change added and a later one took away again: whoever has the history has them.
//!
//! Invariant: pure like the rest of the engine; a secret that stands in the head or stood in the base is not repeated.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::admission::AdmissionSet;
use super::finding::{Category, Finding, Fingerprint};
use super::policy::PolicySet;
use super::snapshot::{ChangedFile, Content, Snapshot};
use super::span::Span;
use super::{Scan, ScanOptions, Side, scan};

/// How much of a commit's id is shown, in characters.
const SHORT_ID: usize = 12;

/// The lines that one commit adds to one file, and those it takes away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedLines {
    /// The commit.
    pub commit: String,
    /// The file, as the commit names it.
    pub path: String,
    /// The added lines, each with its line break.
    pub text: String,
    /// Where each of them stands in the file of that commit, from 1.
    pub lines: Vec<usize>,
    /// The lines that the commit takes away, each with its line break: they stood there before it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub removed: String,
}

/// The secrets among `added`, parents before children, that are gone from the head of `snapshot`, in which `found` is
/// what stands.
///
/// What a commit removes without an earlier one having added it stood in the base, so it is nobody's news when it comes
/// back. Suppressions do not count: whoever wrote one into a commit that is rewritten later would decide about it.
pub fn gone(
    added: &[AddedLines],
    snapshot: &Snapshot,
    found: &Scan,
    policies: &PolicySet,
    options: &ScanOptions,
) -> Vec<Finding> {
    let standing = Standing::new(added, snapshot);
    // Most changes end with all the lines that their commits add.
    if added.iter().all(|added| standing.has_all(added)) {
        return Vec::new();
    }
    let mut known: BTreeSet<Fingerprint> = prints(&found.base).chain(prints(&found.head)).cloned().collect();
    let admission = AdmissionSet::default();
    let options =
        &ScanOptions { only: Some(Category::Secret), edits: false, images: false, admission, ..options.clone() };
    let secrets = |path: &str, text: &str| {
        let file = ChangedFile::standing(path, Content::Text(text.into()));
        let found = scan(&Snapshot { files: vec![file], whole_tree: false }, policies, options).head;
        let suppressed = found.suppressed.into_iter().map(|suppressed| suppressed.finding);
        found.findings.into_iter().chain(suppressed).filter(|finding| finding.category == Category::Secret)
    };
    let mut gone = Vec::new();
    for added in added {
        if !added.removed.is_empty() {
            known.extend(secrets(&added.path, &added.removed).map(|finding| finding.fingerprint));
        }
        if standing.has_all(added) {
            continue;
        }
        for finding in secrets(&added.path, &added.text).filter(|finding| !standing.has(added, finding)) {
            if known.insert(finding.fingerprint.clone()) {
                gone.push(in_history(finding, added));
            }
        }
    }
    gone
}

/// The lines of the head: a secret on one of them is judged there, with the whole file around it.
struct Standing<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> Standing<'a> {
    fn new(added: &[AddedLines], snapshot: &'a Snapshot) -> Self {
        let paths: BTreeSet<&str> = added.iter().map(|added| added.path.as_str()).collect();
        let files = snapshot.files.iter().filter(|file| paths.contains(file.path.as_str()));
        let lines = files.filter_map(|file| Some((file.path.as_str(), file.head.text()?.lines().collect())));
        Self(lines.collect())
    }

    /// Whether all lines of `finding` stand in the head.
    fn has(&self, added: &AddedLines, finding: &Finding) -> bool {
        let (first, last) = (finding.start.line, finding.end.line.max(finding.start.line));
        self.has_lines(added, added.text.lines().skip(first.saturating_sub(1)).take(last - first + 1))
    }

    /// Whether all lines that were added stand in the head.
    fn has_all(&self, added: &AddedLines) -> bool {
        self.has_lines(added, added.text.lines())
    }

    fn has_lines<'l>(&self, added: &AddedLines, mut lines: impl Iterator<Item = &'l str>) -> bool {
        let standing = self.0.get(added.path.as_str());
        lines.all(|line| standing.is_some_and(|standing| standing.contains(line)))
    }
}

fn prints(side: &Side) -> impl Iterator<Item = &Fingerprint> {
    let suppressed = side.suppressed.iter().map(|suppressed| &suppressed.finding);
    side.findings.iter().chain(suppressed).map(|finding| &finding.fingerprint)
}

/// The finding at its place in the file of the commit, with what is to be done.
fn in_history(mut finding: Finding, added: &AddedLines) -> Finding {
    let line = |line: usize| line.checked_sub(1).and_then(|index| added.lines.get(index)).copied().unwrap_or(1);
    let commit = added.commit.get(..SHORT_ID).unwrap_or(&added.commit);
    finding.start.line = line(finding.start.line);
    finding.end.line = line(finding.end.line).max(finding.start.line);
    finding.span = Span::new(0, 0);
    finding.edit = None;
    finding.message = format!(
        "{}, added by commit {commit} and removed later: it stays in the history, so revoke it first, then rewrite the \
         history",
        finding.message
    );
    finding.resource = Some(format!("commit {commit}"));
    finding
}

#[cfg(test)]
mod tests {
    use super::super::secret::fake;
    use super::*;

    fn added(commit: &str, path: &str, text: &str, first: usize) -> AddedLines {
        let lines = (first..first + text.lines().count()).collect();
        let (commit, path, text) = (commit.repeat(40), path.to_owned(), text.to_owned());
        AddedLines { commit, path, text, lines, removed: String::new() }
    }

    fn head(text: &str) -> Scan {
        let file = ChangedFile::standing("a.env", Content::Text(text.into()));
        let snapshot = Snapshot { files: vec![file], whole_tree: false };
        scan(&snapshot, PolicySet::builtin(), &ScanOptions::default())
    }

    #[test]
    fn what_a_later_commit_removed_is_found_once_with_its_commit_and_line() {
        let text = fake::expand("A=1\nTOKEN={fake:github-token}\n").into_owned();
        let history = [added("a", "a.env", &text, 10), added("b", "b.env", &text, 3)];
        let found = gone(&history, &Snapshot::default(), &head("A=1\n"), PolicySet::builtin(), &ScanOptions::default());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].path.as_str(), found[0].start.line, found[0].start.column), ("a.env", 11, 7));
        assert_eq!(found[0].commit(), Some("aaaaaaaaaaaa"));
        assert!(found[0].message.contains("revoke it first, then rewrite the history"));
    }

    #[test]
    fn what_still_stands_is_not_repeated_and_nothing_but_secrets_counts() {
        let text = fake::expand("TOKEN={fake:github-token}\n").into_owned();
        let history = [added("a", "b.env", &text, 1), added("b", "Dockerfile", "FROM debian\nUSER root\n", 1)];
        assert!(
            gone(&history, &Snapshot::default(), &head(&text), PolicySet::builtin(), &ScanOptions::default())
                .is_empty()
        );
    }

    #[test]
    fn what_stood_in_the_base_and_comes_back_is_not_news_and_what_came_with_the_change_is() {
        let text = fake::expand("TOKEN={fake:github-token}\n").into_owned();
        let removes = |commit| AddedLines { removed: text.clone(), ..added(commit, "a.env", "", 1) };
        let count = |history: &[AddedLines]| {
            gone(history, &Snapshot::default(), &head("A=1\n"), PolicySet::builtin(), &ScanOptions::default()).len()
        };
        let adds = |commit| added(commit, "a.env", &text, 1);
        assert_eq!(count(&[removes("a"), adds("b"), removes("c")]), 0);
        assert_eq!(count(&[adds("a"), removes("b"), adds("c"), removes("d")]), 1);
    }

    #[test]
    fn a_comment_in_the_commit_accepts_nothing() {
        let text = fake::expand("TOKEN={fake:github-token} # gitleaks:allow\n").into_owned();
        let added = [added("a", "a.env", &text, 1)];
        let snapshot = Snapshot::default();
        let found = gone(&added, &snapshot, &head(""), PolicySet::builtin(), &ScanOptions::default());
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_line_that_stands_in_the_head_is_left_to_the_head() {
        let text = fake::expand("TOKEN={fake:github-token}\n").into_owned();
        let added = [added("a", "a.env", &text, 1)];
        let snapshot = |head: &str| {
            let file = ChangedFile::standing("a.env", Content::Text(head.into()));
            Snapshot { files: vec![file], whole_tree: false }
        };
        let judged = Scan::default();
        let count =
            |head: &str| gone(&added, &snapshot(head), &judged, PolicySet::builtin(), &ScanOptions::default()).len();
        assert_eq!((count(&format!("A=1\n{text}B=2\n")), count("A=1\n")), (0, 1));
    }
}

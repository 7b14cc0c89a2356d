//! Secrets that a commit of a change added and a later one took away again: whoever has the history has them.
//!
//! Invariant: pure like the rest of the engine; a secret that stands in the head or stood in the base is not repeated.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::finding::{Category, Finding, Fingerprint};
use super::policy::PolicySet;
use super::snapshot::{ChangedFile, Content, Snapshot};
use super::span::Span;
use super::{Scan, ScanOptions, Side, scan};

/// How much of a commit's id is shown, in characters.
const SHORT_ID: usize = 12;

/// The lines that one commit adds to one file.
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
}

/// The secrets among `added`, oldest commit first, that `found` does not have: those are gone from the files.
pub fn gone(added: &[AddedLines], found: &Scan, policies: &PolicySet, options: &ScanOptions) -> Vec<Finding> {
    let mut known: BTreeSet<Fingerprint> = prints(&found.base).chain(prints(&found.head)).cloned().collect();
    let mut gone = Vec::new();
    for added in added {
        let file = ChangedFile::standing(&added.path, Content::Text(added.text.as_str().into()));
        let in_commit = scan(&Snapshot { files: vec![file], whole_tree: false }, policies, options);
        let secrets = in_commit.head.findings.into_iter().filter(|finding| finding.category == Category::Secret);
        for finding in secrets {
            if known.insert(finding.fingerprint.clone()) {
                gone.push(in_history(finding, added));
            }
        }
    }
    gone
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
        AddedLines { commit: commit.repeat(40), path: path.to_owned(), text: text.to_owned(), lines }
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
        let found = gone(&history, &head("A=1\n"), PolicySet::builtin(), &ScanOptions::default());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].path.as_str(), found[0].start.line, found[0].start.column), ("a.env", 11, 7));
        assert_eq!(found[0].commit(), Some("aaaaaaaaaaaa"));
        assert!(found[0].message.contains("revoke it first, then rewrite the history"));
    }

    #[test]
    fn what_still_stands_is_not_repeated_and_nothing_but_secrets_counts() {
        let text = fake::expand("TOKEN={fake:github-token}\n").into_owned();
        let history = [added("a", "b.env", &text, 1), added("b", "Dockerfile", "FROM debian\nUSER root\n", 1)];
        assert!(gone(&history, &head(&text), PolicySet::builtin(), &ScanOptions::default()).is_empty());
    }
}

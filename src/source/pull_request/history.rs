//! What each commit of a pull request adds: a secret that a later commit removes is leaked all the same.
//!
//! Invariant: by git, no request more than for the files, and one more conversation only when some version of a file
//! stands in neither end of the change. By the API, one request for each parent of a commit, within a bound. A commit
//! that was not read is named.

use std::collections::BTreeSet;

use super::super::git::command::Git;
use super::super::git::history::{added_by, judged, parse_file};
use super::super::git::objects::ObjectReader;
use super::super::{History, SourceError};
use super::fetch::fetch_missing;
use super::{Commits, PullRequestSource};
use crate::github::client::{Comparison, OwnCommit, PatchedFile};
use crate::github::identity::CommitSha;
use crate::scan::history::AddedLines;

/// The most commits that are read one by one.
pub(super) const MOST_COMMITS: usize = 500;
/// The most when there is no git: each costs a request or more.
const MOST_BY_API: usize = 30;

impl PullRequestSource {
    /// The commits of the change, parents before children, when there are several: what a single one adds is what the
    /// change adds.
    pub(super) async fn own_commits(&self, comparison: &Comparison) -> Result<Vec<OwnCommit>, SourceError> {
        if comparison.total_commits < 2 {
            return Ok(Vec::new());
        }
        let (base, head) = (&self.target.base, &self.target.head);
        Ok(in_order(self.client.own_commits(comparison, base, head, MOST_COMMITS).await?))
    }

    /// What the commits add, from the repository that has them and their trees.
    pub(super) async fn history_by_git(&self, git: &Git, commits: &Commits) -> Result<History, SourceError> {
        if commits.own.is_empty() {
            return Ok(History::default());
        }
        let lines = lines(&commits.own);
        let blobs = versions(git, lines.clone()).await?;
        fetch_missing(git, &mut ObjectReader::new(git), &blobs).await?;
        let history = added_by(git, lines, &self.limits).await?;
        Ok(told(history, commits, commits.own.len()))
    }

    /// What the commits add, from the patches that the API gives.
    pub(super) async fn history_by_api(&self, commits: &Commits) -> Result<History, SourceError> {
        if commits.own.is_empty() {
            return Ok(History::default());
        }
        let mut history = History::default();
        let read = commits.own.len().min(MOST_BY_API);
        for commit in commits.own.iter().take(read) {
            match self.added_by_api(commit, &mut history.unread).await {
                Ok(added) => history.added.extend(added),
                Err(error) if error.is_retryable() => return Err(error),
                Err(error) => history.unread.push(format!("commit {}: {error}", commit.sha.short())),
            }
        }
        let History { added, unread } = judged(history.added, &self.limits);
        history = History { added, unread: history.unread.into_iter().chain(unread).collect() };
        Ok(told(history, commits, read))
    }

    async fn added_by_api(&self, commit: &OwnCommit, unread: &mut Vec<String>) -> Result<Vec<AddedLines>, SourceError> {
        let short = commit.sha.short();
        let Some((first, others)) = commit.parents.split_first() else {
            unread.push(format!("commit {short} has no parent to compare it with"));
            return Ok(Vec::new());
        };
        let mut added = self.added_since(first, commit, unread).await?;
        for other in others {
            let since = self.added_since(other, commit, unread).await?;
            for one in &mut added {
                keep_common(one, &since);
            }
        }
        Ok(added)
    }

    async fn added_since(
        &self,
        parent: &CommitSha,
        commit: &OwnCommit,
        unread: &mut Vec<String>,
    ) -> Result<Vec<AddedLines>, SourceError> {
        let files = self.client.patches(parent, &commit.sha).await?;
        let short = commit.sha.short();
        if files.len() >= Comparison::MOST_FILES {
            unread.push(format!("commit {short} changes more files than the {} GitHub lists", Comparison::MOST_FILES));
        }
        let mut added = Vec::new();
        for PatchedFile { filename, additions, patch } in files {
            match patch {
                Some(patch) => added.extend(parse_file(commit.sha.as_str(), &filename, &patch)),
                None if additions > 0 => {
                    unread.push(format!("GitHub does not show what commit {short} adds to {filename}"));
                }
                None => {}
            }
        }
        Ok(added)
    }
}

/// Names the commits that were left out because there are too many.
fn told(mut history: History, commits: &Commits, read: usize) -> History {
    if read < commits.total {
        let total = commits.total;
        history.unread.push(format!("of {total} commits only {read} were read, the oldest ones"));
    }
    history
}

/// Parents before their children, whatever their dates say.
fn in_order(commits: Vec<OwnCommit>) -> Vec<OwnCommit> {
    let mut waiting: Vec<OwnCommit> = commits;
    let mut open: BTreeSet<CommitSha> = waiting.iter().map(|commit| commit.sha.clone()).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut later = Vec::new();
        for commit in waiting {
            if commit.parents.iter().any(|parent| open.contains(parent)) {
                later.push(commit);
            } else {
                open.remove(&commit.sha);
                ordered.push(commit);
            }
        }
        waiting = later;
        if waiting.len() == before {
            // No history has a cycle; whoever says so is taken by their word for the rest.
            ordered.append(&mut waiting);
        }
    }
    ordered
}

/// Of what `one` adds, what is in `others` too.
fn keep_common(one: &mut AddedLines, others: &[AddedLines]) {
    let other = others.iter().find(|other| other.path == one.path);
    let common: BTreeSet<usize> = other.into_iter().flat_map(|other| other.lines.iter().copied()).collect();
    let kept = one.text.split_inclusive('\n').zip(&one.lines).filter(|(_, line)| common.contains(line));
    let (text, lines): (String, Vec<usize>) = kept.map(|(text, line)| (text, *line)).unzip();
    (one.text, one.lines) = (text, lines);
}

/// Each commit with its parents, as `git diff-tree --stdin` reads them.
fn lines(commits: &[OwnCommit]) -> Vec<u8> {
    let line = |commit: &OwnCommit| {
        let parents = commit.parents.iter().map(|parent| format!(" {parent}"));
        format!("{}{}\n", commit.sha, parents.collect::<String>())
    };
    commits.iter().map(line).collect::<String>().into_bytes()
}

/// The versions of files that the commits and their parents have where they differ.
async fn versions(git: &Git, lines: Vec<u8>) -> Result<BTreeSet<String>, SourceError> {
    let arguments = ["--stdin", "-r", "--root", "-c", "--raw", "-z", "--no-abbrev", "--no-commit-id", "--no-renames"];
    let output = git.run_with_input("diff-tree", &arguments, lines).await?;
    blobs(&output).ok_or_else(|| SourceError::Output { command: "diff-tree".into() })
}

/// The ids of the files in records such as `::100644 100644 100644 ID ID ID MM`, NUL, path, NUL.
fn blobs(output: &[u8]) -> Option<BTreeSet<String>> {
    let mut fields = output.split(|byte| *byte == 0);
    let mut found = BTreeSet::new();
    while let Some(record) = fields.next().filter(|record| !record.is_empty()) {
        let record = std::str::from_utf8(record).ok()?;
        let words: Vec<&str> = record.trim_start_matches(':').split(' ').collect();
        let sides = record.len() - record.trim_start_matches(':').len() + 1;
        let (modes, ids) = (words.get(..sides)?, words.get(sides..2 * sides)?);
        let files = modes.iter().zip(ids).filter(|(mode, _)| !matches!(**mode, "000000" | "160000"));
        found.extend(files.map(|(_, id)| (*id).to_owned()));
        fields.next()?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(sha: char, parents: &str) -> OwnCommit {
        let id = |letter: char| letter.to_string().repeat(40).parse().unwrap();
        OwnCommit { sha: id(sha), parents: parents.chars().map(id).collect() }
    }

    #[test]
    fn parents_come_before_children_whatever_the_dates_say() {
        let listed = vec![commit('d', "bc"), commit('c', "a"), commit('b', "a"), commit('a', "0")];
        let order: String = in_order(listed).iter().filter_map(|one| one.sha.as_str().chars().next()).collect();
        assert_eq!(order, "acbd");
        let cycle = vec![commit('a', "b"), commit('b', "a")];
        assert_eq!(in_order(cycle).len(), 2);
    }

    #[test]
    fn the_versions_of_all_sides_are_wanted_but_no_submodule() {
        let [ours, theirs, merged, link] = ["a", "b", "c", "e"].map(|letter| letter.repeat(40));
        let (zero, commit) = ("0".repeat(40), "d".repeat(40));
        let output = format!(
            "::100644 100644 100644 {ours} {theirs} {merged} MM\0:odd\0:000000 160000 {zero} {commit} A\0sub\0\
             :120000 000000 {link} {zero} D\0link\0"
        );
        let expected: BTreeSet<String> = [ours, theirs, merged, link].into();
        assert_eq!(blobs(output.as_bytes()), Some(expected));
        assert_eq!(blobs(b":100644 100644 a"), None);
    }

    #[test]
    fn a_merge_adds_what_it_adds_to_each_parent() {
        let added = |lines: Vec<usize>, text: &str| AddedLines {
            commit: "a".repeat(40),
            path: "x".to_owned(),
            text: text.to_owned(),
            lines,
            removed: String::new(),
        };
        let mut one = added(vec![1, 2, 5], "theirs\nboth\nmine\n");
        keep_common(&mut one, &[added(vec![2, 3], "both\nours\n")]);
        assert_eq!(one, added(vec![2], "both\n"));
        keep_common(&mut one, &[]);
        assert_eq!(one, added(vec![], ""));
    }
}

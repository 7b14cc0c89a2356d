//! Pull requests and what they change.
//!
//! Invariant: a list that GitHub cuts short is known to be short: [`Comparison::is_complete`] and the pull request's
//! own count of changed files say so.
//!
//! # Source
//! GitHub REST: "Get a pull request", "List pull requests files" (3,000 files), "Compare two commits" (300 files, all
//! on the first page), "List pull requests associated with a commit".

use std::time::SystemTime;

use serde::Deserialize;

use super::lists::has_next;
use super::{GitHubError, RepositoryClient, segment};
use crate::github::identity::{CommitSha, PullRequestNumber, RepositoryName};
use crate::github::timestamp;
use crate::github::transport::Call;

/// How many commits one page of a comparison has.
const PER_PAGE: usize = 100;

/// A pull request, as far as we care.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PullRequest {
    /// Its number.
    pub number: PullRequestNumber,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it is a draft.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub draft: bool,
    /// What it wants merged.
    pub head: Side,
    /// Where it wants to go.
    pub base: Side,
    /// How many files it changes; 0 when GitHub leaves it out.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub changed_files: usize,
    /// Its page.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub html_url: String,
    #[serde(default)]
    updated_at: Option<String>,
}

/// One end of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Side {
    /// The commit.
    pub sha: CommitSha,
    /// The branch, without `refs/heads/`.
    #[serde(default, rename = "ref", deserialize_with = "crate::github::or_default")]
    pub branch: String,
    /// The repository; `None` when it is gone.
    #[serde(default)]
    pub repo: Option<SideRepository>,
}

/// The repository of one end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SideRepository {
    /// Its name.
    pub full_name: RepositoryName,
    /// Its default branch; empty when GitHub leaves it out.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub default_branch: String,
}

impl PullRequest {
    /// When it changed last, by GitHub's clock.
    pub fn updated_at(&self) -> Option<SystemTime> {
        self.updated_at.as_deref().and_then(timestamp::parse)
    }

    /// Whether the change comes from another repository.
    pub fn is_from_fork(&self) -> bool {
        self.head.repo.as_ref().map(|repo| &repo.full_name) != self.base.repo.as_ref().map(|repo| &repo.full_name)
    }
}

/// What lies between two commits.
#[derive(Clone, Debug, Deserialize)]
pub struct Comparison {
    #[serde(rename = "base_commit")]
    base: Commit,
    #[serde(rename = "merge_base_commit")]
    merge_base: Commit,
    /// The changed files: at most [`Comparison::MOST_FILES`].
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub files: Vec<ApiFile>,
    /// How many commits the head has and the base has not.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub total_commits: usize,
    /// The first of them.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    commits: Vec<Commit>,
}

#[derive(Clone, Debug, Deserialize)]
struct Commit {
    sha: CommitSha,
    #[serde(default, deserialize_with = "crate::github::or_default")]
    parents: Vec<Parent>,
}

#[derive(Clone, Debug, Deserialize)]
struct Parent {
    sha: CommitSha,
}

/// A commit of a change, and the commits it was made on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCommit {
    /// The commit.
    pub sha: CommitSha,
    /// None for the first commit of a history, several for a merge.
    pub parents: Vec<CommitSha>,
}

impl From<Commit> for OwnCommit {
    fn from(commit: Commit) -> Self {
        Self { sha: commit.sha, parents: commit.parents.into_iter().map(|parent| parent.sha).collect() }
    }
}

/// A file of a comparison, with the lines that differ.
#[derive(Clone, Debug, Deserialize)]
pub struct PatchedFile {
    /// Path in the head; in the base for a removed file.
    pub filename: String,
    /// How many lines are added.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub additions: usize,
    /// Its hunks. GitHub leaves them out for binary and large files.
    #[serde(default)]
    pub patch: Option<String>,
}

impl Comparison {
    /// The most files that GitHub lists in a comparison.
    pub const MOST_FILES: usize = 300;

    /// The base as it stands now.
    pub fn base(&self) -> &CommitSha {
        &self.base.sha
    }

    /// The commit from which both sides went on.
    pub fn merge_base(&self) -> &CommitSha {
        &self.merge_base.sha
    }

    /// Whether every changed file is in the list.
    pub fn is_complete(&self) -> bool {
        self.files.len() < Self::MOST_FILES
    }
}

/// A changed file as GitHub lists it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ApiFile {
    /// Path in the head; in the base for a removed file.
    pub filename: String,
    /// `added`, `removed`, `modified`, `renamed`, `copied`, `changed` or `unchanged`.
    pub status: String,
    /// Path in the base, when it was another one.
    #[serde(default)]
    pub previous_filename: Option<String>,
    /// Whether GitHub shows a diff. It leaves it out for binary and large files.
    #[serde(default, rename = "patch", deserialize_with = "is_there")]
    pub has_patch: bool,
}

fn is_there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Option::<serde::de::IgnoredAny>::deserialize(deserializer).map(|patch| patch.is_some())
}

/// An open pull request that holds some commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPullRequest {
    /// Its number.
    pub number: PullRequestNumber,
    /// Its head.
    pub head: CommitSha,
}

impl RepositoryClient {
    /// Reads a pull request.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn pull_request(&self, number: PullRequestNumber) -> Result<PullRequest, GitHubError> {
        let call =
            Call::get("read pull request", format!("{}#{number}", self.name()), self.path(&format!("/pulls/{number}")));
        self.send(&call).await?.json(&call)
    }

    /// A page (from 1) of the open pull requests, the last changed first, and whether there are more.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn open_pull_requests(&self, page: usize) -> Result<(Vec<PullRequest>, bool), GitHubError> {
        let path = format!("/pulls?state=open&sort=updated&direction=desc&per_page=100&page={page}");
        let call = Call::get("list pull requests", format!("of {}", self.name()), self.path(&path));
        let answer = self.send(&call).await?;
        Ok((answer.json(&call)?, has_next(&answer)))
    }

    /// Compares `base` (a branch or a commit) with `head`.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn compare(&self, base: &str, head: &CommitSha) -> Result<Comparison, GitHubError> {
        let call = self.comparison(base, head, PER_PAGE, 1);
        self.send(&call).await?.json(&call)
    }

    /// The commits of `comparison`, which is of `base` and `head`: at most `most`, a request for each further hundred.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn own_commits(
        &self,
        comparison: &Comparison,
        base: &str,
        head: &CommitSha,
        most: usize,
    ) -> Result<Vec<OwnCommit>, GitHubError> {
        let wanted = comparison.total_commits.min(most);
        let mut commits = comparison.commits.clone();
        let mut page = 1;
        while commits.len() < wanted {
            page += 1;
            let call = self.comparison(base, head, PER_PAGE, page);
            let more: Comparison = self.send(&call).await?.json(&call)?;
            if more.commits.is_empty() {
                break;
            }
            commits.extend(more.commits);
        }
        commits.truncate(most);
        Ok(commits.into_iter().map(OwnCommit::from).collect())
    }

    /// The files in which `commit` differs from `parent`, with their hunks; at most [`Comparison::MOST_FILES`].
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn patches(&self, parent: &CommitSha, commit: &CommitSha) -> Result<Vec<PatchedFile>, GitHubError> {
        #[derive(Deserialize)]
        struct Patches {
            #[serde(default, deserialize_with = "crate::github::or_default")]
            files: Vec<PatchedFile>,
        }
        let call = self.comparison(parent.as_str(), commit, 1, 1);
        let patches: Patches = self.send(&call).await?.json(&call)?;
        Ok(patches.files)
    }

    /// Files come on the first page, commits in order on all of them.
    fn comparison(&self, base: &str, head: &CommitSha, per_page: usize, page: usize) -> Call {
        let path = self.path(&format!("/compare/{}...{head}?per_page={per_page}&page={page}", segment(base)));
        Call::get("compare", format!("{base}...{} of {}", head.short(), self.name()), path)
    }

    /// Lists all files of a pull request, at most 3,000: GitHub has no more to give.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn pull_request_files(&self, number: PullRequestNumber) -> Result<Vec<ApiFile>, GitHubError> {
        let call = Call::get(
            "list files",
            format!("of {}#{number}", self.name()),
            self.path(&format!("/pulls/{number}/files")),
        );
        self.pages(call, 30, |page: Vec<ApiFile>| page).await
    }

    /// The open pull requests of this repository whose head is `commit`. Finds those of forks too.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn pull_requests_of(&self, commit: &CommitSha) -> Result<Vec<OpenPullRequest>, GitHubError> {
        let call = Call::get(
            "list pull requests",
            format!("of {}@{}", self.name(), commit.short()),
            self.path(&format!("/commits/{commit}/pulls")),
        );
        let all = self.pages(call, 10, |page: Vec<PullRequest>| page).await?;
        let mine = all.into_iter().filter(|pull| {
            let base = pull.base.repo.as_ref().map(|repo| &repo.full_name);
            pull.state == "open" && pull.head.sha == *commit && base.is_none_or(|base| base == self.name())
        });
        Ok(mine.map(|pull| OpenPullRequest { number: pull.number, head: pull.head.sha }).collect())
    }
}

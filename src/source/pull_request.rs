//! A change that lies at GitHub: a pull request or a merge group.
//!
//! Invariant: the bytes are those of the named commits, got with git (no REST request, exact modes) or, failing that,
//! with the API; a file that neither gives is in the snapshot as unavailable. Nothing is checked out. What each commit
//! adds is read too, and what of it can't be read is named.

mod api;
mod fetch;
mod history;
mod standing;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

pub use standing::Standing;

use super::git::unavailable;
use super::{Change, Source, SourceError};
use crate::github::client::{ApiFile, OwnCommit, RepositoryClient};
use crate::github::identity::{CommitSha, PullRequestNumber};
use crate::scan::limits::Limits;
use crate::scan::snapshot::{ChangedFile, Content, FileStatus};

/// How changes are fetched from GitHub.
#[derive(Clone, Debug)]
pub struct FetchOptions {
    /// Where the short-lived bare repositories go.
    pub directory: PathBuf,
    /// Whether git is used at all.
    pub uses_git: bool,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self { directory: std::env::temp_dir(), uses_git: true }
    }
}

/// What the names of the short-lived repositories begin with.
const REPOSITORY_PREFIX: &str = "dockgate-change-";
/// No run takes so long.
const ABANDONED_AFTER: Duration = Duration::from_hours(24);

impl FetchOptions {
    /// Removes the repositories that processes left which were killed; says how many.
    pub fn remove_abandoned(&self, now: SystemTime) -> usize {
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let is_abandoned = |entry: &std::fs::DirEntry| {
            let is_ours = entry.file_name().to_string_lossy().starts_with(REPOSITORY_PREFIX);
            // Of the entry itself: a link is not followed.
            let changed = entry.metadata().ok().filter(|metadata| is_ours && metadata.is_dir())?.modified().ok()?;
            now.duration_since(changed).ok().filter(|age| *age > ABANDONED_AFTER)
        };
        entries.filter(|entry| is_abandoned(entry).is_some() && std::fs::remove_dir_all(entry.path()).is_ok()).count()
    }
}

/// What is to be read.
#[derive(Clone, Debug)]
pub struct Target {
    /// The branch or commit that the change goes to; settings come from there.
    pub base: String,
    /// The commit that is judged.
    pub head: CommitSha,
    /// The pull request; `None` for a merge group.
    pub pull_request: Option<PullRequestNumber>,
    /// How many files GitHub says it changes, when it does.
    pub changed_files: Option<usize>,
}

/// A change that lies at GitHub.
pub struct PullRequestSource {
    client: RepositoryClient,
    target: Target,
    limits: Limits,
    options: FetchOptions,
}

/// The commits of a change.
#[derive(Clone, Debug)]
struct Commits {
    /// Settings come from here.
    base: CommitSha,
    /// The change is compared with this one.
    fork: CommitSha,
    /// This one is judged.
    head: CommitSha,
    /// Those that are judged one by one, parents before children.
    own: Vec<OwnCommit>,
    /// How many there are.
    total: usize,
}

impl PullRequestSource {
    /// The change `target` of the client's repository.
    pub fn new(client: RepositoryClient, target: Target, limits: Limits, options: FetchOptions) -> Self {
        Self { client, target, limits, options }
    }

    /// Reads the change, and the commit at which the base stands.
    ///
    /// # Errors
    /// [`SourceError::GitHub`] when not even the commits can be found.
    pub async fn read_with_base(&self) -> Result<(Change, CommitSha), SourceError> {
        let comparison = self.client.compare(&self.target.base, &self.target.head).await?;
        let commits = Commits {
            base: comparison.base().clone(),
            fork: comparison.merge_base().clone(),
            head: self.target.head.clone(),
            own: self.own_commits(&comparison).await?,
            total: comparison.total_commits,
        };
        if self.options.uses_git {
            match self.fetch(&commits).await {
                Ok(change) => return Ok((change, commits.base)),
                Err(error) => self.warn(&commits, &error, "git could not fetch the change, the API is used"),
            }
        }
        let is_complete = comparison.is_complete();
        let files = match self.target.pull_request {
            Some(number) if !is_complete => self.client.pull_request_files(number).await?,
            _ => comparison.files,
        };
        let mut change = self.read_by_api(&commits, &files).await?;
        change.snapshot.files.extend(self.unlisted(&files, is_complete));
        Ok((change, commits.base))
    }

    fn warn(&self, commits: &Commits, error: &SourceError, what: &str) {
        let cause = error as &dyn std::error::Error;
        let (repo, sha) = (self.client.name().to_string(), commits.head.as_str());
        tracing::warn!(repo, sha, error = cause, "{what}");
    }

    /// Stands for the files that GitHub does not list, so that they are not passed over.
    fn unlisted(&self, files: &[ApiFile], is_complete: bool) -> Option<ChangedFile> {
        let missing = self.target.changed_files.map_or(0, |count| count.saturating_sub(files.len()));
        let is_short = missing > 0 || (self.target.pull_request.is_none() && !is_complete);
        let count = if missing > 0 { format!("{missing} more files") } else { "more files".to_owned() };
        let why = format!("GitHub lists only {} files of this change, and git could not fetch it", files.len());
        let head = Content::Unjudged(unavailable(&why));
        is_short.then(|| ChangedFile::new(format!("({count})"), None, FileStatus::Modified, Content::Absent, head))
    }
}

#[async_trait]
impl Source for PullRequestSource {
    async fn read(&self) -> Result<Change, SourceError> {
        Ok(self.read_with_base().await?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_of_killed_processes_are_removed_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::create_dir(path("dockgate-change-old")).unwrap();
        std::fs::write(path("dockgate-change-old").join("HEAD"), "ref: refs/heads/main\n").unwrap();
        std::fs::create_dir(path("dockgate-data")).unwrap();
        std::fs::write(path("dockgate-change-notes"), "a file").unwrap();
        let options = FetchOptions { directory: directory.path().to_owned(), uses_git: true };
        assert_eq!(options.remove_abandoned(SystemTime::now() + ABANDONED_AFTER / 2), 0, "it may be in use");
        assert_eq!(options.remove_abandoned(SystemTime::now() + ABANDONED_AFTER * 2), 1);
        assert!(!path("dockgate-change-old").exists());
        assert!(path("dockgate-data").exists() && path("dockgate-change-notes").exists());
    }
}

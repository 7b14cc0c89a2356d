//! Jobs: what a webhook delivery asks to be done.
//!
//! Invariant: two deliveries about the same pull request have the same [`JobKey`], so they collapse in the queue.

use serde::{Deserialize, Serialize};

use crate::github::identity::{CommitSha, InstallationId, PullRequestNumber, RepositoryName};

/// One check to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The installation whose token is used.
    pub installation: InstallationId,
    /// The repository that gets the check run (the base repository, for a fork too).
    pub repository: RepositoryName,
    /// What is judged.
    pub subject: JobSubject,
}

/// What a job judges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum JobSubject {
    /// A pull request, at the head that the delivery named; the worker judges the head it finds.
    PullRequest {
        /// The pull request.
        number: PullRequestNumber,
        /// The head the delivery named.
        head: CommitSha,
    },
    /// A merge queue's group.
    MergeGroup {
        /// The commit the queue wants to merge.
        head: CommitSha,
        /// The commit it stands on.
        base: CommitSha,
    },
    /// A commit whose pull requests the delivery does not name, as for forks; the worker looks them up and asks for a
    /// job of each.
    Commit {
        /// The commit.
        head: CommitSha,
    },
}

/// What collapses in the queue: `owner/name#12` for a pull request, `owner/name@sha` for a merge group,
/// `owner/name?sha` for a commit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobKey(String);

impl JobKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Job {
    /// The key under which the job waits.
    pub fn key(&self) -> JobKey {
        JobKey(match &self.subject {
            JobSubject::PullRequest { number, .. } => format!("{}#{number}", self.repository),
            JobSubject::MergeGroup { head, .. } => format!("{}@{head}", self.repository),
            JobSubject::Commit { head } => format!("{}?{head}", self.repository),
        })
    }

    /// The commit that the delivery named.
    pub fn head(&self) -> &CommitSha {
        match &self.subject {
            JobSubject::PullRequest { head, .. }
            | JobSubject::MergeGroup { head, .. }
            | JobSubject::Commit { head } => head,
        }
    }
}

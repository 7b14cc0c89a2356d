//! What a job is about now: the head and base that GitHub tells, and the runs that stand on older heads.
//!
//! Invariant: a job that has nothing to judge leaves no check run of its own open.

use super::publish::OwnCheckRun;
use super::{Done, JobError, Outcome};
use crate::github::GitHubError;
use crate::github::client::RepositoryClient;
use crate::github::identity::{CommitSha, PullRequestNumber};
use crate::job::{Job, JobSubject};

/// What one run checks.
pub struct Subject {
    /// The commit.
    pub head: CommitSha,
    /// The branch or commit it is compared with.
    pub base: String,
    /// The pull request; `None` for a merge group.
    pub pull_request: Option<PullRequestNumber>,
    /// The last pull request of a merge group, when it is known.
    pub queued: Option<PullRequestNumber>,
    /// How many files GitHub says it changes.
    pub changed_files: Option<usize>,
    /// Whether it comes from another repository.
    pub is_fork: bool,
    /// Whether it is a draft.
    pub is_draft: bool,
}

impl Subject {
    /// What the job is about now, or how it ends when there is nothing to check.
    ///
    /// # Errors
    /// Any [`GitHubError`] but the absence of the pull request.
    pub async fn of(client: &RepositoryClient, job: &Job) -> Result<Result<Self, Done>, JobError> {
        let nothing = || Ok(Err(Done::without_scan(Outcome::Nothing)));
        match &job.subject {
            JobSubject::MergeGroup { head, base, pull_request } => Ok(Ok(Self::group(head, base, *pull_request))),
            JobSubject::GroupEnded { head } => {
                supersede_all(client, head, job, "by the end of the merge group").await?;
                nothing()
            }
            JobSubject::Commit { head } => {
                let pulls = client.pull_requests_of(head).await?.into_iter();
                let follow_up = pulls.map(|pull| follow_up(job, pull.number, pull.head)).collect();
                Ok(Err(Done { follow_up, ..Done::without_scan(Outcome::Nothing) }))
            }
            // Other handlers'.
            JobSubject::Images(_) | JobSubject::Command(_) | JobSubject::FixAll(_) => nothing(),
            JobSubject::PullRequest { number, head } => {
                let pull = match client.pull_request(*number).await {
                    Err(error) if error.is_absent() => return nothing(),
                    pull => pull?,
                };
                if pull.state != "open" {
                    supersede_all(client, head, job, "by the end of the pull request").await?;
                    return nothing();
                }
                let changed_files = (pull.changed_files > 0).then_some(pull.changed_files);
                let (is_fork, is_draft) = (pull.is_from_fork(), pull.draft);
                let (head, base) = (pull.head.sha, pull.base.branch);
                Ok(Ok(Self { head, base, pull_request: Some(*number), queued: None, changed_files, is_fork, is_draft }))
            }
        }
    }

    /// A merge group.
    pub fn group(head: &CommitSha, base: &CommitSha, queued: Option<PullRequestNumber>) -> Self {
        let (head, base) = (head.clone(), base.to_string());
        Self { head, base, pull_request: None, queued, changed_files: None, is_fork: false, is_draft: false }
    }

    /// A pull request at a commit, whatever its head is by now.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn at(
        client: &RepositoryClient,
        number: PullRequestNumber,
        head: &CommitSha,
    ) -> Result<Self, GitHubError> {
        let pull = client.pull_request(number).await?;
        let (is_fork, is_draft, head, base) = (pull.is_from_fork(), pull.draft, head.clone(), pull.base.branch);
        Ok(Self { head, base, pull_request: Some(number), queued: None, changed_files: None, is_fork, is_draft })
    }
}

/// Whether `commit` is the head of the open pull request that `job` is about.
///
/// # Errors
/// Any [`GitHubError`] but the absence of the pull request.
pub async fn is_head(client: &RepositoryClient, job: &Job, commit: &CommitSha) -> Result<bool, GitHubError> {
    let JobSubject::PullRequest { number, .. } = job.subject else { return Ok(false) };
    match client.pull_request(number).await {
        Err(error) if error.is_absent() => Ok(false),
        pull => pull.map(|pull| pull.state == "open" && pull.head.sha == *commit),
    }
}

/// The job for another head of the pull request that `job` is about.
pub fn follow_up(job: &Job, number: PullRequestNumber, head: CommitSha) -> Job {
    Job { subject: JobSubject::PullRequest { number, head }, ..job.clone() }
}

/// Concludes what is still open of `job` on a commit that is not to be judged any more; `by` says what ends it.
///
/// # Errors
/// Any [`GitHubError`].
pub async fn supersede_all(client: &RepositoryClient, old: &CommitSha, job: &Job, by: &str) -> Result<(), GitHubError> {
    for run in OwnCheckRun::left_open(client, old, job).await? {
        run.supersede(by).await?;
    }
    Ok(())
}

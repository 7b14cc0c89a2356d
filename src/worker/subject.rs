//! What a job is about now: the head and base that GitHub tells, and the runs that stand on older heads.
//!
//! Invariant: a job that has nothing to judge leaves no check run of its own open.

use super::publish::OwnCheckRun;
use super::{Done, JobError, Outcome};
use crate::github::GitHubError;
use crate::github::client::{PullRequest, RepositoryClient};
use crate::github::identity::{CommitSha, PullRequestNumber};
use crate::job::{Job, JobSubject};

/// What one run checks.
pub struct Subject {
    /// The commit.
    pub head: CommitSha,
    /// The branch or commit it is compared with.
    pub base: String,
    /// The branch that it goes to, and the repository's default branch, as far as they are known.
    pub branches: Vec<String>,
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
            JobSubject::MergeGroup { head, base, branch, pull_request } => {
                Ok(Ok(Self::group(head, base, branch, *pull_request)))
            }
            JobSubject::GroupEnded { head } => {
                supersede_all(client, head, job, "by the end of the merge group").await?;
                Ok(Err(ended(job, None, head)))
            }
            JobSubject::Commit { head } => {
                let pulls = client.pull_requests_of(head).await?.into_iter();
                let follow_up = pulls.map(|pull| follow_up(job, pull.number, pull.head)).collect();
                Ok(Err(Done { follow_up, ..Done::without_scan(Outcome::Nothing) }))
            }
            // Other handlers'.
            JobSubject::Images(_) | JobSubject::ImagesEnded { .. } | JobSubject::Command(_) | JobSubject::FixAll(_) => {
                nothing()
            }
            JobSubject::PullRequest { number, head } => {
                let pull = match client.pull_request(*number).await {
                    Err(error) if error.is_absent() => return nothing(),
                    pull => pull?,
                };
                if pull.state != "open" {
                    supersede_all(client, head, job, "by the end of the pull request").await?;
                    return Ok(Err(ended(job, Some(*number), head)));
                }
                let changed_files = (pull.changed_files > 0).then_some(pull.changed_files);
                Ok(Ok(Self { changed_files, ..Self::pull(pull) }))
            }
        }
    }

    /// A merge group.
    pub fn group(head: &CommitSha, base: &CommitSha, branch: &str, queued: Option<PullRequestNumber>) -> Self {
        Self {
            head: head.clone(),
            base: base.to_string(),
            branches: Some(branch.to_owned()).filter(|branch| !branch.is_empty()).into_iter().collect(),
            pull_request: None,
            queued,
            changed_files: None,
            is_fork: false,
            is_draft: false,
        }
    }

    fn pull(pull: PullRequest) -> Self {
        let is_fork = pull.is_from_fork();
        let default = pull.base.repo.map(|repo| repo.default_branch).filter(|branch| !branch.is_empty());
        Self {
            head: pull.head.sha,
            branches: [pull.base.branch.clone()].into_iter().chain(default).collect(),
            base: pull.base.branch,
            pull_request: Some(pull.number),
            queued: None,
            changed_files: None,
            is_fork,
            is_draft: pull.draft,
        }
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
        Ok(Self { head: head.clone(), ..Self::pull(pull) })
    }
}

/// Whether `commit` is the head of the open pull request that `job` is about.
///
/// # Errors
/// Any [`GitHubError`] but the absence of the pull request.
async fn is_head(client: &RepositoryClient, job: &Job, commit: &CommitSha) -> Result<bool, GitHubError> {
    let JobSubject::PullRequest { number, .. } = job.subject else { return Ok(false) };
    match client.pull_request(number).await {
        Err(error) if error.is_absent() => Ok(false),
        pull => pull.map(|pull| pull.state == "open" && pull.head.sha == *commit),
    }
}

/// The end of a job about a change that is over: its images are not awaited any more either.
fn ended(job: &Job, number: Option<PullRequestNumber>, head: &CommitSha) -> Done {
    let subject = JobSubject::ImagesEnded { number, head: head.clone() };
    let follow_up = vec![Job { subject, ..job.clone() }];
    Done { follow_up, ..Done::without_scan(Outcome::Nothing) }
}

/// The job for another head of the pull request that `job` is about.
pub fn follow_up(job: &Job, number: PullRequestNumber, head: CommitSha) -> Job {
    Job { subject: JobSubject::PullRequest { number, head }, ..job.clone() }
}

/// Concludes what `older` may have left open, because `newer`, of the same key, is about to run. The run of the same
/// commit is taken over, not ended; and deliveries come in any order, so `newer` may name a commit that is no head any
/// more, and then asks for the one that is.
///
/// # Errors
/// Any [`GitHubError`].
pub async fn supersede(client: &RepositoryClient, older: &Job, newer: &Job) -> Result<(), GitHubError> {
    let (Some(old), Some(new)) = (older.head(), newer.head()) else { return Ok(()) };
    if old == new || is_head(client, older, old).await? {
        return Ok(());
    }
    supersede_all(client, old, older, &format!("by {}", new.short())).await
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

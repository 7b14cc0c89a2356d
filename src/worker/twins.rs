//! Several changes with one commit: a check run stands on the commit, so one that passes must not cover up one that
//! blocks.
//!
//! The same commit may be the head of pull requests into different branches, with different settings and different
//! findings that are not new there. GitHub asks for a check of the commit, and takes the last one. So each verdict is
//! remembered by commit, and none passes while another change with its commit is blocked.
//!
//! Invariant: of the changes that share a commit none is told as passed after one of them was judged as blocking, until
//! that one is over, moved on, or judged anew.

use std::sync::Arc;
use std::time::Duration;

use super::publish::Check;
use super::subject::follow_up;
use crate::github::GitHubError;
use crate::github::client::RepositoryClient;
use crate::github::identity::{CommitSha, PullRequestNumber, RepositoryName};
use crate::job::Job;
use crate::report::check_run::{CheckRunOutput, MAX_TEXT_BYTES};
use crate::store::{Shelf, Store, StoreError, UnixMillis};
use crate::verdict::Conclusion;

/// How long a verdict on a pull request, and on a merge group, is remembered here.
const KEPT: Duration = Duration::from_hours(180 * 24);
const GROUP_KEPT: Duration = Duration::from_hours(24);
/// The most changes of one commit that are looked at.
const MOST: u32 = 10_000;
const BLOCKED: &str = "blocked";
const PASSED: &str = "passed";
/// What stands in place of a pull request's number.
const GROUP: &str = "queue";

/// The memory of them.
pub(super) struct Twins {
    store: Arc<dyn Store>,
    now: UnixMillis,
}

/// Another change with the same commit.
struct Twin {
    name: String,
    /// `None` for a merge group.
    number: Option<PullRequestNumber>,
    is_blocked: bool,
}

/// What a verdict means beside those on the same commit.
pub(super) struct Beside {
    /// The pull request that is blocked with the same commit, when this one is not; 0 for a merge group.
    pub(super) held_by: Option<PullRequestNumber>,
    /// Those that are to be judged again.
    pub(super) follow_up: Vec<Job>,
}

impl Twins {
    pub(super) fn new(store: Arc<dyn Store>, now: UnixMillis) -> Self {
        Self { store, now }
    }

    /// Remembers the verdict of `job` on `head`, and says what follows from those on the same commit. `again` tells
    /// that an earlier attempt may have ended in between.
    pub(super) async fn tell(
        &self,
        client: &RepositoryClient,
        job: &Job,
        head: &CommitSha,
        conclusion: Conclusion,
        again: bool,
    ) -> Result<Beside, super::JobError> {
        let (shelf, own) = (folder(&job.repository, head, Check::of(job)), own(job));
        let is_blocked = conclusion == Conclusion::Failure;
        let name = format!("{shelf}{own}");
        let was_blocked = self.store.kept(Shelf::Met, &name, self.now).await?.as_deref() == Some(BLOCKED);
        let life = if own == GROUP { GROUP_KEPT } else { KEPT };
        let body = if is_blocked { BLOCKED } else { PASSED };
        self.store.keep(Shelf::Met, &name, body, Some(self.now.plus(life))).await?;
        let twins = self.others(&shelf, &name).await?;
        let is_news = was_blocked != is_blocked || again;
        // Only news are passed on: two that block in different checks would ask each other for ever.
        let follow_up = if is_news { released(job, head, &twins) } else { Vec::new() };
        // A group is judged by what it merges into: a pull request elsewhere says nothing of it.
        let may_be_held = !is_blocked && own != GROUP;
        let held_by = if may_be_held { self.holder(client, &twins, head).await? } else { None };
        Ok(Beside { held_by, follow_up })
    }

    /// Forgets the verdict of a change that is over; those that it held up are to be judged again.
    pub(super) async fn forget(&self, job: &Job, head: &CommitSha, check: Check) -> Result<Vec<Job>, StoreError> {
        let shelf = folder(&job.repository, head, check);
        let name = format!("{shelf}{}", own(job));
        let was_blocked = self.store.kept(Shelf::Met, &name, self.now).await?.as_deref() == Some(BLOCKED);
        self.store.forget(Shelf::Met, &name).await?;
        if !was_blocked {
            return Ok(Vec::new());
        }
        Ok(released(job, head, &self.others(&shelf, &name).await?))
    }

    async fn others(&self, shelf: &str, own: &str) -> Result<Vec<Twin>, StoreError> {
        let kept = self.store.kept_below(Shelf::Met, shelf, self.now, MOST).await?;
        let others = kept.into_iter().filter(|(name, _)| name != own);
        let twin = |(name, body): (String, String)| {
            let number = name.strip_prefix(shelf)?;
            let number = if number == GROUP { None } else { Some(PullRequestNumber(number.parse().ok()?)) };
            Some(Twin { number, is_blocked: body == BLOCKED, name })
        };
        Ok(others.filter_map(twin).collect())
    }

    /// The first of `twins` that blocks and still stands at `head`.
    async fn holder(
        &self,
        client: &RepositoryClient,
        twins: &[Twin],
        head: &CommitSha,
    ) -> Result<Option<PullRequestNumber>, super::JobError> {
        for twin in twins.iter().filter(|twin| twin.is_blocked) {
            let Some(number) = twin.number else { return Ok(Some(PullRequestNumber(0))) };
            if stands(client, number, head).await? {
                return Ok(Some(number));
            }
            self.store.forget(Shelf::Met, &twin.name).await?;
        }
        Ok(None)
    }
}

impl Beside {
    /// The conclusion and output of a verdict, which another one may hold up.
    pub(super) fn conclude(&self, own: Conclusion, output: CheckRunOutput) -> (Conclusion, CheckRunOutput) {
        let Some(number) = self.held_by else { return (own, output) };
        let who = if number.0 == 0 { "a group of the merge queue".to_owned() } else { format!("#{number}") };
        let why = format!(
            "**Nothing blocks here, but {who} has the same commit and is blocked.** A check stands on the commit, for \
             all that have it. It is looked at again when {who} is over or has a new verdict; a commit of its own is \
             judged on its own.\n\n"
        );
        let title = format!("Held up: {who} has the same commit and is blocked");
        let is_short = why.len() + output.summary.len() <= MAX_TEXT_BYTES;
        let summary = if is_short { format!("{why}{}", output.summary) } else { why };
        (Conclusion::Failure, CheckRunOutput { title, summary, ..output })
    }
}

/// The jobs of those whose check depends on another one's verdict: what is blocked by itself stays so.
fn released(job: &Job, head: &CommitSha, twins: &[Twin]) -> Vec<Job> {
    let free = twins.iter().filter(|twin| !twin.is_blocked);
    free.filter_map(|twin| Some(follow_up(job, twin.number?, head.clone()))).collect()
}

/// Whether `head` is the head of an open pull request.
async fn stands(client: &RepositoryClient, number: PullRequestNumber, head: &CommitSha) -> Result<bool, GitHubError> {
    match client.pull_request(number).await {
        Err(error) if error.is_absent() => Ok(false),
        pull => pull.map(|pull| pull.state == "open" && pull.head.sha == *head),
    }
}

fn folder(repository: &RepositoryName, head: &CommitSha, check: Check) -> String {
    format!("verdict/{repository}@{head}/{}/", check.name())
}

/// The last part of a change's name.
fn own(job: &Job) -> String {
    use crate::job::JobSubject::{GroupEnded, Images, ImagesEnded, MergeGroup};
    let is_group = match &job.subject {
        MergeGroup { .. } | GroupEnded { .. } => true,
        Images(subject) => subject.number.is_none(),
        ImagesEnded { number, .. } => number.is_none(),
        _ => false,
    };
    let number = job.pull_request().filter(|_| !is_group);
    number.map_or_else(|| GROUP.to_owned(), |number| number.to_string())
}

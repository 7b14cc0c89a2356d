//! One repository's open pull requests: those without a verdict of ours get a job.
//!
//! The list begins with what changed last, so a look ends where the one before began, unless something was left
//! unsettled there.
//!
//! Invariant: a head that has neither a verdict nor a run in progress within its deadline gets a job, and nothing else
//! does.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::info;

use super::overdue::Runs;
use super::{Recovery, RecoveryError};
use crate::github::client::{CheckRun, PullRequest, RepositoryClient};
use crate::github::event::Place;
use crate::github::identity::{InstallationId, PullRequestNumber};
use crate::job::{Job, JobSubject};
use crate::store::{Delivery, UnixMillis};
use crate::worker::publish::Check;

/// By how much our clock may differ from GitHub's.
pub(super) const SKEW: Duration = Duration::from_mins(2);
/// GitHub tells whole seconds.
const ROUNDING: Duration = Duration::from_secs(2);
/// Most pages of 100 open pull requests.
const MOST_PAGES: usize = 100;
/// A repository that was looked through is not looked through again so soon, whoever leads.
const MIN_GAP: Duration = Duration::from_mins(5);
/// After a day all open pull requests are looked through, not only those that changed.
const CURSOR_LIFE: Duration = Duration::from_hours(24);

/// What is looked through.
pub(super) struct Look {
    pub(super) at: Place,
    /// What changed last before this moment is judged without comments.
    pub(super) quiet_before: Option<UnixMillis>,
    /// Whether what did not change since the last look is looked at too.
    pub(super) everything: bool,
}

/// How far a look came.
pub(super) enum Swept {
    Done,
    /// The share of the rate limit is used up until then.
    Until(UnixMillis),
}

/// How far a repository was looked through.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// What changed last before this moment is settled.
    through: UnixMillis,
    /// When it was looked through.
    at: UnixMillis,
    /// The page that a broken-off look goes on with, from 1; 0 for a finished one.
    page: usize,
}

/// Where a head stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It has a verdict, or a failure that says why not.
    Settled,
    /// A run is in progress, not for too long.
    InProgress,
    /// There is no run that will end.
    Missing,
}

impl Recovery {
    /// Looks through one repository, or goes on with that.
    pub(super) async fn sweep(&self, look: &Look) -> Result<Swept, RecoveryError> {
        let started = (self.clock)();
        let name = format!("reconciled/{}", look.at.repository);
        let known: Option<Cursor> = self.cursor(&name).await?.and_then(|text| serde_json::from_str(&text).ok());
        let known = known.unwrap_or_default();
        let is_recent = known.page == 0 && started.since(known.at) < MIN_GAP.min(self.settings.reconcile / 2);
        if is_recent && !look.everything {
            return Ok(Swept::Done);
        }
        let through = if look.everything { UnixMillis::default() } else { known.through };
        let client = self.client.repository(look.at.installation, look.at.repository.clone());
        // What is unsettled now has to be looked at again; of a look that was broken off that is not known.
        let mut settled_through = if known.page > 1 { through } else { started.minus(SKEW) };
        for page in known.page.max(1)..=MOST_PAGES {
            if let Some(until) = self.spent_until(look.at.installation) {
                let cursor = Cursor { page, ..known };
                self.keep_cursor(&name, &text(&cursor), Some(started.plus(CURSOR_LIFE))).await?;
                return Ok(Swept::Until(until));
            }
            let (pulls, has_more) = match client.open_pull_requests(page).await {
                // The repository is gone, or not for us any more.
                Err(error) if !error.is_retryable() && error.status().is_some() => return Ok(Swept::Done),
                answer => answer?,
            };
            let new = pulls.iter().take_while(|pull| updated(pull).is_none_or(|updated| updated > through));
            let mut seen = 0;
            for pull in new {
                seen += 1;
                if self.settle(&client, look, pull).await? != Standing::Settled {
                    let before = updated(pull).unwrap_or_default().minus(ROUNDING);
                    settled_through = settled_through.min(before);
                }
            }
            if !has_more || seen < pulls.len() {
                break;
            }
        }
        let cursor = Cursor { through: settled_through, at: started, page: 0 };
        self.keep_cursor(&name, &text(&cursor), Some(started.plus(CURSOR_LIFE))).await?;
        Ok(Swept::Done)
    }

    /// Gives one pull request a job if it needs one.
    async fn settle(
        &self,
        client: &RepositoryClient,
        look: &Look,
        pull: &PullRequest,
    ) -> Result<Standing, RecoveryError> {
        let runs = self.runs_on(client, &pull.head.sha).await?;
        let standing = self.standing(&runs, &format!("{}#", client.name()), pull.number);
        self.end_overdue(client, &runs).await?;
        if standing != Standing::Missing {
            return Ok(standing);
        }
        let is_quiet = look.quiet_before.zip(updated(pull)).is_some_and(|(quiet, at)| at.plus(ROUNDING) <= quiet);
        if is_quiet {
            self.met().be_quiet(client.name(), pull.number, &pull.head.sha).await?;
        }
        let now = (self.clock)();
        let subject = JobSubject::PullRequest { number: pull.number, head: pull.head.sha.clone() };
        let job = Job { installation: client.installation(), repository: client.name().clone(), subject };
        info!(job = job.key().as_str(), sha = %pull.head.sha, is_quiet, "an open pull request has no verdict");
        let id = format!("reconcile/{}/{}", job.key().as_str(), now.0);
        self.store.enqueue(Delivery { id, received_at: now, as_of: updated(pull), jobs: vec![job] }).await?;
        self.wake.ring();
        Ok(Standing::Missing)
    }

    /// Where a pull request stands by `runs`, whose external ids begin with `prefix` and a number.
    fn standing(&self, runs: &Runs, prefix: &str, number: PullRequestNumber) -> Standing {
        // The same commit may be the head of another one too.
        let is_of_another = |run: &CheckRun| {
            let named = run.external_id.as_deref().and_then(|id| id.strip_prefix(prefix));
            named.is_some_and(|named| named.split('/').next() != Some(number.to_string().as_str()))
        };
        let newest = |check: Check| runs.all.iter().find(|run| run.name == check.name() && !is_of_another(run));
        let Some(change) = newest(Check::Change) else { return Standing::Missing };
        let images = newest(Check::Images);
        if runs.is_overdue(change) || images.is_some_and(|images| runs.is_overdue(images)) {
            return Standing::Missing;
        }
        if change.is_incomplete() {
            return Standing::InProgress;
        }
        if change.conclusion.as_deref() == Some("cancelled") {
            return Standing::Missing;
        }
        // The job of the images begins after the verdict, and has its own retries.
        let is_old = || self.age(change).is_some_and(|age| age > self.settings.check);
        if self.settings.images && images.is_none() && is_old() {
            return Standing::Missing;
        }
        Standing::Settled
    }

    /// Until when the share of an installation's rate limit is used up.
    pub(super) fn spent_until(&self, installation: InstallationId) -> Option<UnixMillis> {
        let quota = self.client.quota(installation)?;
        let resets = UnixMillis::from(quota.resets);
        (quota.is_spent(self.settings.share) && resets > (self.clock)()).then_some(resets)
    }
}

fn updated(pull: &PullRequest) -> Option<UnixMillis> {
    pull.updated_at().map(UnixMillis::from)
}

fn text(cursor: &Cursor) -> String {
    serde_json::to_string(cursor).unwrap_or_default()
}

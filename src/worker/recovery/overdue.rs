//! Check runs that are in progress for too long are ended, with the reason.
//!
//! Invariant: nothing stays in progress, on whatever commit, whether or not a job knows of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tracing::{info, warn};

use super::sweep::SKEW;
use super::{Recovery, RecoveryError};
use crate::github::GitHubError;
use crate::github::client::{CheckRun, CheckRunState, RepositoryClient};
use crate::github::fence::{Fence, guarded};
use crate::github::identity::CommitSha;
use crate::image::awaited;
use crate::report::words::describe;
use crate::store::{StoreError, UnixMillis};
use crate::worker::loose_ends::{LooseEnd, LooseEnds};
use crate::worker::publish::{Check, could_not_finish, superseded};

/// The runs of ours on a commit.
pub(super) struct Runs {
    /// Newest first.
    pub(super) all: Vec<CheckRun>,
    overdue: BTreeSet<u64>,
}

impl Runs {
    pub(super) fn is_overdue(&self, run: &CheckRun) -> bool {
        self.overdue.contains(&run.id)
    }
}

/// A run that is to be ended, as long as it is open: its worker may conclude it while the write that ends it waits for
/// its turn.
struct StillOpen {
    client: RepositoryClient,
    run: u64,
}

#[async_trait]
impl Fence for StillOpen {
    async fn holds(&self) -> bool {
        match self.client.check_run(self.run).await {
            Ok(run) => run.is_incomplete(),
            // The write meets the same, and tells of it.
            Err(_) => true,
        }
    }
}

impl Recovery {
    /// The runs of ours on a commit, and which of them are overdue.
    pub(super) async fn runs_on(&self, client: &RepositoryClient, head: &CommitSha) -> Result<Runs, RecoveryError> {
        let (mut all, mut overdue) = (client.all_check_runs(head).await?, BTreeSet::new());
        for run in all.iter_mut().filter(|run| self.is_late(run)) {
            // A list may be older than the verdict.
            *run = client.check_run(run.id).await?;
            if self.is_late(run) && !self.awaits_images(client, head, run).await? {
                overdue.insert(run.id);
            }
        }
        Ok(Runs { all, overdue })
    }

    /// Ends what is overdue: as failed, or as superseded where another run of the name has a verdict. Says whether all
    /// of it was: one that has got its verdict by now is left as it is.
    pub(super) async fn end_overdue(&self, client: &RepositoryClient, runs: &Runs) -> Result<bool, GitHubError> {
        let mut all = true;
        for run in runs.all.iter().filter(|run| runs.is_overdue(run)) {
            let is_told = runs.all.iter().any(|other| other.name == run.name && other.has_verdict());
            let (conclusion, output) = if is_told {
                ("cancelled", superseded("by another run on the same commit"))
            } else {
                ("failure", could_not_finish(&format!("no verdict within {} s", self.settings.check.as_secs())))
            };
            let write = client.update_check_run(run.id, CheckRunState::Completed(conclusion), &output);
            match guarded(Arc::new(StillOpen { client: client.clone(), run: run.id }), write).await {
                Err(GitHubError::Fenced { .. }) => all = false,
                ended => ended?,
            }
        }
        Ok(all)
    }

    fn is_late(&self, run: &CheckRun) -> bool {
        run.is_incomplete() && self.age(run).is_some_and(|age| age > self.settings.check)
    }

    /// Whether the run is open because its change builds an image that is not there yet: that has a deadline of its own.
    async fn awaits_images(
        &self,
        client: &RepositoryClient,
        head: &CommitSha,
        run: &CheckRun,
    ) -> Result<bool, StoreError> {
        let is_about_images = run.name == Check::Images.name();
        Ok(is_about_images && awaited::waits(self.store.as_ref(), client.name(), head, (self.clock)()).await?)
    }

    pub(super) fn age(&self, run: &CheckRun) -> Option<Duration> {
        Some((self.clock)().since(run.began().map(UnixMillis::from)?))
    }

    /// Looks again at commits on which a run may stand open that no job knows of.
    pub(super) async fn tie_up(&self) -> Result<(), RecoveryError> {
        let (now, ends) = ((self.clock)(), LooseEnds::new(self.store.clone()));
        let patience = self.settings.check + SKEW.min(self.settings.check);
        for end in ends.noted(now.minus(patience), now).await? {
            if self.spent_until(end.job.installation).is_some() {
                continue;
            }
            match self.is_tied_up(&end).await {
                Ok(false) => {}
                Ok(true) => ends.forget(&end).await?,
                // The repository or the commit is gone, or not for us any more.
                Err(RecoveryError::GitHub(error)) if !error.is_retryable() && error.status().is_some() => {
                    ends.forget(&end).await?;
                }
                Err(error @ RecoveryError::Store(_)) => return Err(error),
                Err(error) => {
                    warn!(repo = %end.job.repository, error = describe(&error), "could not look for open runs");
                }
            }
        }
        Ok(())
    }

    /// Ends what is overdue on a commit; whether nothing is in progress there by now.
    async fn is_tied_up(&self, end: &LooseEnd) -> Result<bool, RecoveryError> {
        let Some(head) = end.job.head() else { return Ok(true) };
        let client = self.client.repository(end.job.installation, end.job.repository.clone());
        let runs = self.runs_on(&client, head).await?;
        if !runs.overdue.is_empty() {
            info!(repo = %end.job.repository, sha = %head, "a check run was left open");
        }
        let are_ended = self.end_overdue(&client, &runs).await?;
        Ok(are_ended && !runs.all.iter().any(|run| run.is_incomplete() && !runs.is_overdue(run)))
    }
}

//! Watching what was merged: the images of default branches are scanned again on a schedule, and each repository in
//! which a vulnerability appeared that would block a change, or whose own images hold a secret, has one issue that says so.
//!
//! One process of many does it, beside the workers, one repository and one image at a time, so that no check waits for
//! it, within a share of GitHub's rate limit.
//!
//! Invariant: every step may be repeated or broken off; of an issue there is never a second one.

mod issue;
mod look;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::judge::Judge;
use super::recovery::leader::Leader;
use super::{Clock, JobError};
use crate::github::client::Client;
use crate::github::event::Place;
use crate::github::identity::{InstallationId, RepositoryName};
use crate::image::scans::Scans;
use crate::job::ImagesSubject;
use crate::report::words::describe;
use crate::store::{Shelf, Store, StoreError, UnixMillis};

/// The longest time between two turns.
const TURN: Duration = Duration::from_secs(5);
/// How long an installation is left alone after an error that names no time.
const PAUSE: Duration = Duration::from_secs(30);
/// How often a repository is tried in one round.
const MOST_TRIES: u32 = 5;
/// How long what a repository uses is remembered when nobody looks at it any more.
const LIFETIME: Duration = Duration::from_hours(90 * 24);

/// Watches the images of default branches.
pub struct Watch {
    /// GitHub.
    pub client: Client,
    /// Where it is remembered what is used.
    pub store: Arc<dyn Store>,
    /// Reads settings.
    pub judge: Arc<Judge>,
    /// Scans images; reports are to be younger than the interval.
    pub scans: Scans,
    /// How often.
    pub interval: Duration,
    /// The percentage of GitHub's rate limit that this may use up.
    pub share: u64,
    /// How long the leader is believed in without a sign of life.
    pub lease: Duration,
    /// The clock.
    pub clock: Clock,
}

/// What is remembered of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    /// When it was looked at last.
    at: UnixMillis,
    /// SHA-256 of the organisation's defaults that counted.
    #[serde(default)]
    organisation: String,
    /// What the default branch uses, and by what that is judged.
    #[serde(default)]
    images: Option<ImagesSubject>,
    /// The number of our issue.
    #[serde(default)]
    issue: Option<u64>,
    /// Whether there may be one that is open.
    #[serde(default)]
    may_be_open: bool,
}

/// A repository that is to be looked at.
struct Due {
    at: Place,
    branch: String,
    tries: u32,
}

/// A round through all repositories.
#[derive(Default)]
struct Round {
    began: Option<UnixMillis>,
    waiting: VecDeque<Due>,
    /// Until when installations are left alone.
    paused: BTreeMap<InstallationId, UnixMillis>,
}

impl Watch {
    /// Watches until `shutdown` fires.
    pub async fn run(self, shutdown: CancellationToken) {
        let leader = Arc::new(Leader::new("watch", Arc::clone(&self.store), Arc::clone(&self.clock), self.lease));
        let mut round = Round::default();
        let pause = TURN.min(self.interval).min(self.lease / 4);
        while !shutdown.is_cancelled() {
            if leader.lead().await {
                tokio::select! {
                    () = leader.guard(self.turn(&mut round)) => {}
                    () = leader.hold() => warn!("another process watches images by now"),
                    () = shutdown.cancelled() => {}
                }
            } else {
                // Whoever leads next begins anew, and what was looked at just now is known.
                round = Round::default();
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        leader.resign().await;
    }

    /// Begins a round when one is due, and goes on with it.
    async fn turn(&self, round: &mut Round) {
        let now = (self.clock)();
        if round.waiting.is_empty() && round.began.is_none_or(|began| now.since(began) >= self.interval) {
            round.began = Some(now);
            self.begin(round).await;
        }
        for _ in 0..round.waiting.len() {
            let Some(due) = round.waiting.pop_front() else { return };
            let (now, installation) = ((self.clock)(), due.at.installation);
            if let Some(until) = self.spent_until(installation) {
                round.paused.insert(installation, until);
            }
            if round.paused.get(&installation).is_some_and(|until| now < *until) {
                round.waiting.push_back(due);
                continue;
            }
            if let Err(error) = self.look(&due.at, &due.branch).await {
                warn!(repo = %due.at.repository, error = describe(&error), "could not look at the images of a repository");
                if !error.is_permanent() && due.tries < MOST_TRIES {
                    let pause = error.retry_after().unwrap_or(PAUSE.min(self.interval));
                    round.paused.insert(installation, (self.clock)().plus(pause));
                    round.waiting.push_back(Due { tries: due.tries + 1, ..due });
                }
            }
        }
    }

    /// Lists all repositories that can be written.
    async fn begin(&self, round: &mut Round) {
        let installations = match self.client.installations().await {
            Ok(installations) => installations,
            Err(error) => {
                warn!(error = describe(&error), "could not list installations");
                self.hurry(round);
                return;
            }
        };
        for installation in installations.iter().filter(|installation| !installation.is_suspended()) {
            match self.client.repositories(installation.id).await {
                Ok(repositories) => round.waiting.extend(
                    repositories.into_iter().filter(|found| !found.archived && !found.default_branch.is_empty()).map(
                        |found| Due {
                            at: Place { installation: installation.id, repository: found.name },
                            branch: found.default_branch,
                            tries: 0,
                        },
                    ),
                ),
                Err(error) => {
                    warn!(installation = installation.id.0, error = describe(&error), "could not list repositories");
                    self.hurry(round);
                }
            }
        }
        info!(repositories = round.waiting.len(), "looking at the images of default branches");
    }

    /// Lets the next round begin soon: what was looked at just now is known, and the rest is not to be missed for a whole
    /// interval because of a short failure.
    fn hurry(&self, round: &mut Round) {
        let soon = (self.clock)().minus(self.interval.saturating_sub(PAUSE));
        round.began = round.began.map(|began| began.min(soon));
    }

    /// Until when the share of an installation's rate limit is used up.
    fn spent_until(&self, installation: InstallationId) -> Option<UnixMillis> {
        let quota = self.client.quota(installation)?;
        let resets = UnixMillis::from(quota.resets);
        (quota.is_spent(self.share) && resets > (self.clock)()).then_some(resets)
    }

    async fn remembered(&self, repository: &RepositoryName) -> Result<Memory, StoreError> {
        let kept = self.store.kept(Shelf::Watch, &repository.to_string(), (self.clock)()).await?;
        Ok(kept.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default())
    }

    async fn remember(&self, repository: &RepositoryName, memory: &Memory) -> Result<(), JobError> {
        let body = serde_json::to_string(memory).unwrap_or_default();
        let until = Some((self.clock)().plus(LIFETIME));
        Ok(self.store.keep(Shelf::Watch, &repository.to_string(), &body, until).await?)
    }
}

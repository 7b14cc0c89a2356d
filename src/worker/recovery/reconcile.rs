//! Open pull requests are looked through in rounds, repository by repository, within a share of GitHub's rate limit.
//!
//! Invariant: a repository that was looked through is noted, so that a round goes on where another process left it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::sweep::{Look, Swept};
use super::{Memory, Recovery, RecoveryError};
use crate::github::event::Place;
use crate::github::identity::InstallationId;
use crate::report::words::describe;
use crate::store::UnixMillis;

/// How long one turn looks through repositories.
const SLICE: Duration = Duration::from_secs(10);
/// How long an installation is left alone after an error that names no time.
const PAUSE: Duration = Duration::from_secs(30);
/// How often a repository is tried in one round.
const MOST_TRIES: u32 = 5;

/// A round through all repositories.
#[derive(Default)]
pub(super) struct Round {
    began: Option<UnixMillis>,
    waiting: VecDeque<(Place, u32)>,
    /// Until when installations are left alone.
    paused: BTreeMap<InstallationId, UnixMillis>,
}

impl Round {
    pub(super) fn is_paused(&self, installation: InstallationId, now: UnixMillis) -> bool {
        self.paused.get(&installation).is_some_and(|until| now < *until)
    }

    fn pause(&mut self, installation: InstallationId, until: UnixMillis) {
        self.paused.insert(installation, until);
    }

    /// Looks through one repository; `false` when that has to go on later.
    pub(super) async fn sweep(&mut self, recovery: &Recovery, look: &Look) -> Result<bool, RecoveryError> {
        let installation = look.at.installation;
        match recovery.sweep(look).await {
            Ok(Swept::Done) => Ok(true),
            Ok(Swept::Until(until)) => {
                self.pause(installation, until);
                Ok(false)
            }
            Err(error @ RecoveryError::Store(_)) => Err(error),
            Err(error) => {
                warn!(repo = %look.at.repository, error = describe(&error), "could not look through a repository");
                let pause = error.retry_after().unwrap_or(PAUSE.min(recovery.settings.reconcile));
                self.pause(installation, (recovery.clock)().plus(pause));
                Ok(false)
            }
        }
    }
}

impl Recovery {
    /// Begins a round when one is due, and goes on with it for a while.
    pub(super) async fn reconcile(&self, memory: &mut Memory) -> Result<(), RecoveryError> {
        let now = (self.clock)();
        if memory.round.waiting.is_empty() && super::is_due(memory.round.began, self.settings.reconcile, now) {
            memory.round.began = Some(now);
            self.begin(&mut memory.round).await?;
        }
        let started = Instant::now();
        for _ in 0..memory.round.waiting.len() {
            if started.elapsed() > SLICE {
                break;
            }
            let Some((at, tries)) = memory.round.waiting.pop_front() else { break };
            if memory.round.is_paused(at.installation, (self.clock)()) {
                memory.round.waiting.push_back((at, tries));
                continue;
            }
            let look = Look { at, quiet_before: memory.quiet_before, everything: false };
            if !memory.round.sweep(self, &look).await? && tries < MOST_TRIES {
                memory.round.waiting.push_back((look.at, tries + 1));
            }
        }
        Ok(())
    }

    /// Lists all repositories of all installations.
    async fn begin(&self, round: &mut Round) -> Result<(), RecoveryError> {
        for installation in self.client.installations().await? {
            if installation.is_suspended() {
                continue;
            }
            match self.client.repositories(installation.id).await {
                Ok(repositories) => {
                    let places = repositories
                        .into_iter()
                        .map(|found| (Place { installation: installation.id, repository: found.name }, 0));
                    round.waiting.extend(places);
                }
                Err(error) => {
                    warn!(installation = installation.id.0, error = describe(&error), "could not list repositories");
                    // Not to be missed for a whole interval because of a short failure.
                    let again = (self.clock)().minus(self.settings.reconcile.saturating_sub(PAUSE));
                    round.began = round.began.map(|began| began.min(again));
                }
            }
        }
        info!(repositories = round.waiting.len(), "looking through the open pull requests");
        Ok(())
    }
}

//! What was lost is found again: deliveries that never arrived, pull requests without a verdict, jobs that were given
//! up.
//!
//! One process of many leads at a time, by a claim in the store that it renews. It works in turns, so that a long look
//! through all repositories holds up nothing else. What it finds becomes ordinary jobs.
//!
//! Invariant: every step may be repeated or broken off; how far it came is in the store.

pub mod arrivals;
mod deliveries;
mod heal;
pub(super) mod leader;
mod overdue;
mod reconcile;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::met::Met;
use super::{Clock, Wake};
use crate::github::GitHubError;
use crate::github::client::Client;
use crate::report::words::describe;
use crate::store::{Shelf, Store, StoreError, UnixMillis};
use leader::Leader;
use reconcile::Round;

/// How recovering is done.
#[derive(Clone, Copy, Debug)]
pub struct RecoverySettings {
    /// How often deliveries that never arrived are asked for again; never when zero.
    pub recover: Duration,
    /// How often open pull requests are looked through; never when zero.
    pub reconcile: Duration,
    /// The percentage of GitHub's rate limit that looking through may use up.
    pub share: u64,
    /// How long a check may be in progress.
    pub check: Duration,
    /// How long after a job was given up it is tried again; never when zero.
    pub heal: Duration,
    /// How long the leader is believed in without a sign of life.
    pub lease: Duration,
    /// Whether changes also get the check of images.
    pub images: bool,
}

/// Finds again what was lost.
pub struct Recovery {
    /// GitHub.
    pub client: Client,
    /// Where jobs and cursors are.
    pub store: Arc<dyn Store>,
    /// How.
    pub settings: RecoverySettings,
    /// The clock.
    pub clock: Clock,
    /// Rung when jobs were stored.
    pub wake: Wake,
}

/// What can stop a step.
#[derive(Debug, thiserror::Error)]
enum RecoveryError {
    #[error(transparent)]
    GitHub(#[from] GitHubError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RecoveryError {
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::GitHub(error) => error.retry_after(),
            Self::Store(_) => None,
        }
    }
}

/// What the leader remembers between its turns.
#[derive(Default)]
struct Memory {
    recovered: Option<UnixMillis>,
    healed: Option<UnixMillis>,
    tied_up: Option<UnixMillis>,
    round: Round,
    /// When the database was new. What changed last before that was there before us, and is judged without comments.
    quiet_before: Option<UnixMillis>,
}

/// The longest time between two turns.
const TURN: Duration = Duration::from_secs(5);
/// How often given-up jobs are looked at, at most.
const HEAL_INTERVAL: Duration = Duration::from_mins(1);
/// How often commits are looked at on which a run may stand open, at most.
const TIE_UP_INTERVAL: Duration = Duration::from_mins(5);

impl Recovery {
    /// Recovers until `shutdown` fires.
    pub async fn run(self, shutdown: CancellationToken) {
        let leader = Leader::new("recovery", Arc::clone(&self.store), Arc::clone(&self.clock), self.settings.lease);
        let leader = Arc::new(leader);
        let mut memory = None;
        let pause = TURN.min(self.settings.lease / 4);
        while !shutdown.is_cancelled() {
            if leader.lead().await {
                let memory = memory.get_or_insert_with(Memory::default);
                tokio::select! {
                    () = leader.guard(self.turn(memory)) => {}
                    () = leader.hold() => warn!("another process leads the recovery by now"),
                    () = shutdown.cancelled() => {}
                }
            } else {
                // Whoever leads next begins anew.
                memory = None;
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        leader.resign().await;
    }

    /// Does what is due, and a slice of what takes long.
    async fn turn(&self, memory: &mut Memory) {
        let now = (self.clock)();
        if memory.quiet_before.is_none() {
            match self.born(now).await {
                Ok(born) => memory.quiet_before = Some(born),
                Err(error) => return tell(Err(error.into()), "could not read how old the database is"),
            }
        }
        if is_due(memory.recovered, self.settings.recover, now) {
            memory.recovered = Some(now);
            tell(self.recover_deliveries().await, "could not recover deliveries");
        }
        if is_due(memory.healed, self.settings.heal.min(HEAL_INTERVAL), now) {
            memory.healed = Some(now);
            tell(self.heal().await, "could not try given-up jobs again");
        }
        if is_due(memory.tied_up, self.settings.check.min(TIE_UP_INTERVAL), now) {
            memory.tied_up = Some(now);
            tell(self.tie_up().await, "could not look for runs that were left open");
        }
        tell(self.greet(memory).await, "could not look through what is new");
        if !self.settings.reconcile.is_zero() {
            tell(self.reconcile(memory).await, "could not look through the open pull requests");
        }
    }

    /// When the database was first led by anybody.
    async fn born(&self, now: UnixMillis) -> Result<UnixMillis, StoreError> {
        self.store.claim(Shelf::Cursor, "born", &now.0.to_string(), now, None).await?;
        let born = self.cursor("born").await?.and_then(|text| text.parse().ok());
        Ok(UnixMillis(born.unwrap_or(now.0)))
    }

    async fn cursor(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.store.kept(Shelf::Cursor, name, (self.clock)()).await
    }

    async fn keep_cursor(&self, name: &str, body: &str, until: Option<UnixMillis>) -> Result<(), StoreError> {
        self.store.keep(Shelf::Cursor, name, body, until).await
    }

    fn met(&self) -> Met {
        Met::new(Arc::clone(&self.store))
    }
}

/// Whether something that was done at `last` is to be done again; never when `interval` is zero.
fn is_due(last: Option<UnixMillis>, interval: Duration, now: UnixMillis) -> bool {
    !interval.is_zero() && last.is_none_or(|last| now.since(last) >= interval)
}

fn tell(outcome: Result<(), RecoveryError>, what: &str) {
    if let Err(error) = outcome {
        warn!(error = describe(&error), "{what}");
    }
}

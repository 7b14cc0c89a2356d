//! Jobs that were given up are tried again when their cause may be gone: a few times, ever later.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use tracing::info;

use super::{Recovery, RecoveryError};
use crate::store::UnixMillis;

/// How often a given-up job is tried again.
const MOST_TRIES: u32 = 5;
/// Each wait is so many times the one before.
const FACTOR: u32 = 4;
/// Most given-up jobs that are looked at, the newest first.
const MOST_JOBS: u32 = 500;
/// How long it is remembered how often a job was tried.
const MEMORY: Duration = Duration::from_hours(30 * 24);

/// How often a given-up job was tried again, and when it is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Trial {
    tries: u32,
    due: UnixMillis,
}

impl Trial {
    fn first(now: UnixMillis, wait: Duration) -> Self {
        Self { tries: 0, due: now.plus(wait) }
    }

    fn is_due(self, now: UnixMillis) -> bool {
        self.tries < MOST_TRIES && now >= self.due
    }

    fn next(self, now: UnixMillis, wait: Duration) -> Self {
        let tries = self.tries + 1;
        Self { tries, due: now.plus(wait.saturating_mul(FACTOR.saturating_pow(tries))) }
    }
}

impl Recovery {
    /// Returns given-up jobs to the queue that are due.
    pub(super) async fn heal(&self) -> Result<(), RecoveryError> {
        let now = (self.clock)();
        for job in self.store.dead(MOST_JOBS).await? {
            let name = format!("heal/{}", job.job_id);
            let known = self.cursor(&name).await?.and_then(|text| serde_json::from_str(&text).ok());
            let trial = match known {
                None => Trial::first(now, self.settings.heal),
                Some(trial) if Trial::is_due(trial, now) => {
                    if self.store.redrive(job.job_id, now).await? {
                        info!(job = job.key, tries = trial.tries + 1, "a given-up job is tried again");
                        self.wake.ring();
                    }
                    trial.next(now, self.settings.heal)
                }
                Some(_) => continue,
            };
            let body = serde_json::to_string(&trial).unwrap_or_default();
            self.keep_cursor(&name, &body, Some(now.plus(MEMORY))).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let wait = Duration::from_mins(15);
        let mut trial = Trial::first(UnixMillis(0), wait);
        let mut minutes = Vec::new();
        loop {
            let now = trial.due;
            assert!(!trial.is_due(now.minus(Duration::from_millis(1))));
            if !trial.is_due(now) {
                break;
            }
            minutes.push(now.0 / 60_000);
            trial = trial.next(now, wait);
        }
        assert_eq!(minutes, [15, 75, 315, 1275, 5115]);
    }
}

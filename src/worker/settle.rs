//! What becomes of a job after an attempt: done, handed over, tried again, given up.
//!
//! Invariant: a commit on which a run may still stand open is noted before the job is forgotten.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::loose_ends::LooseEnds;
use super::supervise::End;
use super::{Done, JobError, Outcome, RetryPolicy, Worker};
use crate::github::identity::CommitSha;
use crate::job::Job;
use crate::report::words::describe;
use crate::store::{Delivery, Lease, Settled, Settlement};

/// Attempts that every job gets, however old it is.
const FEWEST_ATTEMPTS: u32 = 3;

/// An attempt that panicked or hung is repeated once only: it most likely does so again.
const MAX_BROKEN_ATTEMPTS: u32 = 2;

/// How long to wait before a job is settled again that could not be.
const SETTLE_PAUSE: Duration = Duration::from_millis(500);

impl Worker {
    pub(super) async fn settle(&self, lease: &Lease, end: End<Done>, kill: &CancellationToken) -> &'static str {
        match end {
            End::Finished(Ok(done)) => {
                let outcome = done.outcome.name();
                self.observer.done(&done);
                let (wake, follow_up) = (!done.follow_up.is_empty(), done.follow_up);
                let settlement = match done.outcome {
                    Outcome::Superseded => Settlement::Superseded { follow_up },
                    _ => Settlement::Done { follow_up },
                };
                let recorded = self.record(lease, settlement, outcome).await;
                if wake {
                    self.wake.ring();
                }
                recorded
            }
            End::Finished(Err(error)) => {
                if let JobError::AfterVerdict { follow_up, .. } = &error {
                    self.ask(lease, follow_up).await;
                }
                if error.is_permanent() {
                    return self.give_up(lease, describe(&error), kill).await;
                }
                self.retry(lease, describe(&error), error.retry_after(), kill).await
            }
            End::Broken(cause) if lease.attempts >= MAX_BROKEN_ATTEMPTS => self.give_up(lease, cause, kill).await,
            End::Broken(cause) => self.retry(lease, cause, None, kill).await,
            End::Killed => self.record(lease, Settlement::Release, "released").await,
            End::Lost => {
                warn!("the lease ran out while the job ran");
                "lost"
            }
        }
    }

    async fn retry(
        &self,
        lease: &Lease,
        cause: String,
        retry_after: Option<Duration>,
        kill: &CancellationToken,
    ) -> &'static str {
        let is_overdue = (self.clock)().since(lease.created_at) > self.settings.check;
        let wait = self.settings.retry.wait(lease.attempts, retry_after, (self.random)());
        let Some(wait) = wait.filter(|_| !is_overdue || lease.attempts < FEWEST_ATTEMPTS) else {
            return self.give_up(lease, cause, kill).await;
        };
        warn!(
            error = cause,
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "job failed, to be retried"
        );
        self.again(lease, wait, cause).await
    }

    /// Returns the job to the queue, and rings when it is due, so that nobody has to look all the time.
    async fn again(&self, lease: &Lease, wait: Duration, cause: String) -> &'static str {
        let run_at = (self.clock)().plus(wait);
        let outcome = self.record(lease, Settlement::Retry { run_at, cause }, "retried").await;
        let wake = self.wake.clone();
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            wake.ring();
        });
        outcome
    }

    /// Concludes the check run with the cause, then buries the job; when that fails too, the job gets further chances.
    async fn give_up(&self, lease: &Lease, cause: String, kill: &CancellationToken) -> &'static str {
        warn!(error = cause, "job given up");
        let handler = Arc::clone(&self.handler);
        let (job, told) = (lease.job.clone(), cause.clone());
        let conclude = async move { handler.abandon(&job, &told).await };
        let policy = self.settings.retry;
        let last = RetryPolicy { max_attempts: policy.max_attempts.saturating_mul(2), ..policy };
        let (error, retry_after) = match self.supervise(lease, conclude, self.settings.conclude_limit, None, kill).await
        {
            End::Finished(Ok(())) => return self.record(lease, Settlement::Dead { cause }, "dead").await,
            End::Killed => return self.record(lease, Settlement::Release, "released").await,
            End::Lost => return "lost",
            End::Finished(Err(error)) if error.is_permanent() => {
                warn!(error = describe(&error), "its check run could not be concluded");
                return self.record(lease, Settlement::Dead { cause }, "dead").await;
            }
            End::Finished(Err(error)) => (describe(&error), error.retry_after()),
            End::Broken(error) => (error, None),
        };
        warn!(error, "its check run could not be concluded");
        match last.wait(lease.attempts, retry_after, (self.random)()) {
            Some(wait) => self.again(lease, wait, cause).await,
            None => self.record(lease, Settlement::Dead { cause }, "dead").await,
        }
    }

    /// Stores jobs that this one asks for before it is done, once each, however often it is attempted.
    async fn ask(&self, lease: &Lease, jobs: &[Job]) {
        for job in jobs {
            let head = job.head().map(CommitSha::as_str).unwrap_or_default();
            let id = format!("{}/{}/{}@{head}", lease.delivery_id, lease.job_id, job.key().as_str());
            let received_at = (self.clock)();
            let delivery = Delivery { id, received_at, as_of: None, jobs: vec![job.clone()] };
            match self.store.enqueue(delivery).await {
                Ok(_) => self.wake.ring(),
                Err(error) => warn!(error = describe(&error), "could not store a job; the next attempt asks again"),
            }
        }
    }

    /// Settles the lease, as soon as the database lets it within the time of a lease; `outcome` when that counted.
    async fn record(&self, lease: &Lease, settlement: Settlement, outcome: &'static str) -> &'static str {
        let started = Instant::now();
        let loose_ends = LooseEnds::new(Arc::clone(&self.store));
        loop {
            let now = (self.clock)();
            let settled = match loose_ends.note(lease, &settlement, now).await {
                Ok(()) => self.store.settle(lease, settlement.clone(), now).await,
                Err(error) => Err(error),
            };
            match settled {
                Ok(Settled::Recorded) => return outcome,
                Ok(Settled::Lost) => return "lost",
                Err(error) if error.is_retryable() && started.elapsed() < self.settings.lease => {
                    warn!(error = describe(&error), "could not settle a job yet");
                    tokio::time::sleep(SETTLE_PAUSE).await;
                }
                Err(error) => {
                    warn!(error = describe(&error), "could not settle a job; its lease runs out by itself");
                    return "lost";
                }
            }
        }
    }
}

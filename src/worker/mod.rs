//! The worker: leases jobs, runs them, settles them.
//!
//! A [`Worker`] runs a fixed number of loops. Each leases a job, runs its [`JobHandler`] under supervision (renewed
//! lease, time limit, a panic kept to the job), and settles what came of it. On shutdown no job is leased any more;
//! running ones get a grace period, then go back to the queue.
//!
//! Invariant: every job that is leased ends in a verdict, a retry, or a check run that names the cause; a panic or a
//! hang in one job harms no other.

pub mod await_images;
mod built_images;
pub mod check_images;
pub mod check_pull_request;
pub mod commands;
mod error;
pub mod fix_all;
pub mod handlers;
mod held;
pub mod judge;
mod lapse;
pub mod ledger;
pub mod limits;
mod loose_ends;
pub mod met;
mod organisation;
pub mod publish;
mod queue_note;
pub mod record;
pub mod recovery;
mod retry;
mod said;
mod settle;
mod subject;
mod supervise;
#[cfg(test)]
mod tests;
mod threads;
mod twins;
mod wake;
pub mod watch;

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use crate::job::Job;
use crate::report::words::describe;
use crate::scan::finding::Severity;
use crate::scan::policy::PolicyId;
use crate::store::{Lease, LeaseRequest, RETENTION, Store, UnixMillis};

pub use error::JobError;
pub use retry::RetryPolicy;
use supervise::End;
pub use wake::Wake;

/// What is done with a job. Every call may be repeated, so it must find what an earlier one wrote.
#[async_trait]
pub trait JobHandler: Send + Sync + 'static {
    /// Does the job. When `cancelled` fires, a newer job of the same key waits: the handler returns
    /// [`Outcome::Superseded`] soon, and the newer job ends the check run.
    ///
    /// # Errors
    /// [`JobError::Retry`] to be called again later, [`JobError::Permanent`] to give up.
    async fn run(&self, job: &Job, cancelled: CancellationToken) -> Result<Done, JobError>;

    /// Does a job again that an earlier attempt since `since` did not end: what that attempt said is not said twice. By
    /// default like [`JobHandler::run`].
    ///
    /// # Errors
    /// Those of [`JobHandler::run`].
    async fn run_again(&self, job: &Job, since: UnixMillis, cancelled: CancellationToken) -> Result<Done, JobError> {
        let _ = since;
        self.run(job, cancelled).await
    }

    /// Concludes the check run of a job that will not be run (again), naming `cause`, which holds no secret.
    ///
    /// # Errors
    /// [`JobError::Retry`] when the check run still stands open.
    async fn abandon(&self, job: &Job, cause: &str) -> Result<(), JobError>;

    /// Concludes the check run that `older` may have left open, as superseded: `newer`, of the same key, is about to run.
    ///
    /// # Errors
    /// [`JobError`] when the check run may still stand open.
    async fn supersede(&self, older: &Job, newer: &Job) -> Result<(), JobError>;
}

/// How a job ended that did not fail.
#[derive(Clone, Debug)]
pub struct Done {
    /// The outcome.
    pub outcome: Outcome,
    /// How long judging took, without reading and writing.
    pub scan: Duration,
    /// The rule and severity of each finding that the report shows.
    pub findings: Vec<(PolicyId, Severity)>,
    /// Jobs that this one asks for, such as the pull requests that a commit belongs to.
    pub follow_up: Vec<Job>,
}

/// The outcome of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A check run was concluded as passed.
    Passed,
    /// A check run was concluded as blocking.
    Blocked,
    /// A check run was concluded as neither.
    Neutral,
    /// A check run stays open until something comes that the job waits for.
    Waiting,
    /// A newer job of the same key takes over, and with it the check run.
    Superseded,
    /// There was nothing to judge, such as a pull request that is closed by now.
    Nothing,
}

impl Outcome {
    /// The lower-case name, as logs and metrics write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Blocked => "blocked",
            Self::Neutral => "neutral",
            Self::Waiting => "waiting",
            Self::Superseded => "superseded",
            Self::Nothing => "nothing",
        }
    }
}

impl Done {
    /// An end without a scan.
    pub fn without_scan(outcome: Outcome) -> Self {
        Self { outcome, scan: Duration::ZERO, findings: Vec::new(), follow_up: Vec::new() }
    }
}

/// How a worker behaves.
#[derive(Clone, Copy, Debug)]
pub struct WorkerSettings {
    /// Jobs that run at once.
    pub concurrency: usize,
    /// Most jobs of one installation that run at once.
    pub max_running_per_installation: u32,
    /// How long a lease lasts; it is renewed three times as often.
    pub lease: Duration,
    /// Longest time one attempt may take.
    pub time_limit: Duration,
    /// Longest time that a superseded job may take to stop, and a given-up one to conclude its check run.
    pub conclude_limit: Duration,
    /// How long running jobs may go on after the shutdown began.
    pub grace: Duration,
    /// How often to look for due jobs when nothing wakes the worker.
    pub poll: Duration,
    /// When failed jobs run again.
    pub retry: RetryPolicy,
    /// How long dead jobs and decision records stay.
    pub retention: Duration,
    /// How long a check may be in progress: a job that is older is given up at its next failure, after
    /// a few attempts.
    pub check: Duration,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            max_running_per_installation: 3,
            lease: Duration::from_mins(1),
            time_limit: Duration::from_mins(10),
            conclude_limit: Duration::from_secs(30),
            grace: Duration::from_secs(25),
            poll: Duration::from_secs(1),
            retry: RetryPolicy::default(),
            retention: RETENTION,
            check: Duration::from_hours(1),
        }
    }
}

/// Tells the time; the system's clock in a server.
pub type Clock = Arc<dyn Fn() -> UnixMillis + Send + Sync>;

/// Gives a random number in `0.0..1.0`.
pub type Random = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Hears how jobs end, for metrics.
pub trait JobObserver: Send + Sync {
    /// An attempt ended as `outcome`: an [`Outcome`]'s name, `retried`, `dead`, `released` or `lost`.
    fn attempt(&self, outcome: &'static str, duration: Duration);
    /// A job is done.
    fn done(&self, done: &Done);
}

/// Runs jobs until it is told to stop.
pub struct Worker {
    /// The queue.
    pub store: Arc<dyn Store>,
    /// What is done with a job.
    pub handler: Arc<dyn JobHandler>,
    /// How.
    pub settings: WorkerSettings,
    /// Who hears of it.
    pub observer: Arc<dyn JobObserver>,
    /// The clock.
    pub clock: Clock,
    /// The source of jitter.
    pub random: Random,
    /// Rings when a job was enqueued.
    pub wake: Wake,
}

/// A job whose worker went away so often is given up: it may well be the cause.
const MAX_LOST_LEASES: u32 = 3;

/// How long the return of running jobs to the queue may take at the end.
const LAST_LIMIT: Duration = Duration::from_secs(10);

const PRUNE_INTERVAL: Duration = Duration::from_hours(1);

impl Worker {
    /// Runs jobs until `shutdown` fires, then returns when none is running: after the grace period at the latest.
    pub async fn run(self, shutdown: CancellationToken) {
        let worker = Arc::new(self);
        let kill = CancellationToken::new();
        let mut loops = JoinSet::new();
        for _ in 0..worker.settings.concurrency.max(1) {
            loops.spawn(Arc::clone(&worker).lease_and_run(shutdown.clone(), kill.clone()));
        }
        loops.spawn(Arc::clone(&worker).prune(shutdown.clone()));
        loops.spawn(Arc::clone(&worker).hear(shutdown.clone()));
        shutdown.cancelled().await;
        let mut drained = pin!(async { while loops.join_next().await.is_some() {} });
        if tokio::time::timeout(worker.settings.grace, drained.as_mut()).await.is_err() {
            kill.cancel();
            // Whoever can't reach the database by then leaves its lease to run out.
            if tokio::time::timeout(LAST_LIMIT, drained).await.is_err() {
                warn!("some jobs could not be returned to the queue");
            }
        }
    }

    async fn lease_and_run(self: Arc<Self>, shutdown: CancellationToken, kill: CancellationToken) {
        while !shutdown.is_cancelled() {
            // Subscribed before looking, so that a job enqueued in between is not missed.
            let mut woken = self.wake.listen();
            let now = (self.clock)();
            let request = LeaseRequest {
                now,
                until: now.plus(self.settings.lease),
                max_running_per_installation: self.settings.max_running_per_installation,
            };
            match self.store.lease(request).await {
                Ok(Some(lease)) => {
                    let span = span(&lease);
                    self.attempt(lease, &kill).instrument(span).await;
                    continue;
                }
                Ok(None) => {}
                Err(error) => warn!(error = describe(&error), "could not lease a job"),
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = woken.rung() => {}
                () = tokio::time::sleep(self.settings.poll) => {}
            }
        }
    }

    /// Passes on what other processes tell.
    async fn hear(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.store.elsewhere() => self.wake.ring(),
            }
        }
    }

    async fn prune(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            if let Err(error) = self.store.prune((self.clock)(), self.settings.retention).await {
                warn!(error = describe(&error), "could not prune old rows");
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(PRUNE_INTERVAL) => {}
            }
        }
    }

    /// Runs one leased job and settles it.
    async fn attempt(&self, lease: Lease, kill: &CancellationToken) {
        let started = Instant::now();
        let end = if lease.lost_leases >= MAX_LOST_LEASES {
            let cause = format!("given up: the process ended {} times while it ran this job", lease.lost_leases);
            End::Finished(Err(JobError::Permanent { message: cause, source: None }))
        } else {
            let cancelled = CancellationToken::new();
            let work = work(Arc::clone(&self.handler), lease.clone(), cancelled.clone());
            self.supervise(&lease, work, self.settings.time_limit, Some(&cancelled), kill).await
        };
        let outcome = self.settle(&lease, end, kill).await;
        let duration = started.elapsed();
        self.observer.attempt(outcome, duration);
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        info!(outcome, attempts = lease.attempts, duration_ms, "job settled");
    }
}

/// Concludes what older jobs left open, and does the job; what stayed open is tried again after the verdict.
async fn work(handler: Arc<dyn JobHandler>, lease: Lease, cancelled: CancellationToken) -> Result<Done, JobError> {
    let mut left_open = None;
    for older in &lease.left_behind {
        if let Err(error) = handler.supersede(older, &lease.job).await {
            let sha = older.head().map(tracing::field::display);
            warn!(sha, error = describe(&error), "could not conclude an older check run");
            left_open = Some(error).filter(|error| !error.is_permanent()).or(left_open);
        }
    }
    let done = if lease.attempts > 1 {
        handler.run_again(&lease.job, lease.created_at, cancelled).await?
    } else {
        handler.run(&lease.job, cancelled).await?
    };
    match left_open {
        Some(error) => Err(JobError::AfterVerdict { error: Box::new(error), follow_up: done.follow_up }),
        None => Ok(done),
    }
}

fn span(lease: &Lease) -> tracing::Span {
    let span = info_span!(
        "job",
        job_id = lease.job_id,
        delivery_id = lease.delivery_id,
        repo = %lease.job.repository,
        pr = tracing::field::Empty,
        sha = lease.job.head().map(tracing::field::display),
    );
    if let Some(number) = lease.job.pull_request() {
        span.record("pr", number.0);
    }
    span
}

//! The durable queue and the records, behind one interface, so that a killed process loses nothing.
//!
//! A delivery becomes jobs in one transaction; a [`Lease`] hands a job to one worker for a limited time; settling
//! ends it. A lease that is neither renewed nor settled runs out, and the job is leased again: at least once, never
//! lost. Time is passed in.
//!
//! Invariant: of one [`JobKey`](crate::job::JobKey) at most one job waits and at most one runs, and the waiting one is
//! the newest.

mod error;
mod kept;
mod postgres;
mod sqlite;
mod time;
mod waiting;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::github::identity::{CommitSha, RepositoryName};
use crate::job::Job;
use crate::scan::SecretKey;

pub use error::StoreError;
pub use kept::{AuditEntry, AuditLine, AuditQuery, Shelf};
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;
pub use time::UnixMillis;

/// How long an accepted delivery id is remembered. GitHub can redeliver for three days, GitHub Enterprise Server for
/// seven.
pub const DELIVERY_RETENTION: Duration = Duration::from_hours(7 * 24);

/// How long dead jobs and decision records stay unless the operator says otherwise.
pub const RETENTION: Duration = Duration::from_hours(90 * 24);

/// The durable state of a server.
#[async_trait]
pub trait Store: Send + Sync {
    /// Stores a delivery and its jobs in one transaction; when this returns, they survive a crash.
    ///
    /// A job whose key waits already replaces the waiting one, unless the delivery describes an older state.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was stored.
    async fn enqueue(&self, delivery: Delivery) -> Result<Enqueued, StoreError>;

    /// Hands out the next due job, of the installation with the fewest running ones; `None` when nothing is due.
    /// Expired leases are returned to the queue first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn lease(&self, request: LeaseRequest) -> Result<Option<Lease>, StoreError>;

    /// Extends a lease to `until`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn renew(&self, lease: &Lease, until: UnixMillis) -> Result<Renewal, StoreError>;

    /// Ends a lease.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; the lease then runs out by itself.
    async fn settle(&self, lease: &Lease, settlement: Settlement, now: UnixMillis) -> Result<Settled, StoreError>;

    /// Appends a decision record; a record equal to the newest one of its key is not repeated.
    ///
    /// `body` is JSON without any secret.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn put_report(&self, key: &ReportKey, body: &str, now: UnixMillis) -> Result<(), StoreError>;

    /// The newest decision record of `key`, as JSON.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn report(&self, key: &ReportKey) -> Result<Option<Report>, StoreError>;

    /// The key of secret fingerprints: made at the first call, the same ever after.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn secret_key(&self) -> Result<SecretKey, StoreError>;

    /// Keeps `body` under a name, in place of what was kept there; for ever when `until` is `None`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn keep(&self, shelf: Shelf, name: &str, body: &str, until: Option<UnixMillis>) -> Result<(), StoreError>;

    /// Keeps `body` under a name unless something is kept there; says whether it was. Of many that try at once one
    /// succeeds.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn claim(
        &self,
        shelf: Shelf,
        name: &str,
        body: &str,
        now: UnixMillis,
        until: Option<UnixMillis>,
    ) -> Result<bool, StoreError>;

    /// What is kept under a name, unless its time is over.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn kept(&self, shelf: Shelf, name: &str, now: UnixMillis) -> Result<Option<String>, StoreError>;

    /// The first `limit` names that begin with `prefix`, in order, with what is kept under them.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn kept_below(
        &self,
        shelf: Shelf,
        prefix: &str,
        now: UnixMillis,
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError>;

    /// Forgets what is kept under a name.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn forget(&self, shelf: Shelf, name: &str) -> Result<(), StoreError>;

    /// Adds a line to the audit log.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;

    /// Lines of the audit log, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails, or a line can't be read.
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditLine>, StoreError>;

    /// How full the queue is.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn queue(&self, now: UnixMillis) -> Result<Queue, StoreError>;

    /// The newest `limit` dead jobs, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn dead(&self, limit: u32) -> Result<Vec<DeadJob>, StoreError>;

    /// Returns a dead job to the queue with its attempts forgotten; `false` when there is no such dead job, or a newer
    /// one of its key waits already (the dead one is then dropped).
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn redrive(&self, job_id: i64, now: UnixMillis) -> Result<bool, StoreError>;

    /// Forgets deliveries older than [`DELIVERY_RETENTION`], dead jobs and decision records older than `retention`, and
    /// kept things whose time is over; returns how many rows went. Their space is given back.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    async fn prune(&self, now: UnixMillis, retention: Duration) -> Result<u64, StoreError>;

    /// Returns when another process may have enqueued a job since the last call; never where only this process uses the
    /// database. One task waits here.
    async fn elsewhere(&self);

    /// Whether the database can be written now.
    ///
    /// # Errors
    /// [`StoreError`] saying why not.
    async fn check(&self) -> Result<(), StoreError>;

    /// Stores what was handed in and closes the database.
    async fn close(&self);
}

/// A webhook delivery, as far as the store needs it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// GitHub's delivery id; a redelivery has the same one.
    pub id: String,
    /// When it came in.
    pub received_at: UnixMillis,
    /// The moment whose state the delivery describes (a pull request's `updated_at`), when it says so: of two such
    /// deliveries the later moment wins, in whatever order they come in.
    pub as_of: Option<UnixMillis>,
    /// What it asks for.
    pub jobs: Vec<Job>,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// It was stored.
    Stored,
    /// A delivery of this id was stored before; nothing was changed.
    Duplicate,
}

/// What a worker asks for.
#[derive(Clone, Copy, Debug)]
pub struct LeaseRequest {
    /// The current time.
    pub now: UnixMillis,
    /// When the lease runs out unless it is renewed.
    pub until: UnixMillis,
    /// Most jobs of one installation that run at once.
    pub max_running_per_installation: u32,
}

/// A job that one worker holds for a time.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The row's number.
    pub job_id: i64,
    /// Proves who holds the lease.
    pub(crate) token: String,
    /// The job.
    pub job: Job,
    /// The delivery that asked for it last.
    pub delivery_id: String,
    /// How many times the job was leased since it was enqueued, this time included: from 1.
    pub attempts: u32,
    /// How many of the earlier attempts ended with the worker gone: a job that takes its process down shows here.
    pub lost_leases: u32,
    /// Older jobs of the same key that began and were never concluded: their check runs may stand open.
    pub left_behind: Vec<Job>,
    /// Whether it, or an older job of the same commit, began before and was not concluded.
    pub has_begun: bool,
    /// When the job was first enqueued.
    pub created_at: UnixMillis,
}

/// The answer to a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// The lease is extended.
    Held {
        /// Whether a newer job of the same key waits: this one should stop.
        superseded: bool,
    },
    /// The lease had run out and the job went back to the queue, or to another worker.
    Lost,
}

/// How a lease ends.
#[derive(Clone, Debug)]
pub enum Settlement {
    /// The job is done. What it asks for in turn is enqueued in the same transaction.
    Done {
        /// Further jobs.
        follow_up: Vec<Job>,
    },
    /// A newer job of its key takes over, and inherits this one as left behind. What it asks for in turn is enqueued in
    /// the same transaction, and may be that newer job. What was left behind to this job is settled.
    Superseded {
        /// Further jobs.
        follow_up: Vec<Job>,
    },
    /// The job runs again later; dropped when a newer one of its key waits, which then inherits it as left behind.
    Retry {
        /// Not before this time.
        run_at: UnixMillis,
        /// What went wrong, for people; never a secret.
        cause: String,
    },
    /// The job is given up and kept for inspection.
    Dead {
        /// What went wrong, for people; never a secret.
        cause: String,
    },
    /// The job goes back to the queue as if it had not been leased.
    Release,
}

/// Whether a settlement counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is recorded.
    Recorded,
    /// The lease had run out; nothing was changed.
    Lost,
}

/// Names a decision record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportKey {
    /// The repository that got the check run.
    pub repository: RepositoryName,
    /// The commit that was judged.
    pub head: CommitSha,
    /// The name of the check.
    pub check: String,
}

/// A decision record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The record, as JSON.
    pub body: String,
    /// Which record of its key this is, from 1.
    pub revision: u32,
    /// When it was recorded.
    pub recorded_at: UnixMillis,
}

/// How full the queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Jobs that wait, those not yet due included.
    pub queued: u64,
    /// Jobs that are leased.
    pub running: u64,
    /// Jobs that were given up.
    pub dead: u64,
    /// How long the longest-waiting due job has been due; zero when none is.
    pub oldest_due: Duration,
}

/// A job that was given up.
#[derive(Clone, Debug)]
pub struct DeadJob {
    /// The row's number, for [`Store::redrive`].
    pub job_id: i64,
    /// The key it waited under.
    pub key: String,
    /// The delivery that asked for it last.
    pub delivery_id: String,
    /// How many times it was tried.
    pub attempts: u32,
    /// What went wrong.
    pub cause: String,
    /// When it was enqueued.
    pub created_at: UnixMillis,
}

/// Opens the store at `url`, and brings its tables up to date.
///
/// Shapes: `sqlite:///absolute/path`, `sqlite://relative/path`, `sqlite::memory:`,
/// `postgres://user:password@host:port/name?sslmode=verify-full`.
///
/// # Errors
/// [`StoreError::Unsupported`] for another database, [`StoreError::Open`] when it can't be opened or is not ours.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    match url.split(':').next().unwrap_or_default() {
        "sqlite" => Ok(Arc::new(SqliteStore::open(url).await?)),
        "postgres" | "postgresql" => Ok(Arc::new(PostgresStore::open(url).await?)),
        scheme => Err(StoreError::Unsupported { scheme: scheme.chars().take(40).collect() }),
    }
}

//! The worker: leases jobs, runs them, settles them.
//!
//! Invariant: every job that is leased ends in a verdict, a retry, or a check run that names the cause; a panic or a
//! hang in one job harms no other.

mod retry;

use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::job::Job;
use crate::scan::finding::Severity;
use crate::scan::policy::PolicyId;

pub use retry::RetryPolicy;

/// What is done with a job. Every call may be repeated, so it must find what an earlier one wrote.
#[async_trait]
pub trait JobHandler: Send + Sync + 'static {
    /// Does the job. When `cancelled` fires, a newer job of the same key waits: the handler concludes its check run as
    /// superseded and returns [`Outcome::Superseded`] soon.
    ///
    /// # Errors
    /// [`JobError::Retry`] to be called again later, [`JobError::Permanent`] to give up.
    async fn run(&self, job: &Job, cancelled: CancellationToken) -> Result<Done, JobError>;

    /// Concludes the check run of a job that will not be run (again), naming `cause`, which holds no secret.
    ///
    /// # Errors
    /// [`JobError::Retry`] when the check run still stands open.
    async fn abandon(&self, job: &Job, cause: &str) -> Result<(), JobError>;
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
    /// A newer job takes over.
    Superseded,
    /// There was nothing to judge, such as a pull request that is closed by now.
    Nothing,
}

impl Done {
    /// An end without a scan.
    pub fn without_scan(outcome: Outcome) -> Self {
        Self { outcome, scan: Duration::ZERO, findings: Vec::new(), follow_up: Vec::new() }
    }
}

/// Why a job failed. The message, with those of its sources, goes into the database, the log and the check run: no
/// secrets.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It may succeed later.
    #[error("{message}")]
    Retry {
        /// What was attempted and did not work.
        message: String,
        /// Not before this time from now, as GitHub asks.
        retry_after: Option<Duration>,
        /// Why.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// It will not succeed.
    #[error("{message}")]
    Permanent {
        /// What was attempted and did not work.
        message: String,
        /// Why.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

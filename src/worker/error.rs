//! Why a job failed, and whether it is tried again.

use std::time::Duration;

use crate::github::GitHubError;
use crate::job::Job;
use crate::source::SourceError;
use crate::store::StoreError;

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
    /// The verdict is told, and what comes after it failed.
    #[error("what follows the verdict")]
    AfterVerdict {
        /// What failed.
        #[source]
        error: Box<JobError>,
        /// Jobs that the verdict asks for all the same.
        follow_up: Vec<Job>,
    },
}

impl JobError {
    /// How long GitHub asks to wait, when it does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Retry { retry_after, .. } => *retry_after,
            Self::Permanent { .. } => None,
            Self::AfterVerdict { error, .. } => error.retry_after(),
        }
    }

    /// Whether nothing that was to be done first is lacking.
    pub fn is_after_verdict(&self) -> bool {
        matches!(self, Self::AfterVerdict { .. })
    }

    pub(super) fn is_permanent(&self) -> bool {
        match self {
            Self::Retry { .. } => false,
            Self::Permanent { .. } => true,
            Self::AfterVerdict { error, .. } => error.is_permanent(),
        }
    }
}

impl From<GitHubError> for JobError {
    fn from(error: GitHubError) -> Self {
        SourceError::from(error).into()
    }
}

impl From<SourceError> for JobError {
    fn from(error: SourceError) -> Self {
        let message = error.to_string();
        if !error.is_retryable() {
            return Self::Permanent { message, source: cause(&error) };
        }
        Self::Retry { message, retry_after: error.retry_after(), source: cause(&error) }
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        // What the records can't keep now they may keep later; a verdict without its record is none.
        let source = std::error::Error::source(&error).map(|source| source.to_string().into());
        Self::Retry { message, retry_after: None, source }
    }
}

/// What lies below an error whose own message is already said.
fn cause(error: &SourceError) -> Option<Box<dyn std::error::Error + Send + Sync>> {
    std::error::Error::source(error).map(|source| source.to_string().into())
}

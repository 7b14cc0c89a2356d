//! What goes wrong elsewhere, as a job sees it: whether trying again makes sense, and when.

use super::JobError;
use crate::github::GitHubError;
use crate::source::SourceError;
use crate::store::StoreError;

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

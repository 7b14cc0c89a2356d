//! Which handler a job is for.
//!
//! Invariant: every job has one.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::check_images::CheckImages;
use super::check_pull_request::CheckPullRequest;
use super::commands::Commands;
use super::fix_all::FixAll;
use super::{Done, JobError, JobHandler, Outcome};
use crate::github::client::Client;
use crate::job::{Job, JobSubject};
use crate::report::words::describe;
use crate::store::UnixMillis;

/// The handlers of all kinds of jobs.
pub struct Handlers {
    /// For changes.
    pub change: CheckPullRequest,
    /// For the images that they bring in; `None` when these are not scanned.
    pub images: Option<CheckImages>,
    /// Tells whether a job failed because the app is no longer there.
    pub client: Client,
    /// For commands in comments.
    pub commands: Commands,
    /// For "Fix all".
    pub fix_all: FixAll,
}

impl Handlers {
    fn of(&self, job: &Job) -> Option<&dyn JobHandler> {
        match job.subject {
            JobSubject::Images(_) | JobSubject::ImagesEnded { .. } => {
                self.images.as_ref().map(|images| images as &dyn JobHandler)
            }
            JobSubject::Command(_) => Some(&self.commands),
            JobSubject::FixAll(_) => Some(&self.fix_all),
            _ => Some(&self.change),
        }
    }

    /// A failure that comes of our being no longer installed is no failure: nobody waits for this check.
    async fn unless_away(&self, job: &Job, outcome: Result<Done, JobError>) -> Result<Done, JobError> {
        match outcome {
            Err(error) if self.is_away(job, &error).await => {
                info!(error = describe(&error), "the app is not installed there any more; the job is dropped");
                Ok(Done::without_scan(Outcome::Nothing))
            }
            outcome => outcome,
        }
    }

    /// Whether the installation is gone or suspended, or does not reach the repository any more.
    async fn is_away(&self, job: &Job, error: &JobError) -> bool {
        if error.retry_after().is_some() || error.is_after_verdict() {
            return false;
        }
        match self.client.installation(job.installation).await {
            Ok(None) => true,
            Ok(Some(installation)) if installation.is_suspended() => true,
            Ok(Some(_)) if matches!(error, JobError::Permanent { .. }) => {
                let repository = self.client.repository(job.installation, job.repository.clone());
                !repository.is_reachable().await.unwrap_or(true)
            }
            Ok(Some(_)) | Err(_) => false,
        }
    }
}

#[async_trait]
impl JobHandler for Handlers {
    async fn run(&self, job: &Job, cancelled: CancellationToken) -> Result<Done, JobError> {
        match self.of(job) {
            Some(handler) => self.unless_away(job, handler.run(job, cancelled).await).await,
            // Asked for before the scans were switched off.
            None => Ok(Done::without_scan(Outcome::Nothing)),
        }
    }

    async fn run_again(&self, job: &Job, since: UnixMillis, cancelled: CancellationToken) -> Result<Done, JobError> {
        match self.of(job) {
            Some(handler) => self.unless_away(job, handler.run_again(job, since, cancelled).await).await,
            None => {
                self.abandon(job, "image scans were switched off").await.map(|()| Done::without_scan(Outcome::Nothing))
            }
        }
    }

    async fn abandon(&self, job: &Job, cause: &str) -> Result<(), JobError> {
        match self.of(job).unwrap_or(&self.change).abandon(job, cause).await {
            Err(error) if self.is_away(job, &error).await => Ok(()),
            outcome => outcome,
        }
    }

    async fn supersede(&self, older: &Job, newer: &Job) -> Result<(), JobError> {
        self.of(older).unwrap_or(&self.change).supersede(older, newer).await
    }
}

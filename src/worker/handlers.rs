//! Which handler a job is for.
//!
//! Invariant: every job has one.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::check_images::CheckImages;
use super::check_pull_request::CheckPullRequest;
use super::commands::Commands;
use super::fix_all::FixAll;
use super::{Done, JobError, JobHandler, Outcome};
use crate::job::{Job, JobSubject};
use crate::store::UnixMillis;

/// The handlers of all kinds of jobs.
pub struct Handlers {
    /// For changes.
    pub change: CheckPullRequest,
    /// For the images that they bring in; `None` when these are not scanned.
    pub images: Option<CheckImages>,
    /// For commands in comments.
    pub commands: Commands,
    /// For "Fix all".
    pub fix_all: FixAll,
}

impl Handlers {
    fn of(&self, job: &Job) -> Option<&dyn JobHandler> {
        match job.subject {
            JobSubject::Images(_) => self.images.as_ref().map(|images| images as &dyn JobHandler),
            JobSubject::Command(_) => Some(&self.commands),
            JobSubject::FixAll(_) => Some(&self.fix_all),
            _ => Some(&self.change),
        }
    }
}

#[async_trait]
impl JobHandler for Handlers {
    async fn run(&self, job: &Job, cancelled: CancellationToken) -> Result<Done, JobError> {
        match self.of(job) {
            Some(handler) => handler.run(job, cancelled).await,
            // Asked for before the scans were switched off.
            None => Ok(Done::without_scan(Outcome::Nothing)),
        }
    }

    async fn run_again(&self, job: &Job, since: UnixMillis, cancelled: CancellationToken) -> Result<Done, JobError> {
        match self.of(job) {
            Some(handler) => handler.run_again(job, since, cancelled).await,
            None => {
                self.abandon(job, "image scans were switched off").await.map(|()| Done::without_scan(Outcome::Nothing))
            }
        }
    }

    async fn abandon(&self, job: &Job, cause: &str) -> Result<(), JobError> {
        self.of(job).unwrap_or(&self.change).abandon(job, cause).await
    }

    async fn supersede(&self, older: &Job, newer: &Job) -> Result<(), JobError> {
        self.of(older).unwrap_or(&self.change).supersede(older, newer).await
    }
}

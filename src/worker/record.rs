//! Keeping decision records, and what they tell of the run.
//!
//! Invariant: a verdict is kept before it is told, and a failure never takes the place of a verdict.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tracing::warn;

use super::JobError;
use super::publish::Check;
use crate::github::app::Clock;
use crate::github::identity::CommitSha;
use crate::job::Job;
use crate::report::record::{ImageEntry, MAX_IMAGES, Record, Step};
use crate::report::words::describe;
use crate::scan::image_use::ImageChange;
use crate::store::{ReportKey, Store, UnixMillis};

/// Where decision records are kept.
#[derive(Clone)]
pub struct Records {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl Records {
    /// Keeps records in `store`, dated by `clock`.
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Keeps the record of what `job` came to on `head`.
    ///
    /// # Errors
    /// [`JobError::Retry`] when the database fails: a verdict that nobody can look up later is not told.
    pub async fn keep(&self, job: &Job, head: &CommitSha, record: Record) -> Result<(), JobError> {
        let key = key(job, head);
        let record = Record {
            repository: job.repository.to_string(),
            head: head.to_string(),
            check: key.check.clone(),
            pull_request: pull_request(job),
            ..record
        };
        self.store.put_report(&key, &record.bounded().to_json(), self.now()).await.map_err(|error| JobError::Retry {
            message: "could not keep the decision record".into(),
            retry_after: None,
            source: Some(error.into()),
        })
    }

    /// Keeps that `job` could not be finished on `head`, unless a verdict is kept there.
    pub async fn keep_failure(&self, job: &Job, head: &CommitSha, cause: &str) {
        let kept = self.store.report(&key(job, head)).await;
        let is_verdict = |body: &str| Record::from_json(body).is_some_and(|record| record.could_not_finish.is_none());
        if kept.is_ok_and(|kept| kept.is_some_and(|kept| is_verdict(&kept.body))) {
            return;
        }
        let mut record = Record::could_not_finish(cause);
        record.timeline = vec![Step { at: self.now().0, what: "given up".to_owned() }];
        if let Err(error) = self.keep(job, head, record).await {
            // The check run says it all the same.
            warn!(error = describe(&error), "the decision record is missing");
        }
    }

    /// Begins to note what happens.
    pub fn timeline(&self, what: &str) -> Timeline {
        let mut timeline = Timeline { clock: Arc::clone(&self.clock), steps: Vec::new() };
        timeline.mark(what);
        timeline
    }

    fn now(&self) -> UnixMillis {
        (self.clock)().into()
    }
}

/// What happened when.
pub struct Timeline {
    clock: Clock,
    steps: Vec<Step>,
}

impl Timeline {
    /// Notes that something happened now.
    pub fn mark(&mut self, what: &str) {
        self.mark_before(Duration::ZERO, what);
    }

    /// Notes that something happened `ago`.
    pub fn mark_before(&mut self, ago: Duration, what: &str) {
        let at = (self.clock)().checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH);
        self.steps.push(Step { at: UnixMillis::from(at).0, what: what.to_owned() });
    }

    /// What was noted.
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}

/// The images of a judged change, as records list them.
pub fn images(changes: &[ImageChange]) -> Vec<ImageEntry> {
    let entry = |change: &ImageChange| ImageEntry {
        path: change.path.clone(),
        line: change.line,
        before: change.before.as_ref().map(ToString::to_string),
        after: change.after.to_string(),
        ..ImageEntry::default()
    };
    changes.iter().take(MAX_IMAGES).map(entry).collect()
}

fn key(job: &Job, head: &CommitSha) -> ReportKey {
    ReportKey { repository: job.repository.clone(), head: head.clone(), check: Check::of(job).name().to_owned() }
}

fn pull_request(job: &Job) -> Option<u64> {
    job.pull_request().map(|number| number.0)
}

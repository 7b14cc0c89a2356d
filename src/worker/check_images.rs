//! The job of the second check: scan what a change brings in, and conclude `dockgate/images`.
//!
//! Invariant: as for the first check, every path ends in a conclusion or in an error that the queue answers; what could
//! not be scanned is told by its cause and is no success.

use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::publish::{self, OwnCheckRun};
use super::subject::{Subject, supersede_all};
use super::{Done, JobError, JobHandler, Outcome};
use crate::github::app::Clock;
use crate::github::client::{Client, RepositoryClient};
use crate::image::check::{ScannedImage, decide, rating_of};
use crate::image::newer::Newer;
use crate::image::rating::Rating;
use crate::image::scans::Scans;
use crate::job::{ImageSubject, ImagesSubject, Job, JobSubject};
use crate::pipeline::Judgement;
use crate::settings::date::Date;
use crate::settings::repository::WhenUnjudged;
use crate::store::UnixMillis;
use crate::verdict::Conclusion;

/// Images of one change that are scanned.
const MOST_IMAGES: usize = 50;

/// Scans the images that changes bring in.
pub struct CheckImages {
    client: Client,
    scans: Scans,
    clock: Clock,
}

#[async_trait]
impl JobHandler for CheckImages {
    async fn run(&self, job: &Job, cancelled: CancellationToken) -> Result<Done, JobError> {
        self.attempt(job, None, cancelled).await
    }

    async fn run_again(&self, job: &Job, since: UnixMillis, cancelled: CancellationToken) -> Result<Done, JobError> {
        let since = UNIX_EPOCH + since.since(UnixMillis::default());
        self.attempt(job, Some(since), cancelled).await
    }

    async fn supersede(&self, older: &Job, newer: &Job) -> Result<(), JobError> {
        let (Some(old), Some(new)) = (older.head(), newer.head()) else { return Ok(()) };
        if old != new {
            supersede_all(&self.client_of(older), old, older, &format!("by {}", new.short())).await?;
        }
        Ok(())
    }

    async fn abandon(&self, job: &Job, cause: &str) -> Result<(), JobError> {
        let (client, Some(head)) = (self.client_of(job), job.head()) else { return Ok(()) };
        if !OwnCheckRun::fail_all(&client, head, job, cause).await? {
            publish::report_failure(&client, head, job, cause).await?;
        }
        Ok(())
    }
}

impl CheckImages {
    /// A handler that works as the app of `client`.
    pub fn new(client: Client, scans: Scans, clock: Clock) -> Self {
        Self { client, scans, clock }
    }

    fn client_of(&self, job: &Job) -> RepositoryClient {
        self.client.repository(job.installation, job.repository.clone())
    }

    async fn attempt(
        &self,
        job: &Job,
        again_since: Option<SystemTime>,
        cancelled: CancellationToken,
    ) -> Result<Done, JobError> {
        let JobSubject::Images(subject) = &job.subject else {
            return Err(JobError::Permanent { message: "the job is not about images".into(), source: None });
        };
        let client = self.client_of(job);
        let run = match again_since {
            None => OwnCheckRun::open(&client, &subject.head, job).await?,
            Some(since) => OwnCheckRun::resume(&client, &subject.head, job, since).await?,
        };
        let images = tokio::select! {
            images = self.scan_all(subject) => images,
            () = cancelled.cancelled() => {
                run.supersede("by a newer event of this pull request").await?;
                return Ok(Done::without_scan(Outcome::Superseded));
            }
        };
        let since = (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default();
        let verdict = decide(subject, &images, Date::from_unix_seconds(since.as_secs()));
        run.conclude(verdict.conclusion, &verdict.output(), &[]).await?;
        Ok(Done::without_scan(match verdict.conclusion {
            Conclusion::Success => Outcome::Passed,
            Conclusion::Failure => Outcome::Blocked,
            Conclusion::Neutral => Outcome::Neutral,
        }))
    }

    /// Scans each image and the one whose place it takes, in the order of `subject`.
    async fn scan_all(&self, subject: &ImagesSubject) -> Vec<ScannedImage> {
        let mut waiting = JoinSet::new();
        let threshold = subject.fail_on.map_or(Rating::High, rating_of);
        for (number, image) in subject.images.iter().cloned().enumerate() {
            let (scans, is_fork) = (self.scans.clone(), subject.is_fork);
            waiting.spawn(async move { (number, scan_one(&scans, image, is_fork, threshold).await) });
        }
        let mut images = waiting.join_all().await;
        images.sort_by_key(|(number, _)| *number);
        images.into_iter().map(|(_, image)| image).collect()
    }
}

/// The job for the images of a change that was judged by `job`.
pub fn job(job: &Job, subject: &Subject, judgement: &Judgement) -> Job {
    let settings = &judgement.settings;
    let images = judgement.images.iter().take(MOST_IMAGES).map(|change| ImageSubject {
        path: change.path.clone(),
        line: change.line,
        platform: change.platform.clone(),
        before: change.before.as_ref().map(ToString::to_string),
        after: change.after.to_string(),
    });
    let images = ImagesSubject {
        number: subject.pull_request,
        head: subject.head.clone(),
        is_fork: subject.is_fork,
        images: images.collect(),
        left_out: judgement.images.len().saturating_sub(MOST_IMAGES),
        fail_on: settings.images_fail_on.value,
        unscanned_blocks: settings.unjudged.value == WhenUnjudged::Fail,
        waivers: settings.images.waivers.iter().map(|(waiver, _)| waiver.clone()).collect(),
        vex: judgement.vex.clone(),
    };
    Job { subject: JobSubject::Images(images), ..job.clone() }
}

async fn scan_one(scans: &Scans, subject: ImageSubject, is_fork: bool, threshold: Rating) -> ScannedImage {
    let platform = subject.platform.as_deref();
    let old = async {
        match &subject.before {
            Some(before) => Some(scans.scan(before, platform, is_fork).await),
            None => None,
        }
    };
    let new = scans.scan(&subject.after, platform, is_fork);
    let (after, before, notes) = tokio::join!(new, old, scans.name_notes(&subject.after, is_fork));
    let (mut base, mut newer) = (None, None);
    if let Ok(report) = &after {
        base = scans.base(report, platform, is_fork).await;
        newer = scans.newer(&subject.after, platform, is_fork, report, threshold).await;
        if let (None, Some((name, report))) = (&newer, &base) {
            let of_base = scans.newer(name, platform, is_fork, report, threshold).await;
            newer = of_base.map(|newer| Newer { is_base: true, ..newer });
        }
    }
    ScannedImage { subject, after, before, base, newer, notes }
}

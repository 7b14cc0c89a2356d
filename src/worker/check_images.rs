//! The job of the second check: scan what a change brings in, and conclude `dockgate/images`.
//!
//! Invariant: as for the first check, every path ends in a conclusion or in an error that the queue answers; what could
//! not be scanned is told by its cause and is no success.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::built_images::{self, Built, Span};
use super::publish::{self, Check, OwnCheckRun};
use super::record::Records;
use super::subject::{self, Subject, supersede_all};
use super::twins::Twins;
use super::{Done, JobError, JobHandler, Outcome};
use crate::github::app::Clock;
use crate::github::client::{Client, RepositoryClient};
use crate::github::identity::{CommitSha, PullRequestNumber};
use crate::image::awaited;
use crate::image::check::{ScannedImage, decide, rating_of};
use crate::image::newer::Newer;
use crate::image::rating::Rating;
use crate::image::scans::Scans;
use crate::job::{ImageSubject, ImagesSubject, Job, JobSubject};
use crate::pipeline::Judgement;
use crate::report::markdown::{code, text};
use crate::report::record::Record;
use crate::report::words::count;
use crate::scan::image_use::ImageChange;
use crate::settings::date::Date;
use crate::settings::repository::WhenUnjudged;
use crate::settings::repository::images::BuiltImage;
use crate::store::{Store, StoreError, UnixMillis};
use crate::verdict::Conclusion;

/// Images of one change that are scanned.
const MOST_IMAGES: usize = 50;

/// Scans the images that changes bring in.
pub struct CheckImages {
    client: Client,
    scans: Scans,
    store: Arc<dyn Store>,
    clock: Clock,
    records: Option<Records>,
}

#[async_trait]
impl JobHandler for CheckImages {
    async fn run(&self, job: &Job, cancelled: CancellationToken) -> Result<Done, JobError> {
        self.attempt(job, false, cancelled).await
    }

    async fn run_again(&self, job: &Job, _: UnixMillis, cancelled: CancellationToken) -> Result<Done, JobError> {
        self.attempt(job, true, cancelled).await
    }

    async fn supersede(&self, older: &Job, newer: &Job) -> Result<(), JobError> {
        Ok(subject::supersede(&self.client_of(older), older, newer).await?)
    }

    async fn abandon(&self, job: &Job, cause: &str) -> Result<(), JobError> {
        let (client, Some(head)) = (self.client_of(job), job.head()) else { return Ok(()) };
        if matches!(job.subject, JobSubject::ImagesEnded { .. }) {
            // What is over needs no check that it has not.
            return Ok(OwnCheckRun::fail_all(&client, head, job, cause).await.map(|_| ())?);
        }
        if let Some(records) = &self.records {
            records.keep_failure(job, head, cause).await;
        }
        if !OwnCheckRun::fail_all(&client, head, job, cause).await? {
            publish::report_failure(&client, head, job, cause).await?;
        }
        Ok(())
    }
}

impl CheckImages {
    /// A handler that works as the app of `client`, and keeps what it decides in `records`.
    pub fn new(client: Client, scans: Scans, store: Arc<dyn Store>, clock: Clock, records: Option<Records>) -> Self {
        Self { client, scans, store, clock, records }
    }

    fn client_of(&self, job: &Job) -> RepositoryClient {
        self.client.repository(job.installation, job.repository.clone())
    }

    async fn attempt(&self, job: &Job, again: bool, cancelled: CancellationToken) -> Result<Done, JobError> {
        let subject = match &job.subject {
            JobSubject::Images(subject) => subject,
            JobSubject::ImagesEnded { head, .. } => return self.end(job, head).await,
            _ => return Err(JobError::Permanent { message: "the job is not about images".into(), source: None }),
        };
        let client = self.client_of(job);
        let run = OwnCheckRun::open(&client, &subject.head, job).await?;
        let (span, is_short) = self.span(job, subject).await?;
        let work = async {
            let (images, built) = tokio::join!(
                self.scan_all(subject),
                built_images::gather(&self.scans, self.store.as_ref(), &job.repository, subject, span)
            );
            built.map(|built| (images, built))
        };
        let timeline = self.records.as_ref().map(|records| records.timeline("the run began"));
        let (mut images, built) = tokio::select! {
            done = work => done?,
            // The newer job takes the run over when it is about the same commit, else it ends it.
            () = cancelled.cancelled() => return Ok(Done::without_scan(Outcome::Superseded)),
        };
        if !built.awaited.is_empty() {
            let (title, summary) = waiting(&built, span);
            run.wait(&title, &summary).await?;
            awaited::wait(self.store.as_ref(), job, span.since, span.deadline, span.now).await.map_err(stored)?;
            return Ok(Done::without_scan(Outcome::Waiting));
        }
        images.extend(built.images);
        if is_short || built.is_short {
            let store = self.store.as_ref();
            awaited::decided(store, job, span.since, built.is_short, span.now).await.map_err(stored)?;
        }
        let seconds = u64::try_from(span.now.0 / 1_000).unwrap_or_default();
        let verdict = decide(subject, &images, Date::from_unix_seconds(seconds));
        if let (Some(records), Some(mut timeline)) = (&self.records, timeline) {
            timeline.mark("the images were scanned; the verdict was told next");
            let record = Record { timeline: timeline.into_steps(), ..verdict.record() };
            records.keep(job, &subject.head, record).await?;
        }
        // Whoever looks whether an image came after all repeats nothing when it did not.
        let twins = Twins::new(Arc::clone(&self.store), span.now);
        let beside = twins.tell(&client, job, &subject.head, verdict.conclusion, again).await?;
        let (conclusion, output) = beside.conclude(verdict.conclusion, verdict.output());
        run.conclude(&subject.head, conclusion, &output, &[], again || is_short).await?;
        let outcome = match conclusion {
            Conclusion::Success => Outcome::Passed,
            Conclusion::Failure => Outcome::Blocked,
            Conclusion::Neutral => Outcome::Neutral,
        };
        Ok(Done { follow_up: beside.follow_up, ..Done::without_scan(outcome) })
    }

    /// Ends what waits or ran for a change that is over.
    async fn end(&self, job: &Job, head: &CommitSha) -> Result<Done, JobError> {
        let client = self.client_of(job);
        let waited =
            awaited::forget(self.store.as_ref(), job, UnixMillis::from((self.clock)())).await.map_err(stored)?;
        let older = waited.as_ref().and_then(Job::head).filter(|older| *older != head);
        for head in older.into_iter().chain([head]) {
            supersede_all(&client, head, job, "by the end of its change").await?;
        }
        let twins = Twins::new(Arc::clone(&self.store), UnixMillis::from((self.clock)()));
        let follow_up = twins.forget(job, head, Check::Images).await?;
        Ok(Done { follow_up, ..Done::without_scan(Outcome::Nothing) })
    }

    /// Since when the commit is known and until when its images are awaited, and whether it was decided without one of
    /// them. An older commit that waited waits no more.
    async fn span(&self, job: &Job, subject: &ImagesSubject) -> Result<(Span, bool), JobError> {
        let now = UnixMillis::from((self.clock)());
        let known = awaited::remember(self.store.as_ref(), job, now).await.map_err(stored)?;
        if let Some(older) = known.older {
            self.supersede(&older, job).await?;
        }
        let deadline = known.since.plus(Duration::from_mins(subject.built_minutes));
        Ok((Span { since: known.since, now, deadline }, known.is_short))
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

fn stored(error: StoreError) -> JobError {
    JobError::Retry {
        message: "what images are awaited could not be kept".into(),
        retry_after: None,
        source: Some(error.into()),
    }
}

/// What an open check run says: title and summary.
fn waiting(built: &Built, span: Span) -> (String, String) {
    let names: Vec<String> = built.awaited.iter().map(|image| format!("- {}", code(image))).collect();
    let minutes = span.deadline.since(span.now).as_secs().div_ceil(60);
    let title = format!("Waiting for {} that this change builds", count(built.awaited.len(), "image"));
    let deaf = built_images::deaf(&built.deaf_to).map(|deaf| format!("\n\nTo know: {}.", text(&deaf)));
    let summary = format!(
        "{}\n\nAwaited for {} more (`images.built-minutes`). A push to the registry, the end of a workflow run or \
         uploaded results end the wait.{}",
        names.join("\n"),
        count(usize::try_from(minutes).unwrap_or(usize::MAX), "minute"),
        deaf.unwrap_or_default()
    );
    (title, summary)
}

/// The job for the images of a change that was judged by `job`.
pub fn job(job: &Job, subject: &Subject, judgement: &Judgement) -> Job {
    let settings = &judgement.settings;
    let rules = rules(subject.pull_request, subject.head.clone(), judgement);
    let images = judgement.images.iter().take(MOST_IMAGES).map(subject_of);
    let images = ImagesSubject {
        is_fork: subject.is_fork,
        images: images.collect(),
        left_out: judgement.images.len().saturating_sub(MOST_IMAGES),
        built: settings.images.built.value.iter().filter_map(|built| fill(built, job, subject)).collect(),
        built_minutes: settings.images.built_minutes.value as u64,
        uploads: settings.images.uploads.value.clone(),
        branches: subject.branches.clone(),
        ..rules
    };
    Job { subject: JobSubject::Images(images), ..job.clone() }
}

/// A commit without images, with what its settings say of vulnerabilities.
pub(super) fn rules(number: Option<PullRequestNumber>, head: CommitSha, judgement: &Judgement) -> ImagesSubject {
    let settings = &judgement.settings;
    ImagesSubject {
        fail_on: settings.images_fail_on.value,
        unscanned_blocks: settings.unjudged.value == WhenUnjudged::Fail,
        waivers: settings.images.waivers.iter().map(|(waiver, _)| waiver.clone()).collect(),
        vex: judgement.vex.clone(),
        ..ImagesSubject::new(number, head)
    }
}

/// An image in a file, with the image whose place it takes.
pub(super) fn subject_of(change: &ImageChange) -> ImageSubject {
    ImageSubject {
        path: change.path.clone(),
        line: change.line,
        platform: change.platform.clone(),
        before: change.before.as_ref().map(ToString::to_string),
        after: change.after.to_string(),
    }
}

fn fill(built: &BuiltImage, job: &Job, subject: &Subject) -> Option<BuiltImage> {
    let name = job.repository.to_string();
    let (owner, repository) = name.split_once('/')?;
    built.fill(owner, repository, subject.pull_request.map(|number| number.0), subject.head.as_str())
}

/// Scans an image and the one whose place it takes.
pub(super) async fn scan_one(scans: &Scans, subject: ImageSubject, is_fork: bool, threshold: Rating) -> ScannedImage {
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
    ScannedImage { subject, is_own: false, after, before, base, newer, notes }
}

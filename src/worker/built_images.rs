//! Images that a change builds itself: by the results that its pipeline uploaded, else at their registry, else awaited.
//!
//! Invariant: an image counts only when it is of the commit that is judged; until it is there the check stays open, and
//! at the deadline it is named as missing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::JobError;
use crate::github::identity::RepositoryName;
use crate::github::timestamp;
use crate::image::check::{Scanned, ScannedImage};
use crate::image::report::ImageReport;
use crate::image::scans::Scans;
use crate::image::uploads::{self, Upload};
use crate::job::{ImageSubject, ImagesSubject};
use crate::registry::RegistryError;
use crate::report::words::describe;
use crate::scan::image_reference::ImageReference;
use crate::settings::repository::images::BuiltImage;
use crate::store::{Store, UnixMillis};

/// Workflows whose results do not count that are named.
const MOST_NAMED: usize = 3;

/// What became of the images that a change builds.
pub(super) struct Built {
    /// Those that are decided.
    pub images: Vec<ScannedImage>,
    /// Those that are awaited.
    pub awaited: Vec<String>,
    /// Whether one is decided as missing that may still come.
    pub is_short: bool,
    /// Workflows whose results for the commit do not count.
    pub deaf_to: BTreeSet<String>,
}

/// Since when a change waits, and until when it does.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub since: UnixMillis,
    pub now: UnixMillis,
    pub deadline: UnixMillis,
}

impl Span {
    fn is_over(self) -> bool {
        self.now >= self.deadline
    }
}

/// Finds the images that `subject` builds.
pub(super) async fn gather(
    scans: &Scans,
    store: &dyn Store,
    repository: &RepositoryName,
    subject: &ImagesSubject,
    span: Span,
) -> Result<Built, JobError> {
    let uploads = uploads::of(store, repository, subject, span.now).await.map_err(|error| JobError::Retry {
        message: "the uploaded results could not be read".into(),
        retry_after: None,
        source: Some(error.into()),
    })?;
    let deaf_to = uploads.others.iter().map(|upload| upload.workflow.clone()).collect();
    let mut built = Built { images: Vec::new(), awaited: Vec::new(), is_short: false, deaf_to };
    let report = |upload: &Upload| Ok(Arc::new(upload.report.clone()));
    for image in &subject.built {
        // Several workflows may tell of one image: none of them is passed over.
        let mut after: Vec<Scanned> =
            uploads.believed.iter().filter(|upload| upload.image == image.image).map(report).collect();
        if after.is_empty() {
            let Some(found) = at_registry(scans, &image.image, subject, span).await else {
                built.awaited.push(image.image.clone());
                continue;
            };
            built.is_short |= found.is_err() && span.is_over();
            after.push(found.map_err(|why| with_deaf(&why, &built.deaf_to)));
        }
        let before = match &image.replaces {
            Some(old) => Some(scans.scan(old, None, subject.is_fork).await),
            None => None,
        };
        let all = after.into_iter().map(|after| scanned(&image.image, image.replaces.clone(), after, before.clone()));
        built.images.extend(all);
    }
    let is_named = |upload: &&Upload| subject.built.iter().any(|image: &BuiltImage| image.image == upload.image);
    for upload in uploads.believed.iter().filter(|upload| !is_named(upload)) {
        built.images.push(scanned(&upload.image, None, report(upload), None));
    }
    Ok(built)
}

/// Why an image could not be judged, with whose results would have told of it.
fn with_deaf(why: &str, deaf_to: &BTreeSet<String>) -> String {
    deaf(deaf_to).map_or_else(|| why.to_owned(), |deaf| format!("{why}; {deaf}"))
}

/// Whose results do not count, in words.
pub(super) fn deaf(deaf_to: &BTreeSet<String>) -> Option<String> {
    let named: Vec<&str> = deaf_to.iter().take(MOST_NAMED).map(String::as_str).collect();
    let setting = "`images.uploads` names the workflows that do, else those of the base branch";
    (!named.is_empty()).then(|| format!("uploaded results of {} do not count ({setting})", named.join(", ")))
}

fn scanned(image: &str, replaces: Option<String>, after: Scanned, before: Option<Scanned>) -> ScannedImage {
    let subject =
        ImageSubject { path: String::new(), line: 0, platform: None, before: replaces, after: image.to_owned() };
    ScannedImage { subject, is_own: true, after, before, base: None, newer: None, notes: Vec::new() }
}

/// The image at its registry; `None` while it is awaited.
async fn at_registry(scans: &Scans, image: &str, subject: &ImagesSubject, span: Span) -> Option<Scanned> {
    let is_over = span.is_over();
    let minutes = span.deadline.since(span.since).as_secs() / 60;
    let reference = match ImageReference::parse(image) {
        Ok(reference) => reference,
        Err(error) => return Some(Err(describe(&error))),
    };
    match scans.registry(subject.is_fork).resolve_anew(&reference).await {
        Ok(_) => {}
        Err(RegistryError::NotFoundOrNotAllowed { .. }) if is_over => {
            return Some(Err(format!("it was awaited for {minutes} minutes and is not there")));
        }
        Err(error) if is_over || !may_come(&error) => return Some(Err(describe(&error))),
        Err(_) => return None,
    }
    match scans.scan(image, None, subject.is_fork).await {
        Ok(report) if is_of_commit(&report, subject, span.since) => Some(Ok(report)),
        Ok(_) if is_over => Some(Err(format!("what is there after {minutes} minutes was built before this commit"))),
        Ok(_) => None,
        Err(why) => Some(Err(why)),
    }
}

fn may_come(error: &RegistryError) -> bool {
    error.is_retryable() || matches!(error, RegistryError::NotFoundOrNotAllowed { .. })
}

/// Whether an image is of the commit: it says so, its name does, or it is younger than the commit is known.
fn is_of_commit(report: &ImageReport, subject: &ImagesSubject, since: UnixMillis) -> bool {
    let head = subject.head.as_str();
    let says_so = report.revision.as_deref() == Some(head);
    let created = report.created.as_deref().and_then(timestamp::parse).map(UnixMillis::from);
    says_so || report.image.contains(head) || created.is_some_and(|created| created >= since)
}

//! The second check: what the images that a change brings in come to.
//!
//! Invariant: an image that could not be scanned, or not be compared with the one whose place it takes, is never part
//! of a success; only what is introduced, fixable, not accepted and at or above the threshold blocks. A secret in a
//! file blocks only in a layer that is known to be the image's own.

mod output;
mod record;
mod remarks;
mod secret;
mod standing;

use secret::JudgedSecret;
pub use standing::Standing;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::accept::{Acceptances, Accepted};
use super::newer::Newer;
use super::rating::Rating;
use super::report::{Attribution, Comparison, ImageReport, Vulnerability};
use crate::job::{ImageSubject, ImagesSubject};
use crate::scan::finding::Severity;
use crate::scan::image_reference::ImageReference;
use crate::settings::date::Date;
use crate::settings::repository::images::ImageWaiver;
use crate::verdict::Conclusion;

/// What a scan of one image gave, or why there is nothing.
pub type Scanned = Result<Arc<ImageReport>, String>;

/// One image that a change brings in, scanned.
#[derive(Clone, Debug)]
pub struct ScannedImage {
    /// Which.
    pub subject: ImageSubject,
    /// Whether the repository, or its owner, builds it: then what nobody else is known to have brought is its own.
    pub is_own: bool,
    /// The image.
    pub after: Scanned,
    /// The image whose place it takes.
    pub before: Option<Scanned>,
    /// The image that it says it is built on, by its name, when that could be scanned.
    pub base: Option<(String, Arc<ImageReport>)>,
    /// A newer one of the same line, when it removes what is wrong.
    pub newer: Option<Newer>,
    /// What else its registry tells of its name.
    pub notes: Vec<String>,
}

/// What all images come to.
#[derive(Clone, Debug)]
pub struct ImagesVerdict<'a> {
    /// How the check ends.
    pub conclusion: Conclusion,
    judged: Vec<JudgedImage<'a>>,
    threshold: Option<Rating>,
    left_out: usize,
    notes: Vec<String>,
}

#[derive(Clone, Debug)]
struct JudgedImage<'a> {
    image: &'a ScannedImage,
    /// Without what is accepted.
    comparison: Comparison<'a>,
    blocking: Vec<&'a Vulnerability>,
    accepted: Vec<(&'a Vulnerability, Accepted<'a>)>,
    /// Waivers that would have counted.
    expired: Vec<&'a ImageWaiver>,
    attribution: Attribution,
    /// The secrets of its files that come in.
    secrets: Vec<JudgedSecret<'a>>,
    /// What else is to know of it.
    remarks: Vec<String>,
    /// Why it is not fully judged.
    unjudged: Vec<String>,
}

/// Judges `images` on `today` by what was decided where the change was judged.
pub fn decide<'a>(subject: &'a ImagesSubject, images: &'a [ScannedImage], today: Date) -> ImagesVerdict<'a> {
    let threshold = subject.fail_on.map(rating_of);
    let acceptances = Acceptances::new(subject, today);
    let judged: Vec<JudgedImage<'a>> = images.iter().map(|image| judge(image, threshold, &acceptances)).collect();
    let blocks = judged.iter().any(|image| !image.blocking.is_empty() || image.blocking_secrets() > 0);
    let is_unjudged = subject.left_out > 0 || judged.iter().any(|image| !image.unjudged.is_empty());
    let conclusion = match (blocks, is_unjudged) {
        (true, _) => Conclusion::Failure,
        (false, true) if subject.unscanned_blocks => Conclusion::Failure,
        (false, true) => Conclusion::Neutral,
        (false, false) => Conclusion::Success,
    };
    ImagesVerdict { conclusion, judged, threshold, left_out: subject.left_out, notes: several_versions(subject) }
}

/// Judges one image.
fn judge<'a>(image: &'a ScannedImage, threshold: Option<Rating>, acceptances: &Acceptances<'a>) -> JudgedImage<'a> {
    let mut unjudged = Vec::new();
    let after = match &image.after {
        Ok(report) => Some(&**report),
        Err(why) => {
            unjudged.push(format!("could not be scanned: {why}"));
            None
        }
    };
    let before = match &image.before {
        Some(Ok(report)) => Some(&**report),
        Some(Err(why)) => {
            unjudged.push(format!("the image that it replaces could not be scanned: {why}"));
            None
        }
        None => None,
    };
    let problems = after.into_iter().flat_map(|report| &report.problems).filter(|problem| problem.leaves_unjudged);
    unjudged.extend(problems.map(|problem| problem.message.clone()));
    let mut comparison = after.map(|after| Comparison::of(after, before)).unwrap_or_default();
    let (mut accepted, mut expired) = (Vec::new(), Vec::new());
    if let Some(after) = after {
        let known = acceptances.of(&image.subject, after);
        comparison.introduced.retain(|one| {
            let by = known.accepted(one);
            accepted.extend(by.map(|by| (*one, by)));
            if by.is_none() {
                expired.extend(known.expired(one));
            }
            by.is_none()
        });
    }
    expired.dedup();
    // Without the old image nobody knows what is new.
    let is_comparable = !matches!(image.before, Some(Err(_)));
    let blocking = threshold.filter(|_| is_comparable).map(|threshold| comparison.blocking(threshold).collect());
    let base = image.base.as_ref().map(|(_, report)| &**report);
    let attribution = after.map_or(Attribution::Unknown, |after| Attribution::of(after, base));
    let blocking = blocking.unwrap_or_default();
    let threshold = threshold.filter(|_| is_comparable);
    let secrets = after.map(|after| {
        let known = acceptances.of(&image.subject, after);
        secret::judge(image, after, before, &attribution, threshold, &known)
    });
    let secrets = secrets.unwrap_or_default();
    let remarks = after.map(|after| remarks::of(after, before, &attribution, acceptances.today())).unwrap_or_default();
    JudgedImage { image, comparison, blocking, accepted, expired, attribution, secrets, remarks, unjudged }
}

/// From which rating on a severity of the settings counts.
pub fn rating_of(severity: Severity) -> Rating {
    match severity {
        Severity::Critical => Rating::Critical,
        Severity::High => Rating::High,
        Severity::Medium => Rating::Medium,
        Severity::Low | Severity::Info => Rating::Low,
    }
}

/// A remark on each repository whose images the change brings in at several versions.
fn several_versions(subject: &ImagesSubject) -> Vec<String> {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for image in &subject.images {
        let Ok(reference) = ImageReference::parse(&image.after) else { continue };
        let version = reference.tag().or(reference.digest()).unwrap_or("latest").to_owned();
        let known = versions.entry(reference.repository()).or_default();
        if !known.contains(&version) {
            known.push(version);
        }
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions.into_iter().map(|(name, versions)| format!("{name} comes in as {}", versions.join(", "))).collect()
}

#[cfg(test)]
mod tests;

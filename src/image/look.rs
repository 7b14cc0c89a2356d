//! What a registry tells of an image beside its content: whether its name still holds, and whether there is a newer
//! one.
//!
//! Invariant: a registry that does not answer costs a remark, never a verdict; questions are bounded for each image.

use std::sync::Arc;

use super::newer::{Newer, is_line, newest};
use super::rating::Rating;
use super::remote::RemoteImage;
use super::report::{ImageReport, Vulnerability};
use super::scans::Scans;
use super::source::ImageSource;
use crate::registry::{Descriptor, Manifest};
use crate::scan::image_reference::ImageReference;

impl Scans {
    /// What is odd about how `image` is pinned.
    pub async fn name_notes(&self, image: &str, is_fork: bool) -> Vec<String> {
        let Ok(reference) = ImageReference::parse(image) else { return Vec::new() };
        let Some(digest) = reference.digest().and_then(|digest| digest.parse().ok()) else { return Vec::new() };
        let Some(tag) = reference.tag() else {
            return vec!["it is pinned without a tag, so nobody reads which version it is".to_owned()];
        };
        let registry = self.registry(is_fork);
        let Ok(named) = registry.resolve_tag(&reference).await else { return Vec::new() };
        if named == digest {
            return Vec::new();
        }
        let source = RemoteImage { client: registry, reference: reference.clone() };
        if let Ok(Manifest::Index(index)) = source.manifest(&named).await {
            let is_child = |entry: &Descriptor| entry.digest == digest;
            if let Some(entry) = index.manifests.iter().find(|entry| is_child(entry)) {
                let platform = entry.platform.as_ref().map_or_else(|| "one platform".to_owned(), ToString::to_string);
                return vec![format!(
                    "the digest is that of {platform} alone; the one for all platforms of {tag} is {named}"
                )];
            }
        }
        vec![format!("{tag} names another image by now: {named}")]
    }

    /// A newer image of the line of `image` that has fewer of the fixable vulnerabilities of `report` at or above
    /// `threshold`.
    pub async fn newer(
        &self,
        image: &str,
        platform: Option<&str>,
        is_fork: bool,
        report: &ImageReport,
        threshold: Rating,
    ) -> Option<Newer> {
        let now: Vec<&Vulnerability> =
            report.vulnerabilities.iter().filter(|one| one.is_fixable() && one.rating >= threshold).collect();
        if now.is_empty() {
            return None;
        }
        let candidate = self.candidate(&ImageReference::parse(image).ok()?, is_fork).await?;
        let scanned: Arc<ImageReport> = self.scan(&candidate, platform, is_fork).await.ok()?;
        if scanned.digest == report.digest || !scanned.is_judged() {
            return None;
        }
        let has =
            |one: &&&Vulnerability| scanned.vulnerabilities.iter().any(|other| other.identity() == one.identity());
        let (left, of) = (now.iter().filter(has).count(), now.len());
        (left < of).then_some(Newer { image: candidate, is_base: false, left, of })
    }

    /// The newest of the line, with its digest: another tag, or the same one when it moves with the line.
    async fn candidate(&self, reference: &ImageReference, is_fork: bool) -> Option<String> {
        let tag = reference.tag()?;
        let registry = self.registry(is_fork);
        let newest = if is_line(tag) {
            // Without a digest it is what was scanned.
            reference.digest().map(|_| tag.to_owned())?
        } else {
            let tags = registry.tags(reference).await.ok()?;
            newest(tag, &tags)?.to_owned()
        };
        let name = format!("{}:{newest}", reference.familiar_name());
        let digest = registry.resolve_tag(&ImageReference::parse(&name).ok()?).await.ok()?;
        Some(format!("{name}@{digest}"))
    }

    /// The image that `report` says it is built on, by its name, scanned.
    pub async fn base(
        &self,
        report: &ImageReport,
        platform: Option<&str>,
        is_fork: bool,
    ) -> Option<(String, Arc<ImageReport>)> {
        let base = report.base.as_ref().filter(|base| !base.name.is_empty())?;
        let reference = ImageReference::parse(&base.name).ok()?;
        let pinned = if base.digest.is_empty() || reference.digest().is_some() {
            base.name.clone()
        } else {
            format!("{}@{}", base.name, base.digest)
        };
        let scanned = self.scan(&pinned, platform, is_fork).await.ok()?;
        (scanned.digest != report.digest).then_some((pinned, scanned))
    }
}

//! One repository: what its default branch uses, scanned again.
//!
//! Invariant: the branch is read only when it, or what its organisation decides, has changed; images are scanned anew
//! each time.

use std::collections::HashMap;

use tracing::info;

use super::{Memory, Watch};
use crate::github::client::RepositoryClient;
use crate::github::event::Place;
use crate::github::identity::CommitSha;
use crate::image::check::{ScannedImage, decide, rating_of};
use crate::image::rating::Rating;
use crate::job::ImagesSubject;
use crate::pipeline::{Circumstances, Flags};
use crate::registry::Digest;
use crate::scan::image_reference::ImageReference;
use crate::scan::image_use::Digests;
use crate::settings::repository::SettingsFile;
use crate::source::Change;
use crate::source::pull_request::{PullRequestSource, Target};
use crate::worker::JobError;
use crate::worker::check_images::{rules, scan_one, subject_of};
use crate::worker::judge::judge;

/// Images of one repository that are scanned, each once however many files name it.
const MOST_IMAGES: usize = 300;

impl Watch {
    /// Looks at one repository, unless that was done just now.
    pub(super) async fn look(&self, at: &Place, branch: &str) -> Result<(), JobError> {
        let now = (self.clock)();
        let mut memory = self.remembered(&at.repository).await?;
        if now.since(memory.at) < self.interval / 2 {
            return Ok(());
        }
        let client = self.client.repository(at.installation, at.repository.clone());
        let Some(head) = client.branch(branch).await? else { return Ok(()) };
        let organisation = self.judge.organisation(&client).await?;
        let subject = self.subject(&client, &head, organisation, &mut memory).await?;
        let images = self.scan(&subject, at.repository.owner()).await;
        let standing = decide(&subject, &images, self.judge.today()).standing(branch);
        let (blocking, unjudged) = (standing.blocking, standing.unjudged);
        info!(repo = %at.repository, images = images.len(), blocking, unjudged, "looked at the images of a default branch");
        self.tell(&client, &standing, &mut memory).await?;
        memory.at = now;
        self.remember(&at.repository, &memory).await
    }

    /// What the branch uses and by what it is judged, as remembered or read anew.
    async fn subject(
        &self,
        client: &RepositoryClient,
        head: &CommitSha,
        organisation: SettingsFile,
        memory: &mut Memory,
    ) -> Result<ImagesSubject, JobError> {
        let text = serde_json::to_string(&organisation).unwrap_or_default();
        let by = Digest::of(text.as_bytes()).to_string();
        if let Some(known) = memory.images.as_ref().filter(|known| known.head == *head && memory.organisation == by) {
            return Ok(known.clone());
        }
        let subject = self.read(client, head, organisation).await?;
        (memory.images, memory.organisation) = (Some(subject.clone()), by);
        self.remember(client.name(), memory).await?;
        Ok(subject)
    }

    async fn read(
        &self,
        client: &RepositoryClient,
        head: &CommitSha,
        organisation: SettingsFile,
    ) -> Result<ImagesSubject, JobError> {
        let options = &self.judge.options;
        let target = Target { base: head.to_string(), head: head.clone(), pull_request: None, changed_files: None };
        let source = PullRequestSource::new(client.clone(), target, options.limits.clone(), options.fetch.clone());
        let standing = source.standing().await?;
        let circumstances = Circumstances {
            organisation,
            secret_key: options.secret_key.clone(),
            today: self.judge.today(),
            waivers: Vec::new(),
            flags: Flags::default(),
            edits: false,
            digests: Digests::default(),
            images: false,
        };
        let judgement = judge(Change { team: standing.team, ..Change::default() }, circumstances).await?;
        let ignored = &judgement.settings.ignore.value;
        let images = standing.images.iter().filter(|image| !ignored.matches(&image.path)).map(subject_of);
        let left_out = standing.left_out;
        Ok(ImagesSubject { images: images.collect(), left_out, ..rules(None, head.clone(), &judgement) })
    }

    /// Scans the images one after the other.
    async fn scan(&self, subject: &ImagesSubject, owner: &str) -> Vec<ScannedImage> {
        let threshold = subject.fail_on.map_or(Rating::High, rating_of);
        let mut known: HashMap<(&str, Option<&str>), ScannedImage> = HashMap::new();
        let mut images = Vec::with_capacity(subject.images.len());
        for image in &subject.images {
            let key = (image.after.as_str(), image.platform.as_deref());
            if !known.contains_key(&key) {
                let scanned = if known.len() < MOST_IMAGES {
                    let scanned = scan_one(&self.scans, image.clone(), false, threshold).await;
                    ScannedImage { is_own: is_own(&image.after, owner), ..scanned }
                } else {
                    left_out(image.clone())
                };
                known.insert(key, scanned);
            }
            let scanned = known.get(&key).cloned();
            images.extend(scanned.map(|scanned| ScannedImage { subject: image.clone(), ..scanned }));
        }
        images
    }
}

/// Whether the name of an image has the owner's name as one of its parts: `ghcr.io/OWNER/web`.
fn is_own(image: &str, owner: &str) -> bool {
    let reference = ImageReference::parse(image).ok();
    reference.is_some_and(|reference| reference.path().split('/').any(|part| part.eq_ignore_ascii_case(owner)))
}

fn left_out(subject: crate::job::ImageSubject) -> ScannedImage {
    let after = Err(format!("only {MOST_IMAGES} images of a repository are watched"));
    ScannedImage { subject, is_own: false, after, before: None, base: None, newer: None, notes: Vec::new() }
}

//! What a team decides about images beside how they are pinned: which vulnerabilities are accepted until when, where
//! statements about them lie, and which images a change builds.
//!
//! Invariant: as all settings, these come from the base, so a change accepts nothing for itself.

use serde::{Deserialize, Serialize};

use crate::scan::glob::PathGlobs;
use crate::settings::date::Date;
use crate::settings::{Origin, Setting};

/// The settings below `images` that speak of what is in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRules {
    /// `images.waivers`: accepted vulnerabilities; the organisation's and the repository's.
    pub waivers: Vec<(ImageWaiver, Origin)>,
    /// `images.vex`: files and folders with `OpenVEX` documents.
    pub vex: Setting<Vec<String>>,
    /// `images.built`: images that a change builds, with `{owner}`, `{repo}`, `{number}` and `{sha}`.
    pub built: Setting<Vec<BuiltImage>>,
    /// `images.built-minutes`: how long they are awaited.
    pub built_minutes: Setting<usize>,
    /// `images.uploads`: workflows whose uploaded results count, as patterns of `owner/repo/path@ref`; when empty,
    /// those of the repository as they stand on the branch that the change goes to, or on the default branch.
    pub uploads: Setting<PathGlobs>,
}

impl Default for ImageRules {
    fn default() -> Self {
        Self {
            waivers: Vec::new(),
            vex: Setting::default(),
            built: Setting::default(),
            built_minutes: Setting::built_in(60),
            uploads: Setting::default(),
        }
    }
}

/// An image that a change builds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltImage {
    /// Its reference.
    pub image: String,
    /// The image whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

/// An accepted vulnerability: with what it is in and where, until a day, with somebody who answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageWaiver {
    /// The CVE, or another of its ids.
    pub vulnerability: String,
    /// The package; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The files of the repository that name the image; all when empty.
    #[serde(default)]
    pub paths: PathGlobs,
    /// The files in the image that name the package, without a leading slash; all when empty.
    #[serde(default)]
    pub within: PathGlobs,
    /// The last day on which it holds.
    pub until: Date,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
}

/// What one file says below `images`; `None` where it is silent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ImagePatch {
    /// As [`ImageRules::waivers`].
    pub waivers: Vec<ImageWaiver>,
    /// As [`ImageRules::vex`].
    pub vex: Option<Vec<String>>,
    /// As [`ImageRules::built`].
    pub built: Option<Vec<BuiltImage>>,
    /// As [`ImageRules::built_minutes`].
    pub built_minutes: Option<usize>,
    /// As [`ImageRules::uploads`].
    pub uploads: Option<PathGlobs>,
}

impl ImageRules {
    /// Puts in force what a file says. Paths are those of one repository, so an organisation has none to give.
    pub fn apply(&mut self, patch: ImagePatch, origin: Origin) {
        self.waivers.extend(patch.waivers.into_iter().map(|waiver| (waiver, origin)));
        self.vex.set(patch.vex.filter(|_| origin == Origin::Repository), origin);
        self.built.set(patch.built, origin);
        self.built_minutes.set(patch.built_minutes, origin);
        self.uploads.set(patch.uploads, origin);
    }

    /// Every setting as key, value and origin.
    pub fn effective(&self) -> Vec<(String, String, Origin)> {
        let row = |key: &str, value: String, origin| (format!("images.{key}"), value, origin);
        let built: Vec<&str> = self.built.value.iter().map(|built| built.image.as_str()).collect();
        let waivers = self.waivers.iter().map(|(waiver, origin)| {
            let package = waiver.package.as_deref().unwrap_or("any package");
            let value = format!("{package} until {} ({})", waiver.until, waiver.owner);
            row(&format!("waivers.{}", waiver.vulnerability), value, *origin)
        });
        let own = [
            row("vex", self.vex.value.join(", "), self.vex.origin),
            row("built", built.join(", "), self.built.origin),
            row("built-minutes", self.built_minutes.value.to_string(), self.built_minutes.origin),
            row("uploads", self.uploads.value.patterns().join(", "), self.uploads.origin),
        ];
        own.into_iter().chain(waivers).collect()
    }
}

impl BuiltImage {
    /// The image with its placeholders filled in: `{owner}`, `{repo}`, `{number}`, `{sha}`. `None` when there is no
    /// number and it asks for one.
    #[must_use]
    pub fn fill(&self, owner: &str, repository: &str, number: Option<u64>, sha: &str) -> Option<Self> {
        let fill = |text: &str| {
            let number = number.map(|number| number.to_string());
            let text = text.replace("{owner}", &owner.to_ascii_lowercase());
            let text = text.replace("{repo}", &repository.to_ascii_lowercase()).replace("{sha}", sha);
            if text.contains("{number}") { Some(text.replace("{number}", &number?)) } else { Some(text) }
        };
        let replaces = self.replaces.as_deref().map_or(Some(None), |old| fill(old).map(Some))?;
        Some(Self { image: fill(&self.image)?, replaces })
    }
}

impl ImageWaiver {
    /// Whether the waiver no longer holds on `today`.
    pub fn is_expired(&self, today: Date) -> bool {
        today > self.until
    }
}

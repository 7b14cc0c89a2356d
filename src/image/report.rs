//! What is known of an image, and how two images differ.
//!
//! Invariant: a report that is not judged says why, and never counts as clean.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::contents::{ImageProblem, ImageSecret, Installed, SetIdFile};
use super::distribution::Distribution;
use super::package::PackageKind;
use super::rating::Rating;
use super::secrets::SecretKind;

/// A vulnerability of one package of an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vulnerability {
    /// The CVE when there is one, else the advisory.
    pub id: String,
    /// Its other ids.
    pub aliases: Vec<String>,
    /// Its severity.
    pub rating: Rating,
    /// One line; empty when nobody wrote one.
    pub summary: String,
    /// The package.
    #[serde(flatten)]
    pub installed: Installed,
    /// The version that mends it, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// Whether it is on the list of those that are exploited.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_known_exploited: bool,
    /// The probability that it is exploited within 30 days, from 0 to 1, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exploit_probability: Option<f64>,
}

/// What makes a vulnerability the same in two images: the flaw and the package, whatever its version and place.
pub type Identity<'a> = (PackageKind, &'a str, &'a str);

impl Vulnerability {
    /// The package's kind and name, and the flaw.
    pub fn identity(&self) -> Identity<'_> {
        (self.installed.package.kind, &self.installed.package.name, &self.id)
    }

    /// Whether a newer version of the package mends it.
    pub fn is_fixable(&self) -> bool {
        self.fixed.is_some()
    }
}

/// A remark on how the image is configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationRemark {
    /// Which: `runs-as-root`, `secret-in-environment`, `secret-in-history`.
    pub id: String,
    /// In words, without any secret.
    pub message: String,
    /// What kind of secret it is about, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretKind>,
}

/// What is known of an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageReport {
    /// The image as it was named.
    pub image: String,
    /// `os/architecture[/variant]`.
    pub platform: String,
    /// The digest of its manifest for the platform.
    pub digest: String,
    /// Who scanned it: `dockgate`, or the backend's name.
    pub scanner: String,
    /// The distribution, when the image says.
    pub distribution: Option<Distribution>,
    /// When it was built, as RFC 3339, when it says.
    pub created: Option<String>,
    /// The commit that it says it is built from, when it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The image that it says it is built on, when it says: name and digest.
    pub base: Option<BaseImage>,
    /// SHA-256 of each unpacked layer, the lowest first.
    pub diff_ids: Vec<String>,
    /// Its packages.
    pub packages: Vec<Installed>,
    /// What is wrong with them, worst first.
    pub vulnerabilities: Vec<Vulnerability>,
    /// How many vulnerabilities are left out because their distribution calls them unimportant.
    pub unimportant: usize,
    /// Remarks on its configuration.
    pub configuration: Vec<ConfigurationRemark>,
    /// Programs that run as their owner or group.
    pub set_id_files: Vec<SetIdFile>,
    /// Secrets in files of its layers, without their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<ImageSecret>,
    /// What could not be read, asked or judged.
    pub problems: Vec<ImageProblem>,
}

/// What an image says it is built on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseImage {
    /// Its reference; empty when only the digest is said.
    pub name: String,
    /// Its digest; empty when only the name is said.
    pub digest: String,
}

impl ImageReport {
    /// Whether everything that the image holds was read and looked up.
    pub fn is_judged(&self) -> bool {
        !self.problems.iter().any(|problem| problem.leaves_unjudged)
    }

    /// How many vulnerabilities have this severity, and how many of them are fixable.
    pub fn count(&self, rating: Rating) -> (usize, usize) {
        let of_rating = || self.vulnerabilities.iter().filter(|one| one.rating == rating);
        (of_rating().count(), of_rating().filter(|one| one.is_fixable()).count())
    }
}

/// How a new image differs from the one that it replaces.
#[derive(Clone, Debug, Default)]
pub struct Comparison<'a> {
    /// Vulnerabilities that only the new image has.
    pub introduced: Vec<&'a Vulnerability>,
    /// Vulnerabilities of the new image that the old one has too.
    pub same: Vec<&'a Vulnerability>,
    /// Vulnerabilities that only the old image has.
    pub fixed: Vec<&'a Vulnerability>,
}

impl<'a> Comparison<'a> {
    /// Compares `new` with `old`; without an old image everything is introduced.
    pub fn of(new: &'a ImageReport, old: Option<&'a ImageReport>) -> Self {
        let old = old.map(|old| old.vulnerabilities.as_slice()).unwrap_or_default();
        let known: BTreeSet<Identity<'_>> = old.iter().map(Vulnerability::identity).collect();
        let now: BTreeSet<Identity<'_>> = new.vulnerabilities.iter().map(Vulnerability::identity).collect();
        let (same, introduced) = new.vulnerabilities.iter().partition(|one| known.contains(&one.identity()));
        Self { introduced, same, fixed: old.iter().filter(|one| !now.contains(&one.identity())).collect() }
    }

    /// What blocks a merge: introduced, fixable, and of severity `threshold` or above. Unknown severity never blocks.
    pub fn blocking(&self, threshold: Rating) -> impl Iterator<Item = &'a Vulnerability> + '_ {
        self.introduced.iter().copied().filter(move |one| one.is_fixable() && one.rating >= threshold.max(Rating::Low))
    }
}

/// Which part of an image a package is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The image that it is built on.
    Base,
    /// What was added to it.
    Own,
    /// It isn't known which image it is built on.
    Unattributed,
}

/// Where an image's base ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribution {
    /// The first layers are the base's own.
    Layers(usize),
    /// The base's layers were packed anew; these packages are its.
    Packages(BTreeSet<(PackageKind, String, String)>),
    /// Unknown.
    Unknown,
}

impl Attribution {
    /// Tells `image` from `base`, the image that its annotation or the Dockerfile's last `FROM` names: by layers when it
    /// begins with the base's, else by packages.
    pub fn of(image: &ImageReport, base: Option<&ImageReport>) -> Self {
        let Some(base) = base else { return Self::Unknown };
        if !base.diff_ids.is_empty() && image.diff_ids.starts_with(&base.diff_ids) {
            return Self::Layers(base.diff_ids.len());
        }
        let key = |one: &Installed| (one.package.kind, one.package.name.clone(), one.package.version.clone());
        if base.packages.is_empty() { Self::Unknown } else { Self::Packages(base.packages.iter().map(key).collect()) }
    }

    /// The part that a file of a layer is of.
    pub fn part_of_layer(&self, layer: usize) -> Part {
        match self {
            Self::Layers(count) if layer < *count => Part::Base,
            Self::Layers(_) => Part::Own,
            Self::Packages(_) | Self::Unknown => Part::Unattributed,
        }
    }

    /// The part that `installed` is of.
    pub fn part(&self, installed: &Installed) -> Part {
        let package = &installed.package;
        let is_base = match self {
            Self::Layers(count) => installed.layer < *count,
            Self::Packages(packages) => {
                packages.contains(&(package.kind, package.name.clone(), package.version.clone()))
            }
            Self::Unknown => return Part::Unattributed,
        };
        if is_base { Part::Base } else { Part::Own }
    }
}

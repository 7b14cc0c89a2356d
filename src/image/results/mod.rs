//! What other scanners found, read out of their documents: Trivy's JSON, `CycloneDX`, SARIF, Harbor's reports.
//!
//! Invariant: a document is bounded in bytes and entries, and what it leaves open (no list of packages, no field for
//! what mends a flaw) is said; a document of none of these forms is an error, never an empty list.

mod cyclonedx;
pub mod harbor;
mod sarif;
pub mod trivy;

use serde_json::Value;

use super::contents::{ImageProblem, Installed};
use super::distribution::Distribution;
use super::osv::MAX_SUMMARY;
use super::package::{Package, PackageKind};
use super::package_url::PackageUrl;
use super::rating::Rating;
use super::report::{ImageReport, Vulnerability};

/// The largest document, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// Vulnerabilities, and packages, of one document.
const MAX_ENTRIES: usize = 20_000;
/// The longest other text that is kept, in characters.
const MAX_TEXT: usize = 200;

/// What one document says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// Who made it.
    pub scanner: String,
    /// The image, as far as it says.
    pub image: String,
    /// The digests that it says the image has.
    pub digests: Vec<String>,
    /// The distribution, when it says.
    pub distribution: Option<Distribution>,
    /// When the image was built, as RFC 3339, when it says.
    pub created: Option<String>,
    /// SHA-256 of each unpacked layer, when it says.
    pub diff_ids: Vec<String>,
    /// The packages that it lists.
    pub packages: Vec<Installed>,
    /// The vulnerabilities.
    pub vulnerabilities: Vec<Vulnerability>,
    /// What it leaves open.
    pub problems: Vec<ImageProblem>,
}

impl Results {
    /// Reads a document of any of the forms.
    ///
    /// # Errors
    /// It has none of them, in words.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MAX_BYTES {
            return Err(format!("the document has more than {MAX_BYTES} bytes"));
        }
        let document: Value = serde_json::from_slice(bytes)
            .map_err(|error| format!("no JSON: line {}, column {}", error.line(), error.column()))?;
        if document["bomFormat"] == "CycloneDX" {
            return Ok(cyclonedx::read(&document));
        }
        if document["runs"].is_array() {
            return Ok(sarif::read(&document));
        }
        if document["SchemaVersion"].is_number() && document.get("ArtifactName").is_some() {
            return Ok(trivy::read(&document));
        }
        Err("neither Trivy's JSON, nor CycloneDX, nor SARIF".to_owned())
    }

    /// A report on `image`, whose manifest for `platform` is `digest`.
    pub fn report(self, image: &str, platform: &str, digest: &str) -> ImageReport {
        let mut vulnerabilities = self.vulnerabilities;
        vulnerabilities.sort_by(|one, other| {
            let rank = |one: &Vulnerability| std::cmp::Reverse((one.is_known_exploited, one.rating, one.is_fixable()));
            rank(one).cmp(&rank(other)).then_with(|| one.identity().cmp(&other.identity()))
        });
        ImageReport {
            image: image.to_owned(),
            platform: platform.to_owned(),
            digest: digest.to_owned(),
            scanner: self.scanner,
            distribution: self.distribution,
            created: self.created,
            revision: None,
            base: None,
            diff_ids: self.diff_ids,
            packages: self.packages,
            vulnerabilities,
            unimportant: 0,
            configuration: Vec::new(),
            set_id_files: Vec::new(),
            secrets: Vec::new(),
            problems: self.problems,
        }
    }

    /// Adds a vulnerability; one too many, or one without a package, is a problem.
    fn add(&mut self, found: &Found<'_>) {
        if self.vulnerabilities.len() >= MAX_ENTRIES {
            self.note_once(&format!("it lists more than {MAX_ENTRIES} vulnerabilities"));
            return;
        }
        let Some(package) = Package::new(found.kind, found.package, found.version) else {
            self.note_once("it names vulnerabilities without a package or a version");
            return;
        };
        if found.id.is_empty() {
            self.note_once("it names vulnerabilities without an id");
            return;
        }
        let fixed = short(found.fixed);
        self.vulnerabilities.push(Vulnerability {
            id: short(found.id),
            aliases: Vec::new(),
            rating: found.rating,
            summary: line(found.summary, MAX_SUMMARY),
            installed: Installed { package, path: line(found.path, 1_000), layer: found.layer },
            fixed: Some(fixed).filter(|fixed| !fixed.is_empty()),
            is_known_exploited: false,
            exploit_probability: None,
        });
    }

    /// Adds a package.
    fn add_package(&mut self, package: Option<Package>, path: &str, layer: usize) {
        if self.packages.len() >= MAX_ENTRIES {
            self.note_once(&format!("it lists more than {MAX_ENTRIES} packages"));
            return;
        }
        let installed = package.map(|package| Installed { package, path: line(path, 1_000), layer });
        self.packages.extend(installed);
    }

    fn note_once(&mut self, message: &str) {
        if !self.problems.iter().any(|problem| problem.message == message) {
            self.problems.push(ImageProblem::unjudged(message));
        }
    }
}

/// A vulnerability as a document has it.
struct Found<'a> {
    id: &'a str,
    kind: PackageKind,
    package: &'a str,
    version: &'a str,
    fixed: &'a str,
    rating: Rating,
    summary: &'a str,
    path: &'a str,
    layer: usize,
}

/// Kind, name and version of the package that a package URL means.
fn of_package_url(url: &str) -> Option<(PackageKind, String, String)> {
    let url = PackageUrl::parse(url)?;
    let kind = PackageKind::of_package_url(url.kind());
    Some((kind, url.package_name(kind), url.version().unwrap_or_default().to_owned()))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn items<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn short(text: &str) -> String {
    line(text, MAX_TEXT)
}

/// The first characters, without control characters.
fn line(text: &str, max: usize) -> String {
    text.trim().chars().filter(|letter| !letter.is_control()).take(max).collect()
}

#[cfg(test)]
mod tests;

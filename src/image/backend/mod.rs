//! Other scanners behind the interface of ours.
//!
//! They are given what we read and checked ourselves, so that no credential and no name that a change chose leads them
//! anywhere; only a scanner that pulls for itself (Harbor's interface) gets a name, with the digest that we resolved.
//!
//! Invariant: a backend that fails, or that found nothing to look at, is never a clean report.

pub mod harbor;
mod layout_copy;
pub mod trivy;

use super::ImageError;
use super::config::ImageConfig;
use super::contents::{Contents, ImageProblem};
use super::read::ReadImage;
use super::report::ImageReport;
use super::results::Results;
use super::scanner::{ScanRequest, report};
use super::source::{FoundImage, find_image};

/// The longest of what a backend says about its failure, in characters.
const MAX_SAID: usize = 300;

/// An image's documents, which backends need and reports show.
struct Documents {
    found: FoundImage,
    config_bytes: Vec<u8>,
    config: ImageConfig,
}

impl Documents {
    async fn read(request: &ScanRequest<'_>) -> Result<Self, ImageError> {
        let found = find_image(request.source, request.digest, request.platform).await?;
        let config_bytes = request.source.config(&found.manifest.config).await?;
        let config = ImageConfig::parse(&config_bytes).map_err(|why| ImageError::Config { why })?;
        Ok(Self { found, config_bytes, config })
    }

    /// The report that `results` make with what the documents say.
    fn report(self, image: &str, scanner: &str, results: Results, lists_packages: bool) -> ImageReport {
        let annotations = self.config.labels.clone().into_iter().chain(self.found.manifest.annotations).collect();
        let digest = self.found.digest.to_string();
        let contents = Contents::default();
        let read = ReadImage { digest: self.found.digest, config: self.config, annotations, contents };
        let own = report(image, scanner, read);
        let mut problems = results.problems.clone();
        if lists_packages && results.packages.is_empty() {
            problems.push(ImageProblem::unjudged(format!("{scanner} lists no package of this image")));
        }
        let theirs = results.report(image, &own.platform, &digest);
        let (packages, vulnerabilities) = (theirs.packages, theirs.vulnerabilities);
        ImageReport { distribution: theirs.distribution, packages, vulnerabilities, problems, ..own }
    }
}

fn failed(name: &'static str, why: impl Into<String>) -> ImageError {
    let said: String = why.into().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    ImageError::Backend { name, why: said.chars().take(MAX_SAID).collect() }
}

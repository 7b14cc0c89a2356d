//! Who scans: the interface of every scanner, and the embedded one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;

use super::ImageError;
use super::contents::{ImageProblem, Installed};
use super::osv::AdvisorySource;
use super::osv::ecosystem::{self, Query};
use super::osv::merge::merge;
use super::osv::order::Exploits;
use super::read::{LayerCache, ReadImage, read_image};
use super::report::{BaseImage, ConfigurationRemark, ImageReport};
use super::secrets;
use super::source::ImageSource;
use crate::registry::{Digest, Platform};

const BASE_NAME: &str = "org.opencontainers.image.base.name";
const REVISION: &str = "org.opencontainers.image.revision";
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// What to scan.
pub struct ScanRequest<'a> {
    /// The image as it is named, for the report.
    pub image: &'a str,
    /// Where its documents and layers are.
    pub source: &'a dyn ImageSource,
    /// What its name stands for.
    pub digest: &'a Digest,
    /// Which of its platforms.
    pub platform: &'a Platform,
}

/// Scans images.
#[async_trait]
pub trait ImageScanner: Send + Sync {
    /// The scanner's name, as reports have it.
    fn name(&self) -> &'static str;

    /// Scans an image.
    ///
    /// # Errors
    /// [`ImageError`] when nothing is known of the image. That is never the same as clean.
    async fn scan(&self, request: ScanRequest<'_>) -> Result<ImageReport, ImageError>;
}

/// The embedded scanner: reads the layers, asks OSV.
#[derive(Clone)]
pub struct EmbeddedScanner {
    /// Where advisories come from; none lists packages and asks nothing.
    pub advisories: Arc<dyn AdvisorySource>,
    /// Facts of layers that were read before.
    pub layers: Arc<dyn LayerCache>,
    /// What is known of exploits.
    pub exploits: Arc<Exploits>,
}

#[async_trait]
impl ImageScanner for EmbeddedScanner {
    fn name(&self) -> &'static str {
        "dockgate"
    }

    async fn scan(&self, request: ScanRequest<'_>) -> Result<ImageReport, ImageError> {
        let read = read_image(request.source, request.digest, request.platform, self.layers.as_ref()).await?;
        let mut report = report(request.image, self.name(), read);
        report.problems.extend(other_platform(request.platform, &report.platform));
        self.look_up(&mut report).await;
        Ok(report)
    }
}

impl EmbeddedScanner {
    /// Fills in the vulnerabilities of the report's packages.
    async fn look_up(&self, report: &mut ImageReport) {
        let (queries, asked, refused) = questions(report);
        for (why, packages) in refused {
            report.problems.push(ImageProblem::unjudged(format!("{why} ({packages} packages)")));
        }
        if queries.is_empty() {
            return;
        }
        let mut answers = self.advisories.ask(&queries).await;
        report.problems.append(&mut answers.problems);
        let merged = merge(&report.packages, &queries, &asked, &answers);
        (report.vulnerabilities, report.unimportant) = (merged.vulnerabilities, merged.unimportant);
        self.exploits.order(&mut report.vulnerabilities);
    }
}

/// Says that an image without a choice of platforms is for another one than was asked for.
fn other_platform(asked: &Platform, found: &str) -> Option<ImageProblem> {
    let family = |platform: &Platform| (platform.os.clone(), platform.architecture.clone());
    let is_other = found.parse::<Platform>().is_ok_and(|found| family(&found) != family(asked));
    is_other.then(|| ImageProblem::note(format!("it is for {found} alone, not for {asked}")))
}

/// Each question once; for each package the numbers of its questions; and why there are none, with how many packages.
fn questions(report: &ImageReport) -> (Vec<Query>, Vec<Vec<usize>>, BTreeMap<String, usize>) {
    let mut numbers: BTreeMap<Query, usize> = BTreeMap::new();
    let mut refused = BTreeMap::new();
    let mut asked = Vec::with_capacity(report.packages.len());
    for Installed { package, .. } in &report.packages {
        let mut own = BTreeSet::new();
        match ecosystem::queries(package, report.distribution.as_ref()) {
            Ok(queries) => own.extend(queries.into_iter().map(|query| {
                let next = numbers.len();
                *numbers.entry(query).or_insert(next)
            })),
            Err(why) => *refused.entry(why).or_default() += 1,
        }
        asked.push(own.into_iter().collect());
    }
    let mut queries: Vec<(Query, usize)> = numbers.into_iter().collect();
    queries.sort_unstable_by_key(|(_, number)| *number);
    (queries.into_iter().map(|(query, _)| query).collect(), asked, refused)
}

/// What is known of an image that was read, before anything is looked up.
pub(super) fn report(image: &str, scanner: &str, read: ReadImage) -> ImageReport {
    let ReadImage { digest, config, annotations, contents } = read;
    let note = |name: &str| annotations.get(name).cloned().unwrap_or_default();
    let base = BaseImage { name: note(BASE_NAME), digest: note(BASE_DIGEST) };
    let mut configuration = Vec::new();
    if config.runs_as_root() {
        let message = "the image runs as root unless its runtime says otherwise".to_owned();
        configuration.push(ConfigurationRemark { id: "runs-as-root".to_owned(), message, secret: None });
    }
    configuration.extend(secrets::remarks(&config));
    ImageReport {
        image: image.to_owned(),
        platform: config.platform,
        digest: digest.to_string(),
        scanner: scanner.to_owned(),
        distribution: contents.distribution,
        created: config.created,
        revision: Some(note(REVISION)).filter(|revision| !revision.is_empty()),
        base: Some(base).filter(|base| !base.name.is_empty() || !base.digest.is_empty()),
        diff_ids: config.diff_ids,
        packages: contents.packages,
        vulnerabilities: Vec::new(),
        unimportant: 0,
        configuration,
        set_id_files: contents.set_id_files,
        secrets: contents.secrets,
        problems: contents.problems,
    }
}

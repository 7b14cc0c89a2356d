//! Scans for everybody who asks: each image once, a few at a time, within a deadline.
//!
//! Invariant: one digest and platform is scanned once at a time however many ask, in however many processes share a
//! store, and what is remembered of it is told to a fork only when anybody may read the image.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};

use super::check::Scanned;
use super::kept::{KeptImages, REPORT_LIFETIME, Turn};
use super::remote::RemoteImage;
use super::report::ImageReport;
use super::scanner::{ImageScanner, ScanRequest};
use super::source::find_image;
use crate::registry::{Digest, Platform, RegistryClient};
use crate::report::words::describe;
use crate::scan::image_reference::ImageReference;
use crate::store::UnixMillis;

/// Reports that are remembered.
const MAX_REPORTS: usize = 500;
/// Images that are scanned at a time.
const AT_ONCE: usize = 2;

type Slot = Arc<Mutex<Option<(UnixMillis, Arc<ImageReport>)>>>;

/// Scans images of registries. Cheap to clone.
#[derive(Clone)]
pub struct Scans {
    registry: RegistryClient,
    scanner: Arc<dyn ImageScanner>,
    kept: Arc<KeptImages>,
    /// The platform of a reference that names none.
    platform: Platform,
    /// How long one image may take.
    deadline: Duration,
    /// How old a report may be.
    age: Duration,
    turns: Arc<Semaphore>,
    known: Arc<Mutex<HashMap<String, Slot>>>,
}

impl Scans {
    /// Scans by `scanner` what `registry` reads, and remembers it in `kept`.
    pub fn new(
        registry: RegistryClient,
        scanner: Arc<dyn ImageScanner>,
        kept: Arc<KeptImages>,
        platform: Platform,
        deadline: Duration,
    ) -> Self {
        let (turns, known) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::default());
        Self { registry, scanner, kept, platform, deadline, age: REPORT_LIFETIME, turns, known }
    }

    /// The same scans, whose reports are not older than `age`.
    #[must_use]
    pub fn no_older_than(&self, age: Duration) -> Self {
        Self { age: age.min(REPORT_LIFETIME), ..self.clone() }
    }

    /// The client that reads the images; one that uses no credential for a fork.
    pub fn registry(&self, is_fork: bool) -> RegistryClient {
        if is_fork { self.registry.for_forks() } else { self.registry.clone() }
    }

    /// Scans `image` for `platform` (`os/architecture[/variant]`). No credential is used for a fork.
    ///
    /// # Errors
    /// Why nothing is known of the image, in words.
    pub async fn scan(&self, image: &str, platform: Option<&str>, is_fork: bool) -> Scanned {
        let limit = self.deadline;
        let scan = self.scan_now(image, platform, is_fork);
        tokio::time::timeout(limit, scan)
            .await
            .unwrap_or_else(|_| Err(format!("it took longer than {} s", limit.as_secs())))
    }

    async fn scan_now(&self, image: &str, platform: Option<&str>, is_fork: bool) -> Scanned {
        let told = |error: &(dyn std::error::Error + 'static)| describe(error);
        let reference = ImageReference::parse(image).map_err(|error| told(&error))?;
        let platform = match platform {
            Some(platform) => platform.parse().map_err(|error| told(&error))?,
            None => self.platform.clone(),
        };
        let registry = self.registry(is_fork);
        let digest = registry.resolve(&reference).await.map_err(|error| told(&error))?;
        let source = RemoteImage { client: registry, reference };
        // Whoever asks must be able to read the image, even when its report is known.
        let own = find_image(&source, &digest, &platform).await.map_err(|error| told(&error))?.digest;
        let key = format!("{}/{own}/{platform}", self.scanner.name());
        let slot = self.slot(&key).await;
        let mut known = slot.lock().await;
        let now = self.kept.now();
        if let Some((_, report)) = known.as_ref().filter(|(at, _)| now.since(*at) < self.age) {
            return Ok(named(report, image));
        }
        let (at, report) = match self.kept.turn(&key, self.age).await {
            Turn::Made(at, report) => (at, Arc::from(report)),
            Turn::Ours => {
                let request = ScanRequest { image, source: &source, digest: &own, platform: &platform };
                (now, self.kept.in_turn(&key, self.make(&key, request)).await?)
            }
        };
        *known = Some((at, Arc::clone(&report)));
        Ok(named(&report, image))
    }

    async fn make(&self, key: &str, request: ScanRequest<'_>) -> Scanned {
        let _turn = self.turns.acquire().await.map_err(|error| describe(&error))?;
        let report = self.scanner.scan(request).await.map_err(|error| describe(&error))?;
        // What could not be judged may be judged the next time.
        if report.is_judged() {
            self.kept.keep_report(key, &report).await;
        }
        Ok(Arc::new(report))
    }

    /// Where the report of an image is remembered; its lock is held while the image is scanned.
    async fn slot(&self, key: &str) -> Slot {
        let mut known = self.known.lock().await;
        if known.len() >= MAX_REPORTS {
            // What nobody is waiting for.
            known.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(known.entry(key.to_owned()).or_default())
    }

    /// The digest that `reference` names.
    pub async fn resolve(&self, reference: &ImageReference, is_fork: bool) -> Option<Digest> {
        self.registry(is_fork).resolve(reference).await.ok()
    }
}

/// The report under the name that is asked for: another may have asked for the same image by another name.
fn named(report: &Arc<ImageReport>, image: &str) -> Arc<ImageReport> {
    if report.image == image {
        return Arc::clone(report);
    }
    Arc::new(ImageReport { image: image.to_owned(), ..(**report).clone() })
}

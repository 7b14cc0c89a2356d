//! Scans for everybody who asks: each image once, a few at a time, within a deadline.
//!
//! Invariant: one digest and platform is scanned once at a time however many ask, and what is remembered of it is told
//! to a fork only when anybody may read the image.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Semaphore};

use super::check::Scanned;
use super::remote::RemoteImage;
use super::report::ImageReport;
use super::scanner::{ImageScanner, ScanRequest};
use crate::registry::{Digest, Platform, RegistryClient};
use crate::report::words::describe;
use crate::scan::image_reference::ImageReference;

/// How long a report is remembered: advisories change.
const MEMORY: Duration = Duration::from_hours(1);
/// Reports that are remembered.
const MAX_REPORTS: usize = 500;
/// Images that are scanned at a time.
const AT_ONCE: usize = 2;

type Key = (String, String);
type Slot = Arc<Mutex<Option<(Instant, Arc<ImageReport>)>>>;

/// Scans images of registries. Cheap to clone.
#[derive(Clone)]
pub struct Scans {
    registry: RegistryClient,
    scanner: Arc<dyn ImageScanner>,
    /// The platform of a reference that names none.
    platform: Platform,
    /// How long one image may take.
    deadline: Duration,
    turns: Arc<Semaphore>,
    known: Arc<Mutex<HashMap<Key, Slot>>>,
}

impl Scans {
    /// Scans by `scanner` what `registry` reads.
    pub fn new(
        registry: RegistryClient,
        scanner: Arc<dyn ImageScanner>,
        platform: Platform,
        deadline: Duration,
    ) -> Self {
        let (turns, known) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::default());
        Self { registry, scanner, platform, deadline, turns, known }
    }

    /// The client that reads the images.
    pub fn registry(&self) -> &RegistryClient {
        &self.registry
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
        let registry = if is_fork { self.registry.for_forks() } else { self.registry.clone() };
        let digest = registry.resolve(&reference).await.map_err(|error| told(&error))?;
        // Whoever asks must be able to read the image, even when its report is known.
        let (own, _) = registry.image(&reference, &digest, &platform).await.map_err(|error| told(&error))?;
        let slot = self.slot(&own, &platform).await;
        let mut known = slot.lock().await;
        if let Some((_, report)) = known.as_ref().filter(|(when, _)| when.elapsed() < MEMORY) {
            return Ok(Arc::clone(report));
        }
        let _turn = self.turns.acquire().await.map_err(|error| told(&error))?;
        let source = RemoteImage { client: registry, reference };
        let request = ScanRequest { image, source: &source, digest: &own, platform: &platform };
        let report = Arc::new(self.scanner.scan(request).await.map_err(|error| told(&error))?);
        *known = Some((Instant::now(), Arc::clone(&report)));
        Ok(report)
    }

    /// Where the report of an image is kept; its lock is held while the image is scanned.
    async fn slot(&self, digest: &Digest, platform: &Platform) -> Slot {
        let mut known = self.known.lock().await;
        if known.len() >= MAX_REPORTS {
            // What nobody is waiting for.
            known.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(known.entry((digest.to_string(), platform.to_string())).or_default())
    }
}

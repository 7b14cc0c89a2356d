//! What is known of images, kept in the store: shared by replicas, and there after a restart.
//!
//! Invariant: what the store gives back is checked as if it came from a registry where it can be (manifests by their
//! digest), and a store that fails costs time only.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::layer::{FACTS_VERSION, LayerFacts};
use super::osv::api::{AdvisoryCache, MemoryCache};
use super::read::{LayerCache, MemoryLayers};
use super::report::ImageReport;
use crate::github::app::Clock;
use crate::registry::{Digest, ManifestCache, MemoryManifests};
use crate::report::words::describe;
use crate::store::{Shelf, Store, StoreError, UnixMillis};

/// How long a report counts: advisories change.
pub const REPORT_LIFETIME: Duration = Duration::from_hours(1);
/// How long what never changes is kept.
const LIFETIME: Duration = Duration::from_hours(30 * 24);
/// The most that is kept under one name, in bytes.
const MAX_BYTES: usize = 4 << 20;
/// How long a claim holds that is not renewed.
const CLAIM: Duration = Duration::from_mins(1);
/// How often a claim is renewed, and how often one is asked for.
const RENEW: Duration = Duration::from_secs(15);
const ASK: Duration = Duration::from_millis(300);

/// The form of [`ImageReport`] in the store; reports of another are not read.
const REPORT_VERSION: u32 = 4;

/// Keeps manifests, facts of layers, advisories and reports; the newest of them in memory too.
pub struct KeptImages {
    store: Arc<dyn Store>,
    clock: Clock,
    manifests: MemoryManifests,
    layers: MemoryLayers,
    advisories: MemoryCache,
}

/// A report as it is kept.
#[derive(Serialize, Deserialize)]
struct KeptReport {
    at: i64,
    report: ImageReport,
}

/// What became of asking for a turn.
pub enum Turn {
    /// Somebody else made the report meanwhile.
    Made(UnixMillis, Box<ImageReport>),
    /// It is ours to make.
    Ours,
}

impl KeptImages {
    /// Keeps in `store`, by the time of `clock`.
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        let (manifests, layers, advisories) = Default::default();
        Self { store, clock, manifests, layers, advisories }
    }

    /// The time.
    pub fn now(&self) -> UnixMillis {
        UnixMillis::from((self.clock)())
    }

    /// The report that is kept under `key`, and when it was made.
    pub async fn report(&self, key: &str) -> Option<(UnixMillis, ImageReport)> {
        let kept: KeptReport = serde_json::from_str(&self.get(&report_name(key)).await?).ok()?;
        Some((UnixMillis(kept.at), kept.report))
    }

    /// Keeps a report that is made now.
    pub async fn keep_report(&self, key: &str, report: &ImageReport) {
        let kept = KeptReport { at: self.now().0, report: report.clone() };
        if let Ok(body) = serde_json::to_string(&kept) {
            self.put(&report_name(key), &body, REPORT_LIFETIME).await;
        }
    }

    /// Waits until a report under `key` that is younger than `age` is there, or ours to make.
    pub async fn turn(&self, key: &str, age: Duration) -> Turn {
        loop {
            let known = self.report(key).await.filter(|(at, _)| self.now().since(*at) < age);
            if let Some((at, report)) = known {
                return Turn::Made(at, Box::new(report));
            }
            let now = self.now();
            match self.store.claim(Shelf::Claim, &claim_name(key), "", now, Some(now.plus(CLAIM))).await {
                Ok(true) => return Turn::Ours,
                Ok(false) => tokio::time::sleep(ASK).await,
                Err(error) => {
                    told(&error);
                    return Turn::Ours;
                }
            }
        }
    }

    /// Does `work` with the turn held, then gives it back.
    pub async fn in_turn<T>(&self, key: &str, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        let name = claim_name(key);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                () = tokio::time::sleep(RENEW) => {
                    let until = Some(self.now().plus(CLAIM));
                    self.store.keep(Shelf::Claim, &name, "", until).await.unwrap_or_else(|error| told(&error));
                }
            }
        };
        self.store.forget(Shelf::Claim, &name).await.unwrap_or_else(|error| told(&error));
        done
    }

    async fn get(&self, name: &str) -> Option<String> {
        self.store.kept(Shelf::Image, name, self.now()).await.unwrap_or_else(|error| {
            told(&error);
            None
        })
    }

    async fn put(&self, name: &str, body: &str, lifetime: Duration) {
        if body.len() > MAX_BYTES {
            return;
        }
        let until = Some(self.now().plus(lifetime));
        self.store.keep(Shelf::Image, name, body, until).await.unwrap_or_else(|error| told(&error));
    }
}

#[async_trait]
impl ManifestCache for KeptImages {
    async fn load(&self, key: &str, digest: &Digest) -> Option<Bytes> {
        if let Some(manifest) = self.manifests.load(key, digest).await {
            return Some(manifest);
        }
        let manifest = Bytes::from(self.get(&manifest_name(key, digest)).await?);
        if !digest.names(&manifest) {
            return None;
        }
        self.manifests.save(key, digest, manifest.clone()).await;
        Some(manifest)
    }

    async fn save(&self, key: &str, digest: &Digest, manifest: Bytes) {
        if let Ok(text) = std::str::from_utf8(&manifest) {
            self.put(&manifest_name(key, digest), text, LIFETIME).await;
        }
        self.manifests.save(key, digest, manifest).await;
    }
}

#[async_trait]
impl LayerCache for KeptImages {
    async fn get(&self, diff_id: &str) -> Option<LayerFacts> {
        if let Some(facts) = self.layers.get(diff_id).await {
            return Some(facts);
        }
        let text = KeptImages::get(self, &layer_name(diff_id)).await?;
        let facts = serde_json::from_str(&text).ok().filter(|facts: &LayerFacts| facts.diff_id == diff_id)?;
        self.layers.put(&facts).await;
        Some(facts)
    }

    async fn put(&self, facts: &LayerFacts) {
        if let Ok(body) = serde_json::to_string(facts) {
            KeptImages::put(self, &layer_name(&facts.diff_id), &body, LIFETIME).await;
        }
        self.layers.put(facts).await;
    }
}

#[async_trait]
impl AdvisoryCache for KeptImages {
    async fn get(&self, id: &str, modified: &str) -> Option<String> {
        if let Some(text) = self.advisories.get(id, modified).await {
            return Some(text);
        }
        let text = KeptImages::get(self, &advisory_name(id, modified)).await?;
        self.advisories.put(id, modified, &text).await;
        Some(text)
    }

    async fn put(&self, id: &str, modified: &str, text: &str) {
        KeptImages::put(self, &advisory_name(id, modified), text, LIFETIME).await;
        self.advisories.put(id, modified, text).await;
    }
}

fn report_name(key: &str) -> String {
    format!("report/{REPORT_VERSION}/{key}")
}

fn claim_name(key: &str) -> String {
    format!("scan/{key}")
}

/// Who may read is part of the key and stays out of the name.
fn manifest_name(key: &str, digest: &Digest) -> String {
    format!("manifest/{}/{digest}", Digest::of(key.as_bytes()))
}

fn layer_name(diff_id: &str) -> String {
    format!("layer/{FACTS_VERSION}/{diff_id}")
}

fn advisory_name(id: &str, modified: &str) -> String {
    format!("advisory/{id}/{modified}")
}

fn told(error: &StoreError) {
    warn!(error = describe(error), "what is known of images could not be kept or read");
}

#[cfg(test)]
mod tests;

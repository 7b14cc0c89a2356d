//! From an image's digest to what it holds: its configuration, and every layer in one pass.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;

use super::ImageError;
use super::config::ImageConfig;
use super::contents::{Contents, ImageProblem, Stack};
use super::layer::{LayerError, LayerFacts, LayerLimits, read_layer};
use super::source::{FoundImage, ImageSource, find_image};
use crate::registry::{Descriptor, Digest, Platform};

/// Facts of layers, kept by diff id and shared by all images. Facts of another
/// [`FACTS_VERSION`](super::layer::FACTS_VERSION) must not be handed out.
///
/// An image whose configuration names a diff id that its layer doesn't have is judged by the diff id: no runtime
/// unpacks such an image.
#[async_trait]
pub trait LayerCache: Send + Sync {
    /// The facts of a layer, when known.
    async fn get(&self, diff_id: &str) -> Option<LayerFacts>;

    /// Keeps the facts of a layer.
    async fn put(&self, facts: &LayerFacts);
}

/// A cache that keeps nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoCache;

#[async_trait]
impl LayerCache for NoCache {
    async fn get(&self, _: &str) -> Option<LayerFacts> {
        None
    }

    async fn put(&self, _: &LayerFacts) {}
}

/// The facts of the layers that were read last.
#[derive(Debug, Default)]
pub struct MemoryLayers(tokio::sync::Mutex<VecDeque<(String, LayerFacts)>>);

impl MemoryLayers {
    /// Layers that are kept.
    const MOST: usize = 200;
}

#[async_trait]
impl LayerCache for MemoryLayers {
    async fn get(&self, diff_id: &str) -> Option<LayerFacts> {
        let mut kept = self.0.lock().await;
        let index = kept.iter().position(|(known, _)| known == diff_id)?;
        let found = kept.remove(index)?;
        let facts = found.1.clone();
        kept.push_back(found);
        Some(facts)
    }

    async fn put(&self, facts: &LayerFacts) {
        let mut kept = self.0.lock().await;
        kept.retain(|(known, _)| *known != facts.diff_id);
        while kept.len() >= Self::MOST {
            kept.pop_front();
        }
        kept.push_back((facts.diff_id.clone(), facts.clone()));
    }
}

/// An image that was read.
#[derive(Clone, Debug)]
pub struct ReadImage {
    /// The digest of its manifest, for one platform.
    pub digest: Digest,
    /// Its configuration.
    pub config: ImageConfig,
    /// Its notes, from manifest and labels; the manifest's win.
    pub annotations: BTreeMap<String, String>,
    /// What its layers hold together.
    pub contents: Contents,
}

/// Reads the image for `platform` that `digest` names.
///
/// # Errors
/// [`ImageError`] when its documents or a layer can't be read; then nothing is known of it.
pub async fn read_image(
    source: &dyn ImageSource,
    digest: &Digest,
    platform: &Platform,
    cache: &dyn LayerCache,
) -> Result<ReadImage, ImageError> {
    let FoundImage { digest, manifest } = find_image(source, digest, platform).await?;
    let config = source.config(&manifest.config).await?;
    let config = ImageConfig::parse(&config).map_err(|why| ImageError::Config { why })?;
    if config.diff_ids.len() != manifest.layers.len() {
        let (layers, diff_ids) = (manifest.layers.len(), config.diff_ids.len());
        return Err(ImageError::Config { why: format!("it names {diff_ids} layers, the manifest {layers}") });
    }
    let mut stack = Stack::default();
    let mut foreign = Vec::new();
    let mut left = LayerLimits::default();
    for (number, (layer, diff_id)) in manifest.layers.iter().zip(&config.diff_ids).enumerate() {
        if layer.is_foreign {
            foreign.push(number.to_string());
            stack.push(LayerFacts::default()).map_err(|source| ImageError::Layer { number, source })?;
            continue;
        }
        let facts = layer_facts(source, layer, diff_id, left, cache).await?;
        let facts = facts.map_err(|source| ImageError::Layer { number, source })?;
        left.unpacked_bytes = left.unpacked_bytes.saturating_sub(facts.unpacked_bytes);
        stack.push(facts).map_err(|source| ImageError::Layer { number, source })?;
    }
    let mut contents = stack.contents();
    if !foreign.is_empty() {
        let message = format!("layers that lie elsewhere are not read: {}", foreign.join(", "));
        contents.problems.push(ImageProblem::unjudged(message));
    }
    let annotations = config.labels.clone().into_iter().chain(manifest.annotations).collect();
    Ok(ReadImage { digest, config, annotations, contents })
}

async fn layer_facts(
    source: &dyn ImageSource,
    layer: &Descriptor,
    diff_id: &str,
    limits: LayerLimits,
    cache: &dyn LayerCache,
) -> Result<Result<LayerFacts, LayerError>, ImageError> {
    if let Some(facts) = cache.get(diff_id).await {
        return Ok(Ok(facts));
    }
    let packed = source.layer(layer).await?;
    let expected: Arc<str> = diff_id.into();
    let read = tokio::task::spawn_blocking(move || read_layer(packed, &expected, limits)).await;
    let facts = read.map_err(|_| ImageError::Interrupted)?;
    if let Ok(facts) = &facts {
        cache.put(facts).await;
    }
    Ok(facts)
}

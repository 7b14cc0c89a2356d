//! Where an image's documents and layers come from: a registry or a folder.

use std::io::Read;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::registry::limits::MAX_INDEX_DEPTH;
use crate::registry::{Descriptor, Digest, ImageManifest, Manifest, Platform, RegistryError};

/// An image's documents and layers, each named by its digest.
#[async_trait]
pub trait ImageSource: Send + Sync {
    /// The manifest or index that `digest` names, its bytes verified.
    ///
    /// # Errors
    /// It can't be had, or isn't what its digest names.
    async fn manifest(&self, digest: &Digest) -> Result<Manifest, RegistryError>;

    /// The configuration, verified.
    ///
    /// # Errors
    /// It can't be had, or isn't what its digest names.
    async fn config(&self, descriptor: &Descriptor) -> Result<Vec<u8>, RegistryError>;

    /// A layer as a stream, to be read outside the runtime's threads. A stream that isn't what the digest names ends in
    /// an error.
    ///
    /// # Errors
    /// It can't be opened.
    async fn layer(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, RegistryError>;

    /// What opens the image at its registry, for a scanner that reads it by itself; `None` when anybody may read it, or
    /// nobody else is to.
    ///
    /// # Errors
    /// Its keeper does not give it.
    async fn authorization(&self) -> Result<Option<SecretString>, RegistryError> {
        Ok(None)
    }
}

/// One image of one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundImage {
    /// The digest of its own manifest.
    pub digest: Digest,
    /// Its manifest.
    pub manifest: ImageManifest,
}

/// The image for `platform` that `digest` names, itself or by an index. A single image is taken whatever its platform.
///
/// # Errors
/// [`RegistryError::NoPlatform`], [`RegistryError::TooMany`] for nested indexes, or what the source says.
pub async fn find_image(
    source: &dyn ImageSource,
    digest: &Digest,
    platform: &Platform,
) -> Result<FoundImage, RegistryError> {
    let mut digest = digest.clone();
    for _ in 0..=MAX_INDEX_DEPTH {
        let index = match source.manifest(&digest).await? {
            Manifest::Image(manifest) => return Ok(FoundImage { digest, manifest }),
            Manifest::Index(index) => index,
        };
        let serves = |entry: &&Descriptor| entry.platform.as_ref().is_some_and(|found| found.serves(platform));
        // An index within an index need not say its platform, nor an index of one image.
        let inner = |entry: &&Descriptor| entry.is_index() && entry.platform.is_none();
        let only = Some(index.manifests.as_slice()).filter(|entries| entries.len() == 1).and_then(<[_]>::first);
        let only = only.filter(|entry| entry.platform.is_none());
        let mut entries = index.manifests.iter();
        let Some(entry) = entries.clone().find(serves).or_else(|| entries.find(inner)).or(only) else {
            return Err(RegistryError::NoPlatform {
                operation: "find image",
                subject: digest.to_string(),
                platform: platform.to_string(),
            });
        };
        digest = entry.digest.clone();
    }
    Err(RegistryError::TooMany {
        operation: "find image",
        subject: digest.to_string(),
        what: "nested indexes",
        max: MAX_INDEX_DEPTH,
    })
}

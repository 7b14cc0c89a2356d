//! Manifests and indexes, read from the bytes alone.
//!
//! Invariant: what a document is follows from its own text, which its digest names, and never from a header; reading it
//! keeps no more than the limits allow, however long it is.

mod bounded;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::RegistryError;
use super::digest::Digest;
use super::limits::{MAX_INDEX_ENTRIES, MAX_LAYERS};
use bounded::{bounded_annotations, bounded_descriptors};

const OPERATION: &str = "read manifest";

/// The media types we ask for, the newest first.
pub const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

const INDEX_TYPES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];
const IMAGE_TYPES: [&str; 2] =
    ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];

/// A content, by what it is, its name and its size.
///
/// # Source
/// OCI image specification, content descriptors.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "WireDescriptor")]
pub struct Descriptor {
    /// What the content is, such as `application/vnd.oci.image.layer.v1.tar+gzip`.
    pub media_type: String,
    /// Its name.
    pub digest: Digest,
    /// Its size in bytes, as it is sent.
    pub size_bytes: u64,
    /// For an entry of an index: where the image runs.
    pub platform: Option<Platform>,
    /// Free notes, at most 64.
    pub annotations: BTreeMap<String, String>,
    /// Whether the content is said to be elsewhere (`urls`, or a foreign or non-distributable layer). It is never
    /// fetched.
    pub is_foreign: bool,
}

/// Where an image runs: `os/architecture[/variant]`, such as `linux/arm64/v8`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Platform {
    /// Such as `linux`.
    pub os: String,
    /// Such as `amd64`.
    pub architecture: String,
    /// Such as `v8`.
    #[serde(default)]
    pub variant: Option<String>,
}

/// A text that is no platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a platform: expected os/architecture or os/architecture/variant")]
pub struct PlatformError;

/// What a digest of an image names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifest {
    /// One image for each platform.
    Index(Index),
    /// One image.
    Image(ImageManifest),
}

/// An index: the images of several platforms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The images, and other indexes; at most 64.
    pub manifests: Vec<Descriptor>,
    /// Free notes.
    pub annotations: BTreeMap<String, String>,
}

/// One image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageManifest {
    /// The configuration.
    pub config: Descriptor,
    /// The layers, the lowest first; at most 128.
    pub layers: Vec<Descriptor>,
    /// Free notes.
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// A content without platform or notes.
    pub fn new(media_type: impl Into<String>, digest: Digest, size_bytes: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size_bytes,
            platform: None,
            annotations: BTreeMap::new(),
            is_foreign: false,
        }
    }

    /// Whether this is an index.
    pub fn is_index(&self) -> bool {
        INDEX_TYPES.contains(&self.media_type.as_str())
    }
}

impl Manifest {
    /// Reads a document. `subject` is named in errors.
    ///
    /// # Errors
    /// [`RegistryError::Unsupported`] for schema 1 and unknown media types, [`RegistryError::TooMany`] and
    /// [`RegistryError::Malformed`], also for a document that is index and image at once.
    pub fn read(bytes: &[u8], subject: &str) -> Result<Self, RegistryError> {
        let malformed =
            |why: String| RegistryError::Malformed { operation: OPERATION, subject: subject.to_owned(), why };
        let unsupported = |what| RegistryError::Unsupported { operation: OPERATION, subject: subject.to_owned(), what };
        let wire: Wire = serde_json::from_slice(bytes).map_err(|error| malformed(place(&error)))?;
        if wire.schema_version == 1 || wire.fs_layers.is_some() || wire.signatures.is_some() {
            return Err(unsupported("schema 1"));
        }
        if wire.schema_version != 2 {
            return Err(malformed("expected schemaVersion 2".to_owned()));
        }
        let media_type = wire.media_type.as_deref();
        match (wire.manifests, wire.config, wire.layers) {
            (Some(manifests), None, None) if media_type.is_none_or(|text| INDEX_TYPES.contains(&text)) => {
                within(manifests.len(), MAX_INDEX_ENTRIES, "index entries", subject)?;
                Ok(Self::Index(Index { manifests, annotations: wire.annotations }))
            }
            (None, Some(config), Some(layers)) if media_type.is_none_or(|text| IMAGE_TYPES.contains(&text)) => {
                within(layers.len(), MAX_LAYERS, "layers", subject)?;
                Ok(Self::Image(ImageManifest { config, layers, annotations: wire.annotations }))
            }
            (Some(_), _, _) if media_type.is_none_or(|text| INDEX_TYPES.contains(&text)) => {
                Err(malformed("expected an index or an image, found both".to_owned()))
            }
            _ if media_type.is_some_and(|text| !INDEX_TYPES.contains(&text) && !IMAGE_TYPES.contains(&text)) => {
                Err(unsupported("this media type of manifest"))
            }
            _ => Err(malformed("expected `manifests`, or `config` and `layers`, as the media type says".to_owned())),
        }
    }
}

impl Platform {
    /// Whether an image for `self` serves one who asks for `wanted`; a variant that is not asked for does not matter,
    /// and `arm64` is `arm64/v8`.
    pub fn serves(&self, wanted: &Self) -> bool {
        let variant = |platform: &Self| match (platform.architecture.as_str(), platform.variant.as_deref()) {
            ("arm64", None) => Some("v8".to_owned()),
            (_, variant) => variant.map(ToOwned::to_owned),
        };
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || variant(self) == variant(wanted))
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |part: &str| {
            (1..=32).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let parts: Vec<&str> = text.split('/').collect();
        if !parts.iter().all(|part| fits(part)) {
            return Err(PlatformError);
        }
        let lower = |part: &str| part.to_ascii_lowercase();
        match parts.as_slice() {
            [os, architecture] => Ok(Self { os: lower(os), architecture: lower(architecture), variant: None }),
            [os, architecture, variant] => {
                Ok(Self { os: lower(os), architecture: lower(architecture), variant: Some(lower(variant)) })
            }
            _ => Err(PlatformError),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(formatter, "/{variant}"))
    }
}

/// What is wrong and where, without the text itself, which may be anything.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "the JSON ends early",
        serde_json::error::Category::Data => "a field of the manifest is missing or has the wrong form",
        _ => "not JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

fn within(count: usize, max: usize, what: &'static str, subject: &str) -> Result<(), RegistryError> {
    if count <= max {
        return Ok(());
    }
    Err(RegistryError::TooMany { operation: OPERATION, subject: subject.to_owned(), what, max })
}

/// Both kinds of document, and what gives schema 1 away.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    schema_version: u8,
    media_type: Option<String>,
    config: Option<Descriptor>,
    #[serde(default, deserialize_with = "bounded_descriptors::<_, MAX_LAYERS>")]
    layers: Option<Vec<Descriptor>>,
    #[serde(default, deserialize_with = "bounded_descriptors::<_, MAX_INDEX_ENTRIES>")]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default, deserialize_with = "bounded_annotations")]
    annotations: BTreeMap<String, String>,
    fs_layers: Option<serde::de::IgnoredAny>,
    signatures: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDescriptor {
    media_type: String,
    digest: Digest,
    size: u64,
    platform: Option<Platform>,
    #[serde(default, deserialize_with = "bounded_annotations")]
    annotations: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "bounded::is_not_empty")]
    urls: bool,
}

impl From<WireDescriptor> for Descriptor {
    fn from(wire: WireDescriptor) -> Self {
        let is_foreign =
            wire.urls || wire.media_type.contains(".foreign.") || wire.media_type.contains(".nondistributable.");
        Self {
            media_type: wire.media_type,
            digest: wire.digest,
            size_bytes: wire.size,
            platform: wire.platform,
            annotations: wire.annotations,
            is_foreign,
        }
    }
}

#[cfg(test)]
mod tests;

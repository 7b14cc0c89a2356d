//! What a registry may send us at most, in bytes, counts and time.

use std::time::Duration;

/// Layers of one image.
pub const MAX_LAYERS: usize = 128;
/// Entries of one index.
pub const MAX_INDEX_ENTRIES: usize = 64;
/// Indexes on the way from a reference to an image.
pub const MAX_INDEX_DEPTH: usize = 2;
/// Annotations of one document or descriptor; more are left out.
pub const MAX_ANNOTATIONS: usize = 64;
/// Bytes of one annotation's name and value; longer ones are left out.
pub const MAX_ANNOTATION_BYTES: usize = 4096;
/// Redirects of one request.
pub const MAX_REDIRECTS: usize = 5;
/// Bytes of a token server's answer.
pub const MAX_TOKEN_BYTES: u64 = 64 * 1024;

/// The limits that an operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryLimits {
    /// Bytes of a manifest or an index.
    pub manifest_bytes: u64,
    /// Bytes of an image's configuration.
    pub config_bytes: u64,
    /// Bytes of a layer as it is sent, packed.
    pub layer_bytes: u64,
    /// For a connection to stand.
    pub connect: Duration,
    /// For an answer to begin, redirects included; for a manifest, a configuration or a token to be there as a whole.
    pub request: Duration,
    /// For the next bytes of a layer.
    pub idle: Duration,
    /// The slowest that a layer may come, in bytes a second: with [`request`](Self::request) this gives its deadline.
    pub layer_bytes_per_second: u64,
    /// For a layer to be there as a whole, at any rate.
    pub layer: Duration,
    /// How long a tag is known to name a digest.
    pub tag: Duration,
    /// Pulls that must be left at a registry that counts them; below, no more are made.
    pub pulls_left: u64,
}

impl Default for RegistryLimits {
    fn default() -> Self {
        Self {
            manifest_bytes: 4 * 1024 * 1024,
            config_bytes: 8 * 1024 * 1024,
            layer_bytes: 2 * 1024 * 1024 * 1024,
            connect: Duration::from_secs(10),
            request: Duration::from_secs(30),
            idle: Duration::from_secs(20),
            layer_bytes_per_second: 256 * 1024,
            layer: Duration::from_mins(15),
            tag: Duration::from_mins(10),
            pulls_left: 10,
        }
    }
}

impl RegistryLimits {
    /// How long a layer of `bytes` may take as a whole.
    pub fn layer_deadline(&self, bytes: u64) -> Duration {
        let at_slowest = Duration::from_secs(bytes / self.layer_bytes_per_second.max(1));
        (self.request + at_slowest).min(self.layer)
    }
}

//! What registries said that tags name.

use std::collections::BTreeMap;

use crate::scan::image_reference::ImageReference;

/// The digests of tags, asked at their registries before a scan, as the engine asks nobody.
#[derive(Clone, Debug, Default)]
pub struct Digests(BTreeMap<String, String>);

impl Digests {
    /// Notes that the tag of `reference`, `latest` when it has none, names `digest` (`algorithm:hex`).
    pub fn insert(&mut self, reference: &ImageReference, digest: String) {
        self.0.insert(key(reference), digest);
    }

    /// The digest of the tag of `reference`.
    pub fn get(&self, reference: &ImageReference) -> Option<&str> {
        self.0.get(&key(reference)).map(String::as_str)
    }

    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `repository:tag`, however the reference is written.
fn key(reference: &ImageReference) -> String {
    format!("{}:{}", reference.repository(), reference.tag().unwrap_or(super::DEFAULT_TAG))
}

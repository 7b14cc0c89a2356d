//! The digests of many tags.
//!
//! Invariant: each tag is asked once, a bounded number at a time, and one that can't be resolved is told with its
//! cause.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{RegistryClient, RegistryError};
use crate::scan::image_reference::ImageReference;
use crate::scan::image_use::Digests;

/// Tags that are asked at a time.
const AT_ONCE: usize = 8;

/// What registries said.
#[derive(Debug, Default)]
pub struct Resolved {
    /// The digests.
    pub digests: Digests,
    /// The images whose registry did not tell, with its reason.
    pub failed: Vec<(ImageReference, RegistryError)>,
    /// The images that were not asked for, as there were too many.
    pub left_out: Vec<ImageReference>,
}

/// Asks for the tags of `images`, of which the first `max` different ones count.
pub async fn resolve_all(client: &RegistryClient, images: &[ImageReference], max: usize) -> Resolved {
    let mut different = BTreeMap::new();
    for image in images {
        different.entry((image.repository(), image.tag().map(str::to_owned))).or_insert_with(|| image.clone());
    }
    let mut resolved = Resolved::default();
    let mut waiting = JoinSet::new();
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    for (number, image) in different.into_values().enumerate() {
        if number >= max {
            resolved.left_out.push(image);
            continue;
        }
        let (client, turns) = (client.clone(), Arc::clone(&turns));
        waiting.spawn(async move {
            let _turn = turns.acquire_owned().await;
            let answer = client.resolve_tag(&image).await;
            (image, answer)
        });
    }
    while let Some(answer) = waiting.join_next().await {
        match answer {
            Ok((image, Ok(digest))) => resolved.digests.insert(&image, digest.to_string()),
            Ok((image, Err(error))) => resolved.failed.push((image, error)),
            Err(error) => tracing::error!(%error, "asking a registry broke off"),
        }
    }
    resolved.failed.sort_by_key(|(image, _)| image.to_string());
    resolved
}

//! Judging, apart from the tasks that wait for the network.
//!
//! Invariant: judging again with digests changes which edits are offered, never the verdict that was told.

use std::time::Duration;

use tracing::debug;

use super::JobError;
use crate::pipeline::{self, Circumstances, Judgement};
use crate::registry::RegistryClient;
use crate::registry::resolve::resolve_all;
use crate::report::words::describe;
use crate::scan::image_reference::ImageReference;
use crate::source::Change;

/// How long registries may take to tell the digests for suggestions, and for how many images they are asked.
const PIN_TIME: Duration = Duration::from_secs(5);
const MOST_PINNED: usize = 50;

/// What judging again with digests needs.
pub struct Again {
    /// Asks for digests.
    pub registry: RegistryClient,
    /// The change.
    pub change: Change,
    /// What it was judged by.
    pub circumstances: Circumstances,
}

impl Again {
    /// The same judgement with the digests of images that could be pinned; `None` when there are none.
    pub async fn pinned(mut self, unpinned: &[ImageReference], is_fork: bool) -> Option<Judgement> {
        let registry = if is_fork { self.registry.for_forks() } else { self.registry };
        let asked = resolve_all(&registry, unpinned, MOST_PINNED);
        // A suggestion is a kindness: comments do not wait for it long.
        let resolved = tokio::time::timeout(PIN_TIME, asked).await.ok()?;
        for (image, error) in &resolved.failed {
            debug!(%image, error = describe(error), "no digest, so no suggestion");
        }
        if resolved.digests.is_empty() {
            return None;
        }
        self.circumstances.digests = resolved.digests;
        judge(self.change, self.circumstances).await.ok()
    }
}

/// Judges on a thread for such work.
///
/// # Errors
/// [`JobError::Permanent`] when judging broke off.
pub async fn judge(change: Change, circumstances: Circumstances) -> Result<Judgement, JobError> {
    let judgement = tokio::task::spawn_blocking(move || pipeline::run(change, &circumstances)).await;
    judgement.map_err(|error| JobError::Permanent {
        message: "judging the change broke off".into(),
        source: Some(error.into()),
    })
}

//! A bell: rung when a job was enqueued, heard by idle workers and by running jobs that may be superseded.
//!
//! Invariant: a ring after [`Wake::listen`] is never missed.

use std::sync::Arc;

use tokio::sync::watch;

/// The bell. Clones ring the same one.
#[derive(Clone, Debug)]
pub struct Wake(Arc<watch::Sender<()>>);

/// Somebody who listens to the bell.
pub(super) struct Listener {
    rings: watch::Receiver<()>,
    // Held so that waiting never ends because the bell is gone.
    _bell: Wake,
}

impl Wake {
    /// A bell of its own.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(())))
    }

    /// Wakes everybody who listens.
    pub fn ring(&self) {
        self.0.send_replace(());
    }

    /// Listens from now on.
    pub(super) fn listen(&self) -> Listener {
        Listener { rings: self.0.subscribe(), _bell: self.clone() }
    }
}

impl Default for Wake {
    fn default() -> Self {
        Self::new()
    }
}

impl Listener {
    /// Returns at the next ring, or at once when there was one since the last call.
    pub(super) async fn rung(&mut self) {
        // The sender is held, so this can't fail.
        drop(self.rings.changed().await);
    }
}

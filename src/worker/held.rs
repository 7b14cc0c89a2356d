//! The lease of a running attempt.
//!
//! It is renewed while the attempt runs, and once more right before each write to GitHub: whoever hung for longer than
//! the lease learns there that another worker has the job by now.
//!
//! Invariant: a write begins only with a lease that outlasts it, as far as the database can be asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tracing::warn;

use super::{Clock, describe};
use crate::github::fence::Fence;
use crate::store::{Lease, Renewal, Store, StoreError, UnixMillis};

/// A lease, and until when it is ours for sure.
pub(super) struct Held {
    store: Arc<dyn Store>,
    clock: Clock,
    lease: Lease,
    /// How long each renewal lasts.
    term: Duration,
    /// Unix milliseconds.
    until: AtomicI64,
}

/// What a renewal tells.
pub(super) enum Beat {
    Held,
    Superseded,
    Lost,
}

impl Held {
    /// A lease that was taken or renewed just now.
    pub(super) fn new(store: Arc<dyn Store>, clock: Clock, lease: Lease, term: Duration) -> Self {
        let until = AtomicI64::new(clock().plus(term).0);
        Self { store, clock, lease, term, until }
    }

    /// Renews it. A database that can't be asked leaves it as it is until it has run out.
    pub(super) async fn renew(&self) -> Beat {
        match self.try_renew().await {
            Ok(beat) => beat,
            Err(_) if self.has_left(Duration::ZERO) => Beat::Held,
            Err(_) => Beat::Lost,
        }
    }

    async fn try_renew(&self) -> Result<Beat, StoreError> {
        let until = (self.clock)().plus(self.term);
        match self.store.renew(&self.lease, until).await {
            Ok(Renewal::Held { superseded }) => {
                self.until.fetch_max(until.0, Ordering::SeqCst);
                Ok(if superseded { Beat::Superseded } else { Beat::Held })
            }
            Ok(Renewal::Lost) => Ok(Beat::Lost),
            Err(error) => {
                warn!(error = describe(&error), "could not renew a lease");
                Err(error)
            }
        }
    }

    fn has_left(&self, least: Duration) -> bool {
        (self.clock)().plus(least) < UnixMillis(self.until.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl Fence for Held {
    async fn holds(&self) -> bool {
        match self.try_renew().await {
            // Who slept while the answer was under way may hear of a lease that has ended since.
            Ok(Beat::Held | Beat::Superseded) => self.has_left(Duration::ZERO),
            Ok(Beat::Lost) => {
                warn!("another worker has the job by now: nothing more is written");
                false
            }
            Err(_) => self.has_left(self.term / 2),
        }
    }
}

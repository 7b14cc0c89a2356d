//! One of many processes leads.
//!
//! Invariant: a leader that dies is replaced once its claim runs out; one that only slept writes nothing to GitHub when it
//! wakes up.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tracing::warn;

use crate::github::fence::{self, Fence};
use crate::report::words::describe;
use crate::store::{Shelf, Store};
use crate::worker::Clock;

/// A candidate.
pub(in crate::worker) struct Leader {
    /// What is led.
    name: &'static str,
    store: Arc<dyn Store>,
    clock: Clock,
    lease: Duration,
    /// Tells this process from all others.
    me: String,
}

impl Leader {
    pub(in crate::worker) fn new(name: &'static str, store: Arc<dyn Store>, clock: Clock, lease: Duration) -> Self {
        let mut bytes = [0_u8; 16];
        // Without random bytes the process number still tells the processes of one machine apart.
        let random = getrandom::fill(&mut bytes).map(|()| u128::from_be_bytes(bytes)).unwrap_or_default();
        Self { name, store, clock, lease, me: format!("{}-{random:032x}", std::process::id()) }
    }

    /// Whether this process leads, from now on for the length of the lease.
    pub(in crate::worker) async fn lead(&self) -> bool {
        let now = (self.clock)();
        let until = Some(now.plus(self.lease));
        let outcome = match self.store.kept(Shelf::Claim, self.name, now).await {
            Ok(Some(leader)) if leader == self.me => {
                self.store.keep(Shelf::Claim, self.name, &self.me, until).await.map(|()| true)
            }
            Ok(Some(_)) => Ok(false),
            Ok(None) => self.store.claim(Shelf::Claim, self.name, &self.me, now, until).await,
            Err(error) => Err(error),
        };
        outcome.unwrap_or_else(|error| {
            warn!(error = describe(&error), "could not see who leads");
            false
        })
    }

    /// Renews the claim; returns once it is lost.
    pub(in crate::worker) async fn hold(&self) {
        loop {
            tokio::time::sleep(self.lease / 3).await;
            if !self.lead().await {
                return;
            }
        }
    }

    /// Does a turn of the leader's work, whose writes to GitHub are made only while it still leads.
    pub(in crate::worker) async fn guard<T>(self: &Arc<Self>, turn: impl Future<Output = T>) -> T {
        fence::guarded(Arc::clone(self) as Arc<dyn Fence>, turn).await
    }

    /// Lets another process lead at once.
    pub(in crate::worker) async fn resign(&self) {
        let leads = self.store.kept(Shelf::Claim, self.name, (self.clock)()).await;
        if leads.is_ok_and(|leader| leader.as_deref() == Some(self.me.as_str()))
            && let Err(error) = self.store.forget(Shelf::Claim, self.name).await
        {
            warn!(error = describe(&error), "could not resign; the claim runs out by itself");
        }
    }
}

#[async_trait]
impl Fence for Leader {
    async fn holds(&self) -> bool {
        self.lead().await
    }
}

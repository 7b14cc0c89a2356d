//! Refusals of GitHub, told to other processes through the store.
//!
//! Invariant: a database that is away blocks nothing; each process still obeys what it was told itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tracing::warn;

use crate::github::rate_limit::{Account, SharedLimits};
use crate::report::words::describe;
use crate::store::{Shelf, Store, UnixMillis};

/// Limits that all processes on one database know.
pub struct StoredLimits(pub Arc<dyn Store>);

fn name(account: Account) -> String {
    account.map_or_else(|| "blocked/app".to_owned(), |installation| format!("blocked/{}", installation.0))
}

#[async_trait]
impl SharedLimits for StoredLimits {
    async fn blocked_until(&self, account: Account) -> Option<SystemTime> {
        let now = UnixMillis::from(SystemTime::now());
        let kept = self.0.kept(Shelf::Claim, &name(account), now).await.ok()??;
        let millis = kept.parse().ok()?;
        Some(UNIX_EPOCH + Duration::from_millis(millis))
    }

    async fn block(&self, account: Account, until: SystemTime) {
        if self.blocked_until(account).await.is_some_and(|known| known >= until) {
            return;
        }
        let until = UnixMillis::from(until);
        let kept = self.0.keep(Shelf::Claim, &name(account), &until.0.to_string(), Some(until)).await;
        if let Err(error) = kept {
            warn!(error = describe(&error), "could not tell others of a rate limit");
        }
    }
}

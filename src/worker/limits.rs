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
///
/// Each refusal is kept under the second at which it ends: of two that are told at once none takes the other's place.
pub struct StoredLimits(pub Arc<dyn Store>);

/// The most refusals that are looked at: one for each second of the longest wait, and more.
const MOST: u32 = 10_000;

fn folder(account: Account) -> String {
    account.map_or_else(|| "blocked/app/".to_owned(), |installation| format!("blocked/{}/", installation.0))
}

#[async_trait]
impl SharedLimits for StoredLimits {
    async fn blocked_until(&self, account: Account) -> Option<SystemTime> {
        let (folder, now) = (folder(account), UnixMillis::from(SystemTime::now()));
        let kept = self.0.kept_below(Shelf::Claim, &folder, now, MOST).await.ok()?;
        let seconds = kept.iter().filter_map(|(name, _)| name.strip_prefix(&folder)?.parse().ok()).max()?;
        Some(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    async fn block(&self, account: Account, until: SystemTime) {
        let seconds = UnixMillis::from(until).0.saturating_add(999) / 1000;
        let name = format!("{}{seconds}", folder(account));
        let kept = self.0.keep(Shelf::Claim, &name, "", Some(UnixMillis(seconds * 1000))).await;
        if let Err(error) = kept {
            warn!(error = describe(&error), "could not tell others of a rate limit");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::identity::InstallationId;

    #[tokio::test]
    async fn the_longest_of_several_refusals_counts_whichever_is_told_last() {
        let store = crate::store::open("sqlite::memory:").await.unwrap();
        let (one, other) = (StoredLimits(Arc::clone(&store)), StoredLimits(store));
        let (account, now) = (Some(InstallationId(815)), SystemTime::now());
        assert_eq!(one.blocked_until(account).await, None);
        one.block(account, now + Duration::from_secs(30)).await;
        other.block(account, now + Duration::from_secs(20)).await;
        for limits in [&one, &other] {
            let until = limits.blocked_until(account).await.unwrap();
            assert!(until >= now + Duration::from_secs(30) && until <= now + Duration::from_secs(31));
        }
        assert_eq!(one.blocked_until(None).await, None);
        assert_eq!(one.blocked_until(Some(InstallationId(81))).await, None);
    }
}

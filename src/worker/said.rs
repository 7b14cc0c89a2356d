//! What was said a moment ago, in case GitHub's lists do not show it yet.
//!
//! A list may be older than the comment that was just made, and an answer may be lost of which it is not known whether
//! anything was made. So what is about to be said is noted first, and is not said again before the lists had time to
//! show it.
//!
//! Invariant: of one finding no second comment is begun within the time by which GitHub's lists may be behind.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::github::client::NewComment;
use crate::github::identity::{PullRequestNumber, RepositoryName};
use crate::report::review::marker_of;
use crate::store::{Shelf, Store, StoreError, UnixMillis};

/// By how much lists may be behind what was written.
const LAG: Duration = Duration::from_secs(5);

/// The most findings that are remembered.
const MOST: usize = 500;

/// What was said last on a pull request.
#[derive(Default, Serialize, Deserialize)]
struct Last {
    at: UnixMillis,
    markers: Vec<String>,
}

/// The memory of it, for one pull request.
pub(super) struct Said {
    store: Arc<dyn Store>,
    name: String,
}

impl Said {
    pub(super) fn new(store: Arc<dyn Store>, repository: &RepositoryName, number: PullRequestNumber) -> Self {
        Self { store, name: format!("said/{repository}#{number}") }
    }

    /// How long to wait until it is known whether `comments` were said already; nothing when none was a moment ago.
    pub(super) async fn wait(&self, comments: &[NewComment], now: UnixMillis) -> Result<Option<Duration>, StoreError> {
        let last = self.last(now).await?;
        let is_among = |marker: &str| last.markers.iter().any(|known| known == marker);
        let left = LAG.checked_sub(now.since(last.at)).filter(|left| !left.is_zero());
        Ok(left.filter(|_| markers(comments).any(is_among)))
    }

    /// Notes that `comments` are being said.
    pub(super) async fn note(&self, comments: &[NewComment], now: UnixMillis) -> Result<(), StoreError> {
        let mut last = Last { at: now, ..self.last(now).await? };
        last.markers.retain(|known| markers(comments).all(|marker| marker != known));
        last.markers.extend(markers(comments).map(str::to_owned));
        last.markers.drain(..last.markers.len().saturating_sub(MOST));
        let body = serde_json::to_string(&last).unwrap_or_default();
        self.store.keep(Shelf::Met, &self.name, &body, Some(now.plus(LAG))).await
    }

    async fn last(&self, now: UnixMillis) -> Result<Last, StoreError> {
        let kept = self.store.kept(Shelf::Met, &self.name, now).await?;
        Ok(kept.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default())
    }
}

fn markers(comments: &[NewComment]) -> impl Iterator<Item = &str> {
    comments.iter().filter_map(|comment| marker_of(&comment.body))
}

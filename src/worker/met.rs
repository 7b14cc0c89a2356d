//! What was met before: repositories, and pull requests that are judged without comments.
//!
//! Invariant: what is asked twice about the same commit is answered the same.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::github::identity::{CommitSha, PullRequestNumber, RepositoryName};
use crate::store::{Shelf, Store, StoreError, UnixMillis};

/// How long a pull request that was there before us stays without comments, at the head it had.
const QUIET_FOR: Duration = Duration::from_hours(90 * 24);

/// The memory of what was met.
#[derive(Clone)]
pub struct Met(Arc<dyn Store>);

impl Met {
    /// The memory in `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Whether `head` is the first commit that is judged in `repository`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn is_first(&self, repository: &RepositoryName, head: &CommitSha) -> Result<bool, StoreError> {
        let name = format!("repository/{repository}");
        let now = now();
        if self.0.claim(Shelf::Met, &name, head.as_str(), now, None).await? {
            return Ok(true);
        }
        Ok(self.0.kept(Shelf::Met, &name, now).await?.as_deref() == Some(head.as_str()))
    }

    /// Lets the pull request be judged without comments as long as it has this head.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn be_quiet(
        &self,
        repository: &RepositoryName,
        number: PullRequestNumber,
        head: &CommitSha,
    ) -> Result<(), StoreError> {
        let until = now().plus(QUIET_FOR);
        self.0.keep(Shelf::Met, &quiet(repository, number), head.as_str(), Some(until)).await
    }

    /// Whether the pull request is judged without comments at this head.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn is_quiet(
        &self,
        repository: &RepositoryName,
        number: PullRequestNumber,
        head: &CommitSha,
    ) -> Result<bool, StoreError> {
        let kept = self.0.kept(Shelf::Met, &quiet(repository, number), now()).await?;
        Ok(kept.as_deref() == Some(head.as_str()))
    }
}

fn quiet(repository: &RepositoryName, number: PullRequestNumber) -> String {
    format!("quiet/{repository}#{number}")
}

fn now() -> UnixMillis {
    SystemTime::now().into()
}

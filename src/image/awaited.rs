//! Images that are awaited: which job waits for them, since when, and when it is to look again.
//!
//! Invariant: of one pull request only the newest commit waits, and whoever takes a job that is due takes it alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::github::identity::{CommitSha, RepositoryName};
use crate::job::Job;
use crate::store::{Shelf, Store, StoreError, UnixMillis};

/// How long a job is remembered, for results that come late.
const LIFETIME: Duration = Duration::from_hours(48);
/// How often an awaited image is looked for when nobody says that it is there.
const LOOK: Duration = Duration::from_mins(1);
/// Jobs that are looked through at once.
const MOST: u32 = 1_000;

/// A job that may have to look again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Awaited {
    since: i64,
    /// When to look again; `None` when it is decided.
    next: Option<i64>,
    /// Whether it was decided at the deadline without an image that may still come.
    #[serde(default)]
    is_short: bool,
    job: Job,
}

/// What is known of a job that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Since when its commit is known.
    pub since: UnixMillis,
    /// Whether that was decided without an image that was awaited.
    pub is_short: bool,
    /// The job of an older commit that still waited.
    pub older: Option<Job>,
}

/// Remembers `job`, which begins.
///
/// # Errors
/// [`StoreError`].
pub async fn remember(store: &dyn Store, job: &Job, now: UnixMillis) -> Result<Known, StoreError> {
    let known = get(store, job, now).await?;
    let (same, older) = match known {
        Some(known) if known.job.head() == job.head() => (Some(known), None),
        known => (None, known.filter(|known| known.next.is_some()).map(|known| known.job)),
    };
    let since = same.as_ref().map_or(now, |known| UnixMillis(known.since));
    let is_short = same.is_some_and(|known| known.is_short);
    put(store, &Awaited { since: since.0, next: None, is_short, job: job.clone() }, now).await?;
    Ok(Known { since, is_short, older })
}

/// Forgets what waits under the key of `job`; gives it, when it was not decided.
///
/// # Errors
/// [`StoreError`].
pub async fn forget(store: &dyn Store, job: &Job, now: UnixMillis) -> Result<Option<Job>, StoreError> {
    let known = get(store, job, now).await?;
    store.forget(Shelf::Image, &name(job)).await?;
    Ok(known.filter(|known| known.next.is_some()).map(|known| known.job))
}

/// Notes that `job` has to look again: soon, or at `deadline` if that is sooner.
///
/// # Errors
/// [`StoreError`].
pub async fn wait(
    store: &dyn Store,
    job: &Job,
    since: UnixMillis,
    deadline: UnixMillis,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let next = now.plus(LOOK).0.min(deadline.0);
    put(store, &Awaited { since: since.0, next: Some(next), is_short: false, job: job.clone() }, now).await
}

/// Notes how `job` was decided: with all that was awaited, or `is_short` of some of it. An image that comes late is
/// then judged after all.
///
/// # Errors
/// [`StoreError`].
pub async fn decided(
    store: &dyn Store,
    job: &Job,
    since: UnixMillis,
    is_short: bool,
    now: UnixMillis,
) -> Result<(), StoreError> {
    put(store, &Awaited { since: since.0, next: None, is_short, job: job.clone() }, now).await
}

/// The jobs of a repository that wait for images, or were decided without them.
///
/// # Errors
/// [`StoreError`].
pub async fn waiting(store: &dyn Store, repository: &RepositoryName, now: UnixMillis) -> Result<Vec<Job>, StoreError> {
    let all = of_repository(store, repository, now).await?.into_iter();
    Ok(all.filter(|one| one.next.is_some() || one.is_short).map(|one| one.job).collect())
}

/// The job about the images of a commit, decided or not.
///
/// # Errors
/// [`StoreError`].
pub async fn of_commit(
    store: &dyn Store,
    repository: &RepositoryName,
    head: &CommitSha,
    now: UnixMillis,
) -> Result<Vec<Job>, StoreError> {
    let all = of_repository(store, repository, now).await?.into_iter();
    Ok(all.filter(|one| one.job.head() == Some(head)).map(|one| one.job).collect())
}

/// Whether a job about the images of a commit is to look again.
///
/// # Errors
/// [`StoreError`].
pub async fn waits(
    store: &dyn Store,
    repository: &RepositoryName,
    head: &CommitSha,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let all = of_repository(store, repository, now).await?;
    Ok(all.iter().any(|one| one.next.is_some() && one.job.head() == Some(head)))
}

/// Takes the jobs that are due to look again.
///
/// # Errors
/// [`StoreError`].
pub async fn due(store: &dyn Store, now: UnixMillis) -> Result<Vec<Job>, StoreError> {
    let mut due = Vec::new();
    for (_, body) in store.kept_below(Shelf::Image, "await/", now, MOST).await? {
        let Ok(one) = serde_json::from_str::<Awaited>(&body) else { continue };
        if one.next.is_none_or(|next| next > now.0) {
            continue;
        }
        let claim = format!("await/{}", one.job.key().as_str());
        if store.claim(Shelf::Claim, &claim, "", now, Some(now.plus(LOOK / 2))).await? {
            due.push(one.job);
        }
    }
    Ok(due)
}

async fn of_repository(
    store: &dyn Store,
    repository: &RepositoryName,
    now: UnixMillis,
) -> Result<Vec<Awaited>, StoreError> {
    let mut found = Vec::new();
    for separator in ['#', '@'] {
        let prefix = format!("await/{repository}{separator}");
        let kept = store.kept_below(Shelf::Image, &prefix, now, MOST).await?;
        found.extend(kept.iter().filter_map(|(_, body)| serde_json::from_str(body).ok()));
    }
    Ok(found)
}

async fn get(store: &dyn Store, job: &Job, now: UnixMillis) -> Result<Option<Awaited>, StoreError> {
    let kept = store.kept(Shelf::Image, &name(job), now).await?;
    Ok(kept.and_then(|body| serde_json::from_str(&body).ok()))
}

async fn put(store: &dyn Store, awaited: &Awaited, now: UnixMillis) -> Result<(), StoreError> {
    let body = serde_json::to_string(awaited).unwrap_or_default();
    store.keep(Shelf::Image, &name(&awaited.job), &body, Some(now.plus(LIFETIME))).await
}

fn name(job: &Job) -> String {
    format!("await/{}", job.key().as_str())
}

#[cfg(test)]
mod tests;

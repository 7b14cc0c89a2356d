//! Commits on which a check run of ours may stand open although no job knows of it any more.
//!
//! A run is found by a list of GitHub's, and such a list may be older than the run. So where a job ended that did not
//! see its run through from opening to verdict, the commit is looked at once more when no run may be in progress there.
//!
//! Invariant: what is noted is forgotten only after GitHub said that no run of it is in progress.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::Job;
use crate::store::{Lease, Settlement, Shelf, Store, StoreError, UnixMillis};

/// How long a commit is remembered that can't be looked at.
const MEMORY: Duration = Duration::from_hours(7 * 24);
/// Most commits that are looked at in one go.
const MOST: u32 = 500;

/// A commit to be looked at again.
#[derive(Serialize, Deserialize)]
pub(super) struct LooseEnd {
    since: UnixMillis,
    /// The job that may have left a run open.
    pub(super) job: Job,
}

/// The memory of them.
pub(super) struct LooseEnds(Arc<dyn Store>);

impl LooseEnds {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Notes what may stand open once `lease` ends so.
    pub(super) async fn note(&self, lease: &Lease, settlement: &Settlement, now: UnixMillis) -> Result<(), StoreError> {
        for job in left_by(lease, settlement) {
            let end = LooseEnd { since: now, job: job.clone() };
            let body = serde_json::to_string(&end).unwrap_or_default();
            self.0.keep(Shelf::LooseEnd, &name(job), &body, Some(now.plus(MEMORY))).await?;
        }
        Ok(())
    }

    /// Those that were noted before `before`.
    pub(super) async fn noted(&self, before: UnixMillis, now: UnixMillis) -> Result<Vec<LooseEnd>, StoreError> {
        let kept = self.0.kept_below(Shelf::LooseEnd, "", now, MOST).await?;
        let ends = kept.iter().filter_map(|(_, body)| serde_json::from_str::<LooseEnd>(body).ok());
        Ok(ends.filter(|end| end.since <= before).collect())
    }

    pub(super) async fn forget(&self, end: &LooseEnd) -> Result<(), StoreError> {
        self.0.forget(Shelf::LooseEnd, &name(&end.job)).await
    }
}

/// The jobs whose runs nobody sees through after this: older ones were ended by a list, and so was the run of an
/// attempt before this one found.
fn left_by<'a>(lease: &'a Lease, settlement: &Settlement) -> impl Iterator<Item = &'a Job> {
    let (older, itself) = match settlement {
        Settlement::Done { .. } => (true, lease.has_begun),
        Settlement::Dead { .. } => (true, true),
        Settlement::Superseded { .. } => (true, false),
        Settlement::Retry { .. } | Settlement::Release => (false, false),
    };
    let older = lease.left_behind.iter().filter(move |_| older);
    older.chain(itself.then_some(&lease.job)).filter(|job| job.has_check_run())
}

fn name(job: &Job) -> String {
    let head = job.head().map_or("", |head| head.as_str());
    format!("{}@{head}", job.key().as_str())
}

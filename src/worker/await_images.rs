//! Looks again for images that are awaited, and at the deadline for the last time.
//!
//! Invariant: of many replicas one brings a job back, and a job that waits is never forgotten while its deadline is not
//! over.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::github::app::Clock;
use crate::image::awaited;
use crate::report::words::describe;
use crate::store::{Delivery, Store, StoreError, UnixMillis};

/// How often it is looked whether a job is due.
const PAUSE: Duration = Duration::from_secs(10);

/// Brings waiting jobs back when they are due, until `shutdown` fires.
pub async fn run(store: Arc<dyn Store>, clock: Clock, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
        if let Err(error) = bring_back(store.as_ref(), UnixMillis::from(clock())).await {
            warn!(error = describe(&error), "awaited images could not be looked for");
        }
    }
}

/// Enqueues what is due.
async fn bring_back(store: &dyn Store, now: UnixMillis) -> Result<(), StoreError> {
    for job in awaited::due(store, now).await? {
        let id = format!("await-{}-{}", job.key().as_str(), now.0);
        store.enqueue(Delivery { id, received_at: now, as_of: None, jobs: vec![job] }).await?;
    }
    Ok(())
}

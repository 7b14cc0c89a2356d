//! One attempt under supervision: its lease is renewed and guards its writes, its time is limited, its panic is caught.
//!
//! Invariant: when supervision ends, the attempt runs no more.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, info};

use super::held::{Beat, Held};
use super::{JobError, Worker};
use crate::github::fence::{self, Fence};
use crate::store::Lease;

/// Least time between two renewals: when many deliveries come in, the bell rings all the time.
const RENEWAL_PAUSE: Duration = Duration::from_millis(200);

/// How an attempt ended.
pub(super) enum End<T> {
    /// By itself.
    Finished(Result<T, JobError>),
    /// It panicked or took too long; the cause, without the panic's own words: they may hold file content.
    Broken(String),
    /// The process is to stop now.
    Killed,
    /// Somebody else may hold the job by now.
    Lost,
}

impl Worker {
    /// Runs `work` for at most `limit`. When a newer job of the key waits, fires `cancelled` and shortens the limit.
    pub(super) async fn supervise<T: Send + 'static>(
        &self,
        lease: &Lease,
        work: impl Future<Output = Result<T, JobError>> + Send + 'static,
        limit: Duration,
        cancelled: Option<&CancellationToken>,
        kill: &CancellationToken,
    ) -> End<T> {
        let held = Held::new(Arc::clone(&self.store), Arc::clone(&self.clock), lease.clone(), self.settings.lease);
        let held = Arc::new(held);
        let guarded = fence::guarded(Arc::clone(&held) as Arc<dyn Fence>, work);
        let mut task = pin!(AbortOnDropHandle::new(tokio::spawn(guarded.in_current_span())));
        let mut bell = self.wake.listen();
        let mut deadline = pin!(tokio::time::sleep(limit));
        let mut last = Instant::now();
        loop {
            let rung = async {
                bell.rung().await;
                tokio::time::sleep_until(last + RENEWAL_PAUSE).await;
            };
            tokio::select! {
                biased;
                end = &mut task => return match end {
                    Ok(result) => End::Finished(result),
                    Err(error) if error.is_panic() => End::Broken("an internal error ended the run".to_owned()),
                    Err(_) => End::Killed,
                },
                () = kill.cancelled() => return End::Killed,
                () = &mut deadline => return End::Broken(format!("no result within {} s", limit.as_secs())),
                () = tokio::time::sleep(self.settings.lease / 3) => {}
                () = rung => {}
            }
            last = Instant::now();
            match held.renew().await {
                Beat::Held => {}
                Beat::Lost => return End::Lost,
                Beat::Superseded => {
                    if let Some(cancelled) = cancelled.filter(|cancelled| !cancelled.is_cancelled()) {
                        info!("superseded by a newer delivery");
                        cancelled.cancel();
                        let sooner = Instant::now() + self.settings.conclude_limit;
                        let earliest = sooner.min(deadline.deadline());
                        deadline.as_mut().reset(earliest);
                    }
                }
            }
        }
    }
}

//! One attempt under supervision: its lease is renewed, its time is limited, its panic is caught.
//!
//! Invariant: when supervision ends, the attempt runs no more.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, info, warn};

use super::{JobError, Worker, describe};
use crate::store::{Lease, Renewal, UnixMillis};

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
        let mut task = pin!(AbortOnDropHandle::new(tokio::spawn(work.in_current_span())));
        let mut bell = self.wake.listen();
        let mut deadline = pin!(tokio::time::sleep(limit));
        let mut lease_until = (self.clock)().plus(self.settings.lease);
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
            match self.renew(lease, &mut lease_until).await {
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

    async fn renew(&self, lease: &Lease, lease_until: &mut UnixMillis) -> Beat {
        let now = (self.clock)();
        let until = now.plus(self.settings.lease);
        match self.store.renew(lease, until).await {
            Ok(Renewal::Held { superseded }) => {
                *lease_until = until;
                if superseded { Beat::Superseded } else { Beat::Held }
            }
            Ok(Renewal::Lost) => Beat::Lost,
            Err(error) => {
                warn!(error = describe(&error), "could not renew a lease");
                if now >= *lease_until { Beat::Lost } else { Beat::Held }
            }
        }
    }
}

/// What a renewal tells.
enum Beat {
    Held,
    Superseded,
    Lost,
}

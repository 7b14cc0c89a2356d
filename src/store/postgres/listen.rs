//! Hears from every process that a job may be due.
//!
//! Invariant: what is told while nobody could listen is taken as told once the connection stands again.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

use crate::report::words::describe;

const CHANNEL: &str = "dockgate_jobs";

pub(super) const NOTIFY: &str = "NOTIFY dockgate_jobs";

/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_secs(1);

/// The task that listens.
pub(super) struct Listening {
    rings: tokio::sync::Mutex<watch::Receiver<()>>,
    task: AbortOnDropHandle<()>,
}

impl Listening {
    /// Listens on a connection of `pool`, which is its only one.
    pub(super) fn start(pool: PgPool) -> Self {
        let (ring, rings) = watch::channel(());
        let task = AbortOnDropHandle::new(tokio::spawn(listen(pool, ring)));
        Self { rings: tokio::sync::Mutex::new(rings), task }
    }

    /// Returns when something was told since the last call; never after the end.
    pub(super) async fn rung(&self) {
        if self.rings.lock().await.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn stop(&self) {
        self.task.abort();
    }
}

async fn listen(pool: PgPool, ring: watch::Sender<()>) {
    let mut is_told = false;
    loop {
        if let Err(error) = hear(&pool, &ring).await
            && !std::mem::replace(&mut is_told, true)
        {
            warn!(error = describe(&error), "not told of jobs by other replicas; looking for them meanwhile");
        } else {
            is_told = false;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Listens until the connection is lost.
async fn hear(pool: &PgPool, ring: &watch::Sender<()>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    ring.send_replace(());
    while listener.try_recv().await?.is_some() {
        ring.send_replace(());
    }
    Ok(())
}

//! The store in one SQLite file.
//!
//! One connection writes; webhook requests that come in together share a transaction, so that the cost of making it
//! durable is paid once for all of them.
//!
//! Invariant: write-ahead log with `synchronous=FULL`: what a call has answered survives a power cut.

mod audit;
mod enqueue;
mod kept;
mod queue;
mod record;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};

use super::{
    AuditEntry, AuditLine, AuditQuery, DeadJob, Delivery, Enqueued, Lease, LeaseRequest, Queue, Renewal, Report,
    ReportKey, Settled, Settlement, Shelf, Store, StoreError, UnixMillis,
};
use crate::scan::SecretKey;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/store/migrations/sqlite");

/// A [`Store`] in a SQLite file, or in memory.
pub struct SqliteStore {
    write: SqlitePool,
    read: SqlitePool,
    writer: enqueue::Writer,
}

impl SqliteStore {
    /// Opens the file that `url` names, creating it (readable for its owner only) when it is absent.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the file can't be opened, or belongs to something else or to a newer version.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let path = url.trim_start_matches("sqlite:").trim_start_matches("//").to_owned();
        Self::connect(url).await.map_err(|source| StoreError::Open { path, source })
    }

    async fn connect(url: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let in_memory = url == "sqlite::memory:";
        let options = url
            .parse::<SqliteConnectOptions>()?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        if !in_memory {
            create_private(options.get_filename())?;
        }
        let write = pool(1).connect_with(options.clone()).await?;
        MIGRATIONS.run(&write).await?;
        let read = if in_memory { write.clone() } else { pool(4).connect_with(options.read_only(true)).await? };
        Ok(Self { writer: enqueue::Writer::start(write.clone()), write, read })
    }

    async fn begin(&self, operation: &'static str) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.write.begin_with("BEGIN IMMEDIATE").await.map_err(failed(operation))
    }
}

/// The one connection of a pool in memory is the database itself, so connections never age out.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(7))
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Creates the file for its owner only: it holds the key of secret fingerprints.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Names the operation that failed.
fn failed(operation: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| match source {
        sqlx::Error::PoolClosed => StoreError::Closed,
        source => StoreError::Query { operation, source: Box::new(source) },
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn enqueue(&self, delivery: Delivery) -> Result<Enqueued, StoreError> {
        self.writer.enqueue(delivery).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Option<Lease>, StoreError> {
        let mut transaction = self.begin("lease a job").await?;
        let lease = queue::lease(&mut transaction, request).await?;
        transaction.commit().await.map_err(failed("lease a job"))?;
        Ok(lease)
    }

    async fn renew(&self, lease: &Lease, until: UnixMillis) -> Result<Renewal, StoreError> {
        let mut transaction = self.begin("renew a lease").await?;
        let renewal = queue::renew(&mut transaction, lease, until).await.map_err(failed("renew a lease"))?;
        transaction.commit().await.map_err(failed("renew a lease"))?;
        Ok(renewal)
    }

    async fn settle(&self, lease: &Lease, settlement: Settlement, now: UnixMillis) -> Result<Settled, StoreError> {
        let mut transaction = self.begin("settle a job").await?;
        let settled = queue::settle(&mut transaction, lease, settlement, now).await.map_err(failed("settle a job"))?;
        transaction.commit().await.map_err(failed("settle a job"))?;
        Ok(settled)
    }

    async fn put_report(&self, key: &ReportKey, body: &str, now: UnixMillis) -> Result<(), StoreError> {
        let mut transaction = self.begin("store a report").await?;
        record::put_report(&mut transaction, key, body, now).await.map_err(failed("store a report"))?;
        transaction.commit().await.map_err(failed("store a report"))
    }

    async fn report(&self, key: &ReportKey) -> Result<Option<Report>, StoreError> {
        record::report(&self.read, key).await.map_err(failed("read a report"))
    }

    async fn secret_key(&self) -> Result<SecretKey, StoreError> {
        let mut transaction = self.begin("read the fingerprint key").await?;
        let key = record::secret_key(&mut transaction).await?;
        transaction.commit().await.map_err(failed("store the fingerprint key"))?;
        Ok(key)
    }

    async fn keep(&self, shelf: Shelf, name: &str, body: &str, until: Option<UnixMillis>) -> Result<(), StoreError> {
        kept::keep(&self.write, (shelf, name), body, until).await.map_err(failed("keep something"))
    }

    async fn claim(
        &self,
        shelf: Shelf,
        name: &str,
        body: &str,
        now: UnixMillis,
        until: Option<UnixMillis>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin("claim something").await?;
        let place = (shelf, name);
        let claimed =
            kept::claim(&mut transaction, place, body, (now, until)).await.map_err(failed("claim something"))?;
        transaction.commit().await.map_err(failed("claim something"))?;
        Ok(claimed)
    }

    async fn kept(&self, shelf: Shelf, name: &str, now: UnixMillis) -> Result<Option<String>, StoreError> {
        kept::kept(&self.read, (shelf, name), now).await.map_err(failed("read what is kept"))
    }

    async fn kept_below(
        &self,
        shelf: Shelf,
        prefix: &str,
        now: UnixMillis,
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError> {
        kept::kept_below(&self.read, (shelf, prefix), now, limit).await.map_err(failed("list what is kept"))
    }

    async fn forget(&self, shelf: Shelf, name: &str) -> Result<(), StoreError> {
        kept::forget(&self.write, (shelf, name)).await.map_err(failed("forget something"))
    }

    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        audit::append(&self.write, entry).await.map_err(failed("write the audit log"))
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditLine>, StoreError> {
        audit::read(&self.read, query).await
    }

    async fn queue(&self, now: UnixMillis) -> Result<Queue, StoreError> {
        record::queue(&self.read, now).await.map_err(failed("count the queue"))
    }

    async fn dead(&self, limit: u32) -> Result<Vec<DeadJob>, StoreError> {
        record::dead(&self.read, limit).await.map_err(failed("list dead jobs"))
    }

    async fn redrive(&self, job_id: i64, now: UnixMillis) -> Result<bool, StoreError> {
        let mut transaction = self.begin("redrive a job").await?;
        let redriven = queue::redrive(&mut transaction, job_id, now).await.map_err(failed("redrive a job"))?;
        transaction.commit().await.map_err(failed("redrive a job"))?;
        Ok(redriven)
    }

    async fn prune(&self, now: UnixMillis) -> Result<u64, StoreError> {
        record::prune(&self.write, now).await.map_err(failed("prune old rows"))
    }

    async fn check(&self) -> Result<(), StoreError> {
        let transaction = self.begin("reach the database").await?;
        transaction.rollback().await.map_err(failed("reach the database"))
    }

    async fn close(&self) {
        self.writer.stop().await;
        self.read.close().await;
        self.write.close().await;
    }
}

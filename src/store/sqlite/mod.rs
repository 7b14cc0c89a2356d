//! The store in one SQLite file.
//!
//! One connection writes, so locks need no statement of their own.
//!
//! Invariant: write-ahead log with `synchronous=FULL`: what a call has answered survives a power cut.

mod enqueue;

/// A transaction that writes is alone.
macro_rules! for_update {
    () => {
        ""
    };
}

macro_rules! skip_locked {
    ($of:literal) => {
        ""
    };
}

#[path = "../sql/mod.rs"]
mod sql;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::StoreError;
use super::writer::Writer;

type Connection = SqliteConnection;
type DatabaseRow = SqliteRow;
type Opened = SqliteStore;
type Pool = SqlitePool;

/// Most pages that are given back to the file system at once.
const FREED_PAGES: &str = "PRAGMA incremental_vacuum(2000)";

/// A [`Store`](super::Store) in a SQLite file, or in memory.
pub struct SqliteStore {
    database: Arc<Database>,
    writer: Writer,
}

struct Database {
    write: SqlitePool,
    read: SqlitePool,
}

impl SqliteStore {
    /// Opens the file that `url` names, creating it (readable for its owner only) when it is absent.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the file can't be opened, or belongs to something else or to a newer version.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let path = url.trim_start_matches("sqlite:").trim_start_matches("//").to_owned();
        let database = Database::connect(url).await.map_err(|source| StoreError::Open { path, source })?;
        let database = Arc::new(database);
        Ok(Self { writer: Writer::start(Arc::clone(&database)), database })
    }
}

impl Database {
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
        let write = pool(1).connect_with(options.clone().auto_vacuum(SqliteAutoVacuum::Incremental)).await?;
        make_vacuumable(&write).await?;
        sql::migrate::run(&mut *write.acquire().await?).await?;
        let read = if in_memory { write.clone() } else { pool(4).connect_with(options.read_only(true)).await? };
        Ok(Self { write, read })
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.write.begin_with("BEGIN IMMEDIATE").await
    }

    /// Names the operation in errors. How long it may take is the business of the connections.
    async fn within<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        work.await.map_err(|error| StoreError::of(operation, error))
    }

    async fn writable(&self) -> Result<(), sqlx::Error> {
        self.begin().await?.rollback().await
    }

    /// Nobody else uses the file.
    async fn rung(&self) {
        std::future::pending::<()>().await;
    }

    async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

fn migrations() -> sqlx::migrate::Migrator {
    sqlx::migrate!("src/store/migrations/sqlite")
}

/// The transaction that writes is the lock.
fn lock(_: &mut SqliteConnection, _: Vec<String>) -> std::future::Ready<Result<(), sqlx::Error>> {
    std::future::ready(Ok(()))
}

/// The worker of this process is told by this process.
fn tell(_: &mut SqliteConnection) -> std::future::Ready<Result<(), sqlx::Error>> {
    std::future::ready(Ok(()))
}

/// A file of an early version keeps the space of removed rows; once rewritten, it can give it back.
async fn make_vacuumable(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(pool).await?;
    if mode == 0 { sqlx::query("VACUUM").execute(pool).await.map(|_| ()) } else { Ok(()) }
}

/// Gives the space of removed rows back to the file system.
async fn vacuum(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    // Each page is a row of the answer, so all of it has to be read.
    sqlx::query(FREED_PAGES).fetch_all(pool).await.map(|_| ())
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

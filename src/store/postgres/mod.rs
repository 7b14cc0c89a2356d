//! The store in a PostgreSQL database that any number of processes share.
//!
//! Who changes what waits or runs under a key holds an advisory lock of that key until the transaction ends; keys are
//! locked in one order, so nobody waits in a circle. The tables' unique indexes guard what the locks promise.
//!
//! Invariant: no call hangs, whatever the network does: each has a limit of its own below that of a request.

mod enqueue;
mod listen;

/// Rows that are about to be changed.
macro_rules! for_update {
    () => {
        " FOR UPDATE"
    };
}

/// Rows that nobody else is about to change.
macro_rules! skip_locked {
    ($of:literal) => {
        concat!(" FOR UPDATE", $of, " SKIP LOCKED")
    };
}

#[path = "../sql/mod.rs"]
#[allow(clippy::duplicate_mod, reason = "the same words with the types of another database")]
mod sql;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions, Connection as _, Executor, PgConnection, PgPool, Postgres, Transaction};

use super::StoreError;
use super::writer::Writer;
use listen::Listening;

type Connection = PgConnection;
type DatabaseRow = PgRow;
type Opened = PostgresStore;
type Pool = PgPool;

/// Most connections of one process, beside the one that listens.
const CONNECTIONS: u32 = 8;

/// Longest wait for a connection.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(2);

/// How long a connection is trusted after its last use.
const TRUSTED: Duration = Duration::from_secs(1);

/// Longest time of one call. GitHub gives a delivery up after 10 s, and the server after 8.
const CALL_LIMIT: Duration = Duration::from_secs(5);

/// Longest time until the tables are up to date; another process may be at it.
const MIGRATION_LIMIT: Duration = Duration::from_mins(5);

/// What the server is to end by itself: statements whose caller gave up, and transactions of a process that hangs,
/// which hold locks.
const LIMITS: &str = "SET statement_timeout = '5s'; SET lock_timeout = '4s'; \
     SET idle_in_transaction_session_timeout = '8s'; SET default_transaction_isolation = 'read committed'";

/// A [`Store`](super::Store) in a PostgreSQL database.
pub struct PostgresStore {
    database: Arc<Database>,
    writer: Writer,
}

struct Database {
    write: PgPool,
    read: PgPool,
    listening: Listening,
}

impl PostgresStore {
    /// Connects to the database that `url` names, which exists; its tables are made when they are absent.
    ///
    /// # Errors
    /// [`StoreError::Open`] when it can't be reached, or belongs to something else or to a newer version; without the
    /// password.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let failed = |path: &str, source| StoreError::Open { path: path.to_owned(), source };
        let options: PgConnectOptions =
            url.parse().map_err(|error: sqlx::Error| failed("postgres://…", error.into()))?;
        let options = options.application_name("dockgate");
        let database = Database::connect(&options).await.map_err(|source| failed(&address(&options), source))?;
        let database = Arc::new(database);
        Ok(Self { writer: Writer::start(Arc::clone(&database)), database })
    }
}

impl Database {
    async fn connect(options: &PgConnectOptions) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let first = tokio::time::timeout(CALL_LIMIT, options.connect());
        let mut first = first.await.map_err(|_| late(CALL_LIMIT))??;
        let migrated = tokio::time::timeout(MIGRATION_LIMIT, sql::migrate::run(&mut first));
        migrated.await.map_err(|_| late(MIGRATION_LIMIT))??;
        first.close().await?;
        let listening = Listening::start(pool(1).idle_timeout(None).connect_lazy_with(options.clone()));
        let pool = pool(CONNECTIONS).connect_lazy_with(options.clone());
        Ok(Self { write: pool.clone(), read: pool, listening })
    }

    async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.write.begin().await
    }

    /// Ends what takes too long, and names the operation in errors.
    async fn within<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        let outcome = tokio::time::timeout(CALL_LIMIT, work).await.unwrap_or_else(|_| Err(late(CALL_LIMIT).into()));
        outcome.map_err(|error| StoreError::of(operation, error))
    }

    async fn writable(&self) -> Result<(), sqlx::Error> {
        let read_only: String =
            sqlx::query_scalar("SELECT current_setting('transaction_read_only')").fetch_one(&self.write).await?;
        if read_only == "off" { Ok(()) } else { Err(io::Error::other("the server only reads").into()) }
    }

    async fn rung(&self) {
        self.listening.rung().await;
    }

    async fn close(&self) {
        self.listening.stop();
        self.write.close().await;
    }
}

fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_LIMIT)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(LIMITS).await.map(|_| ()) }))
        // One that was just used works most likely; asking costs as much as a statement.
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move { Ok(used.idle_for < TRUSTED || connection.ping().await.is_ok()) })
        })
}

fn migrations() -> sqlx::migrate::Migrator {
    sqlx::migrate!("src/store/migrations/postgres")
}

/// Locks names until the transaction ends, in one order for everybody.
async fn lock(connection: &mut PgConnection, names: Vec<String>) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(number) FROM unnest($1) AS number")
        .bind(lock_numbers(names.iter().map(String::as_str)))
        .execute(connection)
        .await
        .map(|_| ())
}

/// The numbers of locks, in the order in which they are taken.
fn lock_numbers<'a>(names: impl Iterator<Item = &'a str>) -> Vec<i64> {
    let mut numbers: Vec<i64> = names.map(number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The number of a lock; two names that share one wait for each other, and nothing worse.
fn number(name: &str) -> i64 {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    i64::from_be_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|index: usize| digest[index]))
}

/// Tells every process, once the transaction is committed, that a job may be due.
async fn tell(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute(listen::NOTIFY).await.map(|_| ())
}

/// The server does that by itself.
fn vacuum(_: &PgPool) -> std::future::Ready<Result<(), sqlx::Error>> {
    std::future::ready(Ok(()))
}

fn late(limit: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs()))
}

/// Where the database is, for people.
fn address(options: &PgConnectOptions) -> String {
    let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |path| path.display().to_string());
    let name = options.get_database().unwrap_or(options.get_username());
    format!("{name} at {host}:{}", options.get_port())
}

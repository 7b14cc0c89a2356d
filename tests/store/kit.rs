//! What the behaviours share: a database that can be opened again, and short names for jobs and moments.

use std::path::PathBuf;
use std::sync::Arc;

use dockgate::github::identity::{CommitSha, InstallationId, PullRequestNumber};
use dockgate::job::{Job, JobSubject};
use dockgate::store::{Delivery, Lease, LeaseRequest, Settled, Settlement, Store, UnixMillis};
use sqlx::{AssertSqlSafe, Connection};

use crate::postgres_server;

/// A database of one test.
pub enum Database {
    /// A file, removed with its folder.
    Sqlite(tempfile::TempDir),
    /// An address, removed with its server.
    Postgres(String),
}

impl Database {
    /// The file; `None` when it is none.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(folder) => Some(folder.path().join("dockgate.db")),
            Self::Postgres(_) => None,
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}", folder.path().join("dockgate.db").display()),
            Self::Postgres(url) => url.clone(),
        }
    }

    /// Opens the database; again, as a restarted process would.
    pub async fn open(&self) -> Arc<dyn Store> {
        dockgate::store::open(&self.url()).await.unwrap()
    }

    /// Runs statements of a test's own.
    pub async fn execute(&self, statements: &str) {
        match self {
            Self::Sqlite(_) => {
                let mut connection = sqlx::SqliteConnection::connect(&self.url()).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Self::Postgres(url) => postgres_server::shared().execute(url, statements).await,
        }
    }
}

pub async fn sqlite() -> Database {
    Database::Sqlite(tempfile::tempdir().unwrap())
}

pub async fn postgres() -> Database {
    Database::Postgres(postgres_server::shared().database().await)
}

/// A commit of forty equal digits.
pub fn sha(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

/// Pull request `number` of installation 7 at head `digit`.
pub fn job(number: u64, digit: char) -> Job {
    job_of(7, number, digit)
}

pub fn job_of(installation: u64, number: u64, digit: char) -> Job {
    Job {
        installation: InstallationId(installation),
        repository: "acme/shop".parse().unwrap(),
        subject: JobSubject::PullRequest { number: PullRequestNumber(number), head: sha(digit) },
    }
}

/// A delivery at moment 0 that asks for one pull request.
pub fn delivery(id: &str, number: u64, digit: char) -> Delivery {
    delivery_of(id, vec![job(number, digit)])
}

pub fn delivery_of(id: &str, jobs: Vec<Job>) -> Delivery {
    Delivery { id: id.to_owned(), received_at: UnixMillis(0), as_of: None, jobs }
}

pub fn request(now: i64) -> LeaseRequest {
    LeaseRequest { now: UnixMillis(now), until: UnixMillis(now + 100), max_running_per_installation: 100 }
}

/// Leases for 100 ms.
pub async fn lease(store: &dyn Store, now: i64) -> Option<Lease> {
    store.lease(request(now)).await.unwrap()
}

pub async fn done(store: &dyn Store, lease: &Lease, now: i64) {
    settle(store, lease, Settlement::Done { follow_up: Vec::new() }, now).await;
}

pub async fn settle(store: &dyn Store, lease: &Lease, settlement: Settlement, now: i64) {
    assert_eq!(store.settle(lease, settlement, UnixMillis(now)).await.unwrap(), Settled::Recorded);
}

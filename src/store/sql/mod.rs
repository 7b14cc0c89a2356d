//! What is said to every database in the same words: each database compiles this folder with types of its own.
//!
//! The module above gives the types (`Database`, `Connection`, `DatabaseRow`, `Pool`), what differs (`enqueue`, `lock`,
//! `vacuum`), and the words that only one of them knows (`for_update!`, `skip_locked!`).
//!
//! Invariant: whoever changes what waits or runs under a key holds the key's lock.

mod audit;
mod kept;
pub(super) mod migrate;
pub(super) mod queue;
mod record;
mod settle;

use std::time::Duration;

use async_trait::async_trait;

use super::Database;
use crate::scan::SecretKey;
use crate::store::writer::Batch;
use crate::store::{
    AuditEntry, AuditLine, AuditQuery, DeadJob, Delivery, Enqueued, Lease, LeaseRequest, Queue, Renewal, Report,
    ReportKey, Settled, Settlement, Shelf, Store, StoreError, UnixMillis,
};

/// Does something in a transaction that writes.
macro_rules! transact {
    ($database:expr, $operation:literal, |$connection:ident| $work:expr) => {{
        let database = $database;
        let work = async {
            let mut transaction = database.begin().await?;
            let $connection = &mut *transaction;
            let outcome = $work.await?;
            transaction.commit().await?;
            Ok(outcome)
        };
        database.within($operation, work).await
    }};
}

#[async_trait]
impl Batch for Database {
    async fn store(&self, deliveries: &[&Delivery]) -> Result<Vec<Enqueued>, StoreError> {
        self.within("store a delivery", super::enqueue::store(self, deliveries)).await
    }
}

/// The store on one database.
#[async_trait]
impl Store for super::Opened {
    async fn enqueue(&self, delivery: Delivery) -> Result<Enqueued, StoreError> {
        self.writer.enqueue(delivery).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Option<Lease>, StoreError> {
        let database = &*self.database;
        let expired = queue::expired(&database.read, request.now);
        for (id, key) in database.within("look for lost leases", expired).await? {
            transact!(database, "take a lease back", |connection| settle::recover(connection, id, &key, request.now))?;
        }
        transact!(database, "lease a job", |connection| queue::lease(connection, request))
    }

    async fn renew(&self, lease: &Lease, until: UnixMillis) -> Result<Renewal, StoreError> {
        self.database.within("renew a lease", settle::renew(&self.database.write, lease, until)).await
    }

    async fn settle(&self, lease: &Lease, settlement: Settlement, now: UnixMillis) -> Result<Settled, StoreError> {
        transact!(&*self.database, "settle a job", |connection| settle::settle(connection, lease, &settlement, now))
    }

    async fn put_report(&self, key: &ReportKey, body: &str, now: UnixMillis) -> Result<(), StoreError> {
        transact!(&*self.database, "store a report", |connection| record::put_report(connection, key, body, now))
    }

    async fn report(&self, key: &ReportKey) -> Result<Option<Report>, StoreError> {
        self.database.within("read a report", record::report(&self.database.read, key)).await
    }

    async fn secret_key(&self) -> Result<SecretKey, StoreError> {
        transact!(&*self.database, "make the fingerprint key", |connection| record::secret_key(connection))
    }

    async fn keep(&self, shelf: Shelf, name: &str, body: &str, until: Option<UnixMillis>) -> Result<(), StoreError> {
        let keep = kept::keep(&self.database.write, (shelf, name), body, until);
        self.database.within("keep something", keep).await
    }

    async fn claim(
        &self,
        shelf: Shelf,
        name: &str,
        body: &str,
        now: UnixMillis,
        until: Option<UnixMillis>,
    ) -> Result<bool, StoreError> {
        let claim = kept::claim(&self.database.write, (shelf, name), body, (now, until));
        self.database.within("claim something", claim).await
    }

    async fn kept(&self, shelf: Shelf, name: &str, now: UnixMillis) -> Result<Option<String>, StoreError> {
        self.database.within("read what is kept", kept::kept(&self.database.read, (shelf, name), now)).await
    }

    async fn kept_below(
        &self,
        shelf: Shelf,
        prefix: &str,
        now: UnixMillis,
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let list = kept::kept_below(&self.database.read, (shelf, prefix), now, limit);
        self.database.within("list what is kept", list).await
    }

    async fn forget(&self, shelf: Shelf, name: &str) -> Result<(), StoreError> {
        self.database.within("forget something", kept::forget(&self.database.write, (shelf, name))).await
    }

    async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        transact!(&*self.database, "write the audit log", |connection| audit::append(connection, entry))
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditLine>, StoreError> {
        self.database.within("read the audit log", audit::read(&self.database.read, query)).await
    }

    async fn queue(&self, now: UnixMillis) -> Result<Queue, StoreError> {
        self.database.within("count the queue", record::queue(&self.database.read, now)).await
    }

    async fn dead(&self, limit: u32) -> Result<Vec<DeadJob>, StoreError> {
        self.database.within("list dead jobs", record::dead(&self.database.read, limit)).await
    }

    async fn redrive(&self, job_id: i64, now: UnixMillis) -> Result<bool, StoreError> {
        let database = &*self.database;
        let key = database.within("find a dead job", settle::dead_key(&database.read, job_id)).await?;
        let Some(key) = key else { return Ok(false) };
        transact!(database, "redrive a job", |connection| settle::redrive(connection, job_id, &key, now))
    }

    async fn prune(&self, now: UnixMillis, retention: Duration) -> Result<u64, StoreError> {
        let mut gone = 0;
        for sweep in record::sweeps(now, retention) {
            // Few at a time, so that deliveries that come in meanwhile don't wait.
            loop {
                let few = sweep.few(&self.database.write);
                let removed = self.database.within("prune old rows", few).await?;
                gone += removed;
                if removed < record::FEW {
                    break;
                }
            }
        }
        self.database.within("give space back", super::vacuum(&self.database.write)).await?;
        Ok(gone)
    }

    async fn elsewhere(&self) {
        self.database.rung().await;
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.database.within("reach the database", self.database.writable()).await
    }

    async fn close(&self) {
        self.writer.stop().await;
        self.database.close().await;
    }
}

//! What is not the queue itself: decision records, keys, counts, and what is pruned.
//!
//! Invariant: a report row is only ever added, and removed when it is old.

use std::time::Duration;

use sqlx::Row;

use super::super::{Connection, Pool, lock};
use crate::scan::SecretKey;
use crate::store::{DELIVERY_RETENTION, DeadJob, Queue, Report, ReportKey, UnixMillis};

/// Most rows that one statement removes.
pub(super) const FEW: u64 = 500;

const NEWEST: &str = "SELECT body, revision, recorded_at FROM reports \
     WHERE repository = $1 AND head = $2 AND check_name = $3 ORDER BY revision DESC LIMIT 1";

pub(super) async fn put_report(
    connection: &mut Connection,
    key: &ReportKey,
    body: &str,
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    let repository = key.repository.to_string();
    lock(connection, vec![format!("report {repository} {} {}", key.head.as_str(), key.check)]).await?;
    let newest = sqlx::query(NEWEST)
        .bind(&repository)
        .bind(key.head.as_str())
        .bind(&key.check)
        .fetch_optional(&mut *connection)
        .await?;
    let (last, same) = match &newest {
        Some(row) => (row.try_get::<i64, _>("revision")?, row.try_get::<String, _>("body")? == body),
        None => (0, false),
    };
    if same {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO reports (repository, head, check_name, revision, body, recorded_at) VALUES ($1,$2,$3,$4,$5,$6)",
    )
    .bind(&repository)
    .bind(key.head.as_str())
    .bind(&key.check)
    .bind(last + 1)
    .bind(body)
    .bind(now.0)
    .execute(connection)
    .await
    .map(|_| ())
}

pub(super) async fn report(pool: &Pool, key: &ReportKey) -> Result<Option<Report>, sqlx::Error> {
    let row = sqlx::query(NEWEST)
        .bind(key.repository.to_string())
        .bind(key.head.as_str())
        .bind(&key.check)
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Report {
        body: row.try_get("body")?,
        revision: u32::try_from(row.try_get::<i64, _>("revision")?).unwrap_or(u32::MAX),
        recorded_at: UnixMillis(row.try_get("recorded_at")?),
    }))
}

pub(super) async fn secret_key(connection: &mut Connection) -> Result<SecretKey, sqlx::Error> {
    let mut fresh = [0_u8; 32];
    getrandom::fill(&mut fresh).map_err(|error| sqlx::Error::Encode(error.to_string().into()))?;
    sqlx::query("INSERT INTO keys (name, bytes) VALUES ('secret-fingerprint', $1) ON CONFLICT DO NOTHING")
        .bind(&fresh[..])
        .execute(&mut *connection)
        .await?;
    let bytes: Vec<u8> =
        sqlx::query_scalar("SELECT bytes FROM keys WHERE name = 'secret-fingerprint'").fetch_one(connection).await?;
    let key = bytes.try_into().map_err(|_| sqlx::Error::Decode("the stored key is not 32 bytes".into()))?;
    Ok(SecretKey(key))
}

pub(super) async fn queue(pool: &Pool, now: UnixMillis) -> Result<Queue, sqlx::Error> {
    let row = sqlx::query(
        "SELECT count(*) FILTER (WHERE state = 'queued') AS queued, \
                count(*) FILTER (WHERE state = 'running') AS running, \
                count(*) FILTER (WHERE state = 'dead') AS dead, \
                min(run_at) FILTER (WHERE state = 'queued') AS oldest FROM jobs",
    )
    .fetch_one(pool)
    .await?;
    let count = |name: &str| row.try_get::<i64, _>(name).map(|count| u64::try_from(count).unwrap_or_default());
    let oldest: Option<i64> = row.try_get("oldest")?;
    Ok(Queue {
        queued: count("queued")?,
        running: count("running")?,
        dead: count("dead")?,
        oldest_due: oldest.map(|oldest| now.since(UnixMillis(oldest))).unwrap_or_default(),
    })
}

pub(super) async fn dead(pool: &Pool, limit: u32) -> Result<Vec<DeadJob>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT id, key, delivery, attempts, coalesce(cause, '') AS cause, created_at FROM jobs \
         WHERE state = 'dead' ORDER BY id DESC LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(DeadJob {
                job_id: row.try_get("id")?,
                key: row.try_get("key")?,
                delivery_id: row.try_get("delivery")?,
                attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
                cause: row.try_get("cause")?,
                created_at: UnixMillis(row.try_get("created_at")?),
            })
        })
        .collect()
}

/// Old rows of one table.
pub(super) struct Sweep {
    statement: &'static str,
    before: UnixMillis,
}

/// Everything that is old, table by table.
pub(super) fn sweeps(now: UnixMillis, retention: Duration) -> [Sweep; 4] {
    let deliveries = concat!(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE received_at < $1 LIMIT $2",
        skip_locked!(""),
        ")"
    );
    let dead = concat!(
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = 'dead' AND created_at < $1 LIMIT $2",
        skip_locked!(""),
        ")"
    );
    let reports = concat!(
        "DELETE FROM reports WHERE (repository, head, check_name, revision) IN \
         (SELECT repository, head, check_name, revision FROM reports WHERE recorded_at < $1 LIMIT $2",
        skip_locked!(""),
        ")"
    );
    let kept = concat!(
        "DELETE FROM kept WHERE (shelf, name) IN (SELECT shelf, name FROM kept WHERE until < $1 LIMIT $2",
        skip_locked!(""),
        ")"
    );
    [
        Sweep { statement: deliveries, before: now.minus(DELIVERY_RETENTION) },
        Sweep { statement: dead, before: now.minus(retention) },
        Sweep { statement: reports, before: now.minus(retention) },
        // A time that is over is no longer kept, the moment itself included.
        Sweep { statement: kept, before: now.plus(Duration::from_millis(1)) },
    ]
}

impl Sweep {
    /// Removes a few; how many went.
    pub(super) async fn few(&self, pool: &Pool) -> Result<u64, sqlx::Error> {
        let removed = sqlx::query(self.statement)
            .bind(self.before.0)
            .bind(i64::try_from(FEW).unwrap_or(i64::MAX))
            .execute(pool)
            .await?;
        Ok(removed.rows_affected())
    }
}

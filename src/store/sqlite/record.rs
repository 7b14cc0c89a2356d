//! What is not the queue itself: decision records, keys, counts.
//!
//! Invariant: a report row is only ever added.

use sqlx::{Row, SqliteConnection, SqlitePool};

use super::super::{DEAD_RETENTION, DELIVERY_RETENTION, DeadJob, Queue, Report, ReportKey, StoreError, UnixMillis};
use super::failed;
use crate::scan::SecretKey;

const NEWEST: &str = "SELECT body, revision, recorded_at FROM reports \
     WHERE repository = ? AND head = ? AND check_name = ? ORDER BY revision DESC LIMIT 1";

pub(super) async fn put_report(
    connection: &mut SqliteConnection,
    key: &ReportKey,
    body: &str,
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    let newest = sqlx::query(NEWEST)
        .bind(key.repository.to_string())
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
    sqlx::query("INSERT INTO reports (repository, head, check_name, revision, body, recorded_at) VALUES (?,?,?,?,?,?)")
        .bind(key.repository.to_string())
        .bind(key.head.as_str())
        .bind(&key.check)
        .bind(last + 1)
        .bind(body)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn report(pool: &SqlitePool, key: &ReportKey) -> Result<Option<Report>, sqlx::Error> {
    let row = sqlx::query(NEWEST)
        .bind(key.repository.to_string())
        .bind(key.head.as_str())
        .bind(&key.check)
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Report {
        body: row.try_get("body")?,
        revision: row.try_get("revision")?,
        recorded_at: UnixMillis(row.try_get("recorded_at")?),
    }))
}

pub(super) async fn secret_key(connection: &mut SqliteConnection) -> Result<SecretKey, StoreError> {
    const OPERATION: &str = "make the fingerprint key";
    let broken = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Query { operation: OPERATION, source };
    let mut fresh = [0_u8; 32];
    getrandom::fill(&mut fresh).map_err(|error| broken(error.to_string().into()))?;
    sqlx::query("INSERT INTO keys (name, bytes) VALUES ('secret-fingerprint', ?) ON CONFLICT DO NOTHING")
        .bind(&fresh[..])
        .execute(&mut *connection)
        .await
        .map_err(failed(OPERATION))?;
    let bytes: Vec<u8> = sqlx::query_scalar("SELECT bytes FROM keys WHERE name = 'secret-fingerprint'")
        .fetch_one(connection)
        .await
        .map_err(failed(OPERATION))?;
    let key = bytes.try_into().map_err(|_| broken("the stored key is not 32 bytes".into()))?;
    Ok(SecretKey(key))
}

pub(super) async fn queue(pool: &SqlitePool, now: UnixMillis) -> Result<Queue, sqlx::Error> {
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

pub(super) async fn dead(pool: &SqlitePool, limit: u32) -> Result<Vec<DeadJob>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT id, key, delivery, attempts, coalesce(cause, '') AS cause, created_at FROM jobs \
         WHERE state = 'dead' ORDER BY id DESC LIMIT ?",
    )
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(DeadJob {
                job_id: row.try_get("id")?,
                key: row.try_get("key")?,
                delivery_id: row.try_get("delivery")?,
                attempts: row.try_get("attempts")?,
                cause: row.try_get("cause")?,
                created_at: UnixMillis(row.try_get("created_at")?),
            })
        })
        .collect()
}

pub(super) async fn prune(pool: &SqlitePool, now: UnixMillis) -> Result<u64, sqlx::Error> {
    let deliveries = sqlx::query("DELETE FROM deliveries WHERE received_at < ?")
        .bind(now.minus(DELIVERY_RETENTION).0)
        .execute(pool)
        .await?;
    let dead = sqlx::query("DELETE FROM jobs WHERE state = 'dead' AND created_at < ?")
        .bind(now.minus(DEAD_RETENTION).0)
        .execute(pool)
        .await?;
    let kept = sqlx::query("DELETE FROM kept WHERE until <= ?").bind(now.0).execute(pool).await?;
    Ok(deliveries.rows_affected() + dead.rows_affected() + kept.rows_affected())
}

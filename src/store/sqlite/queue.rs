//! The queue's statements, each inside a transaction of the caller.
//!
//! Invariant: a job that began is settled, returned to the queue, or handed over to the newer job of its key; never
//! just deleted.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::super::{Lease, LeaseRequest, Renewal, Settled, Settlement, StoreError, UnixMillis};
use super::failed;
use crate::job::Job;

/// Most older jobs that a job remembers; beyond that the oldest are forgotten.
const MAX_LEFT_BEHIND: usize = 20;

const NEXT: &str = "\
    WITH busy AS (SELECT installation, count(*) AS jobs FROM jobs WHERE state = 'running' GROUP BY installation) \
    SELECT id, key, payload, left_behind, delivery, attempts, lost_leases, created_at FROM jobs LEFT JOIN busy USING (installation) \
    WHERE state = 'queued' AND run_at <= ? AND coalesce(busy.jobs, 0) < ? \
      AND NOT EXISTS (SELECT 1 FROM jobs AS other WHERE other.key = jobs.key AND other.state = 'running') \
    ORDER BY coalesce(busy.jobs, 0), run_at, id LIMIT 1";

/// Lets `job` wait under its key, in place of one that waits already unless that one describes a later state.
///
/// A running job is no reason to refuse an older delivery: it may have read the head before the delivery was made.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    job: &Job,
    delivery_id: &str,
    as_of: Option<UnixMillis>,
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    let key = job.key();
    let waiting =
        sqlx::query("SELECT id, payload, left_behind, as_of, attempts FROM jobs WHERE key = ? AND state = 'queued'")
            .bind(key.as_str())
            .fetch_optional(&mut *connection)
            .await?;
    let Some(waiting) = waiting else {
        return insert(connection, job, delivery_id, as_of, now).await;
    };
    let waiting_as_of = waiting.try_get::<Option<i64>, _>("as_of")?.map(UnixMillis);
    if as_of.zip(waiting_as_of).is_some_and(|(new, old)| new < old) {
        return Ok(());
    }
    let mut left_behind = left_behind(&waiting)?;
    if waiting.try_get::<i64, _>("attempts")? > 0 {
        leave_behind(&mut left_behind, waiting.try_get("payload")?, job);
    }
    sqlx::query(
        "UPDATE jobs SET payload = ?, left_behind = ?, installation = ?, delivery = ?, as_of = coalesce(?, as_of), \
         run_at = min(run_at, ?), attempts = 0, lost_leases = 0, cause = NULL WHERE id = ?",
    )
    .bind(encode(job)?)
    .bind(encode(&left_behind)?)
    .bind(installation(job))
    .bind(delivery_id)
    .bind(as_of.map(|as_of| as_of.0))
    .bind(now.0)
    .bind(waiting.try_get::<i64, _>("id")?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert(
    connection: &mut SqliteConnection,
    job: &Job,
    delivery_id: &str,
    as_of: Option<UnixMillis>,
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO jobs (key, payload, installation, delivery, as_of, state, run_at, created_at) \
         VALUES (?, ?, ?, ?, ?, 'queued', ?, ?)",
    )
    .bind(job.key().as_str())
    .bind(encode(job)?)
    .bind(installation(job))
    .bind(delivery_id)
    .bind(as_of.map(|as_of| as_of.0))
    .bind(now.0)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Leases the next due job. One that no longer parses is put aside as dead, so that it can't block the others.
pub(super) async fn lease(
    connection: &mut SqliteConnection,
    request: LeaseRequest,
) -> Result<Option<Lease>, StoreError> {
    let failed = failed("lease a job");
    recover(connection, request.now).await.map_err(&failed)?;
    loop {
        let next = sqlx::query(NEXT)
            .bind(request.now.0)
            .bind(request.max_running_per_installation)
            .fetch_optional(&mut *connection)
            .await
            .map_err(&failed)?;
        let Some(row) = next else { return Ok(None) };
        let token = token()?;
        match read_lease(&row, token) {
            Ok(lease) => {
                take(connection, &lease, request.until).await.map_err(&failed)?;
                return Ok(Some(lease));
            }
            Err(error) => put_aside(connection, &row, &error).await.map_err(&failed)?,
        }
    }
}

fn read_lease(row: &SqliteRow, token: String) -> Result<Lease, sqlx::Error> {
    let left_behind = left_behind(row)?.iter().filter_map(|payload| serde_json::from_str(payload).ok()).collect();
    Ok(Lease {
        job_id: row.try_get("id")?,
        token,
        job: decode(row.try_get("payload")?)?,
        delivery_id: row.try_get("delivery")?,
        attempts: row.try_get::<u32, _>("attempts")?.saturating_add(1),
        lost_leases: row.try_get("lost_leases")?,
        left_behind,
        created_at: UnixMillis(row.try_get("created_at")?),
    })
}

async fn take(connection: &mut SqliteConnection, lease: &Lease, until: UnixMillis) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE jobs SET state = 'running', lease_until = ?, lease_token = ?, attempts = ? WHERE id = ?")
        .bind(until.0)
        .bind(&lease.token)
        .bind(lease.attempts)
        .bind(lease.job_id)
        .execute(connection)
        .await?;
    Ok(())
}

async fn put_aside(connection: &mut SqliteConnection, row: &SqliteRow, error: &sqlx::Error) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE jobs SET state = 'dead', cause = ? WHERE id = ?")
        .bind(format!("the stored job does not parse: {error}"))
        .bind(row.try_get::<i64, _>("id")?)
        .execute(connection)
        .await?;
    Ok(())
}

/// Returns jobs whose lease ran out to the queue; their worker is gone.
async fn recover(connection: &mut SqliteConnection, now: UnixMillis) -> Result<(), sqlx::Error> {
    let expired =
        sqlx::query("SELECT id, key, payload, left_behind FROM jobs WHERE state = 'running' AND lease_until <= ?")
            .bind(now.0)
            .fetch_all(&mut *connection)
            .await?;
    for row in expired {
        sqlx::query("UPDATE jobs SET lost_leases = lost_leases + 1 WHERE id = ?")
            .bind(row.try_get::<i64, _>("id")?)
            .execute(&mut *connection)
            .await?;
        give_back(connection, &row, now, Some("the worker that held the job went away"), 0).await?;
    }
    Ok(())
}

/// Returns a running job to the queue, or hands it over to the newer one that waits.
async fn give_back(
    connection: &mut SqliteConnection,
    row: &SqliteRow,
    run_at: UnixMillis,
    cause: Option<&str>,
    uncounted_attempts: u32,
) -> Result<(), sqlx::Error> {
    let id: i64 = row.try_get("id")?;
    if hand_over(connection, row).await? {
        sqlx::query("DELETE FROM jobs WHERE id = ?").bind(id).execute(connection).await?;
        return Ok(());
    }
    sqlx::query(
        "UPDATE jobs SET state = 'queued', lease_until = NULL, lease_token = NULL, run_at = ?, \
         cause = coalesce(?, cause), attempts = max(attempts - ?, 0) WHERE id = ?",
    )
    .bind(run_at.0)
    .bind(cause)
    .bind(uncounted_attempts)
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Tells the waiting job of the same key, if there is one, what this one leaves behind; `false` when none waits.
async fn hand_over(connection: &mut SqliteConnection, row: &SqliteRow) -> Result<bool, sqlx::Error> {
    let waiting = sqlx::query("SELECT id, payload, left_behind FROM jobs WHERE key = ? AND state = 'queued'")
        .bind(row.try_get::<String, _>("key")?)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(waiting) = waiting else { return Ok(false) };
    let mut inherited = left_behind(row)?;
    inherited.extend(left_behind(&waiting)?);
    if let Ok(newer) = decode(waiting.try_get("payload")?) {
        leave_behind(&mut inherited, row.try_get("payload")?, &newer);
    }
    sqlx::query("UPDATE jobs SET left_behind = ? WHERE id = ?")
        .bind(encode(&inherited)?)
        .bind(waiting.try_get::<i64, _>("id")?)
        .execute(connection)
        .await?;
    Ok(true)
}

pub(super) async fn renew(
    connection: &mut SqliteConnection,
    lease: &Lease,
    until: UnixMillis,
) -> Result<Renewal, sqlx::Error> {
    let renewed = sqlx::query("UPDATE jobs SET lease_until = ? WHERE id = ? AND lease_token = ? AND state = 'running'")
        .bind(until.0)
        .bind(lease.job_id)
        .bind(&lease.token)
        .execute(&mut *connection)
        .await?;
    if renewed.rows_affected() == 0 {
        return Ok(Renewal::Lost);
    }
    let superseded = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM jobs WHERE key = ? AND state = 'queued')")
        .bind(lease.job.key().as_str())
        .fetch_one(connection)
        .await?;
    Ok(Renewal::Held { superseded })
}

pub(super) async fn settle(
    connection: &mut SqliteConnection,
    lease: &Lease,
    settlement: Settlement,
    now: UnixMillis,
) -> Result<Settled, sqlx::Error> {
    let held = sqlx::query(
        "SELECT id, key, payload, left_behind FROM jobs WHERE id = ? AND lease_token = ? AND state = 'running'",
    )
    .bind(lease.job_id)
    .bind(&lease.token)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = held else { return Ok(Settled::Lost) };
    match settlement {
        Settlement::Done { follow_up } => finish(connection, lease, &follow_up, now).await?,
        Settlement::Retry { run_at, cause } => give_back(connection, &row, run_at, Some(&cause), 0).await?,
        Settlement::Release => give_back(connection, &row, now, None, 1).await?,
        Settlement::Dead { cause } => bury(connection, lease, &cause).await?,
    }
    Ok(Settled::Recorded)
}

/// Removes a job that is done, with the dead ones of its key: they are answered.
async fn finish(
    connection: &mut SqliteConnection,
    lease: &Lease,
    follow_up: &[Job],
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM jobs WHERE id = ? OR (key = ? AND state = 'dead')")
        .bind(lease.job_id)
        .bind(lease.job.key().as_str())
        .execute(&mut *connection)
        .await?;
    for job in follow_up {
        add(connection, job, &lease.delivery_id, None, now).await?;
    }
    Ok(())
}

async fn bury(connection: &mut SqliteConnection, lease: &Lease, cause: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE jobs SET state = 'dead', lease_until = NULL, lease_token = NULL, cause = ? WHERE id = ?")
        .bind(cause)
        .bind(lease.job_id)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn redrive(
    connection: &mut SqliteConnection,
    job_id: i64,
    now: UnixMillis,
) -> Result<bool, sqlx::Error> {
    let dead = sqlx::query("SELECT id, key, payload, left_behind FROM jobs WHERE id = ? AND state = 'dead'")
        .bind(job_id)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = dead else { return Ok(false) };
    if hand_over(connection, &row).await? {
        sqlx::query("DELETE FROM jobs WHERE id = ?").bind(job_id).execute(connection).await?;
        return Ok(false);
    }
    sqlx::query(
        "UPDATE jobs SET state = 'queued', run_at = ?, attempts = 0, lost_leases = 0, cause = NULL WHERE id = ?",
    )
    .bind(now.0)
    .bind(job_id)
    .execute(connection)
    .await?;
    Ok(true)
}

fn left_behind(row: &SqliteRow) -> Result<Vec<String>, sqlx::Error> {
    let text: String = row.try_get("left_behind")?;
    serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Notes that `payload` began and was replaced by `newer`; of the same commit, the newer one takes over its check run.
fn leave_behind(left_behind: &mut Vec<String>, payload: String, newer: &Job) {
    let same_head = decode(&payload).is_ok_and(|older| older.head() == newer.head());
    if !same_head && !left_behind.contains(&payload) {
        left_behind.push(payload);
    }
    let excess = left_behind.len().saturating_sub(MAX_LEFT_BEHIND);
    left_behind.drain(..excess);
}

fn encode<T: serde::Serialize>(value: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn decode(payload: &str) -> Result<Job, sqlx::Error> {
    serde_json::from_str(payload).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn installation(job: &Job) -> i64 {
    i64::try_from(job.installation.0).unwrap_or(i64::MAX)
}

/// 128 random bits in hex.
fn token() -> Result<String, StoreError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::Query { operation: "make a lease", source: error.to_string().into() })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

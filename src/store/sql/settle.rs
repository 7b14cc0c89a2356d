//! How leases end, each inside a transaction of the caller.
//!
//! Invariant: a job that began is settled, returned to the queue, or handed over to the newer job of its key; never
//! just deleted.

use sqlx::Row;

use super::super::{Connection, DatabaseRow, Pool, lock};
use super::queue;
use crate::job::Job;
use crate::store::waiting::{self, Asked};
use crate::store::{Lease, Renewal, Settled, Settlement, UnixMillis};

/// Returns a job whose lease ran out to the queue, unless its holder renewed it after all.
pub(super) async fn recover(
    connection: &mut Connection,
    id: i64,
    key: &str,
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    lock(connection, vec![key.to_owned()]).await?;
    let row = sqlx::query(concat!(
        "SELECT id, key, payload, left_behind FROM jobs WHERE id = $1 AND state = 'running' AND lease_until <= $2",
        for_update!()
    ))
    .bind(id)
    .bind(now.0)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(()) };
    sqlx::query("UPDATE jobs SET lost_leases = lost_leases + 1 WHERE id = $1")
        .bind(id)
        .execute(&mut *connection)
        .await?;
    give_back(connection, &Gone::read(&row)?, now, Some("the worker that held the job went away"), 0).await
}

/// Returns a running job to the queue, or hands it over to the newer one that waits.
async fn give_back(
    connection: &mut Connection,
    gone: &Gone,
    run_at: UnixMillis,
    cause: Option<&str>,
    uncounted_attempts: i64,
) -> Result<(), sqlx::Error> {
    if hand_over(connection, gone).await? {
        return Ok(());
    }
    sqlx::query(
        "UPDATE jobs SET state = 'queued', lease_until = NULL, lease_token = NULL, run_at = $1, \
         cause = coalesce($2, cause), attempts = attempts - $3, left_behind = $4 WHERE id = $5",
    )
    .bind(run_at.0)
    .bind(cause.map(storable))
    .bind(uncounted_attempts)
    .bind(waiting::encode(&gone.left_behind)?)
    .bind(gone.id)
    .execute(connection)
    .await
    .map(|_| ())
}

/// A job that began, on its way out.
struct Gone {
    id: i64,
    key: String,
    /// What it leaves behind, itself included.
    left_behind: Vec<String>,
}

impl Gone {
    fn read(row: &DatabaseRow) -> Result<Self, sqlx::Error> {
        let left_behind = waiting::began(row.try_get("payload")?, row.try_get("left_behind")?)?;
        Ok(Self { id: row.try_get("id")?, key: row.try_get("key")?, left_behind })
    }

    /// One that settled what was left behind to it.
    fn alone(row: &DatabaseRow) -> Result<Self, sqlx::Error> {
        Ok(Self { left_behind: vec![row.try_get("payload")?], ..Self::read(row)? })
    }
}

/// Tells the waiting job of the same key what this one leaves behind, and removes this one; `false` when none waits.
async fn hand_over(connection: &mut Connection, gone: &Gone) -> Result<bool, sqlx::Error> {
    let waiting =
        sqlx::query(concat!("SELECT id, left_behind FROM jobs WHERE key = $1 AND state = 'queued'", for_update!()))
            .bind(&gone.key)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(waiting) = waiting else { return Ok(false) };
    let left_behind = waiting::inherit(&gone.left_behind, waiting.try_get("left_behind")?)?;
    sqlx::query("UPDATE jobs SET left_behind = $1 WHERE id = $2")
        .bind(waiting::encode(&left_behind)?)
        .bind(waiting.try_get::<i64, _>("id")?)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM jobs WHERE id = $1").bind(gone.id).execute(connection).await?;
    Ok(true)
}

pub(super) async fn renew(pool: &Pool, lease: &Lease, until: UnixMillis) -> Result<Renewal, sqlx::Error> {
    let renewed = sqlx::query_scalar(
        "UPDATE jobs SET lease_until = $1 WHERE id = $2 AND lease_token = $3 AND state = 'running' \
         RETURNING EXISTS (SELECT 1 FROM jobs AS other WHERE other.key = jobs.key AND other.state = 'queued')",
    );
    // Read to its end, so that it is committed.
    let held: Vec<bool> = renewed.bind(until.0).bind(lease.job_id).bind(&lease.token).fetch_all(pool).await?;
    Ok(held.first().map_or(Renewal::Lost, |superseded| Renewal::Held { superseded: *superseded }))
}

pub(super) async fn settle(
    connection: &mut Connection,
    lease: &Lease,
    settlement: &Settlement,
    now: UnixMillis,
) -> Result<Settled, sqlx::Error> {
    let mut keys = vec![lease.job.key().as_str().to_owned()];
    if let Settlement::Done { follow_up } | Settlement::Superseded { follow_up } = settlement {
        keys.extend(follow_up.iter().map(|job| job.key().as_str().to_owned()));
    }
    lock(connection, keys).await?;
    let held = sqlx::query(concat!(
        "SELECT id, key, payload, left_behind FROM jobs WHERE id = $1 AND lease_token = $2 AND state = 'running'",
        for_update!()
    ))
    .bind(lease.job_id)
    .bind(&lease.token)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = held else { return Ok(Settled::Lost) };
    match settlement {
        Settlement::Done { follow_up } => finish(connection, lease, follow_up, now).await?,
        Settlement::Superseded { follow_up } => {
            ask(connection, lease, follow_up, now).await?;
            give_back(connection, &Gone::alone(&row)?, now, None, 1).await?;
        }
        Settlement::Retry { run_at, cause } => {
            give_back(connection, &Gone::read(&row)?, *run_at, Some(cause), 0).await?;
        }
        Settlement::Release => give_back(connection, &Gone::read(&row)?, now, None, 1).await?,
        Settlement::Dead { cause } => bury(connection, lease, cause).await?,
    }
    Ok(Settled::Recorded)
}

/// Removes a job that is done, with the dead ones of its key: they are answered.
async fn finish(
    connection: &mut Connection,
    lease: &Lease,
    follow_up: &[Job],
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM jobs WHERE id = $1 OR (key = $2 AND state = 'dead')")
        .bind(lease.job_id)
        .bind(lease.job.key().as_str())
        .execute(&mut *connection)
        .await?;
    ask(connection, lease, follow_up, now).await
}

/// Lets what a job asks for wait.
async fn ask(
    connection: &mut Connection,
    lease: &Lease,
    follow_up: &[Job],
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    for job in follow_up {
        queue::add(connection, Asked { job, delivery: &lease.delivery_id, as_of: None, now }).await?;
    }
    if follow_up.is_empty() { Ok(()) } else { super::super::tell(connection).await }
}

async fn bury(connection: &mut Connection, lease: &Lease, cause: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE jobs SET state = 'dead', lease_until = NULL, lease_token = NULL, cause = $1 WHERE id = $2")
        .bind(storable(cause))
        .bind(lease.job_id)
        .execute(connection)
        .await
        .map(|_| ())
}

/// The key of a dead job.
pub(super) async fn dead_key(pool: &Pool, job_id: i64) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT key FROM jobs WHERE id = $1 AND state = 'dead'").bind(job_id).fetch_optional(pool).await
}

pub(super) async fn redrive(
    connection: &mut Connection,
    job_id: i64,
    key: &str,
    now: UnixMillis,
) -> Result<bool, sqlx::Error> {
    lock(connection, vec![key.to_owned()]).await?;
    let dead = sqlx::query(concat!(
        "SELECT id, key, payload, left_behind FROM jobs WHERE id = $1 AND state = 'dead'",
        for_update!()
    ))
    .bind(job_id)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = dead else { return Ok(false) };
    let gone = Gone::read(&row)?;
    if hand_over(connection, &gone).await? {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE jobs SET state = 'queued', run_at = $1, attempts = 0, lost_leases = 0, cause = NULL, left_behind = $2 \
         WHERE id = $3",
    )
    .bind(now.0)
    .bind(waiting::encode(&gone.left_behind)?)
    .bind(job_id)
    .execute(&mut *connection)
    .await?;
    super::super::tell(connection).await?;
    Ok(true)
}

/// PostgreSQL keeps no NUL in a text.
fn storable(cause: &str) -> String {
    cause.replace('\0', "")
}

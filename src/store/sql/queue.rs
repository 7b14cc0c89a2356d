//! What waits, and who gets the next of it; each statement inside a transaction of the caller.
//!
//! Invariant: of one installation no more jobs are leased than the request allows, whoever else leases at the time.

use sqlx::Row;

use super::super::{Connection, DatabaseRow, Pool, lock};
use crate::job::Job;
use crate::store::waiting::{self, Asked, Waiting};
use crate::store::{Lease, LeaseRequest, UnixMillis};

/// The lock of everybody who leases.
const LEASES: &str = "leases";

/// Most lost leases that are taken back at once.
const MAX_EXPIRED: i64 = 100;

/// The first due job of each installation that may run one more, of these the one of the least busy. It costs as much
/// as there are installations, however long their queues are.
const NEXT: &str = concat!(
    "WITH RECURSIVE waiting (installation) AS ( \
         SELECT min(installation) FROM jobs WHERE state = 'queued' \
         UNION ALL \
         SELECT (SELECT min(installation) FROM jobs WHERE state = 'queued' AND installation > waiting.installation) \
         FROM waiting WHERE installation IS NOT NULL), \
     busy AS (SELECT installation, count(*) AS jobs FROM jobs WHERE state = 'running' GROUP BY installation), \
     due AS ( \
         SELECT coalesce(busy.jobs, 0) AS running, \
             (SELECT id FROM jobs WHERE state = 'queued' AND installation = waiting.installation AND run_at <= $1 \
                 AND NOT EXISTS (SELECT 1 FROM jobs AS other WHERE other.key = jobs.key AND other.state = 'running') \
              ORDER BY run_at, id LIMIT 1) AS id \
         FROM waiting LEFT JOIN busy ON busy.installation = waiting.installation \
         WHERE coalesce(busy.jobs, 0) < $2) \
     SELECT jobs.id, payload, left_behind, delivery, attempts, lost_leases, created_at \
     FROM due JOIN jobs ON jobs.id = due.id ORDER BY due.running, jobs.run_at, jobs.id LIMIT 1",
    skip_locked!(" OF jobs")
);

/// Lets a job wait under its key, in place of one that waits already unless that one describes a later state.
///
/// A running job is no reason to refuse an older delivery: it may have read the head before the delivery was made.
pub(in crate::store) async fn add(connection: &mut Connection, asked: Asked<'_>) -> Result<(), sqlx::Error> {
    let key = asked.job.key();
    let row = sqlx::query(concat!(
        "SELECT id, payload, left_behind, installation, delivery, as_of, run_at FROM jobs \
         WHERE key = $1 AND state = 'queued'",
        for_update!()
    ))
    .bind(key.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else {
        return insert(connection, key.as_str(), &Waiting::new(asked)?).await;
    };
    let mut waiting = read_waiting(&row)?;
    if waiting.replace(asked)? { update(connection, &waiting).await } else { Ok(()) }
}

/// A row that waits, with the columns that its fields are named after.
pub(in crate::store) fn read_waiting(row: &DatabaseRow) -> Result<Waiting, sqlx::Error> {
    Ok(Waiting {
        id: Some(row.try_get("id")?),
        payload: row.try_get("payload")?,
        left_behind: waiting::decode_list(row.try_get("left_behind")?)?,
        installation: row.try_get("installation")?,
        delivery: row.try_get("delivery")?,
        as_of: row.try_get("as_of")?,
        run_at: row.try_get("run_at")?,
    })
}

async fn insert(connection: &mut Connection, key: &str, waiting: &Waiting) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO jobs (key, payload, installation, delivery, as_of, state, run_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, 'queued', $6, $6)",
    )
    .bind(key)
    .bind(&waiting.payload)
    .bind(waiting.installation)
    .bind(&waiting.delivery)
    .bind(waiting.as_of)
    .bind(waiting.run_at)
    .execute(connection)
    .await
    .map(|_| ())
}

async fn update(connection: &mut Connection, waiting: &Waiting) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE jobs SET payload = $1, left_behind = $2, installation = $3, delivery = $4, as_of = $5, run_at = $6, \
         attempts = 0, lost_leases = 0, cause = NULL WHERE id = $7",
    )
    .bind(&waiting.payload)
    .bind(waiting::encode(&waiting.left_behind)?)
    .bind(waiting.installation)
    .bind(&waiting.delivery)
    .bind(waiting.as_of)
    .bind(waiting.run_at)
    .bind(waiting.id)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Jobs whose lease ran out, with their keys; their worker is gone.
pub(super) async fn expired(pool: &Pool, now: UnixMillis) -> Result<Vec<(i64, String)>, sqlx::Error> {
    let rows = sqlx::query("SELECT id, key FROM jobs WHERE state = 'running' AND lease_until <= $1 LIMIT $2")
        .bind(now.0)
        .bind(MAX_EXPIRED)
        .fetch_all(pool)
        .await?;
    rows.iter().map(|row| Ok((row.try_get("id")?, row.try_get("key")?))).collect()
}

/// Leases the next due job. One that no longer parses is put aside as dead, so that it can't block the others.
pub(super) async fn lease(connection: &mut Connection, request: LeaseRequest) -> Result<Option<Lease>, sqlx::Error> {
    lock(connection, vec![LEASES.to_owned()]).await?;
    loop {
        let next = sqlx::query(NEXT)
            .bind(request.now.0)
            .bind(i64::from(request.max_running_per_installation))
            .fetch_optional(&mut *connection)
            .await?;
        let Some(row) = next else { return Ok(None) };
        match read_lease(&row, waiting::token()?) {
            Ok(lease) => {
                take(connection, &lease, request.until).await?;
                return Ok(Some(lease));
            }
            Err(error) => put_aside(connection, &row, &error).await?,
        }
    }
}

fn read_lease(row: &DatabaseRow, token: String) -> Result<Lease, sqlx::Error> {
    let left_behind = waiting::decode_list(row.try_get("left_behind")?)?;
    let count = |name: &str| row.try_get::<i64, _>(name).map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    let job = waiting::decode(row.try_get("payload")?)?;
    let older = left_behind.iter().filter_map(|payload| waiting::decode(payload).ok());
    // The check run of the same commit is taken over.
    let (same, left_behind): (Vec<Job>, Vec<Job>) = older.partition(|older| older.head() == job.head());
    Ok(Lease {
        job_id: row.try_get("id")?,
        token,
        delivery_id: row.try_get("delivery")?,
        attempts: count("attempts")?.saturating_add(1),
        lost_leases: count("lost_leases")?,
        left_behind,
        has_begun: !same.is_empty(),
        job,
        created_at: UnixMillis(row.try_get("created_at")?),
    })
}

async fn take(connection: &mut Connection, lease: &Lease, until: UnixMillis) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE jobs SET state = 'running', lease_until = $1, lease_token = $2, attempts = $3 WHERE id = $4")
        .bind(until.0)
        .bind(&lease.token)
        .bind(i64::from(lease.attempts))
        .bind(lease.job_id)
        .execute(connection)
        .await
        .map(|_| ())
}

async fn put_aside(connection: &mut Connection, row: &DatabaseRow, error: &sqlx::Error) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE jobs SET state = 'dead', cause = $1 WHERE id = $2")
        .bind(format!("the stored job does not parse: {error}"))
        .bind(row.try_get::<i64, _>("id")?)
        .execute(connection)
        .await
        .map(|_| ())
}

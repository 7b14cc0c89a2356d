//! What is kept under a name.

use sqlx::Row;

use super::super::Pool;
use crate::store::{Shelf, UnixMillis};

pub(super) async fn keep(
    pool: &Pool,
    (shelf, name): (Shelf, &str),
    body: &str,
    until: Option<UnixMillis>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO kept (shelf, name, body, until) VALUES ($1,$2,$3,$4) \
         ON CONFLICT (shelf, name) DO UPDATE SET body = excluded.body, until = excluded.until",
    )
    .bind(shelf.name())
    .bind(name)
    .bind(body)
    .bind(until.map(|until| until.0))
    .execute(pool)
    .await
    .map(|_| ())
}

pub(super) async fn claim(
    pool: &Pool,
    (shelf, name): (Shelf, &str),
    body: &str,
    (now, until): (UnixMillis, Option<UnixMillis>),
) -> Result<bool, sqlx::Error> {
    let written = sqlx::query(
        "INSERT INTO kept (shelf, name, body, until) VALUES ($1,$2,$3,$4) \
         ON CONFLICT (shelf, name) DO UPDATE SET body = excluded.body, until = excluded.until WHERE kept.until <= $5",
    )
    .bind(shelf.name())
    .bind(name)
    .bind(body)
    .bind(until.map(|until| until.0))
    .bind(now.0)
    .execute(pool)
    .await?;
    Ok(written.rows_affected() > 0)
}

pub(super) async fn kept(
    pool: &Pool,
    (shelf, name): (Shelf, &str),
    now: UnixMillis,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT body FROM kept WHERE shelf = $1 AND name = $2 AND (until IS NULL OR until > $3)")
        .bind(shelf.name())
        .bind(name)
        .bind(now.0)
        .fetch_optional(pool)
        .await
}

pub(super) async fn kept_below(
    pool: &Pool,
    (shelf, prefix): (Shelf, &str),
    now: UnixMillis,
    limit: u32,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT name, body FROM kept WHERE shelf = $1 AND substr(name, 1, length($2)) = $2 \
         AND (until IS NULL OR until > $3) ORDER BY name LIMIT $4",
    )
    .bind(shelf.name())
    .bind(prefix)
    .bind(now.0)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("body")?))).collect()
}

pub(super) async fn forget(pool: &Pool, (shelf, name): (Shelf, &str)) -> Result<(), sqlx::Error> {
    let query = sqlx::query("DELETE FROM kept WHERE shelf = $1 AND name = $2").bind(shelf.name()).bind(name);
    query.execute(pool).await.map(|_| ())
}

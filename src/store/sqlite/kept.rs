//! What is kept under a name.

use sqlx::{Row, SqliteConnection, SqlitePool};

use super::super::{Shelf, UnixMillis};

pub(super) async fn keep(
    pool: &SqlitePool,
    (shelf, name): (Shelf, &str),
    body: &str,
    until: Option<UnixMillis>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO kept (shelf, name, body, until) VALUES (?,?,?,?) \
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
    connection: &mut SqliteConnection,
    (shelf, name): (Shelf, &str),
    body: &str,
    (now, until): (UnixMillis, Option<UnixMillis>),
) -> Result<bool, sqlx::Error> {
    let written = sqlx::query(
        "INSERT INTO kept (shelf, name, body, until) VALUES (?,?,?,?) \
         ON CONFLICT (shelf, name) DO UPDATE SET body = excluded.body, until = excluded.until WHERE kept.until <= ?",
    )
    .bind(shelf.name())
    .bind(name)
    .bind(body)
    .bind(until.map(|until| until.0))
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(written.rows_affected() > 0)
}

pub(super) async fn kept(
    pool: &SqlitePool,
    (shelf, name): (Shelf, &str),
    now: UnixMillis,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT body FROM kept WHERE shelf = ? AND name = ? AND (until IS NULL OR until > ?)")
        .bind(shelf.name())
        .bind(name)
        .bind(now.0)
        .fetch_optional(pool)
        .await
}

pub(super) async fn kept_below(
    pool: &SqlitePool,
    (shelf, prefix): (Shelf, &str),
    now: UnixMillis,
    limit: u32,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT name, body FROM kept WHERE shelf = ? AND substr(name, 1, length(?)) = ? \
         AND (until IS NULL OR until > ?) ORDER BY name LIMIT ?",
    )
    .bind(shelf.name())
    .bind(prefix)
    .bind(prefix)
    .bind(now.0)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("body")?))).collect()
}

pub(super) async fn forget(pool: &SqlitePool, (shelf, name): (Shelf, &str)) -> Result<(), sqlx::Error> {
    let query = sqlx::query("DELETE FROM kept WHERE shelf = ? AND name = ?").bind(shelf.name()).bind(name);
    query.execute(pool).await.map(|_| ())
}

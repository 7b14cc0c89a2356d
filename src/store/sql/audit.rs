//! The audit log.
//!
//! Invariant: a line is only ever added, and whoever read up to a line misses none; the table's triggers refuse
//! anything else.

use sqlx::Row;

use super::super::{Connection, DatabaseRow, Pool, lock};
use crate::github::identity::PullRequestNumber;
use crate::store::{AuditEntry, AuditLine, AuditQuery, UnixMillis};

pub(super) async fn append(connection: &mut Connection, entry: &AuditEntry) -> Result<(), sqlx::Error> {
    // Lines become visible in the order of their numbers.
    lock(connection, vec!["audit".to_owned()]).await?;
    sqlx::query(
        "INSERT INTO audit (at, repository, pull_request, head, event, actor, detail) VALUES ($1,$2,$3,$4,$5,$6,$7)",
    )
    .bind(entry.at.0)
    .bind(entry.repository.to_string())
    .bind(entry.pull_request.map(|number| i64::try_from(number.0).unwrap_or(i64::MAX)))
    .bind(entry.head.as_ref().map(|head| head.as_str().to_owned()))
    .bind(&entry.event)
    .bind(&entry.actor)
    .bind(&entry.detail)
    .execute(connection)
    .await
    .map(|_| ())
}

pub(super) async fn read(pool: &Pool, query: &AuditQuery) -> Result<Vec<AuditLine>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT id, at, repository, pull_request, head, event, actor, detail FROM audit \
         WHERE id > $1 AND ($2 IS NULL OR repository = $2) AND ($3 IS NULL OR pull_request = $3) \
         AND ($4 IS NULL OR at >= $4) ORDER BY id LIMIT $5",
    )
    .bind(query.after)
    .bind(query.repository.as_ref().map(ToString::to_string))
    .bind(query.pull_request.map(|number| i64::try_from(number.0).unwrap_or(i64::MAX)))
    .bind(query.since.map(|since| since.0))
    .bind(i64::from(query.limit))
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| line(row).map_err(sqlx::Error::Decode)).collect()
}

fn line(row: &DatabaseRow) -> Result<AuditLine, Box<dyn std::error::Error + Send + Sync>> {
    let head: Option<String> = row.try_get("head")?;
    let pull_request: Option<i64> = row.try_get("pull_request")?;
    let pull_request = pull_request.map(u64::try_from).transpose()?.map(PullRequestNumber);
    let entry = AuditEntry {
        at: UnixMillis(row.try_get("at")?),
        repository: row.try_get::<String, _>("repository")?.parse()?,
        pull_request,
        head: head.map(|head| head.parse()).transpose()?,
        event: row.try_get("event")?,
        actor: row.try_get("actor")?,
        detail: row.try_get("detail")?,
    };
    Ok(AuditLine { id: row.try_get("id")?, entry })
}

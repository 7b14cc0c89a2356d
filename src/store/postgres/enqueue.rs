//! Deliveries that are stored together: a fixed number of statements, however many there are.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{PgConnection, Row};

use super::sql::queue::read_waiting;
use super::{lock, tell};
use crate::store::waiting::{self, Asked, Waiting};
use crate::store::{Delivery, Enqueued};

/// What waits by key, and what of it is to be written.
#[derive(Default)]
struct Batch {
    waiting: BTreeMap<String, Waiting>,
    /// Keys, each once, in the order they were asked for.
    changed: Vec<String>,
}

pub(super) async fn store(
    connection: &mut PgConnection,
    deliveries: &[&Delivery],
) -> Result<Vec<Enqueued>, sqlx::Error> {
    let mut fresh = insert_deliveries(connection, deliveries).await?;
    let mut asked = Vec::new();
    let mut outcomes = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        // Of two in one batch the first one counts.
        let is_fresh = fresh.remove(&delivery.id);
        outcomes.push(if is_fresh { Enqueued::Stored } else { Enqueued::Duplicate });
        if is_fresh {
            asked.extend(Asked::by(delivery));
        }
    }
    if !asked.is_empty() {
        let keys: Vec<String> = asked.iter().map(|asked| asked.job.key().as_str().to_owned()).collect();
        lock(connection, keys.clone()).await?;
        let mut batch = Batch { waiting: read(connection, &keys).await?, ..Batch::default() };
        for asked in asked {
            batch.add(asked)?;
        }
        batch.write(connection).await?;
        tell(connection).await?;
    }
    Ok(outcomes)
}

/// The ids that were not known.
async fn insert_deliveries(
    connection: &mut PgConnection,
    deliveries: &[&Delivery],
) -> Result<BTreeSet<String>, sqlx::Error> {
    // In one order, so that two processes that store the same deliveries don't wait for each other in a circle.
    let rows: BTreeMap<&str, i64> = deliveries.iter().map(|one| (one.id.as_str(), one.received_at.0)).collect();
    let (ids, times): (Vec<&str>, Vec<i64>) = rows.into_iter().unzip();
    let fresh = sqlx::query_scalar(
        "INSERT INTO deliveries (id, received_at) SELECT * FROM unnest($1::text[], $2::bigint[]) \
         ON CONFLICT DO NOTHING RETURNING id",
    );
    Ok(fresh.bind(ids).bind(times).fetch_all(connection).await?.into_iter().collect())
}

async fn read(connection: &mut PgConnection, keys: &[String]) -> Result<BTreeMap<String, Waiting>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT key, id, payload, left_behind, installation, delivery, as_of, run_at, attempts FROM jobs \
         WHERE key = ANY($1) AND state = 'queued' FOR UPDATE",
    );
    let rows = rows.bind(keys).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("key")?, read_waiting(row)?))).collect()
}

impl Batch {
    fn add(&mut self, asked: Asked<'_>) -> Result<(), sqlx::Error> {
        let key = asked.job.key().as_str().to_owned();
        let changed = match self.waiting.get_mut(&key) {
            Some(waiting) => waiting.replace(asked)?,
            None => self.waiting.insert(key.clone(), Waiting::new(asked)?).is_none(),
        };
        if changed && !self.changed.contains(&key) {
            self.changed.push(key);
        }
        Ok(())
    }

    async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let changed = self.changed.iter().filter_map(|key| Some((key, self.waiting.get(key)?)));
        let (old, new): (Vec<_>, Vec<_>) = changed.partition(|(_, waiting)| waiting.id.is_some());
        if !new.is_empty() {
            insert(connection, &new).await?;
        }
        if !old.is_empty() {
            update(connection, &old).await?;
        }
        Ok(())
    }
}

type Rows<'a> = [(&'a String, &'a Waiting)];

fn column<T>(rows: &Rows<'_>, value: impl Fn(&Waiting) -> T) -> Vec<T> {
    rows.iter().map(|(_, waiting)| value(waiting)).collect()
}

async fn insert(connection: &mut PgConnection, rows: &Rows<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO jobs (key, payload, installation, delivery, as_of, state, run_at, created_at) \
         SELECT key, payload, installation, delivery, as_of, 'queued', run_at, run_at \
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[]) WITH ORDINALITY \
             AS new (key, payload, installation, delivery, as_of, run_at, place) ORDER BY place",
    )
    .bind(rows.iter().map(|(key, _)| (*key).clone()).collect::<Vec<String>>())
    .bind(column(rows, |waiting| waiting.payload.clone()))
    .bind(column(rows, |waiting| waiting.installation))
    .bind(column(rows, |waiting| waiting.delivery.clone()))
    .bind(column(rows, |waiting| waiting.as_of))
    .bind(column(rows, |waiting| waiting.run_at))
    .execute(connection)
    .await
    .map(|_| ())
}

async fn update(connection: &mut PgConnection, rows: &Rows<'_>) -> Result<(), sqlx::Error> {
    let left_behind = rows.iter().map(|(_, waiting)| waiting::encode(&waiting.left_behind));
    sqlx::query(
        "UPDATE jobs SET payload = new.payload, left_behind = new.left_behind, installation = new.installation, \
             delivery = new.delivery, as_of = new.as_of, run_at = new.run_at, \
             attempts = 0, lost_leases = 0, cause = NULL \
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[]) \
             AS new (id, payload, left_behind, installation, delivery, as_of, run_at) WHERE jobs.id = new.id",
    )
    .bind(column(rows, |waiting| waiting.id))
    .bind(column(rows, |waiting| waiting.payload.clone()))
    .bind(left_behind.collect::<Result<Vec<String>, _>>()?)
    .bind(column(rows, |waiting| waiting.installation))
    .bind(column(rows, |waiting| waiting.delivery.clone()))
    .bind(column(rows, |waiting| waiting.as_of))
    .bind(column(rows, |waiting| waiting.run_at))
    .execute(connection)
    .await
    .map(|_| ())
}

//! Deliveries that are stored together: three calls to the server, however many there are, unless some of them replace
//! what waits.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::sql::queue::read_waiting;
use super::{Database, lock_numbers};
use crate::store::waiting::{self, Asked, Waiting};
use crate::store::{Delivery, Enqueued};

/// Notes the deliveries that are new, and lets their jobs wait where no other job of the key does.
const ADD: &str = "\
    WITH fresh AS ( \
        INSERT INTO deliveries (id, received_at) SELECT * FROM unnest($1::text[], $2::bigint[]) \
        ON CONFLICT DO NOTHING RETURNING id), \
    first AS ( \
        SELECT DISTINCT ON (key) new.* \
        FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[]) WITH ORDINALITY \
            AS new (key, payload, installation, delivery, as_of, run_at, place) JOIN fresh ON fresh.id = new.delivery \
        ORDER BY key, place), \
    added AS ( \
        INSERT INTO jobs (key, payload, installation, delivery, as_of, state, run_at, created_at) \
        SELECT key, payload, installation, delivery, as_of, 'queued', run_at, run_at FROM first ORDER BY place \
        ON CONFLICT (key) WHERE state = 'queued' DO NOTHING RETURNING key, delivery) \
    SELECT (SELECT coalesce(array_agg(id), '{}') FROM fresh) AS fresh, \
        (SELECT coalesce(array_agg(key), '{}') FROM added) AS keys, \
        (SELECT coalesce(array_agg(delivery), '{}') FROM added) AS deliveries, \
        CASE WHEN EXISTS (SELECT 1 FROM fresh) THEN pg_notify('dockgate_jobs', '')::text END AS told";

/// What [`ADD`] did.
struct Added {
    fresh: BTreeSet<String>,
    /// The delivery whose job of a key was added.
    by_key: BTreeMap<String, String>,
}

/// What waits by key, and what of it is to be written.
#[derive(Default)]
struct Batch {
    waiting: BTreeMap<String, Waiting>,
    /// Keys, each once, in the order they were asked for.
    changed: Vec<String>,
}

/// What is asked for, each with its key.
type Wanted<'a> = (String, Asked<'a>);

pub(super) async fn store(database: &Database, deliveries: &[&Delivery]) -> Result<Vec<Enqueued>, sqlx::Error> {
    // Of two in one batch the first one counts.
    let mut seen = BTreeSet::new();
    let is_first: Vec<bool> = deliveries.iter().map(|delivery| seen.insert(delivery.id.as_str())).collect();
    let first = || deliveries.iter().zip(&is_first).filter(|(_, is_first)| **is_first).map(|(delivery, _)| *delivery);
    let wanted: Vec<Wanted<'_>> =
        first().flat_map(Asked::by).map(|asked| (asked.job.key().as_str().to_owned(), asked)).collect();

    let mut transaction = database.write.begin_with(AssertSqlSafe(begin(&wanted))).await?;
    let Added { fresh, mut by_key } = add(&mut transaction, first(), &wanted).await?;
    let mut rest = Vec::new();
    for (key, asked) in wanted.iter().filter(|(_, asked)| fresh.contains(asked.delivery)) {
        if by_key.get(key).is_some_and(|delivery| delivery == asked.delivery) {
            by_key.remove(key);
        } else {
            rest.push((key, *asked));
        }
    }
    if !rest.is_empty() {
        replace(&mut transaction, &rest).await?;
    }
    transaction.commit().await?;
    let outcome = |(delivery, is_first): (&&Delivery, &bool)| {
        if *is_first && fresh.contains(&delivery.id) { Enqueued::Stored } else { Enqueued::Duplicate }
    };
    Ok(deliveries.iter().zip(&is_first).map(outcome).collect())
}

/// Begins a transaction that holds the locks of all keys. The text holds nothing but numbers.
fn begin(wanted: &[Wanted<'_>]) -> String {
    let numbers = lock_numbers(wanted.iter().map(|(key, _)| key.as_str()));
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    format!("BEGIN; SELECT pg_advisory_xact_lock(number) FROM unnest('{{{}}}'::bigint[]) AS number", numbers.join(","))
}

async fn add<'a>(
    connection: &mut PgConnection,
    deliveries: impl Iterator<Item = &'a Delivery>,
    wanted: &[Wanted<'_>],
) -> Result<Added, sqlx::Error> {
    // In one order, so that two processes that store the same deliveries don't wait for each other in a circle.
    let rows: BTreeMap<&str, i64> = deliveries.map(|one| (one.id.as_str(), one.received_at.0)).collect();
    let (ids, times): (Vec<&str>, Vec<i64>) = rows.into_iter().unzip();
    let jobs = wanted.iter().map(|(_, asked)| Waiting::new(*asked)).collect::<Result<Vec<_>, _>>()?;
    let jobs: Vec<(&String, &Waiting)> = wanted.iter().map(|(key, _)| key).zip(&jobs).collect();
    let row = sqlx::query(ADD)
        .bind(ids)
        .bind(times)
        .bind(keys(&jobs))
        .bind(column(&jobs, |job| job.payload.clone()))
        .bind(column(&jobs, |job| job.installation))
        .bind(column(&jobs, |job| job.delivery.clone()))
        .bind(column(&jobs, |job| job.as_of))
        .bind(column(&jobs, |job| job.run_at))
        .fetch_one(connection)
        .await?;
    let list = |name| row.try_get::<Vec<String>, _>(name);
    let by_key = list("keys")?.into_iter().zip(list("deliveries")?).collect();
    Ok(Added { fresh: list("fresh")?.into_iter().collect(), by_key })
}

/// Puts jobs in place of those that wait under their keys.
async fn replace(connection: &mut PgConnection, wanted: &[(&String, Asked<'_>)]) -> Result<(), sqlx::Error> {
    let keys: Vec<String> = wanted.iter().map(|(key, _)| (*key).clone()).collect();
    let mut batch = Batch { waiting: read(connection, &keys).await?, ..Batch::default() };
    for (key, asked) in wanted {
        batch.add(key, *asked)?;
    }
    batch.write(connection).await
}

async fn read(connection: &mut PgConnection, keys: &[String]) -> Result<BTreeMap<String, Waiting>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT key, id, payload, left_behind, installation, delivery, as_of, run_at FROM jobs \
         WHERE key = ANY($1) AND state = 'queued' FOR UPDATE",
    );
    let rows = rows.bind(keys).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("key")?, read_waiting(row)?))).collect()
}

impl Batch {
    fn add(&mut self, key: &str, asked: Asked<'_>) -> Result<(), sqlx::Error> {
        let changed = match self.waiting.get_mut(key) {
            Some(waiting) => waiting.replace(asked)?,
            None => self.waiting.insert(key.to_owned(), Waiting::new(asked)?).is_none(),
        };
        if changed && !self.changed.iter().any(|known| known == key) {
            self.changed.push(key.to_owned());
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

fn keys(rows: &Rows<'_>) -> Vec<String> {
    rows.iter().map(|(key, _)| (*key).clone()).collect()
}

fn column<T>(rows: &Rows<'_>, value: impl Fn(&Waiting) -> T) -> Vec<T> {
    rows.iter().map(|(_, waiting)| value(waiting)).collect()
}

/// What waited was leased in the meantime, so that nothing is to be replaced after all.
async fn insert(connection: &mut PgConnection, rows: &Rows<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO jobs (key, payload, installation, delivery, as_of, state, run_at, created_at) \
         SELECT key, payload, installation, delivery, as_of, 'queued', run_at, run_at \
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[]) WITH ORDINALITY \
             AS new (key, payload, installation, delivery, as_of, run_at, place) ORDER BY place",
    )
    .bind(keys(rows))
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

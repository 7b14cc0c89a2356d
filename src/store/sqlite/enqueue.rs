//! Deliveries that are stored together.

use sqlx::SqliteConnection;

use super::Database;
use super::sql::queue;
use crate::store::waiting::Asked;
use crate::store::{Delivery, Enqueued};

pub(super) async fn store(database: &Database, deliveries: &[&Delivery]) -> Result<Vec<Enqueued>, sqlx::Error> {
    let mut transaction = database.begin().await?;
    let mut outcomes = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        outcomes.push(store_one(&mut transaction, delivery).await?);
    }
    transaction.commit().await?;
    Ok(outcomes)
}

async fn store_one(connection: &mut SqliteConnection, delivery: &Delivery) -> Result<Enqueued, sqlx::Error> {
    let fresh = sqlx::query("INSERT INTO deliveries (id, received_at) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(&delivery.id)
        .bind(delivery.received_at.0)
        .execute(&mut *connection)
        .await?;
    if fresh.rows_affected() == 0 {
        return Ok(Enqueued::Duplicate);
    }
    for asked in Asked::by(delivery) {
        queue::add(connection, asked).await?;
    }
    Ok(Enqueued::Stored)
}

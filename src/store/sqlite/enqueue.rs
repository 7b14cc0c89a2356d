//! The writer task: deliveries that come in together share one transaction.
//!
//! Invariant: a caller is answered only after the transaction that holds its delivery is committed.

use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use super::super::{Delivery, Enqueued, StoreError};
use super::{failed, queue};

const MAX_BATCH: usize = 64;
const MAX_WAITING: usize = 1024;
const OPERATION: &str = "store a delivery";

type Answer = Result<Enqueued, StoreError>;

struct Request {
    delivery: Delivery,
    answer: oneshot::Sender<Answer>,
}

/// The way to the writer task.
pub(super) struct Writer {
    requests: tokio::sync::RwLock<Option<mpsc::Sender<Request>>>,
    task: tokio::sync::Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Writer {
    /// Starts the task.
    pub(super) fn start(pool: SqlitePool) -> Self {
        let (requests, inbox) = mpsc::channel(MAX_WAITING);
        let task = tokio::spawn(write(pool, inbox));
        Self { requests: tokio::sync::RwLock::new(Some(requests)), task: tokio::sync::Mutex::new(Some(task)) }
    }

    /// Waits until the delivery is durable.
    pub(super) async fn enqueue(&self, delivery: Delivery) -> Answer {
        let requests = self.requests.read().await.clone().ok_or(StoreError::Closed)?;
        let (answer, answered) = oneshot::channel();
        requests.send(Request { delivery, answer }).await.map_err(|_| StoreError::Closed)?;
        drop(requests);
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Stores what was handed in, then ends the task.
    pub(super) async fn stop(&self) {
        self.requests.write().await.take();
        if let Some(task) = self.task.lock().await.take() {
            // A task that panicked has nothing left to store.
            drop(task.await);
        }
    }
}

async fn write(pool: SqlitePool, mut inbox: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while inbox.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let deliveries: Vec<&Delivery> = batch.iter().map(|request| &request.delivery).collect();
        match store(&pool, &deliveries).await {
            Ok(outcomes) => {
                for (request, outcome) in batch.drain(..).zip(outcomes) {
                    reply(request.answer, Ok(outcome));
                }
            }
            Err(error) => match batch.len() {
                1 => batch.drain(..).zip([error]).for_each(|(request, error)| reply(request.answer, Err(error))),
                _ => one_by_one(&pool, batch.drain(..)).await,
            },
        }
    }
}

/// What fails together is tried alone, so that one delivery can't fail the others.
async fn one_by_one(pool: &SqlitePool, batch: impl Iterator<Item = Request>) {
    for request in batch {
        let stored = store(pool, &[&request.delivery]).await;
        let outcome = stored.and_then(|outcomes| outcomes.into_iter().next().ok_or(StoreError::Closed));
        reply(request.answer, outcome);
    }
}

/// A caller that went away needs no answer; its delivery is stored all the same.
fn reply(answer: oneshot::Sender<Answer>, outcome: Answer) {
    drop(answer.send(outcome));
}

async fn store(pool: &SqlitePool, deliveries: &[&Delivery]) -> Result<Vec<Enqueued>, StoreError> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed(OPERATION))?;
    let mut outcomes = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        outcomes.push(store_one(&mut transaction, delivery).await.map_err(failed(OPERATION))?);
    }
    transaction.commit().await.map_err(failed(OPERATION))?;
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
    for job in &delivery.jobs {
        queue::add(connection, job, &delivery.id, delivery.as_of, delivery.received_at).await?;
    }
    Ok(Enqueued::Stored)
}

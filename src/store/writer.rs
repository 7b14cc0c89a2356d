//! The writer task: deliveries that come in together share one transaction, so that the cost of making it durable is
//! paid once for all of them.
//!
//! Invariant: a caller is answered only after the transaction that holds its delivery is committed.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::{Delivery, Enqueued, StoreError};

const MAX_BATCH: usize = 64;
const MAX_WAITING: usize = 1024;

type Answer = Result<Enqueued, StoreError>;

/// A database that stores deliveries together.
#[async_trait]
pub(super) trait Batch: Send + Sync + 'static {
    /// Stores all of them in one transaction, or none; answers in their order.
    async fn store(&self, deliveries: &[&Delivery]) -> Result<Vec<Enqueued>, StoreError>;
}

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
    pub(super) fn start(database: Arc<impl Batch>) -> Self {
        let (requests, inbox) = mpsc::channel(MAX_WAITING);
        let task = tokio::spawn(write(database, inbox));
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

async fn write(database: Arc<impl Batch>, mut inbox: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while inbox.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let deliveries: Vec<&Delivery> = batch.iter().map(|request| &request.delivery).collect();
        match database.store(&deliveries).await {
            Ok(outcomes) => {
                for (request, outcome) in batch.drain(..).zip(outcomes) {
                    reply(request.answer, Ok(outcome));
                }
            }
            // Where the database is away, all of them fail alike, and soon.
            Err(error) if batch.len() == 1 || error.is_away() => {
                batch.drain(..).for_each(|request| reply(request.answer, Err(error.again())));
            }
            Err(_) => one_by_one(&*database, batch.drain(..)).await,
        }
    }
}

/// What fails together is tried alone, so that one delivery can't fail the others.
async fn one_by_one(database: &impl Batch, batch: impl Iterator<Item = Request>) {
    for request in batch {
        let stored = database.store(&[&request.delivery]).await;
        let outcome = stored.and_then(|outcomes| outcomes.into_iter().next().ok_or(StoreError::Closed));
        reply(request.answer, outcome);
    }
}

/// A caller that went away needs no answer; its delivery is stored all the same.
fn reply(answer: oneshot::Sender<Answer>, outcome: Answer) {
    drop(answer.send(outcome));
}

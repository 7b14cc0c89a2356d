//! Whether a task may still write: asked right before each write, so that one that hung writes nothing that another
//! does by then.
//!
//! The fence belongs to the task, not to the clients it makes, so that no call can be made around it.
//!
//! Invariant: no request that changes something leaves a guarded task whose fence does not hold.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;

/// Tells whether what a task does is still its own to do.
#[async_trait]
pub trait Fence: Send + Sync {
    /// Whether it is, for longer than one request may take.
    async fn holds(&self) -> bool;
}

tokio::task_local! {
    static FENCE: Arc<dyn Fence>;
}

/// Does `work`, whose writes to GitHub `fence` guards.
pub async fn guarded<T>(fence: Arc<dyn Fence>, work: impl Future<Output = T>) -> T {
    FENCE.scope(fence, work).await
}

/// Whether the task that asks may write; one that nothing guards always may.
pub(crate) async fn may_write() -> bool {
    match FENCE.try_with(Arc::clone) {
        Ok(fence) => fence.holds().await,
        Err(_) => true,
    }
}

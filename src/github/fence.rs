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

/// Does `work`, whose writes to GitHub `fence` guards beside what guards the task already.
pub async fn guarded<T>(fence: Arc<dyn Fence>, work: impl Future<Output = T>) -> T {
    let fence = match FENCE.try_with(Arc::clone) {
        Ok(outer) => Arc::new(Both(outer, fence)) as Arc<dyn Fence>,
        Err(_) => fence,
    };
    FENCE.scope(fence, work).await
}

struct Both(Arc<dyn Fence>, Arc<dyn Fence>);

#[async_trait]
impl Fence for Both {
    async fn holds(&self) -> bool {
        self.0.holds().await && self.1.holds().await
    }
}

/// Whether the task that asks may write; one that nothing guards always may.
pub(crate) async fn may_write() -> bool {
    match FENCE.try_with(Arc::clone) {
        Ok(fence) => fence.holds().await,
        Err(_) => true,
    }
}

//! Advisories that were had already, by id and the moment of their last change.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

/// Keeps the text of advisories.
#[async_trait]
pub trait AdvisoryCache: Send + Sync {
    /// The text that was kept for this id at this moment.
    async fn get(&self, id: &str, modified: &str) -> Option<String>;

    /// Keeps a text.
    async fn put(&self, id: &str, modified: &str, text: &str);
}

/// Keeps advisories in memory, up to a bound; then it begins anew.
#[derive(Debug, Default)]
pub struct MemoryCache {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    texts: HashMap<(String, String), String>,
    bytes: usize,
}

/// The most that is kept, in bytes.
const MAX_BYTES: usize = 24 << 20;

#[async_trait]
impl AdvisoryCache for MemoryCache {
    async fn get(&self, id: &str, modified: &str) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.texts.get(&(id.to_owned(), modified.to_owned())).cloned()
    }

    async fn put(&self, id: &str, modified: &str, text: &str) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes + text.len() > MAX_BYTES {
            *kept = Kept::default();
        }
        kept.bytes += text.len();
        kept.texts.insert((id.to_owned(), modified.to_owned()), text.to_owned());
    }
}

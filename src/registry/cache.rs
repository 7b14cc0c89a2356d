//! What is known already, so that nothing is asked twice.
//!
//! Invariant: what was read with a credential is kept apart from what anybody may read, and both are bounded.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;

use super::digest::Digest;

/// Keeps manifests by digest, so that each is fetched once ever. What it gives back is checked again.
#[async_trait]
pub trait ManifestCache: Send + Sync {
    /// The manifest that was kept under `key` and `digest`. `key` names the repository and who may read it.
    async fn load(&self, key: &str, digest: &Digest) -> Option<Bytes>;
    /// Keeps a manifest.
    async fn save(&self, key: &str, digest: &Digest, manifest: Bytes);
}

/// A [`ManifestCache`] of this process alone, of at most 64 MiB; the oldest go first.
#[derive(Debug, Default)]
pub struct MemoryManifests {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    manifests: HashMap<(String, Digest), (u64, Bytes)>,
    by_age: BTreeMap<u64, (String, Digest)>,
    next: u64,
    bytes: usize,
}

/// Bytes of manifests that are kept in memory.
const MAX_BYTES: usize = 64 * 1024 * 1024;

#[async_trait]
impl ManifestCache for MemoryManifests {
    async fn load(&self, key: &str, digest: &Digest) -> Option<Bytes> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.manifests.get(&(key.to_owned(), digest.clone())).map(|(_, manifest)| manifest.clone())
    }

    async fn save(&self, key: &str, digest: &Digest, manifest: Bytes) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (key.to_owned(), digest.clone());
        if kept.manifests.contains_key(&name) {
            return;
        }
        let age = kept.next;
        kept.next += 1;
        kept.bytes += manifest.len();
        kept.by_age.insert(age, name.clone());
        kept.manifests.insert(name, (age, manifest));
        while kept.bytes > MAX_BYTES
            && let Some((_, oldest)) = kept.by_age.pop_first()
        {
            let size = kept.manifests.remove(&oldest).map_or(0, |(_, manifest)| manifest.len());
            kept.bytes -= size;
        }
    }
}

/// Values that are true for a time, at most 10,000 of them.
#[derive(Debug)]
pub struct Timed<K, V> {
    values: Mutex<HashMap<K, (V, Instant)>>,
}

const MAX_TIMED: usize = 10_000;

impl<K, V> Default for Timed<K, V> {
    fn default() -> Self {
        Self { values: Mutex::new(HashMap::new()) }
    }
}

impl<K: Eq + Hash, V: Clone> Timed<K, V> {
    /// The value of `key`, while it is true.
    pub fn get(&self, key: &K) -> Option<V> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(key).filter(|(_, until)| Instant::now() < *until).map(|(value, _)| value.clone())
    }

    /// Keeps a value that is true for `lifetime`.
    pub fn put(&self, key: K, value: V, lifetime: Duration) {
        let now = Instant::now();
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.len() >= MAX_TIMED {
            values.retain(|_, (_, until)| now < *until);
        }
        if values.len() >= MAX_TIMED {
            values.clear();
        }
        values.insert(key, (value, now + lifetime));
    }

    /// Forgets the value of `key`.
    pub fn forget(&self, key: &K) {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// One lock for each name, so that two who want the same thing ask for it once.
#[derive(Debug, Default)]
pub struct Turns {
    locks: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

impl Turns {
    /// Waits for the turn of `name`, which ends when the guard is dropped.
    pub async fn wait(&self, name: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| lock.strong_count() > 0);
            let known = locks.get(name).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let lock = Arc::new(tokio::sync::Mutex::new(()));
                locks.insert(name.to_owned(), Arc::downgrade(&lock));
                lock
            })
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests;

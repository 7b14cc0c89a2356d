//! Which volumes and folders several services of a file mount.
//!
//! Invariant: one pass over all mounts.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::document::compose::Service;

/// The sources that more than one service mounts.
pub(super) fn shared(services: &[Service]) -> BTreeSet<String> {
    let mut users: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (index, service) in services.iter().enumerate() {
        for source in service.mounts().into_iter().filter_map(|mount| mount.source) {
            let (last, count) = users.entry(source).or_insert((usize::MAX, 0));
            *count += usize::from(*last != index);
            *last = index;
        }
    }
    users.into_iter().filter(|(_, (_, count))| *count > 1).map(|(source, _)| source).collect()
}

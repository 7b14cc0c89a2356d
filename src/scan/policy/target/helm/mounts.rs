//! Who may write to a volume that values describe.
//!
//! **Invariant**: a mount belongs to a volume when it names it, or stands in the same map; none that is seen says
//! nothing, as a chart may have its own.
//!
//! # Source
//! `extraVolumes` and `extraVolumeMounts` as most charts take them; `persistence` of the `common` chart of bjw-s.

use crate::scan::document::node::{Entry, Node, Value};

use super::super::facts::{field, null, truth};
use super::walk;

/// Mounts of one volume that are looked at.
const MAX_MOUNTS: usize = 200;

/// One map with a `name` and a `mountPath`, with its `readOnly`.
#[derive(Clone, Debug)]
pub(super) struct Mount {
    name: String,
    read_only: Node,
}

/// All mounts of a tree of values that name a volume.
pub(super) fn named(root: &Node) -> Vec<Mount> {
    let mut found = Vec::new();
    walk::visit(root, |place| {
        if let (Some(name), Some(_)) = (place.node.get("name").and_then(Node::as_str), place.node.get("mountPath")) {
            found.push(Mount { name: name.to_owned(), read_only: field(place.node, "readOnly") });
        }
        Vec::new()
    });
    found
}

/// Whether the mounts of `volume` that are seen only read: `null` when none is.
pub(super) fn read_only(volume: &Node, all: &[Mount]) -> Node {
    let mut flags: Vec<Node> = Vec::new();
    if let Some(name) = volume.get("name").and_then(Node::as_str) {
        let own = all.iter().filter(|mount| mount.name == name).take(MAX_MOUNTS);
        flags.extend(own.map(|mount| mount.read_only.clone()));
    }
    flags.extend(of_persistence(volume));
    if flags.is_empty() {
        return null();
    }
    if flags.iter().any(|flag| flag.as_bool() != Some(true) && !flag.is_unknown()) {
        return truth(false);
    }
    flags.into_iter().find(Node::is_unknown).unwrap_or_else(|| truth(true))
}

/// The `readOnly` of each mount that an entry of `persistence` holds itself.
fn of_persistence(volume: &Node) -> Vec<Node> {
    let items = |node: &Node| -> Vec<Node> { node.items().iter().take(MAX_MOUNTS).cloned().collect() };
    let inner = |node: &Node| -> Vec<Node> { node.entries().iter().map(|entry: &Entry| entry.value.clone()).collect() };
    let mut mounts = items(&field(volume, "globalMounts"));
    for controller in inner(&field(volume, "advancedMounts")).into_iter().take(MAX_MOUNTS) {
        mounts.extend(inner(&controller).iter().take(MAX_MOUNTS).flat_map(items));
    }
    let mut flags: Vec<Node> = mounts.iter().map(|mount| field(mount, "readOnly")).collect();
    let is_mounted_here = volume.get("mountPath").is_some() || volume.get("readOnly").is_some();
    if flags.is_empty() && is_mounted_here && !matches!(field(volume, "readOnly").value(), Value::Mapping(_)) {
        flags.push(field(volume, "readOnly"));
    }
    flags
}

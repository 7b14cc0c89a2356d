//! Keys that a template writes in several branches of a condition.
//!
//! **Invariant**: what stands in one branch alone counts as what stands in a condition alone: it may be so.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::node::{Entry, Mapping, Node, Value};

/// Duplicates of one map that are looked at as branches.
const MAX_BRANCHES: usize = 64;

/// Of a key that a template writes twice, in the branches of a condition, the value is not known when they differ; of a
/// map the last one also has what only another has.
pub(super) fn settle(entries: &mut [Entry]) {
    let mut known: HashMap<Cow<'static, str>, usize> = HashMap::new();
    let mut left = MAX_BRANCHES;
    for at in 0..entries.len() {
        let (earlier, later) = entries.split_at_mut(at);
        let Some(last) = later.first_mut() else { return };
        let first = known.insert(last.key.clone(), at).and_then(|before| earlier.get_mut(before));
        if let Some(first) = first {
            compare(first, last, &mut left);
        }
    }
}

fn compare(first: &mut Entry, last: &mut Entry, left: &mut usize) {
    let (one, other) = (first.value.value(), last.value.value());
    match (one, other) {
        (Value::Mapping(_), Value::Mapping(_)) if *left > 0 => {
            *left -= 1;
            let (one, other) = unite(&first.value, &last.value, left);
            first.value = Node::new(first.value.span(), Value::Mapping(one));
            last.value = Node::new(last.value.span(), Value::Mapping(other));
        }
        (Value::Sequence(_) | Value::Mapping(_), _) | (_, Value::Sequence(_) | Value::Mapping(_)) => {}
        _ if format!("{one:?}") != format!("{other:?}") => {
            last.value = Node::new(last.value.span(), Value::Unknown("{{ if … }}".into()));
        }
        _ => {}
    }
}

/// Moves to the second map what only the first has.
fn unite(one: &Node, other: &Node, left: &mut usize) -> (Mapping, Mapping) {
    let mut united = [other.shadowed(), other.entries()].concat();
    let places: HashMap<Cow<'static, str>, usize> =
        united.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
    let (mut kept, mut all) = (one.shadowed().to_vec(), Vec::new());
    for mut entry in one.entries().iter().cloned() {
        match places.get(&entry.key).and_then(|at| united.get_mut(*at)) {
            Some(same) => {
                compare(&mut entry, same, left);
                kept.push(entry);
            }
            None => all.push(entry),
        }
    }
    all.extend(united);
    (Mapping::new(kept).with_open(one.is_open()), Mapping::new(all).with_open(one.is_open() || other.is_open()))
}

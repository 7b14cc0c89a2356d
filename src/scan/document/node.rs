//! The tree of a YAML or JSON document, with the place of every key and value.
//!
//! Invariant: a node is cheap to clone, and an alias is the very node of its anchor, so a document's tree never
//! grows beyond its text.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::span::Span;

/// A value with its place. Cloning shares the data.
#[derive(Clone, Debug)]
pub struct Node(Arc<NodeData>);

#[derive(Debug)]
struct NodeData {
    span: Span,
    value: Value,
}

/// A value as Kubernetes reads it: YAML 1.1 scalars, through JSON.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true`, `yes`, `on`, ….
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    String(Box<str>),
    /// A value that is not known before rendering: `{{ … }}`, `${VAR}`, or a text holding one.
    Unknown(Box<str>),
    /// A list.
    Sequence(Vec<Node>),
    /// A map, merge keys expanded.
    Mapping(Mapping),
}

/// The entries of a map in the order of the text; of duplicate keys the last one stands.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    entries: Vec<Entry>,
    shadowed: Vec<Entry>,
    extent: Extent,
}

/// Whether a map holds what is written in it, and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Extent {
    #[default]
    Whole,
    /// A template action may add entries.
    Templated,
    /// It is a part of a patch: what it is merged into has entries of its own.
    Patch,
}

/// One key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key; a scalar that is not a string is written as Kubernetes would (`"true"`, `"8080"`).
    pub key: Cow<'static, str>,
    /// The place of the key.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A value at its place.
    pub fn new(span: Span, value: Value) -> Self {
        Self(Arc::new(NodeData { span, value }))
    }

    /// A value that stands nowhere in the text, such as a computed fact.
    pub fn computed(value: Value) -> Self {
        Self::new(Span::default(), value)
    }

    /// The place of the value; a block map or list begins at its first key or dash.
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// The value under `key` of a map; `None` for anything else.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of `key` of a map; `None` for anything else.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.as_mapping()?.get(key)
    }

    /// The node at a dotted path of keys and list indexes, such as `spec.containers.0.image`.
    pub fn at(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, step| match node.value() {
            Value::Sequence(items) => items.get(step.parse::<usize>().ok()?),
            _ => node.get(step),
        })
    }

    /// The keys, and indexes, that lead to the value at `place`, as far as it stands where they do.
    pub fn keys_at(&self, place: Span) -> Vec<String> {
        let holds = |span: Span| span.start <= place.start && place.start < span.end.max(span.start + 1);
        let (mut node, mut keys) = (self, Vec::new());
        loop {
            let entry = node.entries().iter().find(|entry| holds(entry.key_span) || holds(entry.value.span()));
            let item = node.items().iter().enumerate().find(|(_, item)| holds(item.span()));
            node = match (entry, item) {
                (Some(entry), _) => {
                    keys.push(entry.key.to_string());
                    &entry.value
                }
                (None, Some((index, item))) => {
                    keys.push(index.to_string());
                    item
                }
                (None, None) => return keys,
            };
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self.value() {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value() {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The value of an integer.
    pub fn as_int(&self) -> Option<i64> {
        match self.value() {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The items of a list; empty for anything else.
    pub fn items(&self) -> &[Node] {
        match self.value() {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The entries of a map; empty for anything else.
    pub fn entries(&self) -> &[Entry] {
        self.as_mapping().map_or(&[], |mapping| &mapping.entries)
    }

    /// The entries of a map that a later one of the same key takes the place of: no program reads them, but they stand
    /// in the file.
    pub fn shadowed(&self) -> &[Entry] {
        self.as_mapping().map_or(&[], |mapping| &mapping.shadowed)
    }

    /// The map, when it is one.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match self.value() {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.value(), Value::Null)
    }

    /// Whether this map may hold more than is written, so that an absent key is not known to be absent.
    pub fn is_open(&self) -> bool {
        self.as_mapping().is_some_and(Mapping::is_open)
    }

    /// Whether this map is a part of a patch.
    pub fn is_patch(&self) -> bool {
        self.as_mapping().is_some_and(|mapping| mapping.extent == Extent::Patch)
    }

    /// Where it stands that a key of this map is not known; nowhere when it is a patch that leaves the key out.
    pub fn doubt(&self) -> Span {
        if self.is_patch() { Span::default() } else { self.span() }
    }

    /// The same map as a part of a patch; the maps in it are left as they are.
    #[must_use]
    pub fn as_part(&self) -> Self {
        match self.value() {
            Value::Mapping(mapping) => {
                Self::new(self.span(), Value::Mapping(Mapping { extent: Extent::Patch, ..mapping.clone() }))
            }
            _ => self.clone(),
        }
    }

    /// The same tree as a patch: each of its maps is merged into another one.
    #[must_use]
    pub fn as_patch(&self) -> Self {
        self.patched(&mut HashMap::new())
    }

    /// `known` keeps what aliases share shared.
    fn patched(&self, known: &mut HashMap<*const NodeData, Self>) -> Self {
        let key = Arc::as_ptr(&self.0);
        if let Some(node) = known.get(&key) {
            return node.clone();
        }
        let value = match self.value() {
            Value::Sequence(items) => Value::Sequence(items.iter().map(|item| item.patched(known)).collect()),
            Value::Mapping(mapping) => {
                let entry = |entry: &Entry| Entry { value: entry.value.patched(known), ..entry.clone() };
                let entries = mapping.entries.iter().map(entry).collect();
                Value::Mapping(Mapping { entries, shadowed: mapping.shadowed.clone(), extent: Extent::Patch })
            }
            _ => return self.clone(),
        };
        let node = Self::new(self.span(), value);
        known.insert(key, node.clone());
        node
    }

    /// Whether the value itself is not known before rendering.
    pub fn is_unknown(&self) -> bool {
        matches!(self.value(), Value::Unknown(_))
    }
}

impl Mapping {
    /// A map of `entries`; of duplicate keys the last one stands, at the place of the last.
    pub fn new(entries: Vec<Entry>) -> Self {
        if repeated(&entries).is_empty() {
            return Self::of_distinct(entries);
        }
        let mut last = std::collections::HashMap::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            last.insert(entry.key.clone(), index);
        }
        let (mut kept, mut shadowed) = (Vec::new(), Vec::new());
        for (index, entry) in entries.into_iter().enumerate() {
            if last.get(&entry.key) == Some(&index) { kept.push(entry) } else { shadowed.push(entry) }
        }
        Self { entries: kept, shadowed, extent: Extent::Whole }
    }

    /// A map of `entries`, of which no two have the same key.
    pub fn of_distinct(entries: Vec<Entry>) -> Self {
        Self { entries, ..Self::default() }
    }

    /// The same map, which may hold more than is written when `open`: a template action adds entries to it.
    #[must_use]
    pub fn with_open(mut self, open: bool) -> Self {
        self.extent = if open { Extent::Templated } else { Extent::Whole };
        self
    }

    /// Whether it may hold more than is written, so that an absent key is not known to be absent.
    pub fn is_open(&self) -> bool {
        self.extent != Extent::Whole
    }

    /// The entry of `key`.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.key == key)
    }

    /// The entries in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// The entries whose key stands before them.
pub fn repeated(entries: &[Entry]) -> Vec<&Entry> {
    // Most maps are small: looking at their few keys is cheaper than hashing them.
    const FEW: usize = 16;
    if entries.len() <= FEW {
        let is_before = |index: usize, key: &str| entries.iter().take(index).any(|entry| entry.key == key);
        let again = entries.iter().enumerate().filter(|(index, entry)| is_before(*index, &entry.key));
        return again.map(|(_, entry)| entry).collect();
    }
    let mut seen: HashSet<&str> = HashSet::with_capacity(entries.len());
    entries.iter().filter(|entry| !seen.insert(&entry.key)).collect()
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

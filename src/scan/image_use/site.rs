//! Where a digest can be written.
//!
//! Invariant: what stands around the written place stays as it is, byte for byte.

use crate::scan::document::node::{Node, Value};
use crate::scan::edit::Edit;
use crate::scan::image_reference::ImageReference;
use crate::scan::policy::fix::set_key;
use crate::scan::span::Span;

/// Keys of a map of image parts that hold a digest.
const DIGEST_KEYS: [&str; 2] = ["digest", "imageDigest"];

/// A place for a digest.
#[derive(Clone, Debug)]
pub(super) enum Site {
    /// Behind the reference, or the default of a build argument that it ends with, which ends at this byte.
    Behind(usize),
    /// Under this key of a map.
    Key(Node, &'static str),
}

impl Site {
    /// The place behind a reference that is written in one piece within `span`.
    pub(super) fn of_text(text: &str, span: Span, reference: &ImageReference) -> Option<Self> {
        let written = text.get(span.start..span.end)?;
        let inner = written.trim_end_matches(['"', '\'']);
        if inner.ends_with(reference.raw()) {
            return Some(Self::Behind(span.start + inner.len()));
        }
        argument(text, inner, reference).map(Self::Behind)
    }

    /// The key of a map of parts: where one is written already, or where the tag is written as `newTag`, beside which
    /// Kustomize reads a digest.
    pub(super) fn of_key(node: &Node) -> Option<Self> {
        let is_free = |node: &Node| node.is_null() || node.as_str() == Some("");
        let key = DIGEST_KEYS.into_iter().find(|key| node.get(key).is_some_and(is_free));
        let key = key.or_else(|| (node.get("newTag").is_some() && node.get("digest").is_none()).then_some("digest"))?;
        Some(Self::Key(node.clone(), key))
    }

    pub(super) fn write(&self, text: &str, reference: &ImageReference, digest: &str) -> Option<Edit> {
        let tag = if reference.tag().is_none() { format!(":{}", super::DEFAULT_TAG) } else { String::new() };
        match self {
            Self::Behind(end) => Some(insert(*end, format!("{tag}@{digest}"))),
            Self::Key(node, key) => set_key(text, node, key, &Node::computed(Value::String(digest.into()))),
        }
    }
}

fn insert(at: usize, replacement: String) -> Edit {
    Edit { span: Span::new(at, at), replacement }
}

/// The end of the default of the argument that the reference ends with, when that is its only use: `ARG TAG=3.12` for
/// `python:${TAG}`.
fn argument(text: &str, written: &str, reference: &ImageReference) -> Option<usize> {
    let (before, name) = written.rsplit_once('$')?;
    let name = name.strip_prefix('{').map_or(Some(name), |name| name.strip_suffix('}'))?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name || before.contains('$') || !(before.is_empty() || before.ends_with(':')) || uses(text, name) != 1 {
        return None;
    }
    let value = reference.raw().strip_prefix(before)?;
    let mut start = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let is_from = trimmed.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("from "));
        if is_from {
            break;
        }
        let declared = trimmed.get(..4).filter(|word| word.eq_ignore_ascii_case("arg ")).and_then(|_| trimmed.get(4..));
        let default = declared.and_then(|rest| rest.trim_start().strip_prefix(name)?.strip_prefix('='));
        if let Some(default) = default {
            let bare = default.trim_end_matches(['"', '\'']);
            let end = start + line.find(trimmed)? + trimmed.len() - (default.len() - bare.len());
            found = (bare.trim_start_matches(['"', '\'']) == value).then_some(end);
        }
        start += line.len();
    }
    found
}

/// How often the text asks for the variable.
fn uses(text: &str, name: &str) -> usize {
    let asks = |rest: &str| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'))
    };
    text.split('$').skip(1).filter(|rest| asks(rest)).count()
}

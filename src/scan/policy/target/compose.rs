//! What policies may ask of compose services, of the ports they publish and of what they mount.
//!
//! **Invariant**: a fact is what compose would use; what a variable or another file decides is unknown.

mod build;
mod docs;
mod mount;
mod port;
mod service;
mod share;
#[cfg(test)]
mod tests;

use crate::scan::document::compose::services;
use crate::scan::document::node::{Node, Value};
use crate::scan::document::{Document, DocumentKind, ParsedFile};

use super::{FactDoc, Subject, Target};

/// The facts of a target of this kind; none for any other target.
pub fn facts(target: Target) -> &'static [FactDoc] {
    match target {
        Target::ComposeService => docs::SERVICE,
        Target::ComposePort => docs::PORT,
        Target::ComposeMount => docs::MOUNT,
        _ => &[],
    }
}

/// The things of a compose file that `target` means.
pub fn subjects(target: Target, file: &ParsedFile, text: &str) -> Vec<Subject> {
    if file.kind != DocumentKind::Compose {
        return Vec::new();
    }
    let trees = file.documents.iter().filter_map(Document::tree);
    let subjects = trees.flat_map(|tree| {
        let services = services(tree);
        match target {
            Target::ComposeService => {
                let (shared, built) = (share::shared(&services), service::built(&services));
                services.iter().map(|service| service::subject(service, &shared, &built, &file.beside)).collect()
            }
            Target::ComposePort => services.iter().flat_map(|service| port::subjects(service, text)).collect(),
            Target::ComposeMount => services.iter().flat_map(mount::subjects).collect(),
            _ => Vec::<Subject>::new(),
        }
    });
    subjects.collect()
}

/// A value with `$NAME` in it is not known either; compose reads that everywhere, `$$` being a dollar sign.
pub(super) fn substituted(node: &Node) -> Node {
    match node.value() {
        Value::String(text) if holds_variable(text) => Node::new(node.span(), Value::Unknown(text.clone())),
        _ => node.clone(),
    }
}

fn holds_variable(text: &str) -> bool {
    let text = text.replace("$$", "");
    text.split('$').skip(1).any(|rest| rest.starts_with(|next: char| next.is_ascii_alphabetic() || "_{".contains(next)))
}

/// A part of a text at the place of the whole; unknown when a variable decides it.
fn part(node: &Node, part: &str) -> Node {
    if holds_variable(part) {
        return Node::new(node.span(), Value::Unknown(part.into()));
    }
    Node::new(node.span(), Value::String(part.into()))
}

/// The pieces of `text` between colons that stand outside `${…}` and `[…]`.
fn colon_parts(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (offset, letter) in text.char_indices() {
        match letter {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                parts.extend(text.get(start..offset));
                start = offset + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

//! Documents that SOPS should have encrypted.
//!
//! **Invariant**: a document counts as encrypted when SOPS has left its own record in it, whatever else it holds.
//!
//! # Source
//! The file format and the creation rules of SOPS 3.

use crate::scan::document::beside::SopsRule;
use crate::scan::document::node::{Entry, Node, Value};
use crate::scan::document::{Document, DocumentKind, ParsedFile};

use super::super::facts::{identity_text, map, null, text, truth};
use super::super::{FactDoc, FactKind, Subject};

/// Facts of `gitops.encrypted`.
pub(super) const DOCS: &[FactDoc] = &[
    FactDoc {
        path: "file.rule",
        kind: FactKind::String,
        doc: "the pattern of `.sops.yaml` that names the file; `null` when its own name does",
        example: "secrets/.*",
    },
    FactDoc {
        path: "file.kind",
        kind: FactKind::String,
        doc: "the `kind` of the document; empty when it has none",
        example: "Secret",
    },
    FactDoc {
        path: "file.is_encrypted",
        kind: FactKind::Bool,
        doc: "whether SOPS has encrypted the document",
        example: "true",
    },
];

pub(super) fn subjects(file: &ParsedFile) -> Vec<Subject> {
    let Some(rule) = &file.beside.sops else { return Vec::new() };
    if file.kind == DocumentKind::HelmTemplate {
        return Vec::new();
    }
    let trees = file.documents.iter().filter_map(Document::tree).filter(|root| !root.entries().is_empty());
    let is_meant = |root: &&Node| *rule == SopsRule::Name || holds_secrets(root);
    trees.filter(is_meant).map(|root| subject(root, rule)).collect()
}

/// Whether a document is a Secret with values: a rule may name whole folders, with what is none of its business.
fn holds_secrets(root: &Node) -> bool {
    let is_own = |entry: &Entry| match entry.value.value() {
        Value::String(text) => !text.is_empty() && !names_another(text),
        Value::Unknown(_) | Value::Null => false,
        _ => true,
    };
    let has = |key: &str| root.get(key).is_some_and(|values| values.entries().iter().any(is_own));
    root.get("kind").and_then(Node::as_str) == Some("Secret") && (has("data") || has("stringData"))
}

/// Whether a value only says where the secret is kept, for a tool that puts it in when it is applied.
fn names_another(text: &str) -> bool {
    ["<path:", "ref+", "${", "{{"].iter().any(|start| text.starts_with(start))
}

fn subject(root: &Node, rule: &SopsRule) -> Subject {
    let kind = identity_text(root, "kind");
    let name = root.get("metadata").map(|metadata| identity_text(metadata, "name")).unwrap_or_default();
    let first = root.entries().first().map_or(root.span(), |entry| entry.key_span);
    Subject {
        facts: map(vec![(
            "file",
            map(vec![
                ("rule", if let SopsRule::Pattern(pattern) = rule { text(pattern) } else { null() }),
                ("kind", text(&kind)),
                ("is_encrypted", truth(root.get("sops").is_some_and(|record| record.as_mapping().is_some()))),
            ]),
        )]),
        node: Some(root.clone()),
        places: Vec::new(),
        span: first,
        resource: (!name.is_empty()).then(|| format!("{kind}/{name}")),
        identity: vec!["encrypted".to_owned(), kind, name],
    }
}

//! Documents that SOPS should have encrypted.
//!
//! **Invariant**: a document counts as encrypted when SOPS has left its own record in it, whatever else it holds.
//!
//! # Source
//! The file format and the creation rules of SOPS 3.

use crate::scan::document::beside::SopsRule;
use crate::scan::document::node::Node;
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
    let has = |key: &str| root.get(key).is_some_and(|values| !values.entries().is_empty());
    root.get("kind").and_then(Node::as_str) == Some("Secret") && (has("data") || has("stringData"))
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

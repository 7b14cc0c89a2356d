//! What an image reference tells a policy.
//!
//! **Invariant**: a reference that is templated in any part is unknown in all parts that this could change.

use crate::scan::document::node::{Node, Value};
use crate::scan::image_reference::ImageReference;

use super::facts::{map, null, text, truth};
use super::{FactDoc, FactKind};

/// The facts of the variable `image`.
pub(super) const FACTS: [FactDoc; 7] = [
    FactDoc {
        path: "image.raw",
        kind: FactKind::String,
        doc: "the reference as written; `null` when there is none",
        example: "nginx:1.27.3",
    },
    FactDoc {
        path: "image.registry",
        kind: FactKind::String,
        doc: "the registry host with its port, `docker.io` when none is written",
        example: "ghcr.io",
    },
    FactDoc {
        path: "image.repository",
        kind: FactKind::String,
        doc: "the repository with its registry",
        example: "docker.io/library/nginx",
    },
    FactDoc { path: "image.name", kind: FactKind::String, doc: "the repository as people write it", example: "nginx" },
    FactDoc {
        path: "image.tag",
        kind: FactKind::String,
        doc: "the tag; `null` when none is written",
        example: "1.27.3",
    },
    FactDoc {
        path: "image.digest",
        kind: FactKind::String,
        doc: "the digest with its algorithm; `null` when none is written",
        example: "sha256:…",
    },
    FactDoc {
        path: "image.moving",
        kind: FactKind::Bool,
        doc: "whether what the reference names is known to change: no version at all, or a tag such as `latest`; \
              `null` when there is no image or its reference is invalid",
        example: "true",
    },
];

/// The facts about the reference that stands at `node`.
pub(super) fn facts(node: &Node) -> Node {
    if node.is_unknown() {
        return map(NAMES.map(|name| (name, node.clone())).to_vec());
    }
    let Some(Ok(image)) = node.as_str().map(ImageReference::parse) else {
        return map(NAMES.map(|name| (name, if name == "raw" { node.clone() } else { null() })).to_vec());
    };
    let part = |part: Option<&str>| part.map_or_else(null, |part| Node::new(node.span(), Value::String(part.into())));
    map(vec![
        ("raw", node.clone()),
        ("registry", text(image.registry())),
        ("repository", text(&image.repository())),
        ("name", text(&image.familiar_name())),
        ("tag", part(image.tag())),
        ("digest", part(image.digest())),
        ("moving", truth(image.is_moving())),
    ])
}

const NAMES: [&str; 7] = ["raw", "registry", "repository", "name", "tag", "digest", "moving"];

//! What an image reference tells a policy.
//!
//! **Invariant**: a reference that is templated in any part is unknown in all parts that this could change.

use std::collections::BTreeMap;

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
    facts_with(node, |image| truth(image.is_moving()))
}

fn facts_with(node: &Node, moving: impl Fn(&ImageReference) -> Node) -> Node {
    if let Value::Unknown(raw) = node.value() {
        let moving = moving_tag(raw);
        let fact = |name| match (name, moving) {
            ("raw", Some(_)) => Node::new(node.span(), Value::String(raw.clone())),
            ("tag", Some(tag)) if !tag.is_empty() => text(tag),
            ("tag" | "digest", Some(_)) => null(),
            ("moving", Some(_)) => truth(true),
            _ => node.clone(),
        };
        return map(NAMES.map(|name| (name, fact(name))).to_vec());
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
        ("moving", moving(&image)),
    ])
}

/// The tag of a reference whose registry is templated, when it is one that moves: that of `{{ registry }}/nginx:latest`.
/// It is empty for `${REGISTRY}/nginx`, which has none.
fn moving_tag(raw: &str) -> Option<&str> {
    let written = after_variables(raw)?;
    let is_plain = |text: &str| !text.contains(['$', '{', '@', ':', '[', '%']);
    let Some((name, tag)) = written.rsplit_once(':') else {
        // Whatever the variable holds, the last part of the name is written, and no version follows it.
        let is_name = written.starts_with('/') && is_plain(written);
        return (is_name && ImageReference::parse(&format!("image{written}")).is_ok()).then_some("");
    };
    let is_plain = is_plain(name) && is_plain(tag) && !tag.contains('/');
    let reference = is_plain.then(|| ImageReference::parse(&format!("image:{tag}")))?;
    reference.is_ok_and(|image| image.is_moving()).then_some(tag)
}

/// What stands after the last variable: `{{ … }}`, `${…}` or `$NAME`.
fn after_variables(raw: &str) -> Option<&str> {
    let braced = raw.rfind('}').map(|at| at + 1);
    let plain = raw.rfind('$').map(|at| {
        let name = raw.get(at + 1..).unwrap_or_default();
        at + 1 + name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
    });
    raw.get(braced.max(plain)?..)
}

/// Whether a text is a reference with a version of its own.
pub(super) fn has_version(node: &Node) -> bool {
    node.as_str().is_some_and(|written| ImageReference::parse(written).is_ok_and(|image| !image.is_untagged()))
}

/// The facts about a reference in which no version leaves it to somebody else, as values of charts do: `moving` is then
/// `null`.
pub(super) fn facts_without_default(node: &Node) -> Node {
    match node.as_str().map(ImageReference::parse) {
        Some(Ok(image)) if image.is_untagged() => composed(&null(), node, &null(), &null()),
        _ => facts(node),
    }
}

/// The facts about a reference. Where its name is one of `replaced`, something else puts in the version: `moving` is
/// false, or `null` when that is a digest.
pub(super) fn facts_unless_replaced(node: &Node, replaced: &BTreeMap<String, bool>) -> Node {
    match node.as_str().and_then(|written| replaced.get(name_of(written))) {
        Some(by_digest) => facts_with(node, |_| if *by_digest { null() } else { truth(false) }),
        None => facts(node),
    }
}

/// What stands before the version.
fn name_of(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or(reference);
    let last = name.rfind('/').map_or(0, |at| at + 1);
    match name.get(last..).and_then(|last| last.find(':')) {
        Some(colon) => name.get(..last + colon).unwrap_or(name),
        None => name,
    }
}

/// The facts about a reference that is written in parts. Without tag and digest `moving` is `null`: something else
/// decides.
pub(super) fn composed(registry: &Node, repository: &Node, tag: &Node, digest: &Node) -> Node {
    let given = |node: &Node| node.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    if let Some(unknown) = [tag, digest].into_iter().find(|node| node.is_unknown()) {
        return map(NAMES.map(|name| (name, unknown.clone())).to_vec());
    }
    let (tag_text, digest_text) = (given(tag), given(digest));
    let name = match (given(registry), given(repository)) {
        (Some(registry), Some(repository)) => Some(format!("{registry}/{repository}")),
        (_, repository) => repository,
    };
    let reference = name.as_deref().and_then(|name| ImageReference::parse(name).ok());
    let part = |value: Option<String>| value.map_or_else(null, |part| text(&part));
    let moving = match (&tag_text, &digest_text) {
        (_, Some(_)) => truth(false),
        (Some(tag), None) if tag.contains('@') => truth(false),
        (Some(tag), None) => truth(ImageReference::parse(&format!("image:{tag}")).is_ok_and(|image| image.is_moving())),
        (None, None) => null(),
    };
    let raw = [name.as_deref().unwrap_or_default(), tag_text.as_deref().unwrap_or_default()].join(":");
    map(vec![
        ("raw", text(raw.trim_matches(':'))),
        ("registry", part(reference.as_ref().map(|image| image.registry().to_owned()))),
        ("repository", part(reference.as_ref().map(ImageReference::repository))),
        ("name", part(reference.as_ref().map(ImageReference::familiar_name))),
        ("tag", tag_text.map_or_else(null, |_| tag.clone())),
        ("digest", digest_text.map_or_else(null, |_| digest.clone())),
        ("moving", moving),
    ])
}

const NAMES: [&str; 7] = ["raw", "registry", "repository", "name", "tag", "digest", "moving"];

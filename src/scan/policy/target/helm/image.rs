//! Images in values.
//!
//! **Invariant**: a map is taken for an image only when it has the keys of one; an absent or empty tag is what the chart
//! makes of it, so nothing is said about it.

use crate::scan::document::node::{Entry, Node, Value};

use super::super::facts::{entry_span, field, map, null, scalar};
use super::super::{Subject, image};
use super::holder::Values;
use super::walk::{Place, joined};
use super::{identity, values_facts};

pub(super) fn subjects(values: &Values, place: &Place<'_>) -> Vec<Subject> {
    let mut found: Vec<Subject> = of_map(values, place).into_iter().collect();
    if found.is_empty() {
        found.extend(
            place
                .node
                .entries()
                .iter()
                .filter(|entry| is_image_key(&entry.key) || is_listed(place, entry))
                .filter_map(|entry| of_text(values, place, &entry.key, &entry.value)),
        );
    }
    found
}

/// `{registry, repository, tag, digest}` in the forms that charts have for it, under any key when it has a repository
/// and a tag.
fn of_map(values: &Values, place: &Place<'_>) -> Option<Subject> {
    let node = place.node;
    let has = |key: &str| node.get(key).is_some();
    let is_named = is_image_key(place.key) || place.parent.eq_ignore_ascii_case("images");
    let is_image = if has("repository") {
        is_named || ["tag", "pullPolicy", "imagePullPolicy", "digest"].into_iter().any(has)
    } else {
        has("imageRepository")
            || (is_named && !place.is_item && ["tag", "digest", "sha", "version"].into_iter().any(has))
    };
    let name = ["repository", "imageRepository", "name", "image"].into_iter().find(|key| has(key));
    let repository = name.map_or_else(null, |key| field(node, key));
    let is_address = repository.as_str().is_some_and(|text| text.contains("://") || text.starts_with("git@"));
    if !is_image || is_address {
        return None;
    }
    let first = |keys: &[&str]| keys.iter().map(|key| scalar(&field(node, key))).find(|node| !node.is_null());
    let own = || first(&["registry", "imageRegistry"]).unwrap_or_else(null);
    let registry = global_registry(values).filter(|_| has("registry")).unwrap_or_else(own);
    let tags: &[&str] = if is_named { &["tag", "imageTag", "version"] } else { &["tag", "imageTag"] };
    let tag = first(tags).unwrap_or_else(null);
    let digest = first(&["digest", "sha", "sha256", "imageDigest"]).unwrap_or_else(null);
    let is_left_out = |part: &Node| part.is_null() || part.as_str() == Some("");
    let facts = if is_left_out(&tag) && is_left_out(&digest) && image::has_version(&repository) {
        image::facts(&repository)
    } else {
        image::composed(&registry, &repository, &tag, &digest)
    };
    let span = tags.iter().chain(name.as_ref()).find_map(|key| entry_span(node, key));
    Some(subject(values, &place.path, node, facts, span.unwrap_or_else(|| node.span())))
}

/// The registry that charts put before every image whose registry is a value of its own.
fn global_registry(values: &Values) -> Option<Node> {
    let registry = scalar(&field(values.root.get("global")?, "imageRegistry"));
    (registry.is_unknown() || registry.as_str().is_some_and(|text| !text.is_empty())).then_some(registry)
}

/// `image: repository:tag`, or without a tag, which may stand beside it.
fn of_text(values: &Values, place: &Place<'_>, key: &str, value: &Node) -> Option<Subject> {
    let path = joined(&place.path, key);
    let span = entry_span(place.node, key)?;
    match value.value() {
        Value::String(text) if text.is_empty() => return None,
        Value::String(_) | Value::Unknown(_) => {}
        _ => return None,
    }
    if is_container(place) && key == "image" {
        return Some(subject(values, &path, place.node, image::facts(value), span));
    }
    let own = image::facts_without_default(value);
    let tag_key = format!("{key}Tag");
    let beside = ["tag", "imageTag", &tag_key].into_iter().find(|key| place.node.get(key).is_some());
    let is_bare = field(&own, "tag").is_null() && field(&own, "digest").is_null();
    let (facts, span) = match beside.filter(|_| is_bare) {
        Some(beside) => {
            let tag = scalar(&field(place.node, beside));
            (image::composed(&null(), value, &tag, &null()), entry_span(place.node, beside).unwrap_or(span))
        }
        None => (own, span),
    };
    Some(subject(values, &path, place.node, facts, span))
}

/// Whether an entry is one of `images`, a reference under a name that the chart has for it.
fn is_listed(place: &Place<'_>, entry: &Entry) -> bool {
    place.key.eq_ignore_ascii_case("images") && &*entry.key != "registry" && image::has_version(&entry.value)
}

fn is_image_key(key: &str) -> bool {
    key.len() >= 5 && key.get(key.len() - 5..).is_some_and(|end| end.eq_ignore_ascii_case("image"))
}

/// Whether the map is a container as Kubernetes takes it, given to the pod as it is.
fn is_container(place: &Place<'_>) -> bool {
    let key = place.key.to_ascii_lowercase();
    place.is_item && (key.ends_with("containers") || key.ends_with("sidecars")) && place.node.get("name").is_some()
}

fn subject(values: &Values, path: &str, node: &Node, facts: Node, span: crate::scan::span::Span) -> Subject {
    Subject {
        facts: map(vec![("values", values_facts(values, path)), ("image", facts)]),
        node: Some(node.clone()),
        places: vec![("image", span)],
        span,
        resource: Some(values.holder.clone()),
        identity: identity(values, "image", path),
    }
}

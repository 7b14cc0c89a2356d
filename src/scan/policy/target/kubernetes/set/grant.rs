//! References of the Gateway API into other namespaces, which need a `ReferenceGrant` there.
//!
//! **Invariant**: a reference is told only when both namespaces are written and every grant is known.
//!
//! # Source
//! `gateway.networking.k8s.io` `ReferenceGrant`, `HTTPBackendRef` and `SecretObjectReference`.

use crate::scan::document::node::{Node, Value};

use super::super::super::facts::{field, list, path, text};
use super::member::{ANYWHERE, By, Class, Member};
use super::tie::{Tie, is_templated};
use super::{MAX_CANDIDATES, ObjectIndex};

/// What an object refers to in another namespace.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    namespace: String,
    group: String,
    kind: String,
    name: String,
}

impl ObjectIndex {
    /// What `member` refers to in other namespaces without a grant; unknown where one may stand elsewhere.
    pub(super) fn ungranted(&self, member: &Member) -> Node {
        let refused = references(member).into_iter().filter(|reference| !self.is_granted(member, reference));
        let mut names: Vec<String> =
            refused.map(|reference| format!("{} {}/{}", reference.kind, reference.namespace, reference.name)).collect();
        names.dedup();
        if !names.is_empty() && !self.knows_all(Class::Grant) {
            return Node::computed(Value::Unknown("".into()));
        }
        list(names.iter().map(|name| text(name)))
    }

    fn is_granted(&self, member: &Member, reference: &Reference) -> bool {
        let keys = [reference.namespace.clone(), ANYWHERE.to_owned()];
        let found = self.tied(Class::Grant, By::Namespace, &keys, |grant| grants(grant, member, reference));
        found.is_cut || !found.members.is_empty()
    }
}

/// Whether a grant lets an object refer so; what a template decides, it may.
fn grants(grant: &Member, member: &Member, reference: &Reference) -> Tie {
    let spec = field(&grant.object.node, "spec");
    let is = |node: &Node, key: &str, wanted: &str| {
        let written = field(node, key);
        written.is_unknown() || written.as_str().is_some_and(|text| is_templated(text) || text == wanted)
    };
    let (group, namespace) =
        (member.object.group().unwrap_or_default(), member.namespace.as_deref().unwrap_or_default());
    let (from, to) = (field(&spec, "from"), field(&spec, "to"));
    let lets = from.is_unknown()
        || from.items().iter().any(|one| {
            is(one, "group", group) && is(one, "kind", &member.object.kind) && is(one, "namespace", namespace)
        });
    let reaches = to.is_unknown()
        || to.items().iter().any(|one| {
            let is_named = field(one, "name").is_null() || is(one, "name", &reference.name);
            is(one, "group", &reference.group) && is(one, "kind", &reference.kind) && is_named
        });
    if lets && reaches { Tie::Possible } else { Tie::No }
}

/// The services of a route, and the certificates of a gateway, that stand in another namespace.
fn references(member: &Member) -> Vec<Reference> {
    let Some(own) = member.namespace.as_deref().filter(|own| !is_templated(own)) else { return Vec::new() };
    if member.object.group() != Some("gateway.networking.k8s.io") {
        return Vec::new();
    }
    let spec = field(&member.object.node, "spec");
    let mut found = Vec::new();
    for listener in field(&spec, "listeners").items() {
        let certificates = path(listener, &["tls", "certificateRefs"]);
        found.extend(certificates.items().iter().filter_map(|one| reference(one, own, "Secret")));
    }
    for rule in field(&spec, "rules").items() {
        let mirrors = field(rule, "filters");
        let mirrors = mirrors.items().iter().map(|filter| path(filter, &["requestMirror", "backendRef"]));
        let backends = field(rule, "backendRefs").items().to_vec().into_iter().chain(mirrors);
        found.extend(backends.filter_map(|one| reference(&one, own, "Service")));
    }
    found.sort_unstable();
    found.truncate(MAX_CANDIDATES);
    found
}

fn reference(node: &Node, own: &str, default_kind: &str) -> Option<Reference> {
    let namespace = field(node, "namespace");
    let namespace = namespace.as_str().filter(|namespace| *namespace != own && !is_templated(namespace))?;
    let or = |key: &str, default: &str| {
        let written = field(node, key);
        if written.is_null() { Some(default.to_owned()) } else { written.as_str().map(str::to_owned) }
    };
    Some(Reference {
        namespace: namespace.to_owned(),
        group: or("group", "")?,
        kind: or("kind", default_kind)?,
        name: field(node, "name").as_str()?.to_owned(),
    })
}

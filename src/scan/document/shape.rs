//! Fields of Kubernetes objects, and of compose services, that have a form their kind does not take: a map where the API
//! takes a list, and the like. No rule reads them, so that what they hold would pass in silence.
//!
//! **Invariant**: only fields of the API itself are looked at, and what a template may still decide is left alone.
//!
//! # Source
//! The `OpenAPI` description of Kubernetes 1.35, the compose specification; the fields that rules read.

use super::super::problem::{Cause, Problem};
use super::super::span::LineIndex;
use super::kubernetes::{Object, POD_PATHS};
use super::node::{Node, Value};
use super::{DocumentKind, ParsedFile};

/// Most fields of one file that are named; the rest is counted.
const MAX_NAMED: usize = 10;
/// Most fields of one file that are held until they are sorted.
const MAX_HELD: usize = 1_000;
/// Most nodes of one file that are looked at: an alias can name a long list any number of times.
const MAX_LOOKED_AT: usize = 500_000;

/// What a field takes.
#[derive(Clone, Copy)]
enum Form {
    /// A map with these fields, of which only some are looked at.
    Map(Fields),
    /// A list of such maps.
    Maps(Fields),
    /// A list of texts or numbers.
    Scalars,
    /// A list of anything.
    List,
}

type Fields = &'static [(&'static str, Form)];

use Form::{List, Map, Maps, Scalars};

const POD_SPEC: Fields = &[
    ("containers", Maps(CONTAINER)),
    ("initContainers", Maps(CONTAINER)),
    ("ephemeralContainers", Maps(CONTAINER)),
    ("volumes", Maps(VOLUME)),
    ("securityContext", Map(&[("supplementalGroups", Scalars), ("sysctls", Maps(&[]))])),
    ("imagePullSecrets", Maps(&[])),
    ("hostAliases", Maps(&[])),
    ("tolerations", Maps(&[])),
];

const CONTAINER: Fields = &[
    ("command", Scalars),
    ("args", Scalars),
    ("env", Maps(&[("valueFrom", Map(&[]))])),
    ("envFrom", Maps(&[])),
    ("ports", Maps(&[])),
    ("volumeMounts", Maps(&[])),
    ("resources", Map(&[("limits", Map(&[])), ("requests", Map(&[]))])),
    ("securityContext", Map(&[("capabilities", Map(&[("add", Scalars), ("drop", Scalars)]))])),
    ("lifecycle", Map(&[])),
    ("livenessProbe", Map(&[])),
    ("readinessProbe", Map(&[])),
    ("startupProbe", Map(&[])),
];

const VOLUME: Fields = &[
    ("hostPath", Map(&[])),
    ("configMap", Map(&[])),
    ("secret", Map(&[])),
    ("projected", Map(&[("sources", Maps(&[]))])),
];

const ROLE: Fields = &[(
    "rules",
    Maps(&[
        ("verbs", Scalars),
        ("resources", Scalars),
        ("apiGroups", Scalars),
        ("nonResourceURLs", Scalars),
        ("resourceNames", Scalars),
    ]),
)];

const BINDING: Fields = &[("subjects", Maps(&[])), ("roleRef", Map(&[]))];

const WEBHOOKS: Fields = &[(
    "webhooks",
    Maps(&[
        ("clientConfig", Map(&[])),
        ("rules", Maps(&[("resources", Scalars), ("apiGroups", Scalars), ("operations", Scalars)])),
    ]),
)];

const RBAC: &str = "rbac.authorization.k8s.io";

/// The fields of the kinds without pods, by group and kind.
const KINDS: &[(&str, &str, Fields)] = &[
    (RBAC, "Role", ROLE),
    (RBAC, "ClusterRole", ROLE),
    (RBAC, "RoleBinding", BINDING),
    (RBAC, "ClusterRoleBinding", BINDING),
    (
        "networking.k8s.io",
        "NetworkPolicy",
        &[(
            "spec",
            Map(&[
                ("podSelector", Map(&[])),
                ("policyTypes", Scalars),
                ("ingress", Maps(&[("from", Maps(&[])), ("ports", Maps(&[]))])),
                ("egress", Maps(&[("to", Maps(&[])), ("ports", Maps(&[]))])),
            ]),
        )],
    ),
    (
        "networking.k8s.io",
        "Ingress",
        &[(
            "spec",
            Map(&[("rules", Maps(&[("http", Map(&[("paths", Maps(&[]))]))])), ("tls", Maps(&[("hosts", Scalars)]))]),
        )],
    ),
    (
        "",
        "Service",
        &[(
            "spec",
            Map(&[
                ("ports", Maps(&[])),
                ("selector", Map(&[])),
                ("externalIPs", Scalars),
                ("loadBalancerSourceRanges", Scalars),
            ]),
        )],
    ),
    ("", "ServiceAccount", &[("secrets", Maps(&[])), ("imagePullSecrets", Maps(&[]))]),
    ("", "ConfigMap", &[("data", Map(&[]))]),
    ("", "Secret", &[("data", Map(&[])), ("stringData", Map(&[]))]),
    ("", "PersistentVolume", &[("spec", Map(VOLUME))]),
    ("", "Namespace", &[("metadata", Map(&[("labels", Map(&[]))]))]),
    ("", "List", &[("items", Maps(&[]))]),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", WEBHOOKS),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration", WEBHOOKS),
];

/// The fields of a compose service; a port and the like may be written as a text or as a map.
const SERVICE: Fields = &[
    ("ports", List),
    ("volumes", List),
    ("devices", List),
    ("secrets", List),
    ("cap_add", Scalars),
    ("cap_drop", Scalars),
    ("security_opt", Scalars),
    ("group_add", Scalars),
];

/// What of the objects of `file`, or of its services, can't be judged as it has another form than its reader takes.
pub(super) fn problems(file: &ParsedFile, path: &str, text: &str) -> Vec<Problem> {
    let is_compose = file.kind == DocumentKind::Compose;
    let reader = if is_compose { "compose" } else { "the API" };
    let mut walk = Walk { found: Vec::new(), more: 0, left: MAX_LOOKED_AT, reader };
    for object in file.objects() {
        walk.object(object);
    }
    for root in file.documents.iter().filter_map(super::Document::tree) {
        if is_compose {
            walk.services(root);
        }
        // A list of objects that is none holds no object.
        if root.get("kind").and_then(Node::as_str) == Some("List") {
            walk.fields(root, "List", "", fields_of("", "List"));
        }
    }
    if walk.found.is_empty() {
        return Vec::new();
    }
    walk.found.sort_by_key(|(node, _)| node.span());
    walk.found.dedup_by_key(|(node, _)| node.span());
    let index = LineIndex::new(text);
    let more = walk.more + walk.found.len().saturating_sub(MAX_NAMED);
    let named = walk.found.into_iter().take(MAX_NAMED);
    let mut problems: Vec<Problem> = named
        .map(|(node, message)| {
            Problem::of_file(path, Cause::Syntax, message).at(index.position(text, node.span().start))
        })
        .collect();
    if more > 0 {
        let message = format!("{more} more fields have a form that {reader} does not take and were not judged");
        problems.push(Problem::of_file(path, Cause::Syntax, message));
    }
    problems
}

fn fields_of(group: &str, kind: &str) -> Fields {
    let is_own = |(own, name, _): &&(&str, &str, Fields)| *own == group && *name == kind;
    KINDS.iter().find(is_own).map_or(&[], |(.., fields)| fields)
}

struct Walk {
    found: Vec<(Node, String)>,
    /// Fields beyond those that are held.
    more: usize,
    left: usize,
    /// Who reads the file.
    reader: &'static str,
}

impl Walk {
    fn object(&mut self, object: &Object) {
        let Some(group) = object.group() else { return };
        let kind = object.kind.as_str();
        self.fields(&object.node, kind, "", fields_of(group, kind));
        let holds = |(own, name): &(&str, &str)| *own == group && *name == kind;
        let Some((steps, _)) = POD_PATHS.iter().find(|(_, kinds)| kinds.iter().any(holds)) else { return };
        let (mut node, mut path) = (object.node.clone(), String::new());
        for step in steps.iter().chain(["spec"].iter()) {
            let Some(next) = node.get(step).cloned() else { return };
            path = if path.is_empty() { (*step).to_owned() } else { format!("{path}.{step}") };
            self.map(&next, kind, &path, &[]);
            node = next;
        }
        self.fields(&node, kind, &path, POD_SPEC);
    }

    fn services(&mut self, root: &Node) {
        const KIND: &str = "compose file";
        let Some(services) = root.get("services") else { return };
        self.map(services, KIND, "services", &[]);
        for entry in services.entries().iter().filter(|entry| !entry.key.starts_with("x-")) {
            self.map(&entry.value, KIND, &format!("services.{}", entry.key), SERVICE);
        }
    }

    /// Looks at `fields` of `node`, which stands at `path` of an object of `kind`.
    fn fields(&mut self, node: &Node, kind: &str, path: &str, fields: Fields) {
        for entry in node.entries() {
            let Some((_, form)) = fields.iter().find(|(key, _)| *key == entry.key) else { continue };
            let path = if path.is_empty() { entry.key.to_string() } else { format!("{path}.{}", entry.key) };
            match form {
                Map(fields) => self.map(&entry.value, kind, &path, fields),
                Maps(fields) => self.list(&entry.value, kind, &path, Some(fields)),
                List if matches!(entry.value.value(), Value::Sequence(_)) => {}
                List | Scalars => self.list(&entry.value, kind, &path, None),
            }
        }
    }

    fn map(&mut self, node: &Node, kind: &str, path: &str, fields: Fields) {
        if !self.may_go_on() {
            return;
        }
        match node.value() {
            Value::Mapping(_) => self.fields(node, kind, path, fields),
            Value::Null | Value::Unknown(_) => {}
            _ => self.report(node, kind, path, "a map"),
        }
    }

    /// A list of maps with `fields`, or of scalars.
    fn list(&mut self, node: &Node, kind: &str, path: &str, fields: Option<Fields>) {
        match node.value() {
            Value::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = || format!("{path}[{index}]");
                    match (item.value(), fields) {
                        _ if !self.may_go_on() => return,
                        (Value::Mapping(_), Some([])) => {}
                        (_, Some(fields)) => self.map(item, kind, &path(), fields),
                        (Value::Mapping(_) | Value::Sequence(_), None) if !is_templated(item) => {
                            self.report(item, kind, &path(), "a text");
                        }
                        _ => {}
                    }
                }
            }
            Value::Null | Value::Unknown(_) => {}
            Value::Mapping(_) if is_templated(node) => {}
            _ => self.report(node, kind, path, "a list"),
        }
    }

    fn may_go_on(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn report(&mut self, node: &Node, kind: &str, path: &str, wanted: &str) {
        if self.found.len() >= MAX_HELD {
            self.more += 1;
            return;
        }
        let found = match node.value() {
            Value::Mapping(_) => "a map",
            Value::Sequence(_) => "a list",
            _ => "a single value",
        };
        let message =
            format!("`{path}` of the {kind} is {found} where {} takes {wanted}: it was not judged", self.reader);
        self.found.push((node.clone(), message));
    }
}

/// Whether a template, or what a patch is merged into, may make something else of it.
fn is_templated(node: &Node) -> bool {
    let is_open = node.is_open() && !node.is_patch();
    is_open || node.entries().iter().any(|entry| entry.key.starts_with('$') || entry.key.contains("{{"))
}

#[cfg(test)]
mod tests;

//! A rule of a role, expanded: what it allows of the resources that Kubernetes itself has.
//!
//! **Invariant**: a grant is one that the API server's own matching would give; cost grows with the rule, not with the
//! product of its lists.
//!
//! # Source
//! `VerbMatches`, `APIGroupMatches`, `ResourceMatches` and `ResourceNameMatches` of `k8s.io/component-helpers`: `*`
//! stands for all of a list, `*/scale` for one subresource of all resources; `pods/*` has no meaning there.

use std::collections::BTreeSet;

use crate::scan::document::node::{Node, Value};
use crate::scan::span::Span;

use super::super::facts::{field, truth};

const STANDARD: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const ROLE: &[&str] =
    &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "bind", "escalate"];
const ACCOUNT: &[&str] =
    &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "impersonate"];
const USABLE: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use"];

/// Resources by group and the verbs that mean something for them.
const RESOURCES: &[(&str, &[&str], &[&str])] = &[
    (
        "",
        &[
            "pods",
            "pods/attach",
            "pods/ephemeralcontainers",
            "pods/eviction",
            "pods/exec",
            "pods/log",
            "pods/portforward",
            "pods/proxy",
            "pods/status",
            "services",
            "services/proxy",
            "services/status",
            "endpoints",
            "configmaps",
            "secrets",
            "serviceaccounts/token",
            "nodes",
            "nodes/proxy",
            "nodes/status",
            "namespaces",
            "namespaces/finalize",
            "persistentvolumes",
            "persistentvolumeclaims",
            "replicationcontrollers",
            "podtemplates",
            "events",
            "limitranges",
            "resourcequotas",
        ],
        STANDARD,
    ),
    ("", &["serviceaccounts"], ACCOUNT),
    ("", &["users", "groups"], &["impersonate"]),
    ("authentication.k8s.io", &["uids", "userextras"], &["impersonate"]),
    ("apps", &["deployments", "daemonsets", "statefulsets", "replicasets"], STANDARD),
    ("extensions", &["deployments", "daemonsets", "replicasets", "ingresses", "networkpolicies"], STANDARD),
    ("batch", &["jobs", "cronjobs"], STANDARD),
    ("networking.k8s.io", &["networkpolicies", "ingresses", "ingressclasses"], STANDARD),
    ("discovery.k8s.io", &["endpointslices"], STANDARD),
    ("events.k8s.io", &["events"], STANDARD),
    ("rbac.authorization.k8s.io", &["roles", "clusterroles"], ROLE),
    ("rbac.authorization.k8s.io", &["rolebindings", "clusterrolebindings"], STANDARD),
    (
        "certificates.k8s.io",
        &["certificatesigningrequests", "certificatesigningrequests/approval", "certificatesigningrequests/status"],
        STANDARD,
    ),
    ("certificates.k8s.io", &["signers"], &["approve", "sign", "attest"]),
    (
        "admissionregistration.k8s.io",
        &[
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
        ],
        STANDARD,
    ),
    ("apiextensions.k8s.io", &["customresourcedefinitions"], STANDARD),
    ("apiregistration.k8s.io", &["apiservices"], STANDARD),
    ("policy", &["podsecuritypolicies"], USABLE),
    ("policy", &["poddisruptionbudgets"], STANDARD),
    ("security.openshift.io", &["securitycontextconstraints"], USABLE),
    ("storage.k8s.io", &["storageclasses", "volumeattachments"], STANDARD),
    ("autoscaling", &["horizontalpodautoscalers"], STANDARD),
    ("coordination.k8s.io", &["leases"], STANDARD),
    ("scheduling.k8s.io", &["priorityclasses"], STANDARD),
];

/// Every `VERB RESOURCE` that the rule allows, each at the place of the resource that gives it, and an unknown one
/// where a template may add more.
pub(super) fn grants(rule: &Node) -> Node {
    let lists = Lists::read(rule);
    let mut found: Vec<Node> = Vec::new();
    let mut seen = BTreeSet::new();
    for (group, resources, verbs) in RESOURCES {
        if !lists.groups.holds(group) {
            continue;
        }
        for resource in *resources {
            let Some(place) = lists.place_of(resource) else { continue };
            let is_allowed = |verb: &&&str| lists.verbs.holds(verb) && lists.reaches(verb, resource);
            for verb in verbs.iter().filter(is_allowed) {
                if seen.insert((*verb, *resource)) {
                    found.push(Node::new(place, Value::String(format!("{verb} {resource}").into())));
                }
            }
        }
    }
    found.extend(lists.unknown().cloned());
    Node::computed(Value::Sequence(found))
}

/// Whether there is a grant; unknown when only a template knows.
pub(super) fn are_any(grants: &Node) -> Node {
    let is_known = |grant: &Node| !grant.is_unknown();
    match grants.items().first() {
        Some(first) if !is_known(first) => first.clone(),
        first => truth(first.is_some()),
    }
}

/// The lists of a rule.
struct Lists {
    groups: List,
    resources: List,
    verbs: List,
    is_named: bool,
}

/// One list: its texts with their places, and what a template leaves open.
struct List {
    texts: Vec<(String, Span)>,
    set: BTreeSet<String>,
    unknown: Option<Node>,
}

impl Lists {
    fn read(rule: &Node) -> Self {
        Self {
            groups: List::read(&field(rule, "apiGroups")),
            resources: List::read(&field(rule, "resources")),
            verbs: List::read(&field(rule, "verbs")),
            is_named: !field(rule, "resourceNames").items().is_empty(),
        }
    }

    fn unknown(&self) -> Option<&Node> {
        [&self.groups, &self.resources, &self.verbs].into_iter().find_map(|list| list.unknown.as_ref())
    }

    /// The place of the text that gives `resource`.
    fn place_of(&self, resource: &str) -> Option<Span> {
        let below = resource.split_once('/').map(|(_, below)| below);
        let gives = |text: &str| {
            text == "*" || text == resource || (below.is_some() && text.strip_prefix("*/") == below)
                // What stands below it is a key of its own.
                || (resource == "userextras" && text.starts_with("userextras/"))
        };
        self.resources.texts.iter().find(|(text, _)| gives(text)).map(|(_, place)| *place)
    }

    /// A request to create an object, or to delete a collection, has no name that a rule could allow.
    fn reaches(&self, verb: &str, resource: &str) -> bool {
        !self.is_named || !(verb == "deletecollection" || (verb == "create" && !resource.contains('/')))
    }
}

impl List {
    fn read(list: &Node) -> Self {
        let items = if list.is_unknown() { std::slice::from_ref(list) } else { list.items() };
        let texts: Vec<(String, Span)> =
            items.iter().filter_map(|item| Some((item.as_str()?.to_owned(), item.span()))).collect();
        let set = texts.iter().map(|(text, _)| text.clone()).collect();
        Self { texts, set, unknown: items.iter().find(|item| item.is_unknown()).cloned() }
    }

    fn holds(&self, text: &str) -> bool {
        self.set.contains("*") || self.set.contains(text)
    }
}

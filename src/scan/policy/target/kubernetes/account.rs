//! Service accounts and namespaces.
//!
//! **Invariant**: a cloud role is the value of an annotation that a provider gives that meaning, nothing else.

use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::{Node, Value};

use super::super::facts::{field, map, null, path, texts};
use super::super::{FactDoc, FactKind};
use super::docs::doc;
use super::{Subject, object_facts, subject};

/// Facts of `account`.
pub(super) const ACCOUNT_FACTS: &[FactDoc] = &[
    doc(
        "account.automount",
        FactKind::Bool,
        "`automountServiceAccountToken`; `null` when absent, which means true",
        "false",
    ),
    doc(
        "account.cloud_role",
        FactKind::String,
        "the role of a cloud that its pods act in: of AWS, Google Cloud or Azure; `null` when it names none",
        "arn:aws:iam::111122223333:role/web",
    ),
    doc("account.secrets", FactKind::StringList, "the names under `secrets`", "[web-token]"),
];

/// Facts of `pod_security`.
pub(super) const NAMESPACE_FACTS: &[FactDoc] = &[
    doc(
        "pod_security.enforce",
        FactKind::String,
        "the level of Pod Security that it enforces; `null` when absent",
        "baseline",
    ),
    doc(
        "pod_security.enforce_version",
        FactKind::String,
        "of which version; `null` when absent, which means latest",
        "v1.30",
    ),
    doc("pod_security.warn", FactKind::String, "the level that it warns of; `null` when absent", "restricted"),
    doc("pod_security.audit", FactKind::String, "the level that it audits; `null` when absent", "restricted"),
];

const CLOUD_ROLES: [&str; 3] =
    ["eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account", "azure.workload.identity/client-id"];

/// A service account.
pub(super) fn account_subject(object: &Object) -> Option<Subject> {
    let account = of_core(object, "ServiceAccount")?;
    let annotations = path(account, &["metadata", "annotations"]);
    let role = CLOUD_ROLES.iter().map(|name| field(&annotations, name)).find(|role| !role.is_null());
    let secrets = field(account, "secrets");
    let names = secrets.items().iter().map(|secret| field(secret, "name")).filter(|name| !name.is_null()).collect();
    let names = if secrets.is_unknown() { secrets } else { Node::computed(Value::Sequence(names)) };
    let facts = map(vec![
        ("automount", field(account, "automountServiceAccountToken")),
        ("cloud_role", role.unwrap_or_else(null)),
        ("secrets", texts(&names, str::to_owned)),
    ]);
    let facts = map(vec![("object", object_facts(object)), ("account", facts)]);
    Some(subject(facts, account, object.title(), object.identity()))
}

/// A namespace.
pub(super) fn namespace_subject(object: &Object) -> Option<Subject> {
    let namespace = of_core(object, "Namespace")?;
    let labels = path(namespace, &["metadata", "labels"]);
    let label = |name: &str| field(&labels, &format!("pod-security.kubernetes.io/{name}"));
    let facts = map(vec![
        ("enforce", label("enforce")),
        ("enforce_version", label("enforce-version")),
        ("warn", label("warn")),
        ("audit", label("audit")),
    ]);
    let facts = map(vec![("object", object_facts(object)), ("pod_security", facts)]);
    Some(subject(facts, namespace, object.title(), object.identity()))
}

/// The level of the Pod Security Standards that a namespace enforces, `baseline` or `restricted`, and the minor version
/// of the standard, `None` for the newest.
pub(super) fn enforced_level(namespace: &Node) -> Option<(String, Option<u32>)> {
    let labels = path(namespace, &["metadata", "labels"]);
    let label = |name: &str| field(&labels, &format!("pod-security.kubernetes.io/{name}"));
    let level = label("enforce").as_str().filter(|level| matches!(*level, "baseline" | "restricted"))?.to_owned();
    let version = label("enforce-version");
    let minor = match version.value() {
        Value::String(version) => version.strip_prefix("v1.").and_then(|minor| minor.parse().ok()),
        _ => None,
    };
    Some((level, minor))
}

/// The object, when it is of that kind of the core group.
fn of_core<'o>(object: &'o Object, kind: &str) -> Option<&'o Node> {
    (object.kind == kind && object.group().is_none_or(str::is_empty)).then_some(&object.node)
}

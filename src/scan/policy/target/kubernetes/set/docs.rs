//! The facts of the target `kubernetes.set`, in words.

use super::super::super::{FactDoc, FactKind};
use super::super::docs::doc;

/// Facts of `set`. Each list holds the objects that belong to the one that is judged; it is unknown when none was found
/// and something that is not here may hold one.
pub(in super::super) const FACTS: &[FactDoc] = &[
    doc("set.pod", FactKind::Tree, "the pod spec of the object itself; `null` when it has none", "{containers: []}"),
    doc(
        "set.pods",
        FactKind::List,
        "workloads: those that a service, a network policy or a disruption budget selects, an autoscaler scales, an ingress leads to, that run as a service account or as one that a binding names, that take a variable from a config map or secret, or that stand in a namespace",
        "[{kind: Deployment, name: web, certain: true}]",
    ),
    doc("set.pods[].kind", FactKind::String, "the kind", "Deployment"),
    doc("set.pods[].name", FactKind::String, "the name", "web"),
    doc("set.pods[].namespace", FactKind::String, "the namespace; `null` when it names none", "shop"),
    doc("set.pods[].path", FactKind::String, "the file", "deploy/web.yaml"),
    doc(
        "set.pods[].certain",
        FactKind::Bool,
        "whether it surely belongs here; else only a namespace, label or name that is not written tells",
        "true",
    ),
    doc("set.pods[].tree", FactKind::Tree, "the whole object", "{kind: Deployment}"),
    doc(
        "set.services",
        FactKind::List,
        "services: those that select a workload, or that an ingress leads to; members as of `pods`",
        "[{name: web}]",
    ),
    doc(
        "set.ingresses",
        FactKind::List,
        "ingresses and routes: those that lead to a service or to a workload's; members as of `pods`",
        "[{name: web}]",
    ),
    doc(
        "set.network_policies",
        FactKind::List,
        "network policies: those that select a workload, or stand in a namespace; members as of `pods`",
        "[{name: web}]",
    ),
    doc(
        "set.service_accounts",
        FactKind::List,
        "service accounts: the one of a workload, or those that a binding names; members as of `pods`",
        "[{name: web}]",
    ),
    doc(
        "set.bindings",
        FactKind::List,
        "bindings: those that give a role, or name a service account or a workload's; members as of `pods`",
        "[{name: web}]",
    ),
    doc(
        "set.roles",
        FactKind::List,
        "roles: the one that a binding gives; members as of `pods`, and `grants` as of `rule.grants`, of all rules without `resourceNames`",
        "[{name: web, grants: [get secrets]}]",
    ),
    doc(
        "set.autoscalers",
        FactKind::List,
        "horizontal autoscalers of a workload; members as of `pods`",
        "[{name: web}]",
    ),
    doc(
        "set.disruption_budgets",
        FactKind::List,
        "disruption budgets of a workload; members as of `pods`",
        "[{name: web}]",
    ),
    doc(
        "set.config_maps",
        FactKind::List,
        "config maps that variables of a workload take a key of; members as of `pods`",
        "[{name: web}]",
    ),
    doc(
        "set.secrets",
        FactKind::List,
        "secrets that variables of a workload take a key of; members as of `pods`",
        "[{name: web}]",
    ),
    doc(
        "set.ungranted",
        FactKind::StringList,
        "what a gateway or route of the Gateway API refers to in another namespace, where no `ReferenceGrant` lets it",
        "[Service shop/web]",
    ),
];

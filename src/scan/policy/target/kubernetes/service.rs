//! Services, and from where each is reached.
//!
//! **Invariant**: a service is called public only when nothing in it says otherwise; what its cluster's own address
//! pools decide is unknown.
//!
//! # Source
//! The annotations of the providers' own load balancer controllers for internal addresses.

use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::{Node, Value};

use super::super::facts::{field, map, path, text, texts};
use super::super::{FactDoc, FactKind};
use super::docs::doc;
use super::{Subject, object_facts, subject};

/// Facts of `service`.
pub(super) const FACTS: &[FactDoc] = &[
    doc("service.type", FactKind::String, "the type; `ClusterIP` when absent", "LoadBalancer"),
    doc(
        "service.reach",
        FactKind::String,
        "from where it is reached: `cluster`, `node`, `internal` (a load balancer without a public address) or `public`",
        "public",
    ),
    doc("service.source_ranges", FactKind::StringList, "`loadBalancerSourceRanges`", "[10.0.0.0/8]"),
    doc("service.external_ips", FactKind::StringList, "`externalIPs`", "[203.0.113.7]"),
    doc("service.selector", FactKind::Tree, "the labels of its pods; `null` when there are none", "{app: web}"),
    doc("service.spec", FactKind::Tree, "the `spec`", "{type: ClusterIP}"),
];

/// An annotation, and the value that makes a load balancer internal; `None` for any value that is not `false`.
const INTERNAL: [(&str, Option<&str>); 14] = [
    ("service.beta.kubernetes.io/aws-load-balancer-internal", None),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", Some("internal")),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", Some("true")),
    ("networking.gke.io/load-balancer-type", Some("internal")),
    ("cloud.google.com/load-balancer-type", Some("internal")),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", Some("true")),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", Some("true")),
    ("oci-network-load-balancer.oraclecloud.com/internal", Some("true")),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", Some("intranet")),
    ("service.kubernetes.io/qcloud-loadbalancer-internal-subnetid", None),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", Some("private")),
    ("service.beta.kubernetes.io/do-loadbalancer-network", Some("internal")),
    ("load-balancer.hetzner.cloud/disable-public-network", Some("true")),
    ("service.beta.kubernetes.io/cce-load-balancer-internal-vpc", Some("true")),
];

/// Annotations of controllers that hand out addresses of the cluster's own pools.
const OWN_POOLS: [&str; 6] =
    ["metallb.universe.tf/", "metallb.io/", "lbipam.cilium.io/", "io.cilium/", "kube-vip.io/", "purelb.io/"];

/// A service.
pub(super) fn subject_of(object: &Object) -> Option<Subject> {
    if object.kind != "Service" || !object.group().is_none_or(str::is_empty) {
        return None;
    }
    let spec = field(&object.node, "spec");
    let kind = field(&spec, "type");
    let kind = if kind.is_null() { text("ClusterIP") } else { kind };
    let list = |key| texts(&field(&spec, key), str::to_owned);
    let service = map(vec![
        ("reach", reach(object, &spec, &kind)),
        ("type", kind),
        ("source_ranges", list("loadBalancerSourceRanges")),
        ("external_ips", list("externalIPs")),
        ("selector", field(&spec, "selector")),
        ("spec", spec),
    ]);
    let facts = map(vec![("object", object_facts(object)), ("service", service)]);
    Some(subject(facts, &object.node, object.title(), object.identity()))
}

fn reach(object: &Object, spec: &Node, kind: &Node) -> Node {
    match kind.value() {
        Value::Unknown(_) => kind.clone(),
        Value::String(kind) if &**kind == "NodePort" => text("node"),
        Value::String(kind) if &**kind == "LoadBalancer" => load_balancer(object, spec),
        _ => text("cluster"),
    }
}

fn load_balancer(object: &Object, spec: &Node) -> Node {
    let annotations = path(&object.node, &["metadata", "annotations"]);
    let mut unknown = None;
    for (name, wanted) in INTERNAL {
        let value = field(&annotations, name);
        let value_text = match value.value() {
            Value::Unknown(_) => {
                unknown = Some(value.clone());
                continue;
            }
            Value::String(text) => text.to_lowercase(),
            Value::Bool(value) => value.to_string(),
            _ => continue,
        };
        if wanted.map_or(value_text != "false", |wanted| value_text == wanted) {
            return text("internal");
        }
    }
    let is_pool = |key: &str| OWN_POOLS.iter().any(|pool| key.starts_with(pool));
    let pool = annotations.entries().iter().find(|entry| is_pool(&entry.key));
    let class = field(spec, "loadBalancerClass");
    let asked = path(&object.node, &["metadata", "annotations", "service.beta.kubernetes.io/aws-load-balancer-scheme"]);
    match (unknown, pool, class.value()) {
        (Some(unknown), ..) => unknown,
        (None, Some(pool), _) => Node::new(pool.value.span(), Value::Unknown("".into())),
        // This class makes internal load balancers unless it is asked for a public one.
        (None, None, Value::String(class)) if &**class == "service.k8s.aws/nlb" && asked.is_null() => text("internal"),
        (None, None, Value::String(class)) if &**class == "service.k8s.aws/nlb" => text("public"),
        (None, None, Value::Null) => text("public"),
        (None, None, _) => Node::new(class.span(), Value::Unknown("".into())),
    }
}

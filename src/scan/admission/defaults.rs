//! What the API server fills in before admission, so that a manifest's silence is not taken for an absent field.
//!
//! Invariant: a field is only named here for the objects that have it; where the value depends on the cluster it is
//! unknown.
//!
//! # Source
//! Kubernetes, `pkg/apis/*/v1/defaults.go`; `pkg/registry/*/strategy.go`.

use super::cel::Val;
use crate::scan::document::node::{Mapping, Node, Value};

/// What stands in a field that a manifest leaves out.
#[derive(Clone, Debug)]
pub enum Default {
    /// This.
    Value(Val),
    /// Something, and only the cluster knows what.
    Unknown,
}

#[allow(clippy::too_many_lines, reason = "a table")]
/// The default of `field` in the map `holder`; `None` when the API server leaves it out as well.
pub fn of(holder: &Node, field: &str) -> Option<Default> {
    let has = |key: &str| holder.get(key).is_some();
    let text = |text: &str| Some(Default::Value(Val::text(text)));
    let number = |number: i64| Some(Default::Value(Val::Int(number)));
    let is_container = has("image") && has("name");
    let is_pod_spec = has("containers");
    let is_workload_spec = has("template") && (has("selector") || has("serviceName"));
    let is_job_spec = has("template") && !is_workload_spec;
    let is_service_spec = has("ports") && !is_container && !is_pod_spec && !has("template");
    let is_probe = ["httpGet", "tcpSocket", "exec", "grpc"].iter().any(|key| has(key));
    match field {
        "uid" | "creationTimestamp" | "resourceVersion" | "generation" | "managedFields"
            if has("name") && !has("image") =>
        {
            (!is_pod_spec).then_some(Default::Unknown)
        }
        "namespace" if has("name") && (has("labels") || has("annotations") || holder.entries().len() == 1) => {
            Some(Default::Unknown)
        }
        "status" if has("apiVersion") && has("kind") => Some(Default::Unknown),
        "replicas" if is_workload_spec => number(1),
        "revisionHistoryLimit" if is_workload_spec => number(10),
        "progressDeadlineSeconds" | "strategy" | "updateStrategy" | "podManagementPolicy" if is_workload_spec => {
            Some(Default::Unknown)
        }
        "parallelism" | "completions" | "backoffLimit" | "suspend" | "completionMode" | "selector" if is_job_spec => {
            Some(Default::Unknown)
        }
        "concurrencyPolicy" if has("schedule") => text("Allow"),
        "successfulJobsHistoryLimit" if has("schedule") => number(3),
        "failedJobsHistoryLimit" if has("schedule") => number(1),
        "suspend" if has("schedule") => Some(Default::Value(Val::Bool(false))),
        "imagePullPolicy" if is_container => {
            Some(pull_policy(holder).map_or(Default::Unknown, |policy| Default::Value(Val::text(policy))))
        }
        "terminationMessagePath" if is_container => text("/dev/termination-log"),
        "terminationMessagePolicy" if is_container => text("File"),
        "resources" if is_container => Some(empty()),
        "volumeMounts" if is_container => Some(Default::Unknown),
        "restartPolicy" if is_pod_spec => text("Always"),
        "dnsPolicy" if is_pod_spec => text("ClusterFirst"),
        "schedulerName" if is_pod_spec => text("default-scheduler"),
        "terminationGracePeriodSeconds" if is_pod_spec => number(30),
        "securityContext" if is_pod_spec => Some(empty()),
        "serviceAccountName" | "serviceAccount" | "tolerations" | "priority" | "preemptionPolicy" | "nodeName"
        | "enableServiceLinks" | "volumes"
            if is_pod_spec =>
        {
            Some(Default::Unknown)
        }
        "type" if is_service_spec => text("ClusterIP"),
        "sessionAffinity" if is_service_spec => text("None"),
        "clusterIP"
        | "clusterIPs"
        | "ipFamilies"
        | "ipFamilyPolicy"
        | "internalTrafficPolicy"
        | "externalTrafficPolicy"
        | "allocateLoadBalancerNodePorts"
            if is_service_spec =>
        {
            Some(Default::Unknown)
        }
        "protocol" if has("containerPort") || has("port") => text("TCP"),
        "timeoutSeconds" | "successThreshold" if is_probe => number(1),
        "periodSeconds" if is_probe => number(10),
        "failureThreshold" if is_probe => number(3),
        _ => None,
    }
}

fn empty() -> Default {
    Default::Value(Val::Node(Node::computed(Value::Mapping(Mapping::default()))))
}

/// `Always` for an image without a fixed tag; `None` when its name is templated.
fn pull_policy(container: &Node) -> Option<&'static str> {
    let image = container.get("image")?.as_str()?;
    if image.contains('@') {
        return Some("IfNotPresent");
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    match last.rsplit_once(':') {
        None | Some((_, "latest")) => Some("Always"),
        Some(_) => Some("IfNotPresent"),
    }
}

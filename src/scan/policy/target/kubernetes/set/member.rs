//! One object of a side, with the keys by which others find it.
//!
//! **Invariant**: the keys of a member grow with its text, never with the other members.

use crate::scan::document::kubernetes::{Object, Pod};
use crate::scan::document::node::{Node, Value};

use super::super::super::facts::{field, map, path};
use super::super::{ingress, object_facts};
use super::tie::{is_templated, labels_of};

/// Most keys of one kind that one object is found by.
const MAX_KEYS: usize = 64;

/// What an object is to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    Pod,
    Service,
    Ingress,
    NetworkPolicy,
    Account,
    Role,
    Binding,
    Autoscaler,
    Budget,
    Namespace,
    ConfigMap,
    Secret,
    /// What leads to certificates, and takes in routes.
    Gateway,
    /// What lets objects of other namespaces refer to those of its own.
    Grant,
    /// What brings objects that are not here, such as a chart.
    Source,
}

impl Class {
    /// Whether objects of it are few, and asked for by what every run judges.
    pub(super) fn is_always_held(self) -> bool {
        matches!(self, Self::Account | Self::Role | Self::Binding | Self::Namespace)
    }
}

/// One object that belongs to others.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) class: Class,
    pub(super) object: Object,
    pub(super) pod: Option<Pod>,
    /// The labels of its pods.
    pub(super) labels: Option<Node>,
    pub(super) path: String,
    pub(super) namespace: Option<String>,
}

/// How one object names another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum By {
    /// Itself, by its class, kind where kinds differ, and name.
    Name,
    /// A label that it carries on pods, or selects them by.
    Label,
    /// The service account that it uses or names.
    Account,
    /// The role that it gives.
    Role,
    /// The service that it leads to.
    Service,
    /// The workload that it scales.
    Workload,
    /// The namespace that it stands in.
    Namespace,
    /// The config map that gives its containers a variable.
    ConfigMap,
    /// The secret that does.
    Secret,
}

/// The beginning of the key of a selector without labels.
const ANY: &str = "*";

/// The key of every selector without labels.
pub(super) const ANYWHERE: &str = "**";

/// The key of a selector without labels in one namespace, or in none that is written.
pub(super) fn any_of(namespace: Option<&str>) -> String {
    format!("{ANY}{}", namespace.unwrap_or_default())
}

impl Member {
    /// The object as a member; `None` when nothing belongs to its kind.
    pub(super) fn new(object: Object, file: &str) -> Option<Self> {
        let class = class_of(&object)?;
        let pod = object.pod().cloned();
        let labels = labels_of(pod.as_ref().and_then(|pod| pod.metadata.as_ref()));
        let is_clusterwide = matches!(object.kind.as_str(), "ClusterRole" | "ClusterRoleBinding" | "Namespace");
        let namespace = object.namespace.clone().filter(|_| !is_clusterwide);
        Some(Self { class, pod, labels, path: file.to_owned(), namespace, object })
    }

    /// Its own facts; what belongs to it is not known.
    pub(super) fn alone(&self) -> Node {
        map(vec![("object", object_facts(&self.object)), ("set", Node::computed(Value::Unknown("".into())))])
    }

    /// The directory of the file that it stands in.
    pub(super) fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    /// Whether a template decides something of how it is found.
    pub(super) fn is_open(&self) -> bool {
        let is_named_openly = is_templated(&self.object.name) || self.namespace.as_deref().is_some_and(is_templated);
        is_named_openly || self.labels.as_ref().is_some_and(has_unknown) || self.refers_openly()
    }

    /// Whether a template decides what it selects or names.
    fn refers_openly(&self) -> bool {
        match self.class {
            Class::Pod => self.account().is_none(),
            Class::Service => has_unknown(&self.selector()),
            Class::NetworkPolicy | Class::Budget => {
                let selector = self.selector();
                has_unknown(&selector) || has_unknown(&field(&selector, "matchLabels"))
            }
            Class::Binding => self.role().is_none(),
            Class::Autoscaler => self.workload().is_none(),
            Class::Ingress
            | Class::Account
            | Class::Role
            | Class::Namespace
            | Class::ConfigMap
            | Class::Secret
            | Class::Gateway
            | Class::Grant
            | Class::Source => false,
        }
    }

    /// The keys that others find it by.
    pub(super) fn keys(&self) -> Vec<(By, String)> {
        let mut keys = vec![(By::Name, self.name_key())];
        let mut add = |by: By, names: Vec<String>| keys.extend(names.into_iter().take(MAX_KEYS).map(|name| (by, name)));
        match self.class {
            Class::Pod => {
                add(By::Label, self.label_keys());
                add(By::Account, self.account().into_iter().collect());
                add(By::Namespace, self.namespace.clone().into_iter().collect());
                add(By::ConfigMap, self.variable_sources("configMapKeyRef"));
                add(By::Secret, self.variable_sources("secretKeyRef"));
            }
            Class::Service | Class::NetworkPolicy | Class::Budget => {
                add(By::Label, self.selector_keys());
                add(By::Namespace, self.namespace.clone().into_iter().collect());
            }
            Class::Ingress => add(By::Service, self.services()),
            Class::Binding => {
                add(By::Role, self.role().into_iter().collect());
                add(By::Account, self.accounts().into_iter().map(|(name, _)| name).collect());
            }
            Class::Autoscaler => add(By::Workload, self.workload().into_iter().collect()),
            // One without a namespace may come to stand in any.
            Class::Grant => add(By::Namespace, vec![self.namespace.clone().unwrap_or_else(|| ANYWHERE.to_owned())]),
            Class::Account
            | Class::Role
            | Class::Namespace
            | Class::ConfigMap
            | Class::Secret
            | Class::Gateway
            | Class::Source => {}
        }
        keys
    }

    pub(super) fn name_key(&self) -> String {
        match self.class {
            Class::Pod | Class::Role => format!("{}/{}", self.object.kind, self.object.name),
            _ => self.object.name.clone(),
        }
    }

    /// `key=value` of each label of its pods that is known.
    pub(super) fn label_keys(&self) -> Vec<String> {
        let entries = self.labels.as_ref().map_or(&[][..], Node::entries);
        entries.iter().filter_map(|entry| Some(format!("{}={}", entry.key, entry.value.as_str()?))).collect()
    }

    /// The labels that it selects pods by, as a service or as a selector.
    pub(super) fn selector(&self) -> Node {
        match self.class {
            Class::Budget | Class::Service => path(&self.object.node, &["spec", "selector"]),
            _ => path(&self.object.node, &["spec", "podSelector"]),
        }
    }

    /// One label that all its pods carry; `None` when it names none.
    pub(super) fn selector_key(&self) -> Option<String> {
        let selector = self.selector();
        let labels = if self.class == Class::Service { selector } else { field(&selector, "matchLabels") };
        labels.entries().iter().find_map(|entry| Some(format!("{}={}", entry.key, entry.value.as_str()?)))
    }

    fn selector_keys(&self) -> Vec<String> {
        let any = || vec![ANYWHERE.to_owned(), any_of(self.namespace.as_deref())];
        self.selector_key().map_or_else(any, |key| vec![key])
    }

    /// The service account of its pods; `None` when it is not known.
    pub(super) fn account(&self) -> Option<String> {
        let spec = &self.pod.as_ref()?.spec;
        let name =
            [field(spec, "serviceAccountName"), field(spec, "serviceAccount")].into_iter().find(|name| !name.is_null());
        match name {
            None => Some("default".to_owned()),
            Some(name) if name.as_str() == Some("") => Some("default".to_owned()),
            Some(name) => name.as_str().map(str::to_owned),
        }
    }

    /// The service accounts that a binding names, each with its namespace when it is written.
    pub(super) fn accounts(&self) -> Vec<(String, Option<String>)> {
        let subjects = field(&self.object.node, "subjects");
        let accounts = subjects.items().iter().filter(|one| field(one, "kind").as_str() == Some("ServiceAccount"));
        let account = |one: &Node| {
            let namespace = field(one, "namespace").as_str().map(str::to_owned).or_else(|| self.namespace.clone());
            Some((field(one, "name").as_str()?.to_owned(), namespace))
        };
        accounts.filter_map(account).take(MAX_KEYS).collect()
    }

    /// The role that a binding gives, as `Kind/name`.
    pub(super) fn role(&self) -> Option<String> {
        self.reference(&["roleRef"])
    }

    /// The workload that an autoscaler scales, as `Kind/name`.
    pub(super) fn workload(&self) -> Option<String> {
        self.reference(&["spec", "scaleTargetRef"])
    }

    /// The names of the config maps (`configMapKeyRef`) or secrets (`secretKeyRef`) that variables of its containers take
    /// a key of.
    pub(super) fn variable_sources(&self, reference: &str) -> Vec<String> {
        let containers = self.pod.as_ref().map(Pod::containers).unwrap_or_default();
        let variables = containers.iter().flat_map(|container| field(&container.node, "env").items().to_vec());
        let names = variables
            .filter_map(|variable| path(&variable, &["valueFrom", reference, "name"]).as_str().map(str::to_owned));
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(MAX_KEYS);
        names
    }

    fn reference(&self, keys: &[&str]) -> Option<String> {
        let reference = path(&self.object.node, keys);
        Some(format!("{}/{}", field(&reference, "kind").as_str()?, field(&reference, "name").as_str()?))
    }

    /// The names of the services that an ingress leads to.
    pub(super) fn services(&self) -> Vec<String> {
        let backends = ingress::backends(&field(&self.object.node, "spec"));
        backends.iter().filter_map(Node::as_str).map(str::to_owned).take(MAX_KEYS).collect()
    }
}

/// Whether a template decides a map, or a value of it.
fn has_unknown(map: &Node) -> bool {
    map.is_unknown() || map.is_open() || map.entries().iter().any(|entry| entry.value.is_unknown())
}

fn class_of(object: &Object) -> Option<Class> {
    const CLASSES: &[(&str, &str, Class)] = &[
        ("", "Service", Class::Service),
        ("", "ServiceAccount", Class::Account),
        ("", "Namespace", Class::Namespace),
        ("", "ConfigMap", Class::ConfigMap),
        ("", "Secret", Class::Secret),
        ("networking.k8s.io", "NetworkPolicy", Class::NetworkPolicy),
        ("networking.k8s.io", "Ingress", Class::Ingress),
        ("extensions", "Ingress", Class::Ingress),
        ("gateway.networking.k8s.io", "HTTPRoute", Class::Ingress),
        ("gateway.networking.k8s.io", "GRPCRoute", Class::Ingress),
        ("gateway.networking.k8s.io", "Gateway", Class::Gateway),
        ("gateway.networking.k8s.io", "ReferenceGrant", Class::Grant),
        ("route.openshift.io", "Route", Class::Ingress),
        ("rbac.authorization.k8s.io", "Role", Class::Role),
        ("rbac.authorization.k8s.io", "ClusterRole", Class::Role),
        ("rbac.authorization.k8s.io", "RoleBinding", Class::Binding),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding", Class::Binding),
        ("autoscaling", "HorizontalPodAutoscaler", Class::Autoscaler),
        ("policy", "PodDisruptionBudget", Class::Budget),
        ("helm.toolkit.fluxcd.io", "HelmRelease", Class::Source),
        ("source.toolkit.fluxcd.io", "HelmChart", Class::Source),
        ("helm.cattle.io", "HelmChart", Class::Source),
        ("argoproj.io", "Application", Class::Source),
        ("argoproj.io", "ApplicationSet", Class::Source),
    ];
    let is = |(group, kind, _): &&(&str, &str, Class)| {
        object.kind == *kind && object.group().is_some_and(|found| found == *group)
    };
    let named = CLASSES.iter().find(is).map(|(.., class)| *class);
    named.or_else(|| object.pod().map(|_| Class::Pod))
}

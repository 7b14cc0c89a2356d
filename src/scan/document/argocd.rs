//! The ConfigMaps of Argo CD where charts and operators make them: as values of the chart `argo-cd`, and as fields of
//! the `ArgoCD` of its operator.
//!
//! **Invariant**: a value stands at its own place, and what is not written is not known, as the chart has defaults.
//!
//! # Source
//! The chart `argo-cd` 8 (`configs.cm`, `configs.params`, `configs.rbac`), Argo CD Operator 0.14.

use super::super::span::Span;
use super::kubernetes::Object;
use super::node::{Entry, Mapping, Node, Value};

/// The maps below `configs`, and the ConfigMap that each becomes.
const CONFIGS: [(&str, &str); 3] =
    [("cm", "argocd-cm"), ("params", "argocd-cmd-params-cm"), ("rbac", "argocd-rbac-cm")];

/// Where such values may stand: alone, or below the name of the dependency in a chart of one's own.
const NESTED: [&str; 3] = ["argo-cd", "argocd", "argo_cd"];

/// The fields of an `ArgoCD`, and the ConfigMap and key that each becomes.
const FIELDS: [(&str, &str, &str); 4] = [
    ("spec.rbac.defaultPolicy", "argocd-rbac-cm", "policy.default"),
    ("spec.kustomizeBuildOptions", "argocd-cm", "kustomize.buildOptions"),
    ("spec.usersAnonymousEnabled", "argocd-cm", "users.anonymous.enabled"),
    ("spec.server.insecure", "argocd-cmd-params-cm", "server.insecure"),
];

/// The ConfigMaps that an object has made.
pub(super) fn of_object(object: &Object) -> Vec<Node> {
    let at = |path: &str| object.node.at(path).cloned();
    let items = |path: &str| object.node.at(path).map_or(&[][..], Node::items);
    match (object.group(), object.kind.as_str()) {
        (Some("helm.toolkit.fluxcd.io"), "HelmRelease") => at("spec.values").iter().flat_map(of_values).collect(),
        (Some("argoproj.io"), "Application") => {
            let several = items("spec.sources").iter().filter_map(|source| source.at("helm.valuesObject").cloned());
            at("spec.source.helm.valuesObject").into_iter().chain(several).flat_map(|tree| of_values(&tree)).collect()
        }
        (Some("argoproj.io"), "ArgoCD") => of_operator(&object.node),
        _ => Vec::new(),
    }
}

/// The ConfigMaps that values make.
pub(super) fn of_values(values: &Node) -> Vec<Node> {
    let nested = NESTED.iter().filter_map(|name| values.get(name)?.get("configs"));
    let all = values.get("configs").into_iter().chain(nested);
    let of = |configs: &Node| {
        let data = CONFIGS.iter().filter_map(|(key, name)| Some((*name, configs.get(key)?.clone())));
        data.filter(|(_, data)| data.as_mapping().is_some()).map(|(name, data)| config_map(name, data)).collect()
    };
    all.flat_map(|configs| -> Vec<Node> { of(configs) }).collect()
}

fn of_operator(root: &Node) -> Vec<Node> {
    let one = |(path, name, key): &(&str, &'static str, &'static str)| {
        let value = root.at(path)?.clone();
        let place = Span::new(value.span().start, value.span().start);
        let entry = Entry { key: (*key).into(), key_span: place, value: value.clone() };
        Some(config_map(name, Node::new(value.span(), Value::Mapping(Mapping::of_distinct(vec![entry])))))
    };
    let extra = root.at("spec.extraConfig").filter(|data| data.as_mapping().is_some());
    FIELDS.iter().filter_map(one).chain(extra.map(|data| config_map("argocd-cm", data.clone()))).collect()
}

fn config_map(name: &str, data: Node) -> Node {
    let span = data.span();
    let entry = |key: &'static str, value: Node| Entry { key: key.into(), key_span: Span::default(), value };
    let text = |text: &str| Node::computed(Value::String(text.into()));
    let metadata = Node::computed(Value::Mapping(Mapping::of_distinct(vec![entry("name", text(name))])));
    let entries = vec![
        entry("apiVersion", text("v1")),
        entry("kind", text("ConfigMap")),
        entry("metadata", metadata.as_part()),
        entry("data", data.as_part()),
    ];
    Node::new(span, Value::Mapping(Mapping::of_distinct(entries))).as_part()
}

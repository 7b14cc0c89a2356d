//! The `ConfigMaps` that charts and operators make of what they are given: of the values of the charts `argo-cd` and
//! `ingress-nginx`, and of the `ArgoCD` of its operator.
//!
//! **Invariant**: a value stands at its own place, and what is not written is not known, as the chart has defaults.
//!
//! # Source
//! The charts `argo-cd` 8 (`configs.cm`, `configs.params`, `configs.rbac`) and `ingress-nginx` 4 (`controller.config`,
//! `controller.allowSnippetAnnotations`), Argo CD Operator 0.14.

use super::super::span::Span;
use super::kubernetes::Object;
use super::node::{Entry, Mapping, Node, Value};

/// The maps below `configs`, and the `ConfigMap` that each becomes.
const CONFIGS: [(&str, &str); 3] =
    [("cm", "argocd-cm"), ("params", "argocd-cmd-params-cm"), ("rbac", "argocd-rbac-cm")];

/// Where such values may stand: alone, or below the name of the dependency in a chart of one's own.
const ARGO_CD: [&str; 2] = ["argo-cd", "argocd"];
const INGRESS_NGINX: [&str; 2] = ["ingress-nginx", "nginx-ingress"];

/// The fields of an `ArgoCD`, and the `ConfigMap` and key that each becomes.
const FIELDS: [(&str, &str, &str); 4] = [
    ("spec.rbac.defaultPolicy", "argocd-rbac-cm", "policy.default"),
    ("spec.kustomizeBuildOptions", "argocd-cm", "kustomize.buildOptions"),
    ("spec.usersAnonymousEnabled", "argocd-cm", "users.anonymous.enabled"),
    ("spec.server.insecure", "argocd-cmd-params-cm", "server.insecure"),
];

/// The `ConfigMaps` that an object has made.
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

/// The `ConfigMaps` that values make.
pub(super) fn of_values(values: &Node) -> Vec<Node> {
    let configs = below(values, ARGO_CD, "configs");
    let argo =
        configs.iter().flat_map(|configs| CONFIGS.iter().filter_map(|(key, name)| Some((*name, configs.get(key)?))));
    let mut made: Vec<Node> = argo.filter_map(|(name, data)| of_map(name, data)).collect();
    for controller in below(values, INGRESS_NGINX, "controller") {
        let config = controller.get("config").filter(|config| config.get(SNIPPETS).is_some());
        made.extend(config.and_then(|config| of_map("ingress-nginx-controller", config)));
        let allowed = controller.get("allowSnippetAnnotations").filter(|allowed| allowed.as_bool() == Some(true));
        let text = allowed.map(|allowed| Node::new(allowed.span(), Value::String("true".into())));
        made.extend(text.map(|text| of_key("ingress-nginx-controller", SNIPPETS, &text)));
    }
    made
}

const SNIPPETS: &str = "allow-snippet-annotations";

/// What stands under `key`, at the top and below each of `names`.
fn below<'n>(values: &'n Node, names: [&str; 2], key: &str) -> Vec<&'n Node> {
    let nested = names.into_iter().filter_map(|name| values.get(name)?.get(key));
    values.get(key).into_iter().chain(nested).collect()
}

fn of_map(name: &str, data: &Node) -> Option<Node> {
    data.as_mapping().is_some().then(|| config_map(name, data, data.span()))
}

/// A `ConfigMap` of one key, which stands at its value, in a map that stands nowhere: no edit takes it for its own.
fn of_key(name: &str, key: &'static str, value: &Node) -> Node {
    let place = Span::new(value.span().start, value.span().start);
    let entry = Entry { key: key.into(), key_span: place, value: value.clone() };
    let data = Node::computed(Value::Mapping(Mapping::of_distinct(vec![entry])));
    config_map(name, &data, value.span())
}

fn of_operator(root: &Node) -> Vec<Node> {
    let fields = FIELDS.iter().filter_map(|(path, name, key)| Some(of_key(name, key, root.at(path)?)));
    let extra = root.at("spec.extraConfig").and_then(|data| of_map("argocd-cm", data));
    fields.chain(extra).collect()
}

fn config_map(name: &str, data: &Node, span: Span) -> Node {
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

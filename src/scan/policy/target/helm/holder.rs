//! Where values of charts stand: values files, and the objects that hand values to a chart.
//!
//! **Invariant**: a text block of values is read in its place, so that a finding in it stands at its own line.

use std::sync::OnceLock;

use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::{Node, Value};
use crate::scan::document::{Document, DocumentKind, ParsedFile, carrier, yaml};
use crate::scan::limits::Limits;

use super::super::facts::path;
use super::super::gitops::source_nodes;
use super::super::kustomize::kustomizations;
use super::mounts::{self, Mount};
use super::parameters;

/// Holders of one file that are looked at, and charts of one kustomization.
const MAX_HOLDERS: usize = 2_000;

/// A tree of values.
pub(super) struct Values {
    pub(super) root: Node,
    /// `values`, or the object that holds them.
    pub(super) holder: String,
    /// What tells it from the other trees of the file.
    pub(super) identity: Vec<String>,
    mounts: OnceLock<Vec<Mount>>,
}

impl Values {
    fn new(root: Node, holder: String, identity: Vec<String>) -> Self {
        Self { root, holder, identity, mounts: OnceLock::new() }
    }

    /// The mounts in it that name a volume, found when they are first asked for.
    pub(super) fn mounts(&self) -> &[Mount] {
        self.mounts.get_or_init(|| mounts::named(&self.root))
    }
}

/// All trees of values of a file.
pub(super) fn read(file: &ParsedFile, text: &str) -> Vec<Values> {
    let mut found = Vec::new();
    let documents = || file.documents.iter().filter_map(Document::tree);
    if file.kind == DocumentKind::HelmValues {
        let values = |root: &Node| Values::new(root.clone(), "values".to_owned(), Vec::new());
        found.extend(documents().map(values));
    }
    for kustomization in kustomizations(file) {
        let charts = kustomization.get("helmCharts").map_or(&[][..], Node::items).iter().take(MAX_HOLDERS);
        for chart in charts {
            let Some(inline) = chart.get("valuesInline") else { continue };
            let name = chart.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
            let identity = vec!["helmCharts".to_owned(), name];
            found.push(Values::new(inline.clone(), "kustomization".to_owned(), identity));
        }
    }
    if file.kind == DocumentKind::Tree {
        found.extend(documents().flat_map(of_releases).take(MAX_HOLDERS));
    }
    for object in file.objects().iter().take(MAX_HOLDERS) {
        let trees = of_object(object, text).into_iter().filter(|tree| tree.as_mapping().is_some());
        let values = |root| Values::new(root, object.title(), object.identity());
        found.extend(trees.map(values));
    }
    found
}

/// Groups whose objects describe what pods may do, or whose pods and values other targets read.
const OTHER_GROUPS: [&str; 12] = [
    "apiextensions.k8s.io",
    "argoproj.io",
    "constraints.gatekeeper.sh",
    "helm.cattle.io",
    "helm.toolkit.fluxcd.io",
    "kyverno.io",
    "policies.kubewarden.io",
    "policies.kyverno.io",
    "policy",
    "security.openshift.io",
    "templates.gatekeeper.sh",
    "mutations.gatekeeper.sh",
];

/// The specs of custom resources that hold no pod template of their own.
pub(super) fn custom(file: &ParsedFile) -> Vec<Values> {
    let is_read_here = |object: &&Object| !object.holds_pods() && is_custom(object) && !carrier::is_one(object);
    let objects = file.objects().iter().filter(is_read_here).take(MAX_HOLDERS);
    let values = |object: &Object| {
        let root = object.node.get("spec").filter(|spec| spec.as_mapping().is_some())?.clone();
        Some(Values::new(root, object.title(), object.identity()))
    };
    objects.filter_map(values).collect()
}

fn is_custom(object: &Object) -> bool {
    let is_workflow =
        || matches!(object.kind.as_str(), "Workflow" | "WorkflowTemplate" | "ClusterWorkflowTemplate" | "CronWorkflow");
    let is_own = |group: &str| {
        let is_built_in = !group.contains('.') || group.ends_with(".k8s.io");
        (!is_built_in && !OTHER_GROUPS.contains(&group))
            || group.ends_with(".x-k8s.io")
            || (group == "argoproj.io" && is_workflow())
    };
    object.group().is_some_and(is_own)
}

fn of_object(object: &Object, text: &str) -> Vec<Node> {
    let at = |keys: &[&str]| path(&object.node, keys);
    match (object.group(), object.kind.as_str()) {
        (Some("helm.toolkit.fluxcd.io"), "HelmRelease") => vec![at(&["spec", "values"])],
        (Some("helm.cattle.io"), "HelmChart" | "HelmChartConfig") => block(&at(&["spec", "valuesContent"]), text)
            .into_iter()
            .chain([parameters::of_map(&at(&["spec", "set"]))])
            .collect(),
        (Some("argoproj.io"), "Application" | "ApplicationSet") => {
            source_nodes(object).iter().flat_map(|(_, source)| of_source(source, text)).collect()
        }
        (Some(""), "ConfigMap") => {
            let data = at(&["data"]);
            let named = data.entries().iter().filter(|entry| matches!(&*entry.key, "values.yaml" | "values.yml"));
            named.filter_map(|entry| block(&entry.value, text)).collect()
        }
        _ => Vec::new(),
    }
}

/// What Helmfile gives the charts of its releases in place.
fn of_releases(root: &Node) -> impl Iterator<Item = Values> {
    let releases = root.get("releases").map_or(&[][..], Node::items).iter();
    releases.filter(|release| release.get("chart").is_some()).flat_map(|release| {
        let name = release.get("name").and_then(Node::as_str).unwrap_or_default();
        let values = release.get("values").map_or(&[][..], Node::items).iter().cloned();
        let trees = values.chain(release.get("set").map(parameters::of_list));
        let holder = format!("release {name}");
        let identity = vec!["releases".to_owned(), name.to_owned()];
        let tree = move |root| Values::new(root, holder.clone(), identity.clone());
        trees.filter(|tree| tree.as_mapping().is_some()).map(tree).collect::<Vec<Values>>()
    })
}

/// What a source of Argo CD gives its chart.
fn of_source(source: &Node, text: &str) -> Vec<Node> {
    let at = |key: &str| path(source, &["helm", key]);
    let mut trees = vec![at("valuesObject"), parameters::of_list(&at("parameters"))];
    trees.extend(block(&at("values"), text));
    trees
}

/// The tree in a block of text (`|`); `None` for a text in any other form, and for one that does not read.
fn block(node: &Node, text: &str) -> Option<Node> {
    let Value::String(_) = node.value() else { return None };
    yaml::parse_text(text, node.span(), &Limits::default())
}

//! Patches: parts of objects, which Kustomize merges into whole ones, and of services, which compose does.
//!
//! **Invariant**: an object that an API server takes as it stands is no patch, whatever names it one; what a patch leaves
//! out is unknown, what it says counts.
//!
//! # Source
//! The patches and strategic merge patches of Kustomize 5; the required fields of `apps/v1` and of containers.

use std::collections::BTreeSet;

use super::super::limits::Limits;
use super::kubernetes::{Object, Pod, Role, objects};
use super::node::Node;
use super::{Body, Document, operations, yaml};

/// Patches in one file that are read.
const MAX_INLINE: usize = 2_000;

/// Whether a kustomization names a file as a patch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Naming {
    /// None does.
    #[default]
    No,
    /// One does that the change itself brings: it can't hide what stands for itself.
    Proposed,
    /// One does that was there before, or in the tree that is scanned as a whole.
    Settled,
}

/// What kustomizations say of a file.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// Whether one names it as a patch.
    pub naming: Naming,
    /// What the patch is for, as the first one says it.
    pub target: Option<Node>,
}

impl From<Naming> for Named {
    fn from(naming: Naming) -> Self {
        Self { naming, target: None }
    }
}

/// Marks the documents that are patches.
pub(super) fn mark(documents: &mut [Document], path: &str, named: Naming) {
    let is_near = named != Naming::No || looks_like_one(path);
    for document in documents {
        let Body::Tree(root) = &mut document.body else { continue };
        let found = objects(root);
        if !found.is_empty() && found.iter().all(|object| is_patch(object, named, is_near)) {
            *root = root.as_patch();
        }
    }
}

/// Marks the documents of a compose file that stands beside another one, such as `compose.override.yaml`: services
/// that neither name an image nor are built are parts of those of the other file.
pub(super) fn mark_override(documents: &mut [Document], path: &str) {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let name = name.strip_prefix("docker-").unwrap_or(&name);
    let of = name.strip_prefix("compose").and_then(|rest| rest.rsplit_once('.')).map_or("", |(of, _)| of);
    for document in documents.iter_mut().filter(|_| !of.is_empty()) {
        if let Body::Tree(root) = &mut document.body {
            *root = root.as_part();
        }
    }
}

/// The objects of patches that stand as text in a kustomization, or in an object that holds one.
pub(super) fn inline(documents: &[Document], text: &str, limits: &Limits) -> Vec<Object> {
    let roots = documents.iter().filter_map(Document::tree);
    let blocks = roots.flat_map(|root| holders(root).iter().flat_map(blocks_of).collect::<Vec<_>>());
    // An alias may name one text any number of times.
    let mut seen = BTreeSet::new();
    let fresh = blocks.filter(|(block, _)| seen.insert(block.span().start));
    let read = |(block, target): (Node, Option<Node>)| Some((tree_of(&block, text, limits)?, target));
    let made = fresh.filter_map(read).flat_map(|(tree, target)| {
        if operations::is_list(&tree) {
            return operations::object(&tree, target.as_ref()).into_iter().collect();
        }
        objects(&tree.as_patch())
    });
    made.take(MAX_INLINE).collect()
}

/// The objects of the documents that are lists of operations; `target` is what a kustomization says that they are for.
pub(super) fn of_operations(documents: &[Document], target: Option<&Node>) -> Vec<Object> {
    let lists = documents.iter().filter_map(Document::tree).filter(|root| operations::is_list(root));
    lists.filter_map(|list| operations::object(list, target)).collect()
}

/// A patch, which is a text or, in Argo CD and old kustomizations, a list.
fn tree_of(block: &Node, text: &str, limits: &Limits) -> Option<Node> {
    if block.as_str().is_some() { yaml::parse_text(text, block.span(), limits) } else { Some(block.clone()) }
}

/// The maps that have `patches`: a kustomization itself, and what Flux and Argo CD have in its place.
fn holders(root: &Node) -> Vec<Node> {
    let group = root.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    let at = |path: &str| root.at(path).cloned();
    let items = |path: &str| root.at(path).map_or(&[][..], Node::items).iter().take(MAX_INLINE);
    if group.starts_with("kustomize.toolkit.fluxcd.io/") {
        return at("spec").into_iter().collect();
    }
    if group.starts_with("fluxcd.controlplane.io/") {
        return at("spec.kustomize").into_iter().collect();
    }
    if group.starts_with("helm.toolkit.fluxcd.io/") {
        return items("spec.postRenderers").filter_map(|renderer| renderer.get("kustomize").cloned()).collect();
    }
    if group.starts_with("argoproj.io/") {
        let sources = items("spec.sources").filter_map(|source| source.get("kustomize").cloned());
        return at("spec.source.kustomize").into_iter().chain(sources).collect();
    }
    let is_own = root.get("apiVersion").is_none() || group.starts_with("kustomize.config.k8s.io/");
    is_own.then(|| root.clone()).into_iter().collect()
}

/// Each patch with what it is for.
fn blocks_of(holder: &Node) -> Vec<(Node, Option<Node>)> {
    let items = |key: &str| holder.get(key).map_or(&[][..], Node::items).iter().take(MAX_INLINE);
    let targeted = |patch: &Node| Some((patch.get("patch")?.clone(), patch.get("target").cloned()));
    let patches = items("patches").chain(items("patchesJson6902")).filter_map(targeted);
    patches.chain(items("patchesStrategicMerge").map(|block| (block.clone(), None))).collect()
}

fn is_patch(object: &Object, named: Naming, is_near: bool) -> bool {
    if !object.holds_pods() {
        return named == Naming::Settled;
    }
    let is_named = named != Naming::No;
    let lacks_selector = needs_selector(object) && object.node.at("spec.selector").is_none();
    let images: Vec<bool> = containers(object).iter().map(|container| container.get("image").is_some()).collect();
    let is_whole = !lacks_selector && !images.is_empty() && images.iter().all(|has_image| *has_image);
    let runs_nothing = !images.contains(&true);
    !is_whole && (is_named || (lacks_selector && (is_near || runs_nothing)))
}

/// The containers that an object can't be without.
fn containers(object: &Object) -> Vec<Node> {
    let all = object.pod().map(Pod::containers).unwrap_or_default();
    all.into_iter().filter(|container| container.role == Role::Main).map(|container| container.node).collect()
}

/// Whether the kind is refused without a selector.
fn needs_selector(object: &Object) -> bool {
    object.group() == Some("apps")
        && matches!(object.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
}

/// Whether the name of the file or of a folder says that parts of objects stand there.
fn looks_like_one(path: &str) -> bool {
    let is_word =
        |word: &str| matches!(word, "patch" | "patches" | "overlay" | "overlays" | "component" | "components");
    path.split(['/', '.', '-', '_']).any(|word| is_word(&word.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::super::{ParsedFile, parse_named};
    use super::*;

    fn is_patch(path: &str, text: &str, is_named: bool) -> bool {
        has_patch(path, text, if is_named { Naming::Settled } else { Naming::No })
    }

    fn has_patch(path: &str, text: &str, named: Naming) -> bool {
        let file: ParsedFile = parse_named(path, text, &Limits::default(), named);
        file.objects().iter().any(|object| object.node.is_patch())
    }

    fn deployment(selector: &str, container: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  {selector}\n  template:\n    spec:\n      \
             containers: [{container}]\n"
        )
    }

    #[test]
    fn a_part_of_a_workload_is_a_patch_where_it_may_be_one() {
        let (selector, bare, runs) = ("selector: {}", "{name: web, env: []}", "{name: web, image: 'web:1'}");
        for (path, selector, containers, is_named, expected) in [
            ("deploy/web.yaml", "replicas: 2", bare, false, true),
            ("deploy/web.yaml", "replicas: 2", runs, false, false),
            ("deploy/web.yaml", "replicas: 2", runs, true, true),
            ("deploy/overlays/prod/web.yaml", "replicas: 2", runs, false, true),
            ("deploy/web-patch.yaml", "replicas: 2", runs, false, true),
            ("deploy/dispatch.yaml", "replicas: 2", runs, false, false),
            ("deploy/web.yaml", selector, bare, false, false),
            ("deploy/web.yaml", selector, bare, true, true),
            ("deploy/web-patch.yaml", selector, runs, true, false),
        ] {
            let text = deployment(selector, containers);
            assert_eq!(is_patch(path, &text, is_named), expected, "{path} {selector} {containers} {is_named}");
        }
    }

    #[test]
    fn other_objects_are_patches_when_a_kustomization_says_so() {
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: NodePort}\n";
        assert!(is_patch("a.yaml", service, true));
        assert!(!is_patch("web-patch.yaml", service, false));
        assert!(!has_patch("a.yaml", service, Naming::Proposed));
        assert!(has_patch("a.yaml", &deployment("replicas: 2", "{name: web, image: a}"), Naming::Proposed));
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web}]}\n";
        assert!(!is_patch("pod-patch.yaml", pod, false));
        assert!(is_patch("pod-patch.yaml", pod, true));
    }

    #[test]
    fn patches_in_a_kustomization_are_read_in_their_place() {
        let patch = "patch: |-\n  apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: web}\n";
        let indented = |by: usize| patch.trim_end().replace('\n', &format!("\n{}", " ".repeat(by)));
        let own = format!("resources: [a.yaml]\npatches:\n  - {}\n  - patch: |-\n      - op: remove\n", indented(4));
        let flux = format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  patches:\n    - {}\n",
            indented(6)
        );
        let instance = format!(
            "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nspec:\n  kustomize:\n    patches:\n      - {}\n",
            indented(8)
        );
        for (path, text, expected) in [("kustomization.yaml", own, 1), ("ks.yaml", flux, 2), ("flux.yaml", instance, 2)]
        {
            let file = parse_named(path, &text, &Limits::default(), Naming::No);
            assert_eq!(file.objects().len(), expected, "{text}");
            let object = file.objects().last().unwrap();
            let place = object.node.get("metadata").unwrap().span();
            assert_eq!((place.of(&text), object.node.is_patch()), ("{name: web}", true));
        }
    }

    #[test]
    fn what_aliases_share_stays_shared() {
        let mut text = String::from("apiVersion: v1\nkind: ConfigMap\na0: &a0 {b: c}\n");
        for level in 1..40 {
            let before = level - 1;
            writeln!(text, "a{level}: &a{level} {{x: *a{before}, y: *a{before}}}").unwrap();
        }
        assert!(is_patch("a.yaml", &text, true));
    }

    #[test]
    fn a_text_that_aliases_repeat_is_read_once() {
        let patch = "&p |-\n      - {op: add, path: /spec/template/spec/hostPID, value: true}\n";
        let text = format!("patches:\n  - patch: {patch}{}", "  - patch: *p\n".repeat(1_000));
        let file = parse_named("kustomization.yaml", &text, &Limits::default(), Naming::No);
        assert_eq!(file.objects().len(), 1);
    }

    #[test]
    fn what_a_patch_takes_away_is_not_there() {
        let text = deployment("replicas: 1", "{name: gone, $patch: delete}, {name: web}");
        let file = parse_named("a.yaml", &text, &Limits::default(), Naming::Settled);
        assert_eq!(file.objects().iter().filter_map(Object::pod).flat_map(Pod::containers).count(), 1);
        let gone = "$patch: delete\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostPID: true}\n";
        assert!(parse_named("a.yaml", gone, &Limits::default(), Naming::Settled).objects().is_empty());
    }
}

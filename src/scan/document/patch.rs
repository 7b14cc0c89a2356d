//! Patches: parts of objects, which Kustomize merges into whole ones, and of services, which compose does.
//!
//! **Invariant**: an object that an API server takes as it stands is no patch, whatever names it one; what a patch leaves
//! out is unknown, what it says counts.
//!
//! # Source
//! The patches and strategic merge patches of Kustomize 5; the required fields of `apps/v1` and of containers.

use super::kubernetes::{Object, Pod, Role, objects};
use super::node::Node;
use super::{Body, Document};

/// Marks the documents that are patches. `is_named` when a kustomization names the file as one.
pub(super) fn mark(documents: &mut [Document], path: &str, is_named: bool) {
    let is_near = is_named || looks_like_one(path);
    for document in documents {
        let Body::Tree(root) = &mut document.body else { continue };
        let found = objects(root);
        if !found.is_empty() && found.iter().all(|object| is_patch(object, is_named, is_near)) {
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

fn is_patch(object: &Object, is_named: bool, is_near: bool) -> bool {
    if !object.holds_pods() {
        return is_named;
    }
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

    use super::super::super::limits::Limits;
    use super::super::{ParsedFile, parse_named};
    use super::*;

    fn is_patch(path: &str, text: &str, is_named: bool) -> bool {
        let file: ParsedFile = parse_named(path, text, &Limits::default(), is_named);
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
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web}]}\n";
        assert!(!is_patch("pod-patch.yaml", pod, false));
        assert!(is_patch("pod-patch.yaml", pod, true));
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
    fn what_a_patch_takes_away_is_not_there() {
        let text = deployment("replicas: 1", "{name: gone, $patch: delete}, {name: web}");
        let file = parse_named("a.yaml", &text, &Limits::default(), true);
        assert_eq!(file.objects().iter().filter_map(Object::pod).flat_map(Pod::containers).count(), 1);
        let gone = "$patch: delete\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostPID: true}\n";
        assert!(parse_named("a.yaml", gone, &Limits::default(), true).objects().is_empty());
    }
}

//! The files that kustomizations of a snapshot name as patches.
//!
//! Invariant: a file that any of them takes in as a resource is none, so that naming a whole object a patch hides
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::super::document::node::Node;
use super::super::document::{self, Document, DocumentKind, Named, Naming};
use super::super::limits::Limits;
use super::super::snapshot::{Content, Snapshot};

/// The paths, as the kustomizations of `snapshot` have them; `read` gives the text of those it leaves unread.
pub(super) fn named(snapshot: &Snapshot, read: &dyn Fn(&str) -> Content, limits: &Limits) -> BTreeMap<String, Named> {
    let (mut patches, mut resources) = (BTreeMap::<String, Named>::new(), BTreeSet::new());
    for file in snapshot.files.iter().filter(|file| may_be_kustomization(&file.path)) {
        let head = if file.head == Content::Unread { read(&file.path) } else { file.head.clone() };
        let of_head = if snapshot.whole_tree { Naming::Settled } else { Naming::Proposed };
        for (content, naming) in [(&head, of_head), (&file.base, Naming::Settled)] {
            let Content::Text(text) = content else { continue };
            if text.len() <= limits.max_file_bytes {
                for (path, target) in collect(&file.path, text, limits, &mut resources) {
                    let named = patches.entry(path).or_default();
                    named.naming = naming;
                    named.target = named.target.take().or(target);
                }
            }
        }
    }
    patches.retain(|path, _| !resources.contains(path));
    patches
}

pub(super) fn may_be_kustomization(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["kustomization.yaml", "kustomization.yml", "kustomization"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The paths of patches, each with what it is for; adds those of resources.
fn collect(path: &str, text: &str, limits: &Limits, resources: &mut BTreeSet<String>) -> Vec<(String, Option<Node>)> {
    let mut patches = Vec::new();
    let file = document::parse(path, text, limits);
    if file.kind != DocumentKind::Kustomization {
        return patches;
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let resolved = |name: &Node| name.as_str().and_then(|name| resolve(folder, name));
    for root in file.documents.iter().filter_map(Document::tree) {
        let items = |key: &str| root.get(key).map_or(&[][..], Node::items).iter();
        let targeted = |patch: &Node| Some((resolved(patch.get("path")?)?, patch.get("target").cloned()));
        patches.extend(items("patches").chain(items("patchesJson6902")).filter_map(targeted));
        patches.extend(items("patchesStrategicMerge").filter_map(resolved).map(|path| (path, None)));
        resources.extend(items("resources").chain(items("bases")).filter_map(resolved));
    }
    patches
}

/// The path that `name` leads to from `folder`; `None` for what is no path within the tree.
pub(super) fn resolve(folder: &str, name: &str) -> Option<String> {
    // A patch may also stand there in full.
    if name.contains(['\n', ':']) || name.starts_with('/') {
        return None;
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in name.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop()?;
            }
            _ => steps.push(step),
        }
    }
    Some(steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::snapshot::{ChangedFile, FileStatus};

    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let file = |(path, text): &(&str, &str)| ChangedFile::standing(*path, Content::Text((*text).into()));
        let snapshot = Snapshot { files: files.iter().map(file).collect(), whole_tree: true };
        let found = named(&snapshot, &|_| Content::Absent, &Limits::default());
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn paths_are_those_from_the_kustomization() {
        check(
            &[
                ("prod/kustomization.yaml", "patches:\n  - path: ./web.yaml\n  - {path: ../shared/env.yaml}\n"),
                ("kustomization.yml", "patchesStrategicMerge:\n  - a.yaml\n  - |-\n    kind: Pod\n"),
                ("x/kustomization.yaml", "patches: [{path: ../../outside.yaml}, {path: /etc/a.yaml}, {patch: '[]'}]\n"),
                ("y/other.yaml", "patches: [{path: b.yaml}]\n"),
            ],
            &["a.yaml", "prod/web.yaml", "shared/env.yaml"],
        );
    }

    #[test]
    fn what_the_change_names_is_only_proposed() {
        let content = |text: &str| Content::Text(text.into());
        let (base, head) =
            (content("patches: [{path: a.yaml}]\n"), content("patches: [{path: a.yaml}, {path: b.yaml}]\n"));
        let file = ChangedFile::new("kustomization.yaml", None, FileStatus::Modified, base, head);
        let snapshot = Snapshot { files: vec![file], whole_tree: false };
        let found = named(&snapshot, &|_| Content::Absent, &Limits::default());
        let expected = [("a.yaml", Naming::Settled), ("b.yaml", Naming::Proposed)];
        let shown: Vec<_> = found.iter().map(|(path, named)| (path.as_str(), named.naming)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_patch_is_for_what_the_kustomization_says() {
        let text = "patchesJson6902: [{path: a.yaml, target: {kind: Job}}]\npatches: [{path: b.json}]\n";
        let file = ChangedFile::standing("kustomization.yaml", Content::Text(text.into()));
        let snapshot = Snapshot { files: vec![file], whole_tree: true };
        let found = named(&snapshot, &|_| Content::Absent, &Limits::default());
        let kind = |named: &Named| named.target.as_ref()?.get("kind")?.as_str().map(str::to_owned);
        assert_eq!(found.values().map(kind).collect::<Vec<_>>(), [Some("Job".to_owned()), None]);
    }

    #[test]
    fn a_resource_is_no_patch() {
        check(
            &[
                ("a/kustomization.yaml", "resources: [web.yaml]\n"),
                ("b/kustomization.yaml", "patches: [{path: ../a/web.yaml}]\n"),
            ],
            &[],
        );
    }
}

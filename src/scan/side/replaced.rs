//! Images for which something else puts in the version: the `images` of a kustomization that takes the file in, and
//! Skaffold, which puts in what it has built.
//!
//! Invariant: each side is judged by its own files, and an image counts as replaced only in files that the one who
//! replaces it takes in. A file that a change adds replaces nothing in files that stood before: nothing says that
//! they are not used without it.
//!
//! # Source
//! The `images` of Kustomize 5 and the artifacts of Skaffold 2.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::document::node::Node;
use super::super::document::{self, Document};
use super::super::limits::Limits;
use super::super::snapshot::{Content, Snapshot};
use super::beside::Of;
use super::patches::{may_be_kustomization, resolve};

/// Files and folders that the kustomizations of one side lead to.
const MAX_STEPS: usize = 200_000;

/// The names of images, as manifests write them without a version, with whether a digest is put in.
type Names = Arc<BTreeMap<String, bool>>;

/// What is replaced on both sides.
#[derive(Default)]
pub(super) struct Replaced {
    base: Images,
    head: Images,
    /// The head, without what the change adds.
    settled: Images,
    /// The head paths of files that stood before the change.
    standing: BTreeSet<String>,
}

#[derive(Default)]
struct Images {
    /// By the path of the file that is taken in.
    kustomized: BTreeMap<String, Names>,
    /// By the folder, with its slash, that Skaffold is told about.
    built: BTreeMap<String, Names>,
}

/// A kustomization.
struct Kustomization {
    /// The files and folders that it takes in.
    resources: Vec<String>,
    images: BTreeMap<String, bool>,
}

impl Replaced {
    /// Reads what replaces images in `snapshot`; `read` gives the text of files that it leaves unread.
    pub(super) fn new(snapshot: &Snapshot, read: &dyn Fn(&str) -> Content, limits: &Limits) -> Self {
        let (mut base, mut head, mut settled) = (Vec::new(), Vec::new(), Vec::new());
        for file in snapshot.files.iter().filter(|file| may_replace(&file.path)) {
            let text = if file.head == Content::Unread { read(&file.path) } else { file.head.clone() };
            if file.base.is_text() {
                settled.push((file.path.as_str(), text.clone()));
            }
            head.push((file.path.as_str(), text));
            base.push((file.previous_path.as_deref().unwrap_or(&file.path), file.base.clone()));
        }
        let stood = snapshot.files.iter().filter(|file| !head.is_empty() && file.base.is_text());
        Self {
            standing: stood.map(|file| file.path.clone()).collect(),
            base: Images::new(&base, limits),
            head: Images::new(&head, limits),
            settled: Images::new(&settled, limits),
        }
    }

    /// The images that are replaced in the file at `path`.
    pub(super) fn images(&self, path: &str, of: Of) -> Option<Names> {
        let side = match of {
            Of::Base => &self.base,
            _ if self.standing.contains(path) => &self.settled,
            Of::Head => &self.head,
        };
        let built: Vec<&Names> =
            side.built.iter().filter(|(folder, _)| path.starts_with(folder.as_str())).map(|(_, names)| names).collect();
        match (side.kustomized.get(path), built.as_slice()) {
            (None, []) => None,
            (Some(names), []) => Some(Arc::clone(names)),
            (names, built) => {
                let mut all = BTreeMap::new();
                names.into_iter().chain(built.iter().copied()).for_each(|names| add(&mut all, names));
                Some(Arc::new(all))
            }
        }
    }
}

impl Images {
    fn new(files: &[(&str, Content)], limits: &Limits) -> Self {
        let texts = || {
            let text = |(path, content): &'_ (&str, Content)| match content {
                Content::Text(text) if text.len() <= limits.max_file_bytes => Some(((*path).to_owned(), text.clone())),
                _ => None,
            };
            files.iter().filter_map(text)
        };
        let (mut kustomizations, mut built) = (BTreeMap::new(), BTreeMap::new());
        // Most trees replace no image.
        if !texts().any(|(path, text)| is_skaffold(&path) || text.contains("images:")) {
            return Self::default();
        }
        for (path, text) in texts() {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let parsed = document::parse(&path, &text, limits);
            for root in parsed.documents.iter().filter_map(Document::tree) {
                if is_skaffold(&path) {
                    let within = if folder.is_empty() { String::new() } else { format!("{folder}/") };
                    built.entry(within).or_insert_with(BTreeMap::new).extend(artifacts(root));
                } else {
                    kustomizations.insert(folder.to_owned(), Kustomization::read(root, folder));
                }
            }
        }
        let built = built.into_iter().map(|(folder, names)| (folder, Arc::new(names))).collect();
        Self { kustomized: taken_in(&kustomizations), built }
    }
}

impl Kustomization {
    fn read(root: &Node, folder: &str) -> Self {
        let items = |key: &str| root.get(key).map_or(&[][..], Node::items).iter();
        let resources = items("resources").chain(items("bases")).chain(items("components"));
        let resources = resources.filter_map(|name| name.as_str().and_then(|name| resolve(folder, name))).collect();
        let is_given = |value: &Node| !value.is_null() && value.as_str() != Some("");
        let has = |entry: &Node, key: &str| entry.get(key).is_some_and(is_given);
        let image = |entry: &Node| {
            let has_digest = has(entry, "digest");
            let name = entry.get("name")?.as_str().filter(|_| has_digest || has(entry, "newTag"))?;
            Some((name.to_owned(), has_digest))
        };
        Self { resources, images: items("images").filter_map(image).collect() }
    }
}

/// The files that each kustomization with images leads to, with the names of those images.
fn taken_in(kustomizations: &BTreeMap<String, Kustomization>) -> BTreeMap<String, Names> {
    let mut found: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
    let mut steps = 0;
    for (folder, first) in kustomizations.iter().filter(|(_, first)| !first.images.is_empty()) {
        let (mut seen, mut waiting) = (BTreeSet::from([folder.as_str()]), vec![first]);
        while let Some(next) = waiting.pop() {
            for path in &next.resources {
                steps += 1;
                if steps > MAX_STEPS {
                    return BTreeMap::new();
                }
                match kustomizations.get(path) {
                    Some(further) if seen.insert(path) => waiting.push(further),
                    Some(_) => {}
                    None => add(found.entry(path.clone()).or_default(), &first.images),
                }
            }
        }
    }
    found.into_iter().map(|(path, names)| (path, Arc::new(names))).collect()
}

/// Adds images; a digest counts where everybody puts one in.
fn add(all: &mut BTreeMap<String, bool>, more: &BTreeMap<String, bool>) {
    for (name, has_digest) in more {
        all.entry(name.clone()).and_modify(|all| *all &= has_digest).or_insert(*has_digest);
    }
}

/// The images that Skaffold builds; it puts in their digests.
fn artifacts(root: &Node) -> impl Iterator<Item = (String, bool)> {
    let is_own = root.get("apiVersion").and_then(Node::as_str).is_some_and(|version| version.starts_with("skaffold/"));
    let all = root.at("build.artifacts").filter(|_| is_own).map_or(&[][..], Node::items).iter();
    all.filter_map(|artifact| Some((artifact.get("image")?.as_str()?.to_owned(), true)))
}

fn may_replace(path: &str) -> bool {
    may_be_kustomization(path) || is_skaffold(path)
}

fn is_skaffold(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "skaffold.yaml" | "skaffold.yml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::snapshot::{ChangedFile, FileStatus};

    fn check(files: &[(&str, &str)], path: &str, expected: &[(&str, bool)]) {
        let file = |(path, text): &(&str, &str)| ChangedFile::standing(*path, Content::Text((*text).into()));
        let snapshot = Snapshot { files: files.iter().map(file).collect(), whole_tree: true };
        let found = Replaced::new(&snapshot, &|_| Content::Absent, &Limits::default()).images(path, Of::Head);
        let found: Vec<(&str, bool)> =
            found.iter().flat_map(|names| names.iter()).map(|(name, digest)| (name.as_str(), *digest)).collect();
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn an_overlay_replaces_images_of_what_it_takes_in() {
        let files = [
            ("base/kustomization.yaml", "resources: [web.yaml, ./sub]\n"),
            ("base/sub/kustomization.yml", "resources: [api.yaml, ../]\n"),
            (
                "prod/kustomization.yaml",
                "resources: [../base]\nimages:\n  - {name: web, newTag: v1}\n  - {name: x, newName: y}\n",
            ),
            (
                "test/kustomization.yaml",
                "bases: [../base/sub]\nimages: [{name: api, digest: 'sha256:0'}, {name: z, newTag: ''}]\n",
            ),
        ];
        check(&files, "base/web.yaml", &[("api", true), ("web", false)]);
        check(&files, "base/sub/api.yaml", &[("api", true), ("web", false)]);
        check(&files, "prod/other.yaml", &[]);
        check(&files[..2], "base/web.yaml", &[]);
    }

    #[test]
    fn what_a_change_adds_replaces_nothing_in_what_stood_before() {
        let content = |text: &str| Content::Text(text.into());
        let changed = |path: &str, base: Content, text: &str| {
            ChangedFile::new(path, None, FileStatus::Modified, base, content(text))
        };
        let check = |base: Content, path: &str, expected: &[&str]| {
            let files = vec![
                changed("new.yaml", Content::Absent, "kind: Pod\n"),
                changed("old.yaml", content("kind: Pod\n"), "kind: Pod # changed\n"),
                changed(
                    "x/kustomization.yaml",
                    base,
                    "resources: [../new.yaml, ../old.yaml]\nimages: [{name: web, newTag: v1}]\n",
                ),
            ];
            let snapshot = Snapshot { files, whole_tree: false };
            let found = Replaced::new(&snapshot, &|_| Content::Absent, &Limits::default()).images(path, Of::Head);
            let found: Vec<String> = found.iter().flat_map(|names| names.keys()).cloned().collect();
            assert_eq!(found, expected, "{path}");
        };
        check(Content::Absent, "new.yaml", &["web"]);
        check(Content::Absent, "old.yaml", &[]);
        check(content("resources: [../old.yaml]\n"), "old.yaml", &["web"]);
    }

    #[test]
    fn skaffold_puts_in_what_it_builds() {
        let config = "apiVersion: skaffold/v4beta6\nkind: Config\nbuild: {artifacts: [{image: cart, context: src}]}\n";
        let files = [("shop/skaffold.yaml", config), ("skaffold.yml", "build: {artifacts: [{image: x}]}\n")];
        check(&files, "shop/k8s/cart.yaml", &[("cart", true)]);
        check(&files, "other/cart.yaml", &[]);
    }
}

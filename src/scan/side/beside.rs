//! What stands beside a file on its side of the change: the lock of a chart, the Dockerfiles of a compose file, the
//! rules of SOPS.
//!
//! Invariant: a file is known to be absent only when the whole tree is scanned, and the folder it would stand in was
//! seen.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::super::document::beside::{Beside, BuiltFrom, SopsRule};
use super::super::document::compose::{Service, services};
use super::super::document::dockerignore::Dockerignore;
use super::super::document::node::Node;
use super::super::document::{self, Body, Document, DocumentKind, ParsedFile};
use super::super::limits::Limits;
use super::super::snapshot::{ChangedFile, Content, Snapshot};
use super::patches::resolve;

/// Dockerfiles that are read for one compose file.
const MAX_BUILDS: usize = 50;
/// Folders above a file in which rules are looked for.
const MAX_FOLDERS: usize = 64;
/// Rules of one `.sops.yaml`.
const MAX_RULES: usize = 200;
/// Most memory for one of their patterns.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// The files of both sides, by path.
pub(super) struct Surroundings<'s> {
    /// In the order of their paths; a list, as a tree may have many.
    heads: Vec<&'s ChangedFile>,
    bases: BTreeMap<&'s str, &'s ChangedFile>,
    read: &'s dyn Fn(&str) -> Content,
    limits: &'s Limits,
    whole_tree: bool,
    /// The patterns of each `.sops.yaml` that was asked for.
    rules: RefCell<KnownRules>,
}

/// The patterns of each `.sops.yaml`, on each side.
type KnownRules = BTreeMap<(String, Of), Rc<[Regex]>>;

/// A side of the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Of {
    Base,
    Head,
}

impl<'s> Surroundings<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, read: &'s dyn Fn(&str) -> Content, limits: &'s Limits) -> Self {
        let mut heads: Vec<&ChangedFile> = snapshot.files.iter().collect();
        heads.sort_by(|one, other| one.path.cmp(&other.path));
        let base_path = |file: &'s ChangedFile| file.previous_path.as_deref().unwrap_or(&file.path);
        // A whole tree has no base.
        let changed = snapshot.files.iter().filter(|_| !snapshot.whole_tree);
        let bases = changed.map(|file| (base_path(file), file)).collect();
        Self { heads, bases, read, limits, whole_tree: snapshot.whole_tree, rules: RefCell::default() }
    }

    /// What stands beside the file at `path`.
    pub(super) fn beside(&self, path: &str, file: &ParsedFile, of: Of) -> Beside {
        match file.kind {
            DocumentKind::HelmChart => Beside { has_lock: self.has_lock(path, of), ..Beside::default() },
            DocumentKind::Compose => Beside { builds: self.builds(path, file, of), ..Beside::default() },
            DocumentKind::Dockerfile => Beside { dockerignore: self.dockerignore(path, of), ..Beside::default() },
            DocumentKind::Kubernetes | DocumentKind::Tree | DocumentKind::HelmValues => {
                Beside { sops: self.sops(path, file, of), ..Beside::default() }
            }
            _ => Beside::default(),
        }
    }

    /// What says that SOPS encrypts the file.
    fn sops(&self, path: &str, file: &ParsedFile, of: Of) -> Option<SopsRule> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_named = name.ends_with(".sops.yaml") || name.ends_with(".sops.yml") || name.ends_with(".sops.json");
        if is_named && !name.starts_with('.') {
            return Some(SopsRule::Name);
        }
        if !file.objects().iter().any(|object| object.kind == "Secret") {
            return None;
        }
        // The nearest rules count.
        let folders = std::iter::successors(path.rsplit_once('/').map(|(folder, _)| folder).or(Some("")), |folder| {
            (!folder.is_empty()).then(|| folder.rsplit_once('/').map_or("", |(above, _)| above))
        });
        folders.take(MAX_FOLDERS).find_map(|folder| {
            let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            let rules = self.rules(&format!("{prefix}.sops.yaml"), of)?;
            let below = path.strip_prefix(&prefix)?;
            Some(rules.iter().find(|rule| rule.is_match(below)).map(|rule| SopsRule::Pattern(rule.to_string())))
        })?
    }

    /// The patterns of the rules at `path`; `None` when there are none.
    fn rules(&self, path: &str, of: Of) -> Option<Rc<[Regex]>> {
        let key = (path.to_owned(), of);
        if let Some(known) = self.rules.borrow().get(&key) {
            return Some(Rc::clone(known));
        }
        let content = self.content(path, of)?;
        let Content::Text(text) = &*content else { return None };
        if text.len() > self.limits.max_file_bytes {
            return None;
        }
        let parsed = document::parse(path, text, self.limits);
        let root = parsed.documents.first().and_then(Document::tree)?;
        let rules = root.get("creation_rules").map_or(&[][..], Node::items).iter().take(MAX_RULES);
        let pattern = |rule: &Node| {
            let pattern = rule.get("path_regex").map_or(Some(""), Node::as_str)?;
            RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build().ok()
        };
        let rules: Rc<[Regex]> = rules.filter_map(pattern).collect();
        self.rules.borrow_mut().insert(key, Rc::clone(&rules));
        Some(rules)
    }

    fn content(&self, path: &str, of: Of) -> Option<Cow<'s, Content>> {
        let content = match of {
            Of::Base => &self.bases.get(path)?.base,
            Of::Head => {
                let found = self.heads.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
                &self.heads.get(found)?.head
            }
        };
        Some(if *content == Content::Unread { Cow::Owned((self.read)(path)) } else { Cow::Borrowed(content) })
    }

    /// What the build of a Dockerfile leaves out: the file that is called after it counts before the one of its folder.
    fn dockerignore(&self, path: &str, of: Of) -> Option<Arc<Dockerignore>> {
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let text = |path: String| match &*self.content(&path, of)? {
            Content::Text(text) if text.len() <= self.limits.max_file_bytes => Some(text.clone()),
            _ => None,
        };
        let text = text(format!("{path}.dockerignore")).or_else(|| text(format!("{folder}.dockerignore")))?;
        Some(Arc::new(Dockerignore::read(&text)))
    }

    fn has_lock(&self, path: &str, of: Of) -> Option<bool> {
        let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
        let lock = if name.starts_with(['r', 'R']) { "requirements.lock" } else { "Chart.lock" };
        let at = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        match self.content(&at(lock), of) {
            Some(content) => Some(*content != Content::Absent),
            // One file of a chart may be looked at alone.
            None if self.whole_tree && self.holds_others(&at(""), path) => Some(false),
            None => None,
        }
    }

    fn holds_others(&self, folder: &str, path: &str) -> bool {
        let first = self.heads.partition_point(|file| file.path.as_str() < folder);
        let from_there = self.heads.get(first..).unwrap_or_default().iter().map(|file| file.path.as_str());
        from_there.take_while(|other| other.starts_with(folder)).any(|other| other != path)
    }

    fn builds(&self, path: &str, file: &ParsedFile, of: Of) -> BTreeMap<String, BuiltFrom> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut read: BTreeMap<String, Option<BuiltFrom>> = BTreeMap::new();
        let services = file.documents.iter().filter_map(Document::tree).flat_map(services);
        let mut found = BTreeMap::new();
        for service in services {
            let Some(path) = dockerfile_path(folder, &service) else { continue };
            if read.len() < MAX_BUILDS && !read.contains_key(&path) {
                let built = self.dockerfile(&path, of);
                read.insert(path.clone(), built);
            }
            if let Some(Some(built)) = read.get(&path) {
                found.insert(service.name, built.clone());
            }
        }
        found
    }

    fn dockerfile(&self, path: &str, of: Of) -> Option<BuiltFrom> {
        let content = self.content(path, of)?;
        let Content::Text(text) = &*content else { return None };
        if text.len() > self.limits.max_file_bytes {
            return None;
        }
        let mut documents = document::parse(path, text, self.limits).documents.into_iter();
        let Body::Dockerfile(dockerfile) = documents.next()?.body else { return None };
        Some(BuiltFrom { path: path.to_owned(), dockerfile: Arc::new(dockerfile) })
    }
}

/// The path of the Dockerfile that a service is built from; `None` when it stands elsewhere, or a variable decides.
fn dockerfile_path(folder: &str, service: &Service) -> Option<String> {
    let build = service.node.get("build")?;
    let text = |node: Option<&Node>, or: &'static str| match node {
        None => Some(or.to_owned()),
        Some(node) => node.as_str().filter(|text| !text.contains('$')).map(str::to_owned),
    };
    if build.get("dockerfile_inline").is_some() || build.is_open() || build.is_unknown() {
        return None;
    }
    let context = if build.as_str().is_some() { text(Some(build), ".") } else { text(build.get("context"), ".") };
    let context = resolve(folder, &context?)?;
    resolve(&context, &text(build.get("dockerfile"), "Dockerfile")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], whole_tree: bool, path: &str) -> Beside {
        let file = |(path, text): &(&str, &str)| ChangedFile::standing(*path, Content::Text((*text).into()));
        let snapshot = Snapshot { files: files.iter().map(file).collect(), whole_tree };
        let text = files.iter().find(|(other, _)| *other == path).unwrap().1;
        let limits = Limits::default();
        let read = |_: &str| Content::Absent;
        let surroundings = Surroundings::new(&snapshot, &read, &limits);
        surroundings.beside(path, &document::parse(path, text, &limits), Of::Head)
    }

    #[test]
    fn a_lock_is_missing_only_where_it_would_have_been_seen() {
        let chart = ("a/Chart.yaml", "name: a\nversion: 1.0.0\n");
        let (lock, values) = (("a/Chart.lock", "digest: x\n"), ("a/values.yaml", "b: c\n"));
        for (files, whole_tree, expected) in [
            (vec![chart, values], true, Some(false)),
            (vec![chart, values, lock], true, Some(true)),
            (vec![chart], true, None),
            (vec![chart, values], false, None),
            (vec![chart, lock], false, Some(true)),
            (vec![chart, ("ab/values.yaml", "b: c\n")], true, None),
        ] {
            assert_eq!(check(&files, whole_tree, "a/Chart.yaml").has_lock, expected, "{files:?}");
        }
        let old = ("requirements.yaml", "dependencies: []\n");
        assert_eq!(check(&[old, ("requirements.lock", "")], true, "requirements.yaml").has_lock, Some(true));
    }

    #[test]
    fn the_nearest_rules_of_sops_name_a_secret() {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: Yg==}\n";
        let rules = "creation_rules:\n  - path_regex: apps/.*\\.yaml$\n  - {path_regex: '('}\n";
        let files = |path| [(".sops.yaml", rules), ("infra/.sops.yaml", "creation_rules: []\n"), (path, secret)];
        let found = |path| check(&files(path), false, path).sops;
        assert_eq!(found("apps/a/secret.yaml"), Some(SopsRule::Pattern("apps/.*\\.yaml$".to_owned())));
        assert_eq!(found("infra/apps/secret.yaml"), None);
        assert_eq!(found("secret.yaml"), None);
        assert_eq!(found("infra/x.sops.yaml"), Some(SopsRule::Name));
        assert_eq!(check(&[("apps/c.yaml", "a: b\n"), (".sops.yaml", rules)], false, "apps/c.yaml").sops, None);
    }

    #[test]
    fn services_find_their_dockerfiles() {
        let compose = "\
services:
  plain: {build: .}
  folder: {build: ../web/}
  named: {build: {context: .., dockerfile: web/Dockerfile.dev}}
  here: {build: {target: x}}
  variable: {build: '${DIR}'}
  remote: {build: 'https://example.com/a.git'}
  inline: {build: {dockerfile_inline: FROM scratch}}
  above: {build: ../../..}
  image: {image: a}
";
        let from = "FROM scratch\n";
        let files = [
            ("deploy/compose.yaml", compose),
            ("deploy/Dockerfile", from),
            ("web/Dockerfile", from),
            ("web/Dockerfile.dev", from),
        ];
        let found = check(&files, false, "deploy/compose.yaml").builds;
        let shown: Vec<_> = found.iter().map(|(name, built)| format!("{name} {}", built.path)).collect();
        assert_eq!(
            shown,
            ["folder web/Dockerfile", "here deploy/Dockerfile", "named web/Dockerfile.dev", "plain deploy/Dockerfile"]
        );
    }
}

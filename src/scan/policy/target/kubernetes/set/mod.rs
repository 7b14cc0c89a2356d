//! Objects that belong together: each object of one side of a change with the others of that side.
//!
//! The target `kubernetes.set` sees what no file shows alone: whether a binding's role can read secrets, which pods run
//! as a service account, whether a network policy covers a pod. A side is indexed once, as its files are read; what
//! belongs to one object is looked up by keys. Paths of `at` and `edit` start from the object, for a workload from the
//! spec of its pods.
//!
//! **Invariant**: what is absent from a change is unknown, as the change holds only what it touches. It is known to be
//! absent when the whole tree is scanned and nothing in it brings objects from elsewhere. Cost is linear: each object
//! is compared with at most [`MAX_CANDIDATES`] others for each way that it is tied to them.

mod docs;
mod facts;
mod grant;
mod member;
mod tie;

use std::collections::BTreeMap;

use crate::scan::document::ParsedFile;
use crate::scan::document::node::Node;

use super::super::Subject;
use super::account::enforced_level;
pub(super) use docs::FACTS;
use member::{By, Class, Member};
use tie::Tie;

/// Most objects that one object is compared with, for each way of being tied to them.
const MAX_CANDIDATES: usize = 64;
/// Most objects that a fact lists.
const MAX_LISTED: usize = 16;

/// All objects of one side that belong to others.
#[derive(Debug, Default)]
pub struct ObjectIndex {
    members: Vec<Member>,
    by_file: BTreeMap<usize, Vec<usize>>,
    keys: BTreeMap<(Class, By), BTreeMap<String, Vec<usize>>>,
    /// The classes of which a template decides how some member is found.
    open: Vec<Class>,
    is_whole: bool,
    /// The files whose pods are not held, by namespace.
    left_out: BTreeMap<String, Vec<usize>>,
}

/// The pods of one object, which their namespace holds to a level of the Pod Security Standards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforced {
    /// What identifies the object in its file.
    pub identity: Vec<String>,
    /// The namespace.
    pub namespace: String,
    /// `baseline` or `restricted`.
    pub level: String,
    /// The minor version of the standard; `None` for the newest.
    pub minor: Option<u32>,
}

/// The objects that are tied to one, and whether more were not looked at.
#[derive(Debug, Default)]
struct Found {
    members: Vec<(usize, Tie)>,
    is_cut: bool,
}

impl ObjectIndex {
    /// An empty index of a side; `is_whole` when its files are a whole tree.
    pub fn new(is_whole: bool) -> Self {
        Self { is_whole, ..Self::default() }
    }

    /// Adds the objects of a file, which `number` stands for: all when `is_held` names any by its own facts, else those
    /// that say what an account may do and what a namespace enforces. Tells whether it named any.
    pub fn add(&mut self, number: usize, path: &str, file: &ParsedFile, is_held: impl Fn(&Node) -> bool) -> bool {
        let members = members(path, file);
        let all = members.iter().any(|member| is_held(&member.alone()));
        for member in members {
            if member.class == Class::Source {
                self.is_whole = false;
            }
            if member.is_open() && !self.open.contains(&member.class) {
                self.open.push(member.class);
            }
            if all || member.class.is_always_held() {
                self.hold(number, member);
            } else if let (Class::Pod, Some(namespace)) = (member.class, member.namespace) {
                self.left_out.entry(namespace).or_default().push(number);
            }
        }
        all
    }

    /// Adds the objects of a file that [`ObjectIndex::add`] left out.
    pub fn add_rest(&mut self, number: usize, path: &str, file: &ParsedFile) {
        for member in members(path, file).into_iter().filter(|member| !member.class.is_always_held()) {
            self.hold(number, member);
        }
    }

    fn hold(&mut self, number: usize, member: Member) {
        let index = self.members.len();
        for (by, key) in member.keys() {
            self.keys.entry((member.class, by)).or_default().entry(key).or_default().push(index);
        }
        self.by_file.entry(number).or_default().push(index);
        self.members.push(member);
    }

    /// The files whose pods are not held and stand in a namespace that enforces a level.
    pub fn enforced_files(&self) -> impl Iterator<Item = usize> {
        let enforces = |name: &str| {
            let named = self.named(Class::Namespace, name).iter().filter_map(|index| self.members.get(*index));
            named.map(|member| enforced_level(&member.object.node)).any(|level| level.is_some())
        };
        self.left_out.iter().filter(move |(name, _)| enforces(name)).flat_map(|(_, files)| files.iter().copied())
    }

    /// The objects of a file with what belongs to each, as far as what is known of them alone `may_matter`.
    pub fn subjects(&self, number: usize, may_matter: impl Fn(&Node) -> bool) -> Vec<Subject> {
        let members = self.by_file.get(&number).map_or(&[][..], Vec::as_slice);
        let members = members.iter().filter_map(|index| self.members.get(*index));
        members.filter(|member| may_matter(&member.alone())).map(|member| self.subject(member)).collect()
    }

    /// The objects of a text that is not part of the side, such as a file that was edited, with what belongs to each.
    pub fn subjects_of(&self, path: &str, file: &ParsedFile, may_matter: impl Fn(&Node) -> bool) -> Vec<Subject> {
        let members = members(path, file).into_iter().filter(|member| may_matter(&member.alone()));
        members.map(|member| self.subject(&member)).collect()
    }

    /// The objects of a file whose pods a namespace of this side holds to a level.
    pub fn enforced(&self, number: usize) -> Vec<Enforced> {
        let members = self.by_file.get(&number).map_or(&[][..], Vec::as_slice);
        members.iter().filter_map(|index| self.enforcement(self.members.get(*index)?)).collect()
    }

    /// The level that the namespace of a pod enforces; `None` where objects of that name differ.
    fn enforcement(&self, member: &Member) -> Option<Enforced> {
        let namespace = member.namespace.clone().filter(|_| member.class == Class::Pod)?;
        let found = self.named(Class::Namespace, &namespace);
        let mut levels =
            found.iter().map(|index| self.members.get(*index).and_then(|member| enforced_level(&member.object.node)));
        let first = levels.next()?;
        if levels.any(|level| level != first) {
            return None;
        }
        let (level, minor) = first?;
        Some(Enforced { identity: member.object.identity(), namespace, level, minor })
    }

    fn named(&self, class: Class, name: &str) -> &[usize] {
        self.candidates(class, By::Name, name)
    }

    fn candidates(&self, class: Class, by: By, key: &str) -> &[usize] {
        self.keys.get(&(class, by)).and_then(|keys| keys.get(key)).map_or(&[][..], Vec::as_slice)
    }

    /// The members of `class` that any of `keys` finds and that `judge` ties to the asking one, the certain ones first.
    fn tied(&self, class: Class, by: By, keys: &[String], judge: impl Fn(&Member) -> Tie) -> Found {
        let all = keys.iter().flat_map(|key| self.candidates(class, by, key).iter().copied());
        let mut left: Vec<usize> = all.take(MAX_CANDIDATES + 1).collect();
        let mut found = Found { is_cut: left.len() > MAX_CANDIDATES, ..Found::default() };
        left.truncate(MAX_CANDIDATES);
        left.sort_unstable();
        left.dedup();
        let judged = left.into_iter().filter_map(|index| Some((index, judge(self.members.get(index)?))));
        found.members = judged.filter(|(_, tie)| *tie != Tie::No).collect();
        found.members.sort_by_key(|(index, tie)| (std::cmp::Reverse(*tie), *index));
        found
    }

    /// Whether it is known that there is no member of `class` beyond those that were found.
    fn knows_all(&self, class: Class) -> bool {
        self.is_whole && !self.open.contains(&class)
    }

    fn subject(&self, member: &Member) -> Subject {
        let Member { object, .. } = member;
        let found = super::subject(self.facts(member), &object.node, object.title(), object.identity());
        // What a workload decides stands in the spec of its pods.
        let node = member.pod.as_ref().map_or(&object.node, |pod| &pod.spec);
        Subject { node: Some(node.clone()), span: node.span(), ..found }
    }
}

fn members(path: &str, file: &ParsedFile) -> Vec<Member> {
    // What a patch makes of an object is not known, and the object itself stands elsewhere.
    let objects = file.objects().iter().filter(|object| !object.node.is_patch());
    objects.filter_map(|object| Member::new(object.clone(), path)).collect()
}

#[cfg(test)]
mod tests;

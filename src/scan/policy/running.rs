//! The policies that a scan runs, chosen once for all its files.
//!
//! Invariant: a policy is read only when there is something of its target to judge.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::super::ScanOptions;
use super::super::document::node::{Entry, Mapping, Node, Value};
use super::super::span::Span;
use super::parameter::Parameter;
use super::set::Entry as PolicyEntry;
use super::target::Target;
use super::target::facts::{map, text};
use super::{Policy, PolicyId, PolicySet};

/// The policies of a set that run anywhere under some options.
pub struct Running<'s> {
    pub(super) options: &'s ScanOptions,
    groups: Vec<Group<'s>>,
    /// What conditions are given.
    given: Node,
}

/// Those of one target, by id.
pub(super) struct Group<'s> {
    pub target: Target,
    pub entries: Vec<&'s PolicyEntry>,
    /// What the conditions of policies with parameters are given.
    given: OnceCell<BTreeMap<PolicyId, Node>>,
}

impl<'s> Running<'s> {
    /// Chooses from `set`.
    pub fn new(set: &'s PolicySet, options: &'s ScanOptions) -> Self {
        let group = |target| Group { target, entries: set.running(target, options), given: OnceCell::new() };
        let groups = Target::ALL.into_iter().map(group).filter(|group| !group.entries.is_empty()).collect();
        Self { options, groups, given: map(vec![("settings", settings(options))]) }
    }

    /// Those that judge anything, in the order of targets.
    pub(super) fn groups(&self) -> &[Group<'s>] {
        &self.groups
    }

    /// Those that judge things of this target.
    pub(in super::super) fn of_target(&self, target: Target) -> &[&'s PolicyEntry] {
        self.group(target).map_or(&[], |group| &group.entries)
    }

    fn group(&self, target: Target) -> Option<&Group<'s>> {
        self.groups.iter().find(|group| group.target == target)
    }

    /// The settings, and the parameters of the policy when it has any.
    pub(super) fn given(&self, entry: &PolicyEntry) -> &Node {
        if !entry.has_parameters {
            return &self.given;
        }
        let given = self.group(entry.policy.target).and_then(|group| self.given_to(group).get(&entry.brief.id));
        given.unwrap_or(&self.given)
    }

    fn given_to<'g>(&self, group: &'g Group<'s>) -> &'g BTreeMap<PolicyId, Node> {
        group.given.get_or_init(|| {
            let with_parameters = group.entries.iter().filter(|entry| entry.has_parameters);
            with_parameters.map(|entry| (entry.brief.id.clone(), given(&entry.policy, self.options))).collect()
        })
    }
}

/// What the conditions of a policy with parameters are given.
fn given(policy: &Policy, options: &ScanOptions) -> Node {
    let values = options.parameters.get(&policy.id);
    let value = |parameter: &Parameter| {
        values.and_then(|values| values.get(&parameter.name)).unwrap_or(&parameter.default).node()
    };
    let entry = |one: &Parameter| Entry { key: one.name.clone().into(), key_span: Span::default(), value: value(one) };
    let parameters = Mapping::new(policy.parameters.iter().map(entry).collect());
    map(vec![("settings", settings(options)), ("parameters", Node::computed(Value::Mapping(parameters)))])
}

/// The settings as conditions see them.
fn settings(options: &ScanOptions) -> Node {
    let pin = if options.pin_digest { "digest" } else { "tag" };
    map(vec![
        ("images", map(vec![("pin", text(pin))])),
        ("kubernetes", map(vec![("minor", Node::computed(Value::Int(options.kubernetes_minor.into())))])),
    ])
}

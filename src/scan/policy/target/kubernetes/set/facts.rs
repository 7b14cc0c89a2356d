//! What belongs to an object, by its class.
//!
//! **Invariant**: each list is filled from both ends alike: a service lists a workload exactly when the workload lists
//! the service.

use crate::scan::document::node::{Node, Value};

use super::super::super::facts::{field, map, null, text, truth};
use super::super::{grants, object_facts};
use super::member::{ANYWHERE, By, Class, Member, any_of};
use super::tie::{Tie, fits_labels, fits_selector, in_namespace, is_templated, same_namespace};
use super::{Found, MAX_LISTED, ObjectIndex};

/// Most grants of one role that are listed.
const MAX_GRANTS: usize = 2_000;

impl ObjectIndex {
    /// The facts of a member: its own, and those of what belongs to it.
    pub(super) fn facts(&self, member: &Member) -> Node {
        let list = |class: Class| self.list(class, &self.of_class(member, class));
        let set = map(vec![
            ("pod", member.pod.as_ref().map_or_else(null, |pod| pod.spec.clone())),
            ("pods", list(Class::Pod)),
            ("services", list(Class::Service)),
            ("ingresses", list(Class::Ingress)),
            ("network_policies", list(Class::NetworkPolicy)),
            ("service_accounts", list(Class::Account)),
            ("bindings", list(Class::Binding)),
            ("roles", list(Class::Role)),
            ("autoscalers", list(Class::Autoscaler)),
            ("disruption_budgets", list(Class::Budget)),
            ("config_maps", list(Class::ConfigMap)),
            ("secrets", list(Class::Secret)),
            ("ungranted", self.ungranted(member)),
        ]);
        map(vec![("object", object_facts(&member.object)), ("set", set)])
    }

    /// The members of `class` that belong to `member`.
    fn of_class(&self, member: &Member, class: Class) -> Found {
        match (member.class, class) {
            (Class::Pod, Class::Service | Class::NetworkPolicy | Class::Budget) => self.selecting(member, class),
            (Class::Service | Class::NetworkPolicy | Class::Budget, Class::Pod) => self.selected(member),
            (Class::Pod, Class::Ingress) => self.through(&self.selecting(member, Class::Service), Class::Ingress),
            (Class::Ingress, Class::Pod) => self.through(&self.of_class(member, Class::Service), Class::Pod),
            (Class::Service, Class::Ingress) => self.by_name(member, Class::Ingress, By::Service, &[member.name_key()]),
            (Class::Ingress, Class::Service) => self.by_name(member, Class::Service, By::Name, &member.services()),
            (Class::Pod, Class::ConfigMap) => {
                self.by_name(member, class, By::Name, &member.variable_sources("configMapKeyRef"))
            }
            (Class::Pod, Class::Secret) => {
                self.by_name(member, class, By::Name, &member.variable_sources("secretKeyRef"))
            }
            (Class::ConfigMap, Class::Pod) => self.by_name(member, class, By::ConfigMap, &[member.name_key()]),
            (Class::Secret, Class::Pod) => self.by_name(member, class, By::Secret, &[member.name_key()]),
            (Class::Pod, Class::Account) => self.by_name(member, class, By::Name, &keys(member.account())),
            (Class::Account, Class::Pod) => self.by_name(member, class, By::Account, &[member.name_key()]),
            (Class::Pod, Class::Autoscaler) => self.by_name(member, class, By::Workload, &[member.name_key()]),
            (Class::Autoscaler, Class::Pod) => self.by_name(member, class, By::Name, &keys(member.workload())),
            (Class::Account, Class::Binding) => self.binding(member, &member.object.name),
            (Class::Pod, Class::Binding) => {
                member.account().map_or_else(Found::default, |name| self.binding(member, &name))
            }
            (Class::Binding, Class::Account) => self.bound(member, class, By::Name),
            (Class::Binding, Class::Pod) => self.bound(member, class, By::Account),
            (Class::Binding, Class::Role) => self.role(member, class, By::Name, &keys(member.role())),
            (Class::Role, Class::Binding) => self.role(member, class, By::Role, &[member.name_key()]),
            (Class::Namespace, Class::Pod | Class::NetworkPolicy) => {
                self.tied(class, By::Namespace, &[member.name_key()], |_| Tie::Certain)
            }
            _ => Found::default(),
        }
    }

    /// What selects the pods of a workload.
    fn selecting(&self, workload: &Member, class: Class) -> Found {
        let mut keys = workload.label_keys();
        match &workload.namespace {
            Some(namespace) => keys.extend([any_of(Some(namespace)), any_of(None)]),
            None => keys.push(ANYWHERE.to_owned()),
        }
        self.tied(class, By::Label, &keys, |other| selects(other, workload))
    }

    /// The workloads whose pods a selector matches.
    fn selected(&self, selecting: &Member) -> Found {
        if let Some(key) = selecting.selector_key() {
            return self.tied(Class::Pod, By::Label, &[key], |workload| selects(selecting, workload));
        }
        // Without a label to look up, the namespace is what narrows it.
        let Some(namespace) = selecting.namespace.clone() else { return Found { is_cut: true, ..Found::default() } };
        self.tied(Class::Pod, By::Namespace, &[namespace], |workload| selects(selecting, workload))
    }

    fn by_name(&self, member: &Member, class: Class, by: By, keys: &[String]) -> Found {
        self.tied(class, by, keys, |other| same_namespace(member, other))
    }

    /// What belongs to those that belong to a member; as sure as the less sure step.
    fn through(&self, between: &Found, class: Class) -> Found {
        let mut all = Found { is_cut: between.is_cut, ..Found::default() };
        for (index, first) in between.members.iter().take(MAX_LISTED) {
            let Some(middle) = self.members.get(*index) else { continue };
            let found = self.of_class(middle, class);
            all.is_cut |= found.is_cut;
            for (index, second) in found.members.into_iter().take(MAX_LISTED) {
                if !all.members.iter().any(|(known, _)| *known == index) {
                    all.members.push((index, second.min(*first)));
                }
            }
        }
        all
    }

    /// The bindings that name the service account `name` of where `member` stands.
    fn binding(&self, member: &Member, name: &str) -> Found {
        self.tied(Class::Binding, By::Account, &[name.to_owned()], |binding| {
            let named = binding.accounts().into_iter().filter(|(account, _)| account == name);
            named.map(|(_, namespace)| account_tie(binding, member, namespace.as_deref())).max().unwrap_or(Tie::No)
        })
    }

    /// The accounts that a binding names, or the workloads that run as them.
    fn bound(&self, binding: &Member, class: Class, by: By) -> Found {
        let accounts = binding.accounts();
        let keys: Vec<String> = accounts.iter().map(|(name, _)| name.clone()).collect();
        self.tied(class, by, &keys, |other| {
            let name = if class == Class::Pod { other.account() } else { Some(other.object.name.clone()) };
            let named = accounts.iter().filter(|(account, _)| Some(account) == name.as_ref());
            named.map(|(_, namespace)| account_tie(binding, other, namespace.as_deref())).max().unwrap_or(Tie::No)
        })
    }

    /// Roles of bindings and bindings of roles; a cluster role is the same everywhere.
    fn role(&self, member: &Member, class: Class, by: By, keys: &[String]) -> Found {
        let is_everywhere = keys.iter().any(|key| key.starts_with("ClusterRole/"));
        self.tied(class, by, keys, |other| if is_everywhere { Tie::Certain } else { same_namespace(member, other) })
    }

    /// The list as conditions see it.
    fn list(&self, class: Class, found: &Found) -> Node {
        if found.members.is_empty() {
            let is_known = self.knows_all(class) && !found.is_cut;
            let none = if is_known { Value::Sequence(Vec::new()) } else { Value::Unknown("".into()) };
            return Node::computed(none);
        }
        let listed = found.members.iter().take(MAX_LISTED);
        let item = |(index, tie): &(usize, Tie)| Some(item(self.members.get(*index)?, *tie));
        Node::computed(Value::Sequence(listed.filter_map(item).collect()))
    }
}

/// The namespace that a binding names for an account decides; where it names none, that of the binding.
fn account_tie(binding: &Member, other: &Member, namespace: Option<&str>) -> Tie {
    match namespace {
        Some(namespace) if !is_templated(namespace) => in_namespace(other, Some(namespace)),
        Some(_) => Tie::Possible,
        None => same_namespace(binding, other),
    }
}

/// Whether a service, a network policy or a disruption budget selects the pods of a workload.
fn selects(selecting: &Member, workload: &Member) -> Tie {
    let selector = selecting.selector();
    let by_labels = match selecting.class {
        // A service without a selector has endpoints of its own.
        Class::Service if selector.entries().is_empty() && !selector.is_open() && !selector.is_unknown() => Tie::No,
        Class::Service => fits_labels(&selector, workload.labels.as_ref()),
        _ => fits_selector(&selector, workload.labels.as_ref()),
    };
    by_labels.min(same_namespace(selecting, workload))
}

fn keys(name: Option<String>) -> Vec<String> {
    name.into_iter().collect()
}

fn item(member: &Member, tie: Tie) -> Node {
    let mut facts = vec![
        ("kind", text(&member.object.kind)),
        ("name", text(&member.object.name)),
        ("namespace", member.namespace.as_deref().map_or_else(null, text)),
        ("path", text(&member.path)),
        ("certain", truth(tie == Tie::Certain)),
        ("tree", member.object.node.clone()),
    ];
    if member.class == Class::Role {
        facts.push(("grants", grants_of(&member.object.node)));
    }
    map(facts)
}

/// What all rules of a role without `resourceNames` allow.
fn grants_of(role: &Node) -> Node {
    let rules = field(role, "rules");
    if rules.is_unknown() {
        return rules;
    }
    let broad = rules.items().iter().filter(|rule| field(rule, "resourceNames").items().is_empty());
    let all = broad.flat_map(|rule| grants::grants(rule).items().to_vec());
    Node::computed(Value::Sequence(all.take(MAX_GRANTS).collect()))
}

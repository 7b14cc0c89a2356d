//! Reading `scopes`: rules for a part of the files and objects.
//!
//! Invariant: a scope says what it covers and what holds there, so that none is empty by mistake.

use std::collections::BTreeMap;

use super::{Reader, Value, describe, shown};
use crate::scan::document::node::Node;
use crate::scan::options::Scope;
use crate::scan::policy::PolicyId;

const KEYS: [&str; 4] = ["paths", "namespaces", "labels", "rules"];

impl Reader<'_> {
    /// Each scope with the rules that it names and their lines.
    pub(super) fn scopes(&mut self, node: &Node) -> Vec<(Scope, Vec<(String, usize)>)> {
        let items = self.list("scopes", node).iter();
        items.map(|item| self.scope(item)).collect()
    }

    fn scope(&mut self, node: &Node) -> (Scope, Vec<(String, usize)>) {
        let (mut scope, mut named) = (Scope::default(), Vec::new());
        for entry in self.map("scopes", node) {
            match &*entry.key {
                "paths" => scope.paths = self.globs("scopes.paths", &entry.value).unwrap_or_default(),
                "namespaces" => scope.namespaces = self.names("scopes.namespaces", &entry.value),
                "labels" => scope.labels = self.labels(&entry.value),
                "rules" => {
                    for rule in self.map("scopes.rules", &entry.value) {
                        let setting = self.rule(&format!("scopes.rules.{}", shown(&rule.key)), &rule.value);
                        scope.rules.extend(setting.map(|setting| (PolicyId::new(&*rule.key), setting)));
                        named.push((rule.key.to_string(), self.lines.line(rule.key_span.start)));
                    }
                }
                _ => self.unknown(entry, "scopes", &KEYS),
            }
        }
        if node.as_mapping().is_some() && !["paths", "namespaces", "labels"].iter().any(|key| node.get(key).is_some()) {
            self.error(node.span(), "a scope needs \"paths\", \"namespaces\" or \"labels\"");
        }
        if node.as_mapping().is_some() && node.get("rules").is_none() {
            self.error(node.span(), "a scope needs \"rules\"");
        }
        (scope, named)
    }

    /// A text or a list of texts.
    fn names(&mut self, name: &str, node: &Node) -> Vec<String> {
        let single = std::slice::from_ref(node);
        let items = if node.as_str().is_some() { single } else { self.list(name, node) };
        let mut names = Vec::new();
        for item in items {
            match item.as_str() {
                Some(text) => names.push(text.to_owned()),
                None => self.wrong(name, item, "a text"),
            }
        }
        names
    }

    fn labels(&mut self, node: &Node) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        for entry in self.map("scopes.labels", node) {
            if let Value::String(text) = entry.value.value() {
                labels.insert(entry.key.to_string(), text.to_string());
            } else {
                let (key, found) = (shown(&entry.key), describe(&entry.value));
                self.error(entry.value.span(), format!("\"scopes.labels.{key}\": found {found}, expected a text"));
            }
        }
        labels
    }
}

//! The policies that come with dockgate.
//!
//! Invariant: what a policy says is read when it is first asked for; its id and target are known before.

use include_dir::{Dir, include_dir};

use super::super::super::document::node::{Entry as NodeEntry, Mapping, Node, Value};
use super::super::super::span::Span;
use super::super::target::Target;
use super::super::{Policy, PolicyId};
use super::Entry;

/// The files, for their examples.
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// What the build made of them: path, target and policy on a line each, sorted by path.
static LINES: &str = include_str!(concat!(env!("OUT_DIR"), "/policies.jsonl"));

const FOLDER: &str = "policies/";

/// All of them, not read yet.
pub(super) fn entries() -> Vec<Entry> {
    LINES.lines().filter_map(entry).collect()
}

fn entry(line: &'static str) -> Option<Entry> {
    let (path, rest) = line.split_once('\t')?;
    let (target, json) = rest.split_once('\t')?;
    let id = PolicyId::new(path.strip_prefix(FOLDER)?.strip_suffix(".yaml")?);
    let own = id.clone();
    // A name that is no target is refused when the policy is read, which its tests do.
    let target = Target::from_name(target).unwrap_or(Target::Secret);
    Some(Entry::lazy(id, target, move || policy(own.clone(), path, json)))
}

/// A policy that does not load speaks of it whenever it is asked; the tests load every one.
fn policy(id: PolicyId, path: &'static str, json: &str) -> Policy {
    let json = serde_json::from_str(json).unwrap_or_default();
    let loaded = Policy::load_builtin(id.clone(), path, &node(json));
    loaded.unwrap_or_else(|error| Policy::broken(id, path, &error))
}

/// The text of the file at `path`.
pub(super) fn text(path: &str) -> Option<&'static str> {
    FILES.get_file(path.strip_prefix(FOLDER)?)?.contents_utf8()
}

fn node(json: serde_json::Value) -> Node {
    Node::computed(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::String(text.into()),
        serde_json::Value::Array(items) => Value::Sequence(items.into_iter().map(node).collect()),
        serde_json::Value::Object(map) => {
            let entry = |(key, value): (String, _)| NodeEntry {
                key: key.into(),
                key_span: Span::default(),
                value: node(value),
            };
            Value::Mapping(Mapping::new(map.into_iter().map(entry).collect()))
        }
    })
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::super::PolicySet;
    use super::*;

    /// What a policy says, without the places where its file says it.
    fn said(policy: &Policy) -> String {
        let shown = format!("{:?}", Policy { built_in: false, examples: Vec::new(), ..policy.clone() });
        let places = Regex::new(r"span: Span \{ start: \d+, end: \d+ \}|line: \d+").unwrap();
        places.replace_all(&shown, "").replace("Unknown(", "String(")
    }

    #[test]
    fn the_build_changes_nothing_of_what_a_policy_says() {
        let mut count = 0;
        for policy in PolicySet::builtin().iter() {
            let text = text(&policy.file).unwrap();
            let whole = Policy::load(policy.id.clone(), &policy.file, text).unwrap();
            assert_eq!(said(policy), said(&whole), "{}", policy.id);
            assert_eq!(
                Some(policy.target),
                LINES.lines().filter_map(entry).find(|e| e.id == policy.id).map(|e| e.target)
            );
            count += 1;
        }
        assert!(count > 300, "{count} policies");
    }
}

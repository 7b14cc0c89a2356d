//! What the tests of several targets ask of a file.

use std::collections::BTreeSet;

use super::{Subject, Target};
use crate::scan::document::node::{Node, Value};
use crate::scan::document::parse;
use crate::scan::limits::Limits;

/// The things of `target` in a file that is read without a problem.
pub fn read(target: Target, path: &str, text: &str) -> Vec<Subject> {
    let file = parse(path, text, &Limits::default());
    assert!(file.problems.iter().all(|problem| !problem.cause.leaves_unjudged()), "{:?}", file.problems);
    target.subjects(&file, text)
}

/// A fact in short: `?` when it is unknown, the items of a list joined by commas.
pub fn show(node: Option<&Node>) -> String {
    match node.map(Node::value) {
        None => "no such fact".into(),
        Some(Value::Null) => "null".into(),
        Some(Value::String(text)) => String::from(text.clone()),
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::Int(value)) => value.to_string(),
        Some(Value::Unknown(_)) => "?".into(),
        Some(Value::Sequence(items)) => items.iter().map(|item| show(Some(item))).collect::<Vec<_>>().join(","),
        Some(other) => format!("{other:?}"),
    }
}

/// Checks one fact of all things.
pub fn check(target: Target, path: &str, text: &str, fact: &str, expected: &[&str]) {
    let shown: Vec<String> = read(target, path, text).iter().map(|subject| show(subject.facts.at(fact))).collect();
    assert_eq!(shown, expected, "{fact} of {text}");
}

/// Checks that the facts of the first thing are those that are documented.
pub fn assert_documented(target: Target, path: &str, text: &str) {
    let subjects = read(target, path, text);
    let variables = subjects.first().unwrap().facts.entries().iter();
    let given: BTreeSet<String> = variables
        .flat_map(|variable| variable.value.entries().iter().map(|fact| format!("{}.{}", variable.key, fact.key)))
        .collect();
    let documented = target.facts().iter().map(|fact| fact.path.to_owned());
    assert_eq!(given, documented.collect(), "{}", target.name());
}

//! What policies may ask of charts and of the values that they are given.
//!
//! **Invariant**: values mean what charts conventionally make of them, no more: what a chart decides when a value is
//! empty is not known, and what is switched off is not judged.
//!
//! # Source
//! The chart file of Helm 3 and 4; the conventions of `helm create` and of the charts that follow them.

mod chart;
mod context;
mod docs;
mod holder;
mod image;
mod mounts;
mod parameters;
mod template;
#[cfg(test)]
mod tests;
mod walk;

use crate::scan::document::ParsedFile;
use crate::scan::document::node::Node;

use super::facts::{map, text};
use super::{FactDoc, Subject, Target};
use holder::Values;
use walk::Place;

/// The facts of a target of this kind; none for any other target.
pub fn facts(target: Target) -> &'static [FactDoc] {
    match target {
        Target::HelmChart => docs::CHART,
        Target::HelmDependency => docs::DEPENDENCY,
        Target::HelmTemplate => docs::TEMPLATE,
        Target::HelmImage => docs::IMAGE,
        Target::HelmContext | Target::CustomContext => docs::CONTEXT,
        _ => &[],
    }
}

/// The things of `file` that `target` means, in the order of the file.
pub fn subjects(target: Target, file: &ParsedFile, text: &str) -> Vec<Subject> {
    let read = |read: fn(&Values, &Place<'_>) -> Vec<Subject>| {
        let holders = holder::read(file, text);
        holders.iter().flat_map(|values| walk::visit(&values.root, |place| read(values, place))).collect()
    };
    match target {
        Target::HelmChart => chart::charts(file),
        Target::HelmDependency => chart::subjects(file),
        Target::HelmTemplate => template::subjects(file, text),
        Target::HelmImage => read(image::subjects),
        Target::HelmContext => read(context::subjects),
        _ => Vec::new(),
    }
}

/// The security contexts and host settings of custom resources, which operators hand on to pods.
pub(super) fn custom_contexts(file: &ParsedFile) -> Vec<Subject> {
    let holders = holder::custom(file);
    let read = |values: &Values| walk::visit(&values.root, |place| context::subjects(values, place));
    holders.iter().flat_map(read).collect()
}

/// The facts of the variable `values`.
fn values_facts(values: &Values, path: &str) -> Node {
    // The top has no keys of its own; people know it by the key that holds it.
    let top = if values.holder == "values" { "values" } else { "spec" };
    map(vec![("holder", text(&values.holder)), ("path", text(if path.is_empty() { top } else { path }))])
}

fn identity(values: &Values, kind: &str, path: &str) -> Vec<String> {
    let mut identity = values.identity.clone();
    identity.extend([kind.to_owned(), path.to_owned()]);
    identity
}

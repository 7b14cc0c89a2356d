//! Applications of Argo CD, and the template of an `ApplicationSet`.
//!
//! **Invariant**: what a template of a set leaves to its generators is named as such, never guessed.

use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::{Node, Value};
use crate::scan::span::Span;

use super::super::Subject;
use super::super::facts::{field, list, map, null, path, text, truth};
use super::argo::{application_spec, generators, source_nodes};
use super::object_facts;

/// Generators whose values come from outside the file, with the field that lets only some through.
const OUTSIDE: [&str; 2] = ["scmProvider", "pullRequest"];

pub(super) fn subject(object: &Object) -> Option<Subject> {
    if object.group() != Some("argoproj.io") {
        return None;
    }
    let spec = application_spec(object)?;
    let project = field(&spec, "project");
    let mut places: Vec<(&'static str, Span)> = Vec::new();
    places.extend(
        spec.entry("project").map(|entry| ("project", Span::new(entry.key_span.start, entry.value.span().end))),
    );
    let all = generators(&path(&object.node, &["spec", "generators"]));
    places.extend(unfiltered(&all).map(|span| ("unfiltered", span)));
    let facts = map(vec![
        ("kind", text(&object.kind)),
        ("project", project.clone()),
        ("project_templated", truth(object.kind == "ApplicationSet" && project.is_unknown())),
        ("generators", list(all.iter().filter_map(generator_name))),
        ("unfiltered_generator", unfiltered_name(&all)),
        ("value_files", list(source_nodes(object).iter().flat_map(|(_, source)| value_files(source)))),
        ("plugin", list(source_nodes(object).iter().filter_map(|(_, source)| plugin(source)))),
        ("go_template", field(&path(&object.node, &["spec"]), "goTemplate")),
        ("go_template_options", field(&path(&object.node, &["spec"]), "goTemplateOptions")),
        ("prune", path(&spec, &["syncPolicy", "automated", "prune"])),
        ("allow_empty", path(&spec, &["syncPolicy", "automated", "allowEmpty"])),
        ("sync_options", path(&spec, &["syncPolicy", "syncOptions"])),
        ("finalizers", finalizers(object)),
        ("spec", spec.clone()),
    ]);
    Some(Subject {
        facts: map(vec![("object", object_facts(object)), ("application", facts)]),
        places,
        span: object.node.span(),
        node: Some(spec),
        resource: Some(object.title()),
        identity: object.identity(),
    })
}

/// The key that says what a generator is, at its place.
fn generator_name(generator: &Node) -> Option<Node> {
    let entry = generator.entries().iter().find(|entry| !matches!(&*entry.key, "template" | "selector" | "values"))?;
    Some(Node::new(entry.key_span, Value::String(entry.key.as_ref().into())))
}

/// The first generator that makes applications of what anybody may open or create.
fn unfiltered(all: &[Node]) -> Option<Span> {
    all.iter().find_map(|generator| {
        let entry = OUTSIDE.iter().find_map(|name| generator.entry(name))?;
        is_unfiltered(&entry.key, &entry.value).then_some(entry.key_span)
    })
}

fn unfiltered_name(all: &[Node]) -> Node {
    let named = all.iter().find_map(|generator| {
        let entry = OUTSIDE.iter().find_map(|name| generator.entry(name))?;
        is_unfiltered(&entry.key, &entry.value).then(|| text(&entry.key))
    });
    named.unwrap_or_else(null)
}

/// Pull requests need a label or a filter of branches; repositories a filter.
fn is_unfiltered(name: &str, generator: &Node) -> bool {
    let holds = |node: &Node| node.is_unknown() || !node.items().is_empty();
    let filters = field(generator, "filters");
    if generator.is_unknown() || generator.is_open() || holds(&filters) {
        return false;
    }
    let labels = generator.entries().iter().map(|entry| field(&entry.value, "labels"));
    name != "pullRequest" || !labels.into_iter().any(|labels| holds(&labels))
}

fn value_files(source: &Node) -> Vec<Node> {
    path(source, &["helm", "valueFiles"]).items().to_vec()
}

/// The plugin that a source is rendered by: its name, or that whichever one applies is taken.
fn plugin(source: &Node) -> Option<Node> {
    let entry = source.entry("plugin")?;
    let name = field(&entry.value, "name");
    Some(if name.is_null() { Node::new(entry.key_span, Value::String("plugin".into())) } else { name })
}

fn finalizers(object: &Object) -> Node {
    let holder = match object.kind.as_str() {
        "ApplicationSet" => path(&object.node, &["spec", "template"]),
        _ => object.node.clone(),
    };
    path(&holder, &["metadata", "finalizers"])
}

//! Functions that a build runs: objects with the annotation of KRM functions, and plugins in a kustomization.

use crate::scan::document::node::{Node, Value};
use crate::scan::document::{ParsedFile, yaml};
use crate::scan::limits::Limits;

use super::super::facts::{field, map, null, path, text};
use super::super::kubernetes::object_facts;
use super::super::{Subject, image};

const ANNOTATIONS: [&str; 2] = ["config.kubernetes.io/function", "config.k8s.io/function"];
/// Longest annotation that is read, in bytes.
const MAX_BYTES: usize = 16 * 1024;

pub(super) fn subjects(file: &ParsedFile) -> Vec<Subject> {
    let mut found = Vec::new();
    for object in file.objects() {
        let annotations = path(&object.node, &["metadata", "annotations"]);
        let Some(written) = ANNOTATIONS.iter().find_map(|name| annotations.get(name)) else { continue };
        let Value::String(code) = written.value() else { continue };
        if code.len() > MAX_BYTES {
            continue;
        }
        let Ok(function) = yaml::parse_one(code, &Limits::default()) else { continue };
        let kind = ["exec", "container", "starlark"].into_iter().find(|kind| function.get(kind).is_some());
        // The places within the annotation mean nothing in the file.
        let at = |keys: &[&str]| {
            let value = path(&function, keys);
            value.as_str().map_or_else(null, |value| Node::new(written.span(), Value::String(value.into())))
        };
        let network = path(&function, &["container", "network"]).as_bool();
        let facts = map(vec![
            ("kind", kind.map_or_else(null, text)),
            ("program", at(&["exec", "path"])),
            ("network", network.map_or_else(null, super::super::facts::truth)),
            ("spec", field(&object.node, "spec")),
        ]);
        let mut identity = object.identity();
        identity.push("function".to_owned());
        found.push(Subject {
            facts: map(vec![
                ("object", object_facts(object)),
                ("krm", facts),
                ("image", image::facts(&at(&["container", "image"]))),
            ]),
            node: Some(object.node.clone()),
            places: vec![("function", written.span())],
            span: object.node.span(),
            resource: Some(object.title()),
            identity,
        });
    }
    found
}

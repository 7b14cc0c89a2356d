//! Jobs of GitLab CI, and the images that they and their services run.
//!
//! **Invariant**: a text with a variable in it is unknown, since the runner replaces it.

use crate::scan::document::node::{Entry, Node, Value};
use crate::scan::document::{Document, ParsedFile};

use super::super::compose::substituted;
use super::super::facts::{entry_span, field, list, map, null, path, text, truth};
use super::super::{Subject, image};
use super::script;
use super::workflow::written;

/// Keys at the top that are no jobs.
const KEYWORDS: [&str; 12] = [
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "before_script",
    "after_script",
    "cache",
    "spec",
    "types",
];
/// Jobs of one file, and images of one job, that are looked at.
const MAX_JOBS: usize = 2_000;
const MAX_IMAGES: usize = 100;
/// Lists within lists of a script that are followed.
const MAX_SCRIPT_DEPTH: usize = 10;
/// Lines of one script that are read.
const MAX_SCRIPT_LINES: usize = 2_000;

/// Every job, hidden ones included.
pub(super) fn job_subjects(file: &ParsedFile) -> Vec<Subject> {
    let mut found = Vec::new();
    for root in file.documents.iter().filter_map(Document::tree) {
        found.extend(jobs(root).map(|job| job_subject(root, job)));
    }
    found
}

/// Every image and service: those for all jobs, then those of each.
pub(super) fn image_subjects(file: &ParsedFile) -> Vec<Subject> {
    let mut found = Vec::new();
    for root in file.documents.iter().filter_map(Document::tree) {
        let shared = root.get("default").into_iter().map(|node| ("default", node));
        let named = jobs(root).map(|job| (&*job.key, &job.value));
        for (name, holder) in std::iter::once(("", root)).chain(shared).chain(named) {
            found.extend(holder.get("image").map(|node| image_subject(name, "image", node)));
            let services = holder.get("services").map_or(&[][..], Node::items).iter().take(MAX_IMAGES);
            found.extend(services.map(|node| image_subject(name, "service", node)));
        }
    }
    found
}

fn jobs(root: &Node) -> impl Iterator<Item = &Entry> {
    let entries = root.entries().iter().filter(|entry| !KEYWORDS.contains(&&*entry.key));
    entries.filter(|entry| entry.value.as_mapping().is_some()).take(MAX_JOBS)
}

fn job_subject(root: &Node, job: &Entry) -> Subject {
    let node = &job.value;
    let facts = map(vec![
        ("name", text(&job.key)),
        ("conditions", list(conditions(node))),
        ("has_workflow_rules", truth(!path(root, &["workflow", "rules"]).is_null())),
        ("sends_variable", found_in(node, &sends_variable)),
        ("runs_download", found_in(node, &script::runs_download)),
        ("spec", node.clone()),
    ]);
    let mut places = Vec::new();
    places.extend(entry_span(node, "script").map(|span| ("script", span)));
    Subject {
        facts: map(vec![("job", facts)]),
        node: Some(node.clone()),
        places,
        span: job.key_span,
        resource: Some(format!("job {}", job.key)),
        identity: vec!["job".to_owned(), String::from(job.key.clone())],
    }
}

/// `if` of each rule, as written: a variable in it is a part of the condition.
fn conditions(job: &Node) -> impl Iterator<Item = Node> {
    let rules = job.get("rules").map_or(&[][..], Node::items).iter();
    rules.filter_map(|rule| rule.get("if")).take(MAX_IMAGES).map(written)
}

fn image_subject(job: &str, role: &'static str, node: &Node) -> Subject {
    let reference = if node.as_mapping().is_some() { field(node, "name") } else { node.clone() };
    let reference = substituted(&reference);
    let title = if job.is_empty() { "all jobs".to_owned() } else { format!("job {job}") };
    let facts = image::facts(&reference);
    let name = field(&facts, "repository");
    let name = name.as_str().map_or_else(String::new, str::to_owned);
    Subject {
        facts: map(vec![
            ("job", map(vec![("name", text(job)), ("title", text(&title)), ("role", text(role))])),
            ("image", facts),
        ]),
        node: Some(node.clone()),
        places: Vec::new(),
        span: if node.as_mapping().is_some() {
            entry_span(node, "name").unwrap_or_else(|| node.span())
        } else {
            node.span()
        },
        resource: Some(title),
        identity: vec!["image".to_owned(), job.to_owned(), role.to_owned(), name],
    }
}

/// What the scripts of a job say first; `null` when none says it.
fn found_in(job: &Node, read: &dyn Fn(&str) -> Option<String>) -> Node {
    let scripts = ["before_script", "script", "after_script"].iter().filter_map(|key| job.get(key));
    let lines: Vec<String> = scripts.flat_map(lines).take(MAX_SCRIPT_LINES).collect();
    lines.iter().find_map(|line| read(line)).map_or_else(null, |name| text(&name))
}

/// The program that sends a variable of the pipeline somewhere.
fn sends_variable(line: &str) -> Option<String> {
    script::download_with(line, |word| {
        let raw = word.raw.to_ascii_uppercase();
        ["TOKEN", "PASSWORD", "SECRET", "JWT"].iter().any(|part| raw.contains(part)) && raw.contains('$')
    })
}

/// The commands of a script: a text, or a list of texts and of such lists.
fn lines(script: &Node) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![(script, 0)];
    for _ in 0..MAX_SCRIPT_LINES * 4 {
        let Some((node, depth)) = waiting.pop() else { break };
        match node.value() {
            Value::String(text) | Value::Unknown(text) => found.push(String::from(text.clone())),
            Value::Sequence(items) if depth < MAX_SCRIPT_DEPTH => {
                waiting.extend(items.iter().take(MAX_SCRIPT_LINES).rev().map(|item| (item, depth + 1)));
            }
            _ => {}
        }
    }
    found
}

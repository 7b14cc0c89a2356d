//! Containers that jobs run in, and the services beside them.

use crate::scan::document::dockerfile::source::Source;
use crate::scan::document::node::{Entry, Node, Value};
use crate::scan::document::shell::ShellScript;
use crate::scan::span::Span;

use super::super::facts::{entry_span, field, list, map, null, path, text, truth};
use super::super::kubernetes::is_runtime_socket;
use super::super::{Subject, image};
use super::workflow::{Job, Workflow};

/// Services of one job that are looked at.
const MAX_SERVICES: usize = 200;

pub(super) fn subjects(workflow: &Workflow) -> Vec<Subject> {
    let mut found = Vec::new();
    for job in &workflow.jobs {
        found.extend(job.node.get("container").map(|node| subject(workflow, job, "job", "", node)));
        let services = job.node.get("services").map_or(&[][..], Node::entries).iter().take(MAX_SERVICES);
        found.extend(services.map(|Entry { key, value, .. }| subject(workflow, job, "service", key, value)));
    }
    found
}

fn subject(workflow: &Workflow, job: &Job, role: &'static str, name: &str, node: &Node) -> Subject {
    let reference = if node.as_mapping().is_some() { field(node, "image") } else { node.clone() };
    let options = options(&field(node, "options"));
    let volumes = field(node, "volumes");
    let (privileged, socket) = (options.iter().find(|word| is_privileged(word)), socket(&options, &volumes));
    let access = privileged.cloned().or_else(|| (!socket.is_null()).then(|| socket.clone()));
    let facts = map(vec![
        ("role", text(role)),
        ("name", text(name)),
        ("privileged", truth(privileged.is_some())),
        ("runtime_socket", socket),
        ("password", literal(&path(node, &["credentials", "password"]))),
        ("options", list(options)),
        ("volumes", volumes),
        ("spec", node.clone()),
    ]);
    let mut places = Vec::new();
    let image_span = entry_span(node, "image").or_else(|| reference.as_str().map(|_| reference.span()));
    places.extend(image_span.map(|span| ("image", span)));
    places.extend(access.map(|node| ("access", node.span())));
    let title = if role == "job" { job.title() } else { format!("{} service {name}", job.title()) };
    Subject {
        facts: map(vec![
            ("workflow", map(workflow.facts())),
            ("job", job.facts()),
            ("container", facts),
            ("image", image::facts(&reference)),
        ]),
        node: Some(node.clone()),
        places,
        span: node.span(),
        resource: Some(title),
        identity: vec!["container".to_owned(), job.id.clone(), role.to_owned(), name.to_owned()],
    }
}

/// The words of `options`, as a shell splits them, each at the place of the whole.
fn options(node: &Node) -> Vec<Node> {
    let Value::String(written) = node.value() else { return Vec::new() };
    let shell = ShellScript::parse(&Source::opaque(written, Span::default()));
    let commands = shell.pipelines.iter().flat_map(|pipeline| &pipeline.commands);
    let words = commands.flat_map(|command| &command.words);
    words
        .map(|word| Node::new(node.span(), Value::String(word.value.clone().unwrap_or_else(|| word.raw.clone()))))
        .collect()
}

fn is_privileged(word: &Node) -> bool {
    matches!(word.as_str(), Some("--privileged" | "--privileged=true"))
}

/// The mounted path of the host that gives access to a container runtime's socket.
fn socket(options: &[Node], volumes: &Node) -> Node {
    let mounts = volumes.items().iter().chain(options).filter(|mount| {
        let source = mount.as_str().and_then(|mount| {
            let mount = mount.strip_prefix("--volume=").or_else(|| mount.strip_prefix("-v")).unwrap_or(mount);
            mount.trim_start_matches('=').split(':').next()
        });
        source.is_some_and(is_runtime_socket)
    });
    mounts.take(1).next().cloned().unwrap_or_else(null)
}

/// A text that is no expression; else `null`.
fn literal(node: &Node) -> Node {
    match node.value() {
        Value::String(text) if !text.trim().is_empty() => node.clone(),
        _ => null(),
    }
}

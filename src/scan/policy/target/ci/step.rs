//! Steps of jobs and of composite actions, and the workflows that jobs call.

use std::collections::BTreeSet;

use crate::scan::document::node::{Node, Value};
use crate::scan::span::Span;

use super::super::facts::{entry_span, field, list, map, null, text, truth};
use super::super::{Subject, image};
use super::workflow::{Job, Workflow, written};
use super::{checkout, expression, script};

/// Inputs of actions that are run as a script.
const SCRIPT_INPUTS: [(&str, &str); 14] = [
    ("actions/github-script", "script"),
    ("addnab/docker-run-action", "run"),
    ("amadevus/pwsh-script", "script"),
    ("appleboy/ssh-action", "script"),
    ("azure/cli", "inlineScript"),
    ("azure/powershell", "inlineScript"),
    ("cardinalby/js-eval-action", "expression"),
    ("jannekem/run-python-script-action", "script"),
    ("mikefarah/yq", "cmd"),
    ("nick-fields/retry", "command"),
    ("nick-invision/retry", "command"),
    ("reactivecircus/android-emulator-runner", "script"),
    ("cloudflare/wrangler-action", "command"),
    ("sergeysova/jq-action", "cmd"),
];

/// Expressions of one step that are listed.
const MAX_INJECTIONS: usize = 50;

pub(super) fn subjects(workflow: &Workflow, file: &str) -> Vec<Subject> {
    let mut found = Vec::new();
    let shared = map(workflow.facts());
    let outer = tainted_names(&workflow.root, file, &BTreeSet::new());
    for job in &workflow.jobs {
        let facts = job.facts();
        let names = tainted_names(&job.node, file, &outer);
        let context = Context { job, workflow: &shared, facts: &facts, tainted: &names, file };
        let last_run = job.steps.iter().rposition(checkout::executes);
        if job.node.get("uses").is_some() {
            found.push(context.subject(&job.node, "call", false));
        }
        for (index, step) in job.steps.iter().enumerate() {
            let runs_after = last_run.is_some_and(|last| last > index) || checkout::executes_what_it_fetches(step);
            found.push(context.subject(step, "step", runs_after));
        }
        found.extend(docker_action(workflow, job, &context));
    }
    found
}

/// An action that is an image, `runs: {using: docker, image: docker://…}`.
fn docker_action(workflow: &Workflow, job: &Job, context: &Context<'_>) -> Option<Subject> {
    let image = job.node.get("image").filter(|_| workflow.is_action)?;
    let is_reference = image.as_str().is_some_and(|reference| reference.starts_with("docker://"));
    is_reference.then(|| context.subject(&job.node, "action", false))
}

struct Context<'c> {
    job: &'c Job,
    workflow: &'c Node,
    facts: &'c Node,
    /// The variables that an outsider's text was put into.
    tainted: &'c BTreeSet<String>,
    file: &'c str,
}

impl Context<'_> {
    fn subject(&self, step: &Node, role: &'static str, runs_after: bool) -> Subject {
        let key = if role == "action" { "image" } else { "uses" };
        let uses = field(step, key);
        let name = written(&field(step, "name"));
        let used = Used::read(&uses);
        let facts = map(vec![
            ("role", text(role)),
            ("name", name.clone()),
            ("uses", uses.clone()),
            ("action", used.action.clone().map_or_else(null, |action| text(&action))),
            ("version", used.version),
            ("version_kind", used.kind.map_or_else(null, text)),
            ("run", written(&field(step, "run"))),
            ("condition", written(&field(step, "if"))),
            ("injections", list(self.injections(step))),
            ("fetches_head", checkout::head(step).unwrap_or_else(null)),
            ("runs_after", truth(runs_after)),
            ("sends_secret", sends_secret(step)),
            ("runs_download", runs_download(step)),
            ("all_secrets", all_secrets(step)),
            ("spec", step.clone()),
        ]);
        let mut places: Vec<(&'static str, Span)> = Vec::new();
        places.extend(entry_span(step, key).map(|span| ("uses", span)));
        places.extend(entry_span(step, "run").map(|span| ("run", span)));
        let what = used.action.or_else(|| name.as_str().map(str::to_owned)).or_else(|| first_line(step));
        Subject {
            facts: map(vec![
                ("workflow", self.workflow.clone()),
                ("job", self.facts.clone()),
                ("step", facts),
                ("image", image::facts(&used.image)),
            ]),
            node: Some(step.clone()),
            places,
            span: step.span(),
            resource: Some(self.job.title()),
            identity: vec![role.to_owned(), self.job.id.clone(), what.unwrap_or_default()],
        }
    }

    /// The expressions of scripts that hold what an outsider wrote.
    fn injections(&self, step: &Node) -> Vec<Node> {
        let tainted = tainted_names(step, self.file, self.tainted);
        let input = SCRIPT_INPUTS.iter().find(|(action, _)| script::is_action(step, &[action]));
        let input = input.and_then(|(_, input)| step.get("with")?.get(input));
        let scripts = step.get("run").into_iter().chain(input);
        let taints = move |context: &str| is_tainted(context, &tainted);
        let found = scripts.flat_map(|script| untrusted(script, self.file, &taints));
        found.take(MAX_INJECTIONS).collect()
    }
}

/// What `uses` names.
struct Used {
    /// The action without its version, `owner/name/path`.
    action: Option<String>,
    version: Node,
    kind: Option<&'static str>,
    /// The reference after `docker://`.
    image: Node,
}

impl Used {
    fn read(uses: &Node) -> Self {
        let nothing = Self { action: None, version: null(), kind: None, image: null() };
        let Some(written) = uses.as_str().map(str::trim) else { return nothing };
        if let Some(reference) = written.strip_prefix("docker://") {
            let name = reference.split('@').next().unwrap_or_default();
            let image = Node::new(uses.span(), Value::String(reference.into()));
            return Self {
                action: Some(format!("docker://{}", name.split(':').next().unwrap_or_default())),
                kind: Some("docker"),
                image,
                ..nothing
            };
        }
        if ["./", "../", "$/"].iter().any(|here| written.starts_with(here)) {
            return Self { action: Some(written.to_owned()), kind: Some("local"), ..nothing };
        }
        match written.split_once('@') {
            Some((action, version)) => Self {
                action: Some(action.to_owned()),
                version: Node::new(uses.span(), Value::String(version.into())),
                kind: Some(kind_of(version)),
                ..nothing
            },
            None => Self { action: Some(written.to_owned()), kind: Some("none"), ..nothing },
        }
    }
}

/// A full commit id, a tag that looks like a version, or any other name.
fn kind_of(version: &str) -> &'static str {
    let is_hex = version.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && matches!(version.len(), 40 | 64) {
        return "commit";
    }
    let number = version.strip_prefix(['v', 'V']).unwrap_or(version);
    if number.starts_with(|first: char| first.is_ascii_digit()) { "tag" } else { "branch" }
}

/// The variables that hold what an outsider wrote, in lower case: those of `env`, and those of `outer` that it leaves
/// as they are.
fn tainted_names(holder: &Node, file: &str, outer: &BTreeSet<String>) -> BTreeSet<String> {
    let mut tainted = outer.clone();
    for entry in holder.get("env").map_or(&[][..], Node::entries) {
        let name = entry.key.to_ascii_lowercase();
        if untrusted(&entry.value, file, |context| is_tainted(context, outer)).next().is_some() {
            tainted.insert(name);
        } else {
            tainted.remove(&name);
        }
    }
    tainted
}

fn is_tainted(context: &str, tainted: &BTreeSet<String>) -> bool {
    context.strip_prefix("env.").is_some_and(|name| tainted.contains(name))
}

/// The expressions of a text that hold what an outsider wrote, each at its place.
fn untrusted<'f>(node: &Node, file: &'f str, taints: impl Fn(&str) -> bool + 'f) -> impl Iterator<Item = Node> + 'f {
    let span = node.span();
    let raw = if matches!(node.value(), Value::String(_) | Value::Unknown(_)) { span.of(file) } else { "" };
    let found = expression::expressions(raw).into_iter();
    found.filter(move |(_, body)| expression::untrusted(body, &taints)).map(move |(place, body)| {
        let body = body.split_whitespace().collect::<Vec<_>>().join(" ");
        Node::new(place.shifted(span.start), Value::String(body.into()))
    })
}

/// Where the step is given all secrets at once: its script, a variable or an input.
fn all_secrets(step: &Node) -> Node {
    let holds = |node: &Node| {
        let text = written(node).as_str().map(str::to_ascii_lowercase).unwrap_or_default();
        text.replace(char::is_whitespace, "").contains("tojson(secrets)")
    };
    let of_map = |key: &str| step.get(key).map_or(&[][..], Node::entries).iter();
    let run = step.entry("run").into_iter();
    let found = run.chain(of_map("env")).chain(of_map("with")).filter(|entry| holds(&entry.value));
    list(found.map(|entry| {
        let place = Span::new(entry.key_span.start, entry.value.span().end);
        Node::new(place, Value::String(entry.key.as_ref().into()))
    }))
}

/// The program that sends a secret somewhere; `null` when none does.
fn sends_secret(step: &Node) -> Node {
    let run = written(&field(step, "run"));
    let Some(code) = run.as_str() else { return null() };
    let found = script::download_with(code, |word| {
        let raw = word.raw.to_ascii_lowercase();
        raw.contains("secrets.") || raw.contains("github.token")
    });
    found.map_or_else(null, |name| text(&name))
}

/// The program that executes what a download gives it; `null` when none does.
fn runs_download(step: &Node) -> Node {
    let run = written(&field(step, "run"));
    run.as_str().and_then(script::runs_download).map_or_else(null, |name| text(&name))
}

/// The first line of a script, which names a step without a name.
fn first_line(step: &Node) -> Option<String> {
    let run = written(step.get("run")?);
    run.as_str()?.lines().next().map(|line| line.trim().chars().take(80).collect())
}

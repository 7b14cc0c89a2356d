//! A workflow or an action of GitHub Actions: its jobs and steps.
//!
//! **Invariant**: the number of steps that are looked at is bounded, however often an alias repeats them.

use crate::scan::document::node::{Entry, Node, Value};
use crate::scan::document::{Document, DocumentKind, ParsedFile};

use super::super::Subject;
use super::super::facts::{field, list, map, null, path, scalar, text, truth};
use super::{condition, script};

/// Steps of one file that are looked at.
const MAX_STEPS: usize = 5_000;

const UNSECURE_COMMANDS: &str = "ACTIONS_ALLOW_UNSECURE_COMMANDS";

/// A workflow or an action.
pub(super) struct Workflow {
    pub(super) root: Node,
    pub(super) is_action: bool,
    pub(super) jobs: Vec<Job>,
}

/// A job, or the steps of a composite action.
pub(super) struct Job {
    /// The key of the job; empty for an action.
    pub(super) id: String,
    pub(super) node: Node,
    pub(super) steps: Vec<Node>,
}

impl Workflow {
    pub(super) fn read(file: &ParsedFile) -> Option<Self> {
        let root = file.documents.first().and_then(Document::tree)?.clone();
        let is_action = file.kind == DocumentKind::GithubAction;
        let mut left = MAX_STEPS;
        let mut steps = |holder: &Node| {
            let items = holder.get("steps").map_or(&[][..], Node::items);
            let steps: Vec<Node> =
                items.iter().filter(|step| step.as_mapping().is_some()).take(left).cloned().collect();
            left -= steps.len();
            steps
        };
        let jobs = if is_action {
            let runs = field(&root, "runs");
            vec![Job { id: String::new(), steps: steps(&runs), node: runs }]
        } else {
            let entries = root.get("jobs").map_or(&[][..], Node::entries).iter().take(MAX_STEPS);
            let job = |entry: &Entry| Job {
                id: String::from(entry.key.clone()),
                steps: steps(&entry.value),
                node: entry.value.clone(),
            };
            entries.map(job).collect()
        };
        Some(Self { root, is_action, jobs })
    }

    /// The events that start it, sorted as written; none for an action.
    pub(super) fn triggers(&self) -> Node {
        // A plain `on` is the truth value in YAML 1.1.
        let on = self.root.get("on").or_else(|| self.root.get("true")).cloned().unwrap_or_else(null);
        match on.value() {
            Value::String(_) => list([on]),
            Value::Unknown(_) | Value::Sequence(_) => on,
            Value::Mapping(events) => list(
                events
                    .entries()
                    .iter()
                    .map(|event| Node::new(event.key_span, Value::String(event.key.as_ref().into()))),
            ),
            _ => list([]),
        }
    }

    /// The facts of the variable `workflow` that steps and containers have too.
    pub(super) fn facts(&self) -> Vec<(&'static str, Node)> {
        vec![
            ("kind", text(if self.is_action { "action" } else { "workflow" })),
            ("name", field(&self.root, "name")),
            ("triggers", self.triggers()),
        ]
    }

    /// The whole workflow or action.
    pub(super) fn subject(&self) -> Subject {
        let on = self.root.get("on").or_else(|| self.root.get("true")).cloned().unwrap_or_else(null);
        let inputs = path(&on, &["workflow_dispatch", "inputs"]);
        let names =
            inputs.entries().iter().map(|input| Node::new(input.key_span, Value::String(input.key.as_ref().into())));
        let mut facts = self.facts();
        facts.extend([
            ("inputs", list(names)),
            ("write_all", list(self.write_all())),
            ("unsecure_commands", list(self.unsecure_commands())),
            ("always_true", list(condition::always_true(self))),
            ("trusts_actor", list(condition::trusts_actor(self))),
            ("pushes_image", truth(self.steps().any(script::pushes_image))),
            ("signs", truth(self.steps().any(script::signs))),
            ("spec", self.root.clone()),
        ]);
        Subject {
            facts: map(vec![("workflow", map(facts))]),
            node: Some(self.root.clone()),
            places: Vec::new(),
            span: self.root.span(),
            resource: None,
            identity: vec!["workflow".to_owned()],
        }
    }

    fn steps(&self) -> impl Iterator<Item = &Node> {
        self.jobs.iter().flat_map(|job| &job.steps)
    }

    /// Where the token is given every right.
    fn write_all(&self) -> Vec<Node> {
        let holders = std::iter::once(&self.root).chain(self.jobs.iter().map(|job| &job.node));
        holders.map(|holder| field(holder, "permissions")).filter(|node| node.as_str() == Some("write-all")).collect()
    }

    /// Where commands that a printed line can give are switched on.
    fn unsecure_commands(&self) -> Vec<Node> {
        let jobs = self.jobs.iter().flat_map(|job| std::iter::once(&job.node).chain(&job.steps));
        let holders = std::iter::once(&self.root).chain(jobs);
        let entries = holders.filter_map(|holder| {
            let entry = holder.get("env")?.entry(UNSECURE_COMMANDS)?;
            let is_on = entry.value.as_bool() == Some(true) || entry.value.as_str() == Some("true");
            is_on.then(|| Node::new(entry.key_span, Value::String(entry.key.as_ref().into())))
        });
        entries.collect()
    }
}

impl Job {
    /// The facts of the variable `job`.
    pub(super) fn facts(&self) -> Node {
        map(vec![
            ("id", text(&self.id)),
            ("condition", written(&field(&self.node, "if"))),
            ("self_hosted", self.is_self_hosted()),
            ("permissions", field(&self.node, "permissions")),
            ("environment", field(&self.node, "environment")),
        ])
    }

    pub(super) fn title(&self) -> String {
        if self.id.is_empty() { "action".to_owned() } else { format!("job {}", self.id) }
    }

    /// Whether the job runs on a machine of one's own, which outlives it: by a label that GitHub's machines lack.
    fn is_self_hosted(&self) -> Node {
        let runner = field(&self.node, "runs-on");
        let labels = match runner.value() {
            Value::Mapping(_) => field(&runner, "labels"),
            _ => runner.clone(),
        };
        let labels: Vec<Node> = match labels.value() {
            Value::Sequence(items) => items.clone(),
            Value::Null => Vec::new(),
            _ => vec![labels],
        };
        if let Some(unknown) = labels.iter().find(|label| label.is_unknown()) {
            return unknown.clone();
        }
        let is_hosted = |label: &Node| {
            let label = label.as_str().unwrap_or_default().to_ascii_lowercase();
            ["ubuntu", "windows", "macos"].iter().any(|system| label.starts_with(system))
        };
        truth(!labels.is_empty() && !labels.iter().any(is_hosted))
    }
}

/// A value as its text, expressions as written; `null` when it is absent or no scalar.
pub(super) fn written(node: &Node) -> Node {
    match node.value() {
        Value::Sequence(_) | Value::Mapping(_) => null(),
        Value::Unknown(text) => Node::new(node.span(), Value::String(text.clone())),
        _ => scalar(node),
    }
}

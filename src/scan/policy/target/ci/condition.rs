//! What `if` of jobs and steps really decides.
//!
//! **Invariant**: a condition is judged by its text alone; what an expression gives at run time is not assumed.
//!
//! # Source
//! The syntax of workflows, `jobs.<job_id>.if`: text around `${{ }}` makes a text of the whole, and each text is true.

use crate::scan::document::node::Node;

use super::super::facts::field;
use super::expression;
use super::workflow::{Workflow, written};

/// The conditions of jobs and steps that hold whatever their expression says.
pub(super) fn always_true(workflow: &Workflow) -> Vec<Node> {
    let holds = |condition: &Node| {
        let text = condition.as_str().unwrap_or_default();
        let expressions = expression::expressions(text);
        let first = expressions.first();
        first.is_some_and(|(span, _)| expressions.len() > 1 || span.start > 0 || span.end < text.len())
    };
    conditions(workflow).filter(holds).collect()
}

/// The conditions that trust the name of who acted last to be a bot's.
pub(super) fn trusts_actor(workflow: &Workflow) -> Vec<Node> {
    let trusts = |condition: &Node| {
        let text: String = condition.as_str().unwrap_or_default().split_whitespace().collect();
        let text = text.to_ascii_lowercase();
        let compared = text.match_indices("[bot]'").any(|(at, bot)| {
            let name = text.get(..at).and_then(|before| before.rfind('\''));
            let (before, after) = (name.and_then(|start| text.get(..start)), text.get(at + bot.len()..));
            let is_actor = |side: &str| side.ends_with("github.actor") || side.ends_with("github.triggering_actor");
            let is_left = before.and_then(|before| before.strip_suffix("==")).is_some_and(is_actor);
            let is_right = after
                .and_then(|after| after.strip_prefix("=="))
                .is_some_and(|after| after.starts_with("github.actor") || after.starts_with("github.triggering_actor"));
            is_left || is_right
        });
        // Who opened the pull request can't be changed by another one.
        compared && !text.contains("pull_request.user.login")
    };
    conditions(workflow).filter(trusts).collect()
}

fn conditions(workflow: &Workflow) -> impl Iterator<Item = Node> {
    let holders = workflow.jobs.iter().flat_map(|job| std::iter::once(&job.node).chain(&job.steps));
    holders.map(|holder| written(&field(holder, "if"))).filter(|condition| condition.as_str().is_some())
}

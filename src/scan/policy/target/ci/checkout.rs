//! Steps that fetch the code of a pull request, and what runs after them.
//!
//! **Invariant**: only what names the head of a pull request counts; the base branch is the repository's own.

use crate::scan::document::node::{Node, Value};
use crate::scan::document::shell::Program;

use super::script::{find, is_action, literals};
use super::workflow::written;

/// What names the head of a pull request, in lower case.
const HEADS: [&str; 7] = [
    "github.event.pull_request.head.",
    "github.head_ref",
    "github.event.pull_request.merge_commit_sha",
    "github.event.workflow_run.head_",
    "github.event.workflow_run.pull_requests",
    "refs/pull/",
    "github.event.number",
];

/// Programs that execute what stands in the working directory, or what its files tell them to.
const EXECUTORS: [&str; 28] = [
    "bash", "bazel", "bundle", "cargo", "composer", "dotnet", "go", "gradle", "gradlew", "just", "make", "mvn", "mvnw",
    "node", "npm", "npx", "php", "pip", "pip3", "pnpm", "pytest", "python", "python3", "rake", "ruby", "sh", "tox",
    "yarn",
];

/// What a step names to fetch the code of a pull request, at its place.
pub(super) fn head(step: &Node) -> Option<Node> {
    if is_action(step, &["actions/checkout"]) {
        let with = step.get("with")?;
        return ["ref", "repository"].iter().find_map(|key| {
            let value = written(with.get(key)?);
            value.as_str().is_some_and(names_head).then_some(value)
        });
    }
    let run = written(step.get("run")?);
    let script = run.as_str()?;
    let found = find(script, fetched);
    found.map(|head| Node::new(run.span(), Value::String(head.into())))
}

/// What a program names to fetch the code of a pull request.
fn fetched(program: &Program<'_>) -> Option<String> {
    let words: Vec<&str> = literals(program).collect();
    match program.name {
        "gh" => words.starts_with(&["pr", "checkout"]).then(|| "gh pr checkout".to_owned()),
        "git" if matches!(words.first(), Some(&("checkout" | "switch" | "fetch" | "pull" | "reset" | "merge"))) => {
            let head = program.arguments.iter().find(|word| names_head(&word.raw) || is_pull_ref(&word.raw))?;
            Some(String::from(head.raw.clone()))
        }
        _ => None,
    }
}

/// Whether the script of a step goes on to execute the code of a pull request that it has fetched.
pub(super) fn executes_what_it_fetches(step: &Node) -> bool {
    let Some(run) = step.get("run").map(written) else { return false };
    let mut is_there = false;
    let read = |program: &Program<'_>| {
        let executes = is_there && EXECUTORS.contains(&program.name);
        is_there |= fetched(program).is_some();
        executes.then_some(())
    };
    run.as_str().is_some_and(|script| find(script, read).is_some())
}

/// Whether a step executes what stands in the working directory: a script, or an action of it.
pub(super) fn executes(step: &Node) -> bool {
    step.get("run").is_some() || step.get("uses").and_then(Node::as_str).is_some_and(|uses| uses.starts_with("./"))
}

fn names_head(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    HEADS.iter().any(|head| text.contains(head))
}

/// `pull/12/head`, as `git fetch` takes it.
fn is_pull_ref(word: &str) -> bool {
    let word = word.trim_matches(['"', '\'']);
    word.starts_with("pull/") && (word.contains("/head") || word.contains("/merge"))
}

//! Pull requests, their files, and comparisons.
//!
//! Invariant: files are those between the merge base and the head, three dots, as on the page.

use serde_json::{Value, json};

use super::answer::{Answer, Call};
use super::diff::{changes, merge_base};
use super::json;
use super::state::{Pull, Repository, State};

/// Files that a pull request's list ends at.
pub const MAX_FILES: usize = 3000;
/// Files that a comparison ends at.
const MAX_COMPARE_FILES: usize = 300;

/// `GET /repos/{o}/{r}/pulls/{n}`.
pub fn get(state: &State, repository: &Repository, pull: &Pull) -> Answer {
    Answer::ok(full(state, repository, pull))
}

/// A pull request with its counts.
pub fn full(state: &State, repository: &Repository, pull: &Pull) -> Value {
    let count = count_files(repository, pull);
    json::pull(repository, head_repository(state, repository, pull), pull, Some(count))
}

/// `GET /repos/{o}/{r}/pulls`.
pub fn list(state: &State, repository: &Repository, call: &Call) -> Answer {
    let wanted = call.parameter("state").unwrap_or("open");
    let head = call.parameter("head");
    let base = call.parameter("base");
    let shown = repository.pulls.values().filter(|pull| {
        let label = format!("{}:{}", pull.head_repository.split('/').next().unwrap(), pull.head_ref);
        (wanted == "all" || (wanted == "open") == pull.open)
            && head.is_none_or(|head| head == label)
            && base.is_none_or(|base| base == pull.base_ref)
    });
    let mut shown: Vec<&Pull> = shown.collect();
    if call.parameter("sort") == Some("updated") {
        shown.sort_by_key(|pull| pull.updated);
    }
    if call.parameter("direction") == Some("desc") {
        shown.reverse();
    }
    let items =
        shown.into_iter().map(|pull| json::pull(repository, head_repository(state, repository, pull), pull, None));
    call.page(items.collect(), None)
}

/// `GET /repos/{o}/{r}/pulls/{n}/files`.
pub fn files(repository: &Repository, pull: &Pull, most_files: usize, call: &Call) -> Answer {
    let base = pull_merge_base(repository, pull);
    let mut items: Vec<Value> = changes(&repository.git, &base, &pull.head_sha).iter().map(json::file).collect();
    items.truncate(most_files);
    call.page(items, None)
}

/// `GET /repos/{o}/{r}/compare/{base}...{head}`.
pub fn compare(repository: &Repository, basehead: &str, call: &Call) -> Answer {
    let Some((base, head)) = basehead.split_once("...") else { return Answer::not_found() };
    let git = &repository.git;
    let commit = |name: &str| git.commit_of(name.rsplit(':').next().unwrap());
    let (Some(base), Some(head)) = (commit(base), commit(head)) else { return Answer::not_found() };
    let Some(fork) = merge_base(git, &base, &head) else { return Answer::not_found() };
    let count =
        |from: &str, to: &str| -> u64 { git.text(&["rev-list", "--count", &format!("{from}..{to}")]).parse().unwrap() };
    let (ahead, behind) = (count(&base, &head), count(&head, &base));
    let status = match (ahead, behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let number =
        |name: &str, default: usize| call.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (page, per_page) = (number("page", 1).max(1), number("per_page", 250));
    let commits = git.text(&["rev-list", "--reverse", &format!("{base}..{head}")]);
    let commits = commits.lines().skip((page - 1) * per_page).take(per_page);
    let commits: Vec<Value> = commits.map(|sha| json::commit(repository, sha)).collect();
    // Files come on the first page only.
    let files = if page == 1 { changes(git, &fork, &head) } else { Vec::new() };
    let files: Vec<Value> = files.iter().map(json::file).take(MAX_COMPARE_FILES).collect();
    Answer::ok(json!({"base_commit": json::commit(repository, &base),
        "merge_base_commit": json::commit(repository, &fork), "status": status, "ahead_by": ahead,
        "behind_by": behind, "total_commits": ahead, "commits": commits, "files": files}))
}

/// `GET /repos/{o}/{r}/commits/{sha}/pulls`: those of the same repository, forks are not found.
pub fn of_commit(state: &State, repository: &Repository, sha: &str, call: &Call) -> Answer {
    let ours = repository
        .pulls
        .values()
        .filter(|pull| pull.open && pull.head_sha == sha && pull.head_repository == repository.full_name);
    let items = ours.map(|pull| json::pull(repository, head_repository(state, repository, pull), pull, None));
    call.page(items.collect(), None)
}

/// Where a pull request's history parts from its base branch.
pub fn pull_merge_base(repository: &Repository, pull: &Pull) -> String {
    let tip = format!("refs/heads/{}", pull.base_ref);
    merge_base(&repository.git, &tip, &pull.head_sha).unwrap_or_else(|| pull.base_sha.clone())
}

fn count_files(repository: &Repository, pull: &Pull) -> usize {
    let base = pull_merge_base(repository, pull);
    repository.git.text(&["diff", "--name-only", "-M", &base, &pull.head_sha]).lines().count()
}

fn head_repository<'a>(state: &'a State, base: &'a Repository, pull: &Pull) -> &'a Repository {
    state.repositories.get(&pull.head_repository).unwrap_or(base)
}

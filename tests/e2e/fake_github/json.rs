//! The fake's things as GitHub shows them; what every answer has beside is filled in from the description.
//!
//! Invariant: only fields of GitHub's own description appear.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::access::APP_ID;
use super::diff::{FileChange, follow_line};
use super::state::{Author, CheckRun, IssueComment, Pull, Repository, Review, ReviewComment};

/// `2026-01-31T12:00:00Z`.
pub fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's civil-from-days, for days since 1970.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

pub fn user(author: Author) -> Value {
    match author {
        Author::App => json!({"login": "dockgate[bot]", "id": 99, "type": "Bot"}),
        Author::Person => json!({"login": "ada", "id": 7, "type": "User"}),
        Author::Other(login) => json!({"login": login, "id": 8, "type": "User"}),
    }
}

pub fn app() -> Value {
    json!({"id": APP_ID, "slug": "dockgate", "name": "dockgate", "node_id": "A_1",
        "owner": {"login": "acme", "id": 1},
        "events": ["pull_request", "check_run", "check_suite", "merge_group", "issue_comment",
            "pull_request_review_comment"],
        "permissions": {"checks": "write", "contents": "read", "issues": "read", "metadata": "read",
            "pull_requests": "write"}})
}

pub fn repository(repository: &Repository) -> Value {
    json!({"id": repository.id, "node_id": format!("R_{}", repository.id), "name": repository.name(),
        "full_name": repository.full_name, "private": true, "default_branch": "main",
        "owner": {"login": repository.owner(), "id": 1, "type": "Organization"}})
}

/// A pull request; `changed_files` only where GitHub tells it.
pub fn pull(base: &Repository, head: &Repository, pull: &Pull, changed_files: Option<usize>) -> Value {
    let side = |repository_of: &Repository, reference: &str, sha: &str| {
        json!({"label": format!("{}:{reference}", repository_of.owner()), "ref": reference, "sha": sha,
            "repo": repository(repository_of), "user": {"login": repository_of.owner(), "id": 1}})
    };
    let mut value = json!({"id": pull.id, "node_id": format!("PR_{}", pull.id), "number": pull.number,
        "state": if pull.open { "open" } else { "closed" }, "title": pull.title, "draft": pull.draft,
        "updated_at": timestamp(pull.updated),
        "user": user(Author::Person),
        "base": side(base, &pull.base_ref, &pull.base_sha), "head": side(head, &pull.head_ref, &pull.head_sha)});
    if let Some(count) = changed_files {
        value["changed_files"] = json!(count);
        value["commits"] = json!(1);
    }
    value
}

pub fn file(change: &FileChange) -> Value {
    let mut value = json!({"sha": change.blob, "filename": change.path, "status": change.status,
        "additions": change.additions, "deletions": change.deletions,
        "changes": change.additions + change.deletions});
    if let Some(previous) = &change.previous {
        value["previous_filename"] = json!(previous);
    }
    if let Some(patch) = &change.patch {
        value["patch"] = json!(patch);
    }
    value
}

pub fn review(review: &Review) -> Value {
    json!({"id": review.id, "node_id": format!("PRR_{}", review.id), "user": user(review.author), "body": review.body,
        "state": review.state, "commit_id": review.commit})
}

pub fn review_comment(repository: &Repository, pull: &Pull, comment: &ReviewComment) -> Value {
    let follow = |line: Option<u64>| {
        line.and_then(|line| follow_line(&repository.git, &comment.commit, &pull.head_sha, &comment.path, line))
    };
    let line = follow(comment.line);
    let mut value = json!({"id": comment.id, "node_id": format!("PRRC_{}", comment.id), "body": comment.body,
        "pull_request_review_id": comment.review, "path": comment.path, "commit_id": pull.head_sha,
        "original_commit_id": comment.commit, "side": comment.side,
        "user": user(comment.author), "diff_hunk": "@@"});
    if let Some(line) = comment.line {
        value["original_line"] = json!(line);
    }
    if let Some(line) = line {
        value["line"] = json!(line);
        value["position"] = json!(line);
    }
    if comment.start_line.is_some() {
        value["start_line"] = json!(follow(comment.start_line));
        value["original_start_line"] = json!(comment.start_line);
    }
    if let Some(parent) = comment.reply_to {
        value["in_reply_to_id"] = json!(parent);
    }
    value
}

pub fn issue_comment(comment: &IssueComment) -> Value {
    json!({"id": comment.id, "node_id": format!("IC_{}", comment.id), "body": comment.body,
        "user": user(comment.author), "created_at": timestamp(comment.created),
        "updated_at": timestamp(comment.created)})
}

/// A commit as the git database has it.
pub fn git_commit(repository: &Repository, sha: &str) -> Value {
    let git = &repository.git;
    let parents = git.text(&["rev-list", "--parents", "-n", "1", sha]);
    let parents: Vec<Value> = parents
        .split(' ')
        .skip(1)
        .map(|parent| json!({"sha": parent, "url": "https://github.example/", "html_url": "https://github.example/"}))
        .collect();
    let tree = git.text(&["rev-parse", &format!("{sha}^{{tree}}")]);
    json!({"sha": sha, "node_id": format!("C_{sha}"), "message": git.text(&["log", "-1", "--format=%B", sha]),
        "tree": {"sha": tree, "url": "https://github.example/"}, "parents": parents})
}

pub fn check_run(repository: &Repository, run: &CheckRun) -> Value {
    let time = timestamp(run.created);
    json!({"id": run.id, "node_id": format!("CR_{}", run.id), "name": run.name, "head_sha": run.head_sha,
        "external_id": run.external_id, "details_url": run.details_url, "status": run.status,
        "conclusion": run.conclusion, "started_at": time,
        "completed_at": run.conclusion.as_ref().map(|_| timestamp(run.created + Duration::from_secs(1))),
        "output": {"title": run.title, "summary": run.summary, "text": run.text,
            "annotations_count": run.annotations.len(), "annotations_url": "https://github.example/annotations"},
        "check_suite": {"id": run.suite}, "app": app(), "pull_requests": pulls_at(repository, &run.head_sha)})
}

/// The pull requests that GitHub connects with a commit: those of the same repository, never of a fork.
pub fn pulls_at(repository: &Repository, head_sha: &str) -> Value {
    let reference = |name: &str, sha: &str| {
        json!({"ref": name, "sha": sha,
            "repo": {"id": repository.id, "name": repository.name(), "url": "https://github.example/"}})
    };
    let ours = repository
        .pulls
        .values()
        .filter(|pull| pull.open && pull.head_sha == head_sha && pull.head_repository == repository.full_name);
    let minimal = ours.map(|pull| {
        json!({"id": pull.id, "number": pull.number, "url": "https://github.example/",
            "head": reference(&pull.head_ref, &pull.head_sha), "base": reference(&pull.base_ref, &pull.base_sha)})
    });
    Value::Array(minimal.collect())
}

pub fn commit(repository: &Repository, sha: &str) -> Value {
    let git = &repository.git;
    let tree = git.text(&["rev-parse", &format!("{sha}^{{tree}}")]);
    let parents = git.text(&["rev-list", "--parents", "-n", "1", sha]);
    let parents: Vec<Value> = parents.split(' ').skip(1).map(|parent| json!({"sha": parent})).collect();
    json!({"sha": sha, "node_id": format!("C_{sha}"), "commit": {"message": "change", "tree": {"sha": tree}},
        "parents": parents})
}

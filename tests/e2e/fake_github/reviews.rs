//! Reviews and comments.
//!
//! Invariant: a review is stored whole or not at all: one comment off the diff refuses all of it.

use serde_json::Value;

use super::answer::{Answer, Call};
use super::diff::{changes, hunk_of};
use super::json;
use super::pulls::pull_merge_base;
use super::state::{Author, Pull, Repository, Review, ReviewComment};

/// Longest body of a review or comment, in characters.
pub const MAX_BODY: usize = 65_536;

/// `POST /repos/{o}/{r}/pulls/{n}/reviews`.
pub fn create(repository: &mut Repository, number: u64, call: &Call, mut new_id: impl FnMut() -> u64) -> Answer {
    let comments: Vec<Value> = call.body["comments"].as_array().cloned().unwrap_or_default();
    let body = call.body["body"].as_str().unwrap_or_default().to_owned();
    let pull = &repository.pulls[&number];
    let commit = call.body["commit_id"].as_str().unwrap_or(&pull.head_sha).to_owned();
    let wrong = check(repository, pull, &commit, &body, &comments);
    if !wrong.is_empty() {
        return Answer::unprocessable(&wrong);
    }
    let state = match call.body["event"].as_str() {
        Some("APPROVE") => "APPROVED",
        Some("REQUEST_CHANGES") => "CHANGES_REQUESTED",
        Some("COMMENT") => "COMMENTED",
        _ => "PENDING",
    };
    if state != "APPROVED" && body.is_empty() && comments.is_empty() {
        return Answer::unprocessable(&["Body can't be blank".to_owned()]);
    }
    let review = Review { id: new_id(), body, state: state.to_owned(), commit: commit.clone(), author: Author::App };
    let answer = Answer::ok(json::review(&review));
    let pull = repository.pulls.get_mut(&number).unwrap();
    pull.comments.extend(comments.iter().map(|comment| ReviewComment {
        id: new_id(),
        review: review.id,
        body: comment["body"].as_str().unwrap_or_default().to_owned(),
        path: comment["path"].as_str().unwrap_or_default().to_owned(),
        commit: commit.clone(),
        line: comment["line"].as_u64(),
        start_line: comment["start_line"].as_u64(),
        side: comment["side"].as_str().unwrap_or("RIGHT").to_owned(),
        reply_to: None,
        author: Author::App,
        resolved: false,
        resolved_by: None,
        minimized: false,
        reactions: Vec::new(),
    }));
    pull.reviews.push(review);
    answer
}

/// `POST /repos/{o}/{r}/pulls/{n}/comments`: one comment, in a review of its own.
pub fn create_comment(
    repository: &mut Repository,
    number: u64,
    call: &Call,
    mut new_id: impl FnMut() -> u64,
) -> Answer {
    let pull = &repository.pulls[&number];
    let comment = call.body.clone();
    let commit = comment["commit_id"].as_str().unwrap_or_default().to_owned();
    let wrong = check(repository, pull, &commit, "", std::slice::from_ref(&comment));
    if !wrong.is_empty() {
        return Answer::unprocessable(&wrong);
    }
    let text = |key: &str| comment[key].as_str().unwrap_or_default().to_owned();
    let review =
        Review { id: new_id(), body: String::new(), state: "COMMENTED".to_owned(), commit, author: Author::App };
    let stored = ReviewComment {
        id: new_id(),
        review: review.id,
        body: text("body"),
        path: text("path"),
        commit: review.commit.clone(),
        line: comment["line"].as_u64(),
        start_line: comment["start_line"].as_u64(),
        side: comment["side"].as_str().unwrap_or("RIGHT").to_owned(),
        reply_to: None,
        author: Author::App,
        resolved: false,
        resolved_by: None,
        minimized: false,
        reactions: Vec::new(),
    };
    let pull = repository.pulls.get_mut(&number).unwrap();
    pull.reviews.push(review);
    pull.comments.push(stored.clone());
    let pull = pull.clone();
    Answer::json(201, json::review_comment(repository, &pull, &stored))
}

/// What GitHub would refuse in a review.
fn check(repository: &Repository, pull: &Pull, commit: &str, body: &str, comments: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    if !pull.open {
        wrong.push("Could not resolve to a node with the global id".to_owned());
    }
    let known = repository.git.bytes(&["merge-base", "--is-ancestor", commit, &pull.head_sha]).is_ok();
    if !known {
        wrong.push("commit_id is not part of the pull request".to_owned());
        return wrong;
    }
    let bodies = comments.iter().filter_map(|comment| comment["body"].as_str()).chain([body]);
    wrong.extend(bodies.filter(|body| body.chars().count() > MAX_BODY).map(|_| "Body is too long".to_owned()));
    if comments.is_empty() {
        return wrong;
    }
    let files = changes(&repository.git, &pull_merge_base(repository, pull), commit);
    for comment in comments {
        let path = comment["path"].as_str().unwrap_or_default();
        let Some(file) = files.iter().find(|file| file.path == path) else {
            wrong.push("Path could not be resolved".to_owned());
            continue;
        };
        if let Err(error) = check_anchor(file.patch.as_deref(), comment) {
            wrong.push(error);
        }
    }
    wrong
}

fn check_anchor(patch: Option<&str>, comment: &Value) -> Result<(), String> {
    if comment["body"].as_str().unwrap_or_default().trim().is_empty() {
        return Err("Body can't be blank".to_owned());
    }
    if comment["subject_type"] == "file" {
        return Ok(());
    }
    let unresolved = || "Line could not be resolved".to_owned();
    let patch = patch.ok_or_else(unresolved)?;
    let line = comment["line"].as_u64().ok_or_else(unresolved)?;
    let right = comment["side"].as_str().unwrap_or("RIGHT") == "RIGHT";
    let hunk = hunk_of(patch, line, right).ok_or_else(unresolved)?;
    let Some(start) = comment["start_line"].as_u64() else { return Ok(()) };
    if start >= line {
        return Err("start_line must precede the end line.".to_owned());
    }
    let start_right = comment["start_side"].as_str().unwrap_or("RIGHT") == "RIGHT";
    if hunk_of(patch, start, start_right) != Some(hunk) {
        return Err("start_line must be part of the same hunk as the line.".to_owned());
    }
    Ok(())
}

/// `GET /repos/{o}/{r}/pulls/{n}/reviews`.
pub fn list(pull: &Pull, call: &Call) -> Answer {
    call.page(pull.reviews.iter().map(json::review).collect(), None)
}

/// `GET /repos/{o}/{r}/pulls/{n}/comments`.
pub fn list_comments(repository: &Repository, pull: &Pull, call: &Call) -> Answer {
    let mut comments: Vec<&ReviewComment> = pull.comments.iter().collect();
    if call.parameter("direction") == Some("desc") {
        comments.reverse();
    }
    call.page(comments.into_iter().map(|comment| json::review_comment(repository, pull, comment)).collect(), None)
}

/// `PATCH /repos/{o}/{r}/pulls/comments/{id}`.
pub fn edit_comment(repository: &mut Repository, id: &str, call: &Call) -> Answer {
    let id = id.parse::<u64>().unwrap_or_default();
    let found = repository.pulls.values().find_map(|pull| {
        pull.comments.iter().any(|comment| comment.id == id && comment.author == Author::App).then_some(pull.number)
    });
    let Some(number) = found else { return Answer::not_found() };
    let pull = repository.pulls.get_mut(&number).unwrap();
    let comment = pull.comments.iter_mut().find(|comment| comment.id == id).unwrap();
    call.body["body"].as_str().unwrap_or_default().clone_into(&mut comment.body);
    let comment = comment.clone();
    let pull = pull.clone();
    Answer::ok(json::review_comment(repository, &pull, &comment))
}

/// `PUT /repos/{o}/{r}/pulls/{n}/reviews/{id}`.
pub fn edit(pull: &mut Pull, id: &str, call: &Call) -> Answer {
    let Some(review) = pull.reviews.iter_mut().find(|review| review.id.to_string() == id) else {
        return Answer::not_found();
    };
    call.body["body"].as_str().unwrap_or_default().clone_into(&mut review.body);
    Answer::ok(json::review(review))
}

/// `POST /repos/{o}/{r}/pulls/{n}/comments/{id}/replies`.
pub fn reply(repository: &mut Repository, number: u64, parent: &str, call: &Call, new_id: u64) -> Answer {
    let parent = parent.parse::<u64>().unwrap_or_default();
    let Some(pull) = repository.pulls.get_mut(&number) else { return Answer::not_found() };
    let Some(original) = pull.comments.iter().find(|comment| comment.id == parent).cloned() else {
        return Answer::not_found();
    };
    let body = call.body["body"].as_str().unwrap_or_default().to_owned();
    let comment = ReviewComment { id: new_id, body, reply_to: Some(parent), author: Author::App, ..original };
    pull.comments.push(comment.clone());
    let pull = pull.clone();
    Answer::json(201, json::review_comment(repository, &pull, &comment))
}

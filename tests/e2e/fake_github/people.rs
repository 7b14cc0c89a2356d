//! What people do: write comments, press buttons, close; and what they may.
//!
//! Invariant: only our own comments are ours to edit or delete.

use std::time::SystemTime;

use serde_json::json;

use super::answer::{Answer, Call, Content};
use super::state::{Author, IssueComment, Pull, Repository, ReviewComment, State};
use super::webhook::{Delivery, finished, suite};
use super::{FakeGitHub, json};

/// `GET /repos/{o}/{r}/collaborators/{login}/permission`.
pub fn permission(state: &State, login: &str) -> Answer {
    let role = state.roles.get(login).map_or("read", String::as_str);
    // The older field knows no roles between.
    let permission = match role {
        "maintain" | "deployer" => "write",
        "triage" => "read",
        // One that the organisation made itself, on top of write.
        other => other,
    };
    Answer::ok(json!({"permission": permission, "role_name": role, "user": {"login": login, "id": 8, "type": "User"}}))
}

/// `POST /repos/{o}/{r}/issues/comments/{id}/reactions` and the same of `pulls`.
pub fn react(state: &mut State, id: &str, call: &Call) -> Answer {
    let id = id.parse::<u64>().unwrap_or_default();
    let content = call.body["content"].as_str().unwrap_or_default().to_owned();
    let reactions = if call.path.contains("/issues/") {
        state.issue_comment_mut(id).map(|comment| &mut comment.reactions)
    } else {
        state.comment_mut(id).map(|comment| &mut comment.reactions)
    };
    let Some(reactions) = reactions else { return Answer::not_found() };
    let status = if reactions.contains(&content) { 200 } else { 201 };
    if status == 201 {
        reactions.push(content.clone());
    }
    let user = json::user(Author::App);
    Answer::json(status, json!({"id": 1, "node_id": "REA_1", "user": user, "content": content}))
}

/// `DELETE /repos/{o}/{r}/pulls/comments/{id}`.
pub fn delete_comment(repository: &mut Repository, id: &str) -> Answer {
    let id = id.parse::<u64>().unwrap_or_default();
    for pull in repository.pulls.values_mut() {
        let before = pull.comments.len();
        pull.comments.retain(|comment| comment.id != id || comment.author != Author::App);
        if pull.comments.len() < before {
            return Answer { status: 204, content: Content::Raw(Vec::new()), headers: Vec::new() };
        }
    }
    Answer::not_found()
}

/// `PATCH /repos/{o}/{r}/issues/comments/{id}`.
pub fn edit_comment(repository: &mut Repository, id: &str, call: &Call) -> Answer {
    let comments = repository.pulls.values_mut().flat_map(|pull| pull.issue_comments.iter_mut());
    let mut ours = comments.filter(|comment| comment.author == Author::App);
    let Some(comment) = ours.find(|comment| comment.id.to_string() == id) else { return Answer::not_found() };
    call.body["body"].as_str().unwrap_or_default().clone_into(&mut comment.body);
    Answer::ok(json::issue_comment(comment))
}

fn no_reactions() -> serde_json::Value {
    let mut counts = json!({"url": "https://github.example/", "total_count": 0});
    for content in ["+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket"] {
        counts[content] = json!(0);
    }
    counts
}

impl FakeGitHub {
    /// Gives somebody a role in every repository.
    pub fn role(&self, login: &str, role: &str) {
        self.state().roles.insert(login.to_owned(), role.to_owned());
    }

    /// Somebody comments on a pull request: the comment's id, and the event.
    pub fn say(&self, repository: &str, number: u64, author: Author, body: &str) -> (u64, Delivery) {
        let mut state = self.state();
        let id = state.new_id();
        let base = state.repositories.get_mut(repository).unwrap();
        let pull = base.pulls.get_mut(&number).unwrap();
        let comment = IssueComment {
            id,
            body: body.to_owned(),
            author,
            minimized: false,
            created: SystemTime::now(),
            reactions: Vec::new(),
        };
        let issue = json!({"number": number, "id": pull.id, "title": pull.title, "user": json::user(Author::Person),
            "author_association": "CONTRIBUTOR", "reactions": no_reactions(), "pull_request": {"url": "https://github.example/"}});
        let mut value = json::issue_comment(&comment);
        value["author_association"] = json!("CONTRIBUTOR");
        value["reactions"] = no_reactions();
        let payload = json!({"action": "created", "issue": issue, "comment": value, "sender": json::user(author)});
        pull.issue_comments.push(comment);
        (id, finished("issue_comment", payload, json::repository(base)))
    }

    /// Somebody replies in a thread on lines: the reply's id, and the event.
    pub fn reply(&self, repository: &str, number: u64, to: u64, author: Author, body: &str) -> (u64, Delivery) {
        let mut state = self.state();
        let id = state.new_id();
        let base = state.repositories.get_mut(repository).unwrap();
        let pull = base.pulls.get_mut(&number).unwrap();
        let first = pull.comments.iter().find(|comment| comment.id == to).unwrap().clone();
        let body = body.to_owned();
        let reply = ReviewComment { id, body, author, reply_to: Some(to), reactions: Vec::new(), ..first };
        pull.comments.push(reply.clone());
        let pull = pull.clone();
        let base = &state.repositories[repository];
        let mut comment = json::review_comment(base, &pull, &reply);
        comment["author_association"] = json!("CONTRIBUTOR");
        comment["reactions"] = no_reactions();
        let value = json::pull(base, base, &pull, None);
        let payload = json!({"action": "created", "comment": comment, "pull_request": value,
            "sender": json::user(author)});
        (id, finished("pull_request_review_comment", payload, json::repository(base)))
    }

    /// Somebody presses a button of the newest check run of a commit.
    pub fn press(&self, repository: &str, head_sha: &str, identifier: &str, author: Author) -> Delivery {
        let state = self.state();
        let base = &state.repositories[repository];
        let run = base.runs.iter().rev().find(|run| run.head_sha == head_sha).unwrap();
        let mut value = json::check_run(base, run);
        value["check_suite"] = suite(run.suite, head_sha, &json::pulls_at(base, head_sha));
        let payload = json!({"action": "requested_action", "check_run": value,
            "requested_action": {"identifier": identifier}, "sender": json::user(author)});
        finished("check_run", payload, json::repository(base))
    }

    /// Closes a pull request.
    pub fn close(&self, repository: &str, number: u64) -> Delivery {
        self.change_pull(repository, number, |pull| pull.open = false);
        self.pull_request_event(repository, number, "closed")
    }

    /// Changes a pull request.
    pub fn change_pull(&self, repository: &str, number: u64, change: impl FnOnce(&mut Pull)) {
        let mut state = self.state();
        let pull = state.repositories.get_mut(repository).unwrap().pulls.get_mut(&number).unwrap();
        change(pull);
        pull.updated = SystemTime::now();
    }

    /// The reactions of our app to a comment of the conversation, and what it replied there since.
    pub fn answers(&self, repository: &str, number: u64, comment: u64) -> (Vec<String>, Vec<String>) {
        let pull = self.pull(repository, number);
        let asked = pull.issue_comments.iter().find(|other| other.id == comment).unwrap();
        let marker = format!("<!-- dockgate:reply:{comment} -->");
        let replies = pull.issue_comments.iter().filter(|other| other.author == Author::App);
        let replies = replies.filter(|reply| reply.body.ends_with(&marker)).map(|reply| reply.body.clone());
        (asked.reactions.clone(), replies.collect())
    }
}

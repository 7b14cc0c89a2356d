//! Issues: those of the app, and what people do with them.

use serde_json::{Value, json};

use super::FakeGitHub;
use super::answer::{Answer, Call};
use super::json::{self, user};
use super::reviews::MAX_BODY;
use super::state::{Author, Issue, IssueComment, Repository};

/// Numbers of issues begin here, so that they are none of pull requests.
pub const FIRST: u64 = 501;

/// `GET /repos/{o}/{r}/issues`.
pub fn list(repository: &Repository, call: &Call) -> Answer {
    let creator = call.parameter("creator");
    let state = call.parameter("state").unwrap_or("open");
    let mut found: Vec<&Issue> = repository.issues.iter().collect();
    found.retain(|issue| creator.is_none_or(|login| user(issue.author)["login"] == login));
    found.retain(|issue| state == "all" || issue.state == state);
    if call.parameter("direction") != Some("asc") {
        found.reverse();
    }
    call.page(found.into_iter().map(issue).collect(), None)
}

/// `GET /repos/{o}/{r}/issues/{n}`.
pub fn get(repository: &Repository, number: &str) -> Answer {
    let found = repository.issues.iter().find(|issue| issue.number.to_string() == number);
    found.map_or_else(Answer::not_found, |found| Answer::ok(issue(found)))
}

/// `POST /repos/{o}/{r}/issues`.
pub fn create(repository: &mut Repository, call: &Call, id: u64) -> Answer {
    let text = |name: &str| call.body[name].as_str().unwrap_or_default().to_owned();
    if text("body").chars().count() > 65_536 || text("title").chars().count() > 256 {
        return Answer::unprocessable(&["body is too long".to_owned()]);
    }
    let number = FIRST + repository.issues.len() as u64;
    let new = Issue {
        id,
        number,
        title: text("title"),
        body: text("body"),
        state: "open".into(),
        author: Author::App,
        edits: 0,
        comments: Vec::new(),
    };
    let answer = Answer::json(201, issue(&new));
    repository.issues.push(new);
    answer
}

/// `PATCH /repos/{o}/{r}/issues/{n}`.
pub fn update(repository: &mut Repository, number: &str, call: &Call) -> Answer {
    let mut issues = repository.issues.iter_mut();
    let Some(found) = issues.find(|issue| issue.number.to_string() == number) else { return Answer::not_found() };
    found.edits += 1;
    for (name, field) in [("title", &mut found.title), ("body", &mut found.body), ("state", &mut found.state)] {
        if let Some(text) = call.body[name].as_str() {
            text.clone_into(field);
        }
    }
    Answer::ok(issue(found))
}

/// `GET /repos/{o}/{r}/issues/{n}/comments`.
pub fn list_comments(comments: &[IssueComment], call: &Call) -> Answer {
    let since = call.parameter("since").unwrap_or_default().to_owned();
    let comments = comments.iter().filter(|comment| json::timestamp(comment.created) >= since);
    call.page(comments.map(json::issue_comment).collect(), None)
}

/// `POST /repos/{o}/{r}/issues/{n}/comments`.
pub fn create_comment(comments: &mut Vec<IssueComment>, call: &Call, id: u64) -> Answer {
    let body = call.body["body"].as_str().unwrap_or_default().to_owned();
    if body.is_empty() || body.chars().count() > MAX_BODY {
        return Answer::unprocessable(&["Body is blank or too long".to_owned()]);
    }
    let created = std::time::SystemTime::now();
    let comment = IssueComment { id, body, author: Author::App, minimized: false, created, reactions: Vec::new() };
    comments.push(comment.clone());
    Answer::json(201, json::issue_comment(&comment))
}

/// The comments of a pull request or an issue.
pub fn comments_mut(repository: &mut Repository, number: u64) -> Option<&mut Vec<IssueComment>> {
    if let Some(pull) = repository.pulls.get_mut(&number) {
        return Some(&mut pull.issue_comments);
    }
    let issue = repository.issues.iter_mut().find(|issue| issue.number == number)?;
    Some(&mut issue.comments)
}

fn issue(issue: &Issue) -> Value {
    let time = "2026-01-01T00:00:00Z";
    json!({"id": issue.id, "node_id": format!("I_{}", issue.id), "number": issue.number, "title": issue.title,
        "body": issue.body, "state": issue.state, "user": user(issue.author), "labels": [], "locked": false,
        "assignees": [], "comments": issue.comments.len(), "created_at": time, "updated_at": time})
}

impl FakeGitHub {
    /// The issues of a repository.
    pub fn issues(&self, repository: &str) -> Vec<Issue> {
        self.state().repositories[repository].issues.clone()
    }

    /// Somebody opens an issue.
    pub fn open_issue(&self, repository: &str, body: &str) {
        let mut state = self.state();
        let id = state.new_id();
        let repository = state.repositories.get_mut(repository).unwrap();
        let number = FIRST + repository.issues.len() as u64;
        let (title, body) = ("A question".to_owned(), body.to_owned());
        repository.issues.push(Issue {
            id,
            number,
            title,
            body,
            state: "open".into(),
            author: Author::Person,
            edits: 0,
            comments: Vec::new(),
        });
    }

    /// Somebody closes an issue.
    pub fn close_issue(&self, repository: &str, number: u64) {
        let mut state = self.state();
        let issues = &mut state.repositories.get_mut(repository).unwrap().issues;
        "closed".clone_into(&mut issues.iter_mut().find(|issue| issue.number == number).unwrap().state);
    }
}

//! Comments that hold a command, and buttons of our check runs.
//!
//! Invariant: only a comment that a person has just written is taken, and of it only its first line.

use serde::{Deserialize, Serialize};

use super::super::identity::{CommitSha, PullRequestNumber};
use super::{Event, EventError, Head, Listed, read};

/// How the first line of a command begins.
const COMMAND: &str = "/dockgate";

/// The longest first line that is kept, in bytes; a longer one is cut and then refused as too long.
const MAX_LINE: usize = 2_000;

/// A comment whose first line is a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The pull request.
    pub number: PullRequestNumber,
    /// The comment.
    pub id: u64,
    /// Where it stands.
    pub place: CommentPlace,
    /// Who wrote it.
    pub author: String,
    /// Who opened the pull request; `None` when the account is gone.
    pub opened_by: Option<String>,
    /// When it was written, as GitHub writes times.
    pub created_at: String,
    /// Its first line.
    pub line: String,
}

/// Where a comment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentPlace {
    /// On the pull request's own page.
    Conversation,
    /// In a thread on lines of a file, which begins with this comment.
    Thread(u64),
}

/// Somebody who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The login.
    pub login: String,
    /// The account's number.
    pub id: u64,
}

/// A button of a check run of ours that somebody pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PressedButton {
    /// The commit of the check run.
    pub head: CommitSha,
    /// The pull requests that GitHub names: none for forks.
    pub pull_requests: Vec<PullRequestNumber>,
    /// What we called the check run by.
    pub external_id: Option<String>,
    /// What we called the button.
    pub identifier: String,
    /// Who pressed it.
    pub by: Actor,
}

#[derive(Deserialize)]
struct Account {
    login: String,
    #[serde(default, deserialize_with = "crate::github::or_default")]
    id: u64,
    #[serde(default, rename = "type", deserialize_with = "crate::github::or_default")]
    kind: String,
}

impl Account {
    fn is_person(&self) -> bool {
        self.kind == "User" && !self.login.ends_with("[bot]")
    }
}

#[derive(Deserialize)]
struct Written {
    id: u64,
    #[serde(default, deserialize_with = "crate::github::or_default")]
    body: String,
    created_at: String,
    user: Option<Account>,
    in_reply_to_id: Option<u64>,
}

/// `issue_comment` and `pull_request_review_comment`.
pub(super) fn comment(name: &str, body: &[u8]) -> Result<Event, EventError> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(alias = "issue")]
        pull_request: Pull,
        comment: Written,
        sender: Option<Account>,
    }
    #[derive(Deserialize)]
    struct Pull {
        number: PullRequestNumber,
        user: Option<Account>,
        /// Of an issue: there when it is a pull request.
        #[serde(rename = "pull_request")]
        link: Option<serde::de::IgnoredAny>,
    }
    let head: Head = read(name, body)?;
    if head.action != "created" {
        return Ok(Event::ignored(format!("{name} {:.60}", head.action)));
    }
    let Body { pull_request: pull, comment, sender } = read(name, body)?;
    let is_pull = name != "issue_comment" || pull.link.is_some();
    let is_by_person = sender.is_some_and(|sender| sender.is_person());
    let Some(author) = comment.user.filter(|user| is_pull && user.is_person() && is_by_person) else {
        return Ok(Event::ignored(format!("{name} not by a person on a pull request")));
    };
    let Some(line) = command_line(&comment.body) else {
        return Ok(Event::ignored(format!("{name} without a command")));
    };
    let place = match name {
        "issue_comment" => CommentPlace::Conversation,
        _ => CommentPlace::Thread(comment.in_reply_to_id.unwrap_or(comment.id)),
    };
    let comment = Comment {
        number: pull.number,
        id: comment.id,
        place,
        author: author.login,
        opened_by: pull.user.map(|user| user.login),
        created_at: comment.created_at,
        line,
    };
    Ok(match head.place(name) {
        Ok(at) => Event::Command { at, comment },
        Err(ignored) => *ignored,
    })
}

/// The first line of `body` when it is a command, at most 2,000 bytes of it.
fn command_line(body: &str) -> Option<String> {
    let line = body.lines().next()?.trim_end();
    let rest = line.strip_prefix(COMMAND)?;
    let is_command = rest.is_empty() || rest.starts_with([' ', '\t']);
    let mut end = line.len().min(MAX_LINE);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    is_command.then(|| line.get(..end).unwrap_or_default().to_owned())
}

/// `check_run` with the action `requested_action`.
pub(super) fn button(head: Head, body: &[u8]) -> Result<Event, EventError> {
    #[derive(Deserialize)]
    struct Body {
        check_run: Check,
        requested_action: Action,
        sender: Option<Account>,
    }
    #[derive(Deserialize)]
    struct Check {
        head_sha: CommitSha,
        external_id: Option<String>,
        #[serde(default, deserialize_with = "crate::github::or_default")]
        pull_requests: Vec<Listed>,
    }
    #[derive(Deserialize)]
    struct Action {
        identifier: String,
    }
    let Body { check_run, requested_action, sender } = read("check_run", body)?;
    let Some(sender) = sender.filter(Account::is_person) else {
        return Ok(Event::ignored("check_run requested_action not by a person"));
    };
    let button = PressedButton {
        head: check_run.head_sha,
        pull_requests: Listed::of(&check_run.pull_requests, head.repository.as_ref()),
        external_id: check_run.external_id,
        identifier: requested_action.identifier,
        by: Actor { login: sender.login, id: sender.id },
    };
    Ok(match head.place("check_run") {
        Ok(at) => Event::Button { at, button },
        Err(ignored) => *ignored,
    })
}

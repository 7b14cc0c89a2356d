//! Answers to what people write: reactions, replies, and what they may do.
//!
//! Invariant: who may do what is asked of GitHub each time, never read from a comment.
//!
//! # Source
//! GitHub REST: "Get repository permissions for a user", "Create reaction for an issue comment", "Create reaction for a
//! pull request review comment", "Create an issue comment", "Create a reply for a review comment".

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::{GitHubError, RepositoryClient, segment};
use crate::github::event::{Comment, CommentPlace};
use crate::github::identity::PullRequestNumber;
use crate::github::transport::Call;
use crate::settings::role::Role;

/// The most pages of comments that are searched: 2,000 comments.
const MOST_PAGES: usize = 20;

/// A reaction to a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It was seen, and something follows.
    Eyes,
    /// It was done.
    Done,
    /// It was not understood, or not allowed.
    Confused,
}

impl Reaction {
    fn content(self) -> &'static str {
        match self {
            Self::Eyes => "eyes",
            Self::Done => "+1",
            Self::Confused => "confused",
        }
    }
}

/// A comment of the conversation.
#[derive(Clone, Debug, Deserialize)]
pub struct OwnComment {
    /// Its number.
    pub id: u64,
    /// Its text.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub body: String,
    user: Option<User>,
}

#[derive(Clone, Debug, Deserialize)]
struct User {
    login: String,
}

impl RepositoryClient {
    /// What `login` may do here.
    ///
    /// # Errors
    /// Any [`GitHubError`] but absence, which means nothing.
    pub async fn role_of(&self, login: &str) -> Result<Role, GitHubError> {
        #[derive(Deserialize)]
        struct Body {
            permission: String,
            role_name: Option<String>,
        }
        let path = self.path(&format!("/collaborators/{}/permission", segment(login)));
        let call = Call::get("read permission", format!("of {login} on {}", self.name()), path);
        let body: Body = match self.send(&call).await {
            Err(error) if error.is_absent() => return Ok(Role::None),
            answer => answer?.json(&call)?,
        };
        // A role that an organisation made itself counts as the built-in one below it.
        let named = body.role_name.as_deref().and_then(Role::from_name);
        Ok(named.or_else(|| Role::from_name(&body.permission)).unwrap_or(Role::None))
    }

    /// Reacts to a comment; the same reaction twice is one.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn react(&self, comment: &Comment, reaction: Reaction) -> Result<(), GitHubError> {
        let kind = kind(comment.place);
        let path = self.path(&format!("/{kind}/comments/{}/reactions", comment.id));
        let subject = format!("to {} of {}", comment.id, self.name());
        let call = Call::write(Method::POST, "react", subject, path, json!({ "content": reaction.content() }));
        self.send(&call).await.map(|_| ())
    }

    /// Replies to a comment with `body`, unless a comment of ours since then ends with the same `marker` already.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn reply_once(&self, comment: &Comment, body: &str, marker: &str) -> Result<(), GitHubError> {
        let since = Some(comment.created_at.as_str());
        if self.own_comment(comment.number, comment.place, since, marker).await?.is_some() {
            return Ok(());
        }
        let path = match comment.place {
            CommentPlace::Conversation => return self.create_issue_comment(comment.number, body, marker).await,
            CommentPlace::Thread(first) => self.path(&format!("/pulls/{}/comments/{first}/replies", comment.number)),
        };
        let subject = format!("to {} of {}", comment.id, self.name());
        let call = Call::write(Method::POST, "reply", subject, path, json!({ "body": format!("{body}\n{marker}") }));
        self.send(&call).await.map(|_| ())
    }

    /// Comments on a pull request as a whole, with `marker` at the end.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn create_issue_comment(
        &self,
        number: PullRequestNumber,
        body: &str,
        marker: &str,
    ) -> Result<(), GitHubError> {
        let path = self.path(&format!("/issues/{number}/comments"));
        let subject = format!("on {}#{number}", self.name());
        let call = Call::write(Method::POST, "comment", subject, path, json!({ "body": format!("{body}\n{marker}") }));
        self.send(&call).await.map(|_| ())
    }

    /// Replaces the text of a comment of ours on a pull request as a whole.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn update_issue_comment(&self, id: u64, body: &str, marker: &str) -> Result<(), GitHubError> {
        let path = self.path(&format!("/issues/comments/{id}"));
        let body = json!({ "body": format!("{body}\n{marker}") });
        let call = Call::write(Method::PATCH, "update comment", format!("{id} of {}", self.name()), path, body);
        self.send(&call).await.map(|_| ())
    }

    /// The first comment of ours in the conversation, or in threads, that ends with `marker`.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn own_comment(
        &self,
        number: PullRequestNumber,
        place: CommentPlace,
        since: Option<&str>,
        marker: &str,
    ) -> Result<Option<OwnComment>, GitHubError> {
        let since = since.map(|since| format!("?since={}", segment(since))).unwrap_or_default();
        let path = self.path(&format!("/{}/{number}/comments{since}", kind(place)));
        let call = Call::get("list comments", format!("of {}#{number}", self.name()), path);
        let comments = self.pages(call, MOST_PAGES, |page: Vec<OwnComment>| page).await?;
        let marked: Vec<OwnComment> =
            comments.into_iter().filter(|comment| comment.body.trim_end().ends_with(marker)).collect();
        if marked.is_empty() {
            return Ok(None);
        }
        // Anybody can write our marker.
        let us = self.client.own_login().await?;
        Ok(marked.into_iter().find(|comment| comment.user.as_ref().is_some_and(|user| user.login == us)))
    }
}

/// What comments of a place belong to, in paths.
fn kind(place: CommentPlace) -> &'static str {
    match place {
        CommentPlace::Conversation => "issues",
        CommentPlace::Thread(_) => "pulls",
    }
}

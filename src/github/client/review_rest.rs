//! The state of a pull request without GraphQL, where a proxy or an older server does not offer it.
//!
//! Invariant: a comment counts as ours only by its author; what its text says of itself proves nothing.

use serde::Deserialize;

use super::RepositoryClient;
use super::review::{PullRequestState, ReviewThread, ThreadComment};
use crate::github::GitHubError;
use crate::github::identity::PullRequestNumber;
use crate::github::transport::Call;

/// The most pages of comments that are read: 2,000 comments.
const MOST_PAGES: usize = 20;

#[derive(Deserialize)]
struct Comment {
    id: u64,
    #[serde(default, deserialize_with = "crate::github::or_default")]
    node_id: String,
    #[serde(default, deserialize_with = "crate::github::or_default")]
    body: String,
    user: Option<User>,
    in_reply_to_id: Option<u64>,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

impl RepositoryClient {
    /// What [`RepositoryClient::pull_request_state`] tells, by REST. Which threads are resolved is not known there:
    /// they count as open.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn pull_request_state_by_rest(&self, number: PullRequestNumber) -> Result<PullRequestState, GitHubError> {
        let pull = self.pull_request(number).await?;
        let us = self.client.own_login().await?;
        let path = self.path(&format!("/pulls/{number}/comments"));
        let call = Call::get("list comments", format!("of {}#{number}", self.name()), path);
        let (comments, is_cut) = match self.pages(call, MOST_PAGES, |page: Vec<Comment>| page).await {
            // Whoever wrote so much does not decide whether there is a verdict.
            Err(GitHubError::TooLarge { .. }) => (Vec::new(), true),
            comments => (comments?, false),
        };
        let is_ours = |comment: &&Comment| {
            comment.in_reply_to_id.is_none() && comment.user.as_ref().is_some_and(|user| user.login == us)
        };
        let threads = comments.iter().filter(is_ours).map(|first| ReviewThread {
            id: String::new(),
            is_resolved: false,
            resolved_by_us: false,
            is_outdated: false,
            comment: ThreadComment {
                id: first.node_id.clone(),
                number: first.id,
                body: first.body.clone(),
                is_minimized: false,
            },
            comments: 1 + comments.iter().filter(|reply| reply.in_reply_to_id == Some(first.id)).count(),
        });
        let threads = threads.collect();
        Ok(PullRequestState { head: pull.head.sha, is_open: pull.state == "open", threads, is_cut })
    }
}

//! What is done with threads and comments of ours that stand already.
//!
//! # Source
//! GitHub GraphQL `resolveReviewThread` and `unresolveReviewThread` (contents: write), `minimizeComment`,
//! `unminimizeComment`; REST "Update a review comment", "Delete a review comment".

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GitHubError, RepositoryClient};
use crate::github::transport::Call;

impl RepositoryClient {
    /// Replaces the text of a review comment of ours.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn update_comment(&self, comment: u64, body: &str) -> Result<(), GitHubError> {
        let path = self.path(&format!("/pulls/comments/{comment}"));
        let subject = format!("{comment} of {}", self.name());
        let call = Call::write(Method::PATCH, "update comment", subject, path, json!({ "body": body }));
        self.send(&call).await.map(|_| ())
    }

    /// Resolves a review thread.
    ///
    /// # Errors
    /// Any [`GitHubError`]; kind `FORBIDDEN` without the permission to write contents.
    pub async fn resolve_thread(&self, thread: &str) -> Result<(), GitHubError> {
        const RESOLVE: &str = "mutation Resolve($thread: ID!) { \
            resolveReviewThread(input: {threadId: $thread}) { thread { id isResolved } } }";
        self.mutate("resolve thread", RESOLVE, json!({ "thread": thread })).await
    }

    /// Opens a review thread again that was resolved.
    ///
    /// # Errors
    /// Any [`GitHubError`]; kind `FORBIDDEN` without the permission to write contents.
    pub async fn unresolve_thread(&self, thread: &str) -> Result<(), GitHubError> {
        const UNRESOLVE: &str = "mutation Unresolve($thread: ID!) { \
            unresolveReviewThread(input: {threadId: $thread}) { thread { id isResolved } } }";
        self.mutate("reopen thread", UNRESOLVE, json!({ "thread": thread })).await
    }

    /// Folds a comment of ours away, as outdated or as resolved.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn minimize_comment(&self, comment: &str, is_outdated: bool) -> Result<(), GitHubError> {
        const MINIMIZE: &str = "mutation Minimize($comment: ID!, $why: ReportedContentClassifiers!) { \
            minimizeComment(input: {subjectId: $comment, classifier: $why}) { minimizedComment { isMinimized } } }";
        let why = if is_outdated { "OUTDATED" } else { "RESOLVED" };
        self.mutate("minimise comment", MINIMIZE, json!({ "comment": comment, "why": why })).await
    }

    /// Unfolds a comment of ours.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn unminimize_comment(&self, comment: &str) -> Result<(), GitHubError> {
        const UNMINIMIZE: &str = "mutation Unminimize($comment: ID!) { \
            unminimizeComment(input: {subjectId: $comment}) { unminimizedComment { isMinimized } } }";
        self.mutate("unfold comment", UNMINIMIZE, json!({ "comment": comment })).await
    }

    /// Deletes a review comment of ours.
    ///
    /// # Errors
    /// Any [`GitHubError`] but absence.
    pub async fn delete_comment(&self, comment: u64) -> Result<(), GitHubError> {
        let path = self.path(&format!("/pulls/comments/{comment}"));
        let call = Call::delete("delete comment", format!("{comment} of {}", self.name()), path);
        match self.send(&call).await {
            Err(error) if !error.is_absent() => Err(error),
            _ => Ok(()),
        }
    }

    async fn mutate(&self, operation: &'static str, query: &str, variables: Value) -> Result<(), GitHubError> {
        #[derive(Deserialize)]
        struct Data {}
        let subject = format!("in {}", self.name());
        self.query::<Data>(operation, subject, true, query, variables).await.map(|_| ())
    }
}

//! Reviews: comments on the lines of a pull request.
//!
//! Invariant: only comments that we wrote count as ours, whatever text another person's comment holds.
//!
//! # Source
//! GitHub REST "Create a review for a pull request", "Create a review comment"; GraphQL `reviewThreads`,
//! `resolveReviewThread` (contents: write), `minimizeComment`.

use http::Method;
use serde_json::{Value, json};

use super::{GitHubError, RepositoryClient};
use crate::github::identity::{CommitSha, PullRequestNumber};
use crate::github::transport::Call;

/// A comment to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewComment {
    /// The file, in the head.
    pub path: String,
    /// First line in the head, from 1, when the comment stands on several.
    pub start_line: Option<usize>,
    /// Last (or only) line in the head, from 1.
    pub line: usize,
    /// The text, GitHub Markdown.
    pub body: String,
}

impl NewComment {
    fn to_json(&self) -> Value {
        let mut comment = json!({ "path": self.path, "line": self.line, "side": "RIGHT", "body": self.body });
        if let Some(start_line) = self.start_line.filter(|start| *start < self.line) {
            comment["start_line"] = json!(start_line);
            comment["start_side"] = json!("RIGHT");
        }
        comment
    }
}

/// What a pull request is at this moment: its head, and the threads on it.
#[derive(Clone, Debug)]
pub struct PullRequestState {
    /// The head.
    pub head: CommitSha,
    /// Whether it is open.
    pub is_open: bool,
    /// The review threads that begin with a comment of ours.
    pub threads: Vec<ReviewThread>,
    /// Whether there are more threads than are read, so that some of ours may be missing.
    pub is_cut: bool,
}

/// A review thread that begins with a comment of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewThread {
    /// Its id in GraphQL.
    pub id: String,
    /// Whether it is resolved.
    pub is_resolved: bool,
    /// Whether it was us who resolved it.
    pub resolved_by_us: bool,
    /// Whether the lines it stands on are no longer part of the diff.
    pub is_outdated: bool,
    /// Its first comment.
    pub comment: ThreadComment,
    /// How many comments it holds.
    pub comments: usize,
}

/// The first comment of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadComment {
    /// Its id in GraphQL.
    pub id: String,
    /// Its number in REST.
    pub number: u64,
    /// Its text.
    pub body: String,
    /// Whether it is folded away.
    pub is_minimized: bool,
}

const STATE: &str = "query State($owner: String!, $name: String!, $number: Int!, $after: String) { \
    repository(owner: $owner, name: $name) { pullRequest(number: $number) { headRefOid state \
    reviewThreads(first: 100, after: $after) { pageInfo { hasNextPage endCursor } \
    nodes { id isResolved isOutdated resolvedBy { login } comments(first: 1) { totalCount \
    nodes { id databaseId body isMinimized viewerDidAuthor author { login } } } } } } } }";

/// The most pages of threads that are read: 2,000 threads.
const MOST_PAGES: usize = 20;

mod answer {
    //! The shape of the answer to the state query.

    use serde::Deserialize;

    #[derive(Deserialize)]
    pub struct Data {
        pub repository: Option<Repository>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Repository {
        pub pull_request: Option<PullRequest>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct PullRequest {
        pub head_ref_oid: crate::github::identity::CommitSha,
        pub state: String,
        pub review_threads: Threads,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Threads {
        pub page_info: PageInfo,
        #[serde(default, deserialize_with = "crate::github::or_default")]
        pub nodes: Vec<Option<Thread>>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct PageInfo {
        pub has_next_page: bool,
        pub end_cursor: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Thread {
        pub id: String,
        pub is_resolved: bool,
        pub is_outdated: bool,
        pub resolved_by: Option<Login>,
        pub comments: Comments,
    }

    #[derive(Deserialize)]
    pub struct Login {
        pub login: String,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Comments {
        pub total_count: usize,
        #[serde(default, deserialize_with = "crate::github::or_default")]
        pub nodes: Vec<Option<Comment>>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Comment {
        pub id: String,
        pub database_id: Option<u64>,
        pub body: String,
        pub is_minimized: bool,
        pub viewer_did_author: bool,
        pub author: Option<Login>,
    }
}

impl answer::Thread {
    fn into_ours(self) -> Option<ReviewThread> {
        let first = self.comments.nodes.into_iter().flatten().next().filter(|comment| comment.viewer_did_author)?;
        // A bot's name has its suffix `[bot]` where GitHub types it as a user, as in `resolvedBy`, and not as an author.
        let name = |login: &answer::Login| login.login.trim_end_matches("[bot]").to_owned();
        let us = first.author.as_ref().map(name);
        Some(ReviewThread {
            id: self.id,
            is_resolved: self.is_resolved,
            is_outdated: self.is_outdated,
            resolved_by_us: us.is_some() && self.resolved_by.as_ref().map(name) == us,
            comment: ThreadComment {
                id: first.id,
                number: first.database_id.unwrap_or_default(),
                body: first.body,
                is_minimized: first.is_minimized,
            },
            comments: self.comments.total_count,
        })
    }
}

impl RepositoryClient {
    /// The head of a pull request as it is now, and the threads on it that are ours: one request per 100 threads, of the
    /// first 2,000 threads.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn pull_request_state(&self, number: PullRequestNumber) -> Result<PullRequestState, GitHubError> {
        let subject = format!("{}#{number}", self.name());
        let mut threads = Vec::new();
        let mut after: Option<String> = None;
        let mut pages = 0;
        loop {
            pages += 1;
            let variables = json!({
                "owner": self.name().owner(), "name": self.name().name(), "number": number.0, "after": after,
            });
            let data: answer::Data = self.query("read threads", subject.clone(), false, STATE, variables).await?;
            let pull = data.repository.and_then(|repository| repository.pull_request);
            let Some(pull) = pull else {
                let (kind, message) = ("NOT_FOUND".to_owned(), "no such pull request".to_owned());
                return Err(GitHubError::Query { operation: "read threads", subject, kind, message });
            };
            threads.extend(pull.review_threads.nodes.into_iter().flatten().filter_map(answer::Thread::into_ours));
            after = pull.review_threads.page_info.end_cursor;
            let has_more = pull.review_threads.page_info.has_next_page && after.is_some();
            if !has_more || pages >= MOST_PAGES {
                let is_open = pull.state == "OPEN";
                return Ok(PullRequestState { head: pull.head_ref_oid, is_open, threads, is_cut: has_more });
            }
        }
    }

    /// Makes a review of `comments` on `head`, in one request.
    ///
    /// # Errors
    /// Any [`GitHubError`]; status 422 when one of the comments stands outside the diff.
    pub async fn create_review(
        &self,
        number: PullRequestNumber,
        head: &CommitSha,
        body: &str,
        comments: &[NewComment],
    ) -> Result<(), GitHubError> {
        let comments: Vec<Value> = comments.iter().map(NewComment::to_json).collect();
        let mut review = json!({ "commit_id": head, "event": "COMMENT", "comments": comments });
        if !body.is_empty() {
            review["body"] = json!(body);
        }
        self.post_to_pull(number, "create review", "reviews", review).await
    }

    /// Makes one comment on lines of `head`.
    ///
    /// # Errors
    /// Any [`GitHubError`]; status 422 when it stands outside the diff.
    pub async fn create_comment(
        &self,
        number: PullRequestNumber,
        head: &CommitSha,
        comment: &NewComment,
    ) -> Result<(), GitHubError> {
        let mut body = comment.to_json();
        body["commit_id"] = json!(head);
        self.post_to_pull(number, "create comment", "comments", body).await
    }

    /// Makes one comment on a file as a whole.
    ///
    /// # Errors
    /// Any [`GitHubError`]; status 422 when the file is not part of the diff.
    pub async fn create_file_comment(
        &self,
        number: PullRequestNumber,
        head: &CommitSha,
        comment: &NewComment,
    ) -> Result<(), GitHubError> {
        let body = json!({ "path": comment.path, "body": comment.body, "subject_type": "file", "commit_id": head });
        self.post_to_pull(number, "create file comment", "comments", body).await
    }

    async fn post_to_pull(
        &self,
        number: PullRequestNumber,
        operation: &'static str,
        what: &str,
        body: Value,
    ) -> Result<(), GitHubError> {
        let path = self.path(&format!("/pulls/{number}/{what}"));
        let call = Call::write(Method::POST, operation, format!("on {}#{number}", self.name()), path, body);
        self.send(&call).await.map(|_| ())
    }
}

//! Commits that we make: on one branch, at exactly the head that was judged.
//!
//! Invariant: a branch that moved is never written; GitHub compares its head in the same step.
//!
//! # Source
//! GitHub GraphQL `createCommitOnBranch` (signed by GitHub; `expectedHeadOid`); REST "Get a commit object".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GitHubError, RepositoryClient};
use crate::github::identity::CommitSha;
use crate::github::transport::Call;

/// A commit to be made.
#[derive(Clone, Debug)]
pub struct NewCommit<'a> {
    /// The branch, without `refs/heads/`.
    pub branch: &'a str,
    /// The head that the branch must still have.
    pub head: &'a CommitSha,
    /// The first line of the message.
    pub headline: &'a str,
    /// The rest of the message.
    pub body: &'a str,
    /// Paths with their new texts.
    pub files: &'a [(String, String)],
}

/// A commit, as far as we care.
#[derive(Clone, Debug, Deserialize)]
pub struct CommitObject {
    /// Its message.
    pub message: String,
    parents: Vec<Parent>,
}

#[derive(Clone, Debug, Deserialize)]
struct Parent {
    sha: CommitSha,
}

impl CommitObject {
    /// Whether it stands on `parent`.
    pub fn is_on(&self, parent: &CommitSha) -> bool {
        self.parents.iter().any(|own| own.sha == *parent)
    }
}

impl RepositoryClient {
    /// Whether our tokens may write contents here.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn may_commit(&self) -> Result<bool, GitHubError> {
        Ok(self.client.0.config.commits && self.token().await?.writes_contents)
    }

    /// Makes a commit.
    ///
    /// # Errors
    /// Any [`GitHubError`]; a [`GitHubError::Query`] when the branch moved or is protected.
    pub async fn commit_on_branch(&self, commit: &NewCommit<'_>) -> Result<CommitSha, GitHubError> {
        const COMMIT: &str = "mutation Commit($input: CreateCommitOnBranchInput!) { \
            createCommitOnBranch(input: $input) { commit { oid } } }";
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Data {
            create_commit_on_branch: Made,
        }
        #[derive(Deserialize)]
        struct Made {
            commit: Oid,
        }
        #[derive(Deserialize)]
        struct Oid {
            oid: CommitSha,
        }
        let additions: Vec<Value> = commit
            .files
            .iter()
            .map(|(path, text)| json!({ "path": path, "contents": STANDARD.encode(text) }))
            .collect();
        let input = json!({
            "branch": { "repositoryNameWithOwner": self.name(), "branchName": commit.branch },
            "expectedHeadOid": commit.head,
            "message": { "headline": commit.headline, "body": commit.body },
            "fileChanges": { "additions": additions },
        });
        let subject = format!("on {} of {}", commit.branch, self.name());
        let data: Data = self.query("commit", subject, true, COMMIT, json!({ "input": input })).await?;
        Ok(data.create_commit_on_branch.commit.oid)
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn commit_object(&self, sha: &CommitSha) -> Result<CommitObject, GitHubError> {
        let path = self.path(&format!("/git/commits/{sha}"));
        let call = Call::get("read commit", format!("{} of {}", sha.short(), self.name()), path);
        self.send(&call).await?.json(&call)
    }
}

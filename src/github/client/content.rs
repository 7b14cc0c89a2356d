//! The text of files, when `git` can't fetch it.
//!
//! Invariant: what comes back is the whole text or says why it is not; GitHub's cut of a long blob is seen.
//!
//! # Source
//! GitHub GraphQL `Blob` (`text` is null for binary, cut at 512,000 bytes: `isTruncated`); REST "Get a blob" (100 MB).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::json;

use super::{GitHubError, RepositoryClient, segment};
use crate::github::identity::CommitSha;
use crate::github::transport::Call;

/// How many blobs one GraphQL query asks for.
pub const GRAPHQL_BATCH: usize = 100;

/// An object at a path of a commit, as GraphQL tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobText {
    /// The object's id.
    pub oid: String,
    /// Size in bytes; absent when the object is no blob.
    #[serde(default)]
    pub byte_size: Option<u64>,
    /// Whether GitHub takes it for binary.
    #[serde(default)]
    pub is_binary: Option<bool>,
    /// Whether `text` is only the beginning.
    #[serde(default)]
    pub is_truncated: bool,
    /// The text.
    #[serde(default)]
    pub text: Option<String>,
}

impl RepositoryClient {
    /// Reads the objects at `paths`, each a commit and a path; `None` where there is none. One request per 100 paths.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn blobs(&self, paths: &[(CommitSha, String)]) -> Result<Vec<Option<BlobText>>, GitHubError> {
        let mut all = Vec::with_capacity(paths.len());
        for batch in paths.chunks(GRAPHQL_BATCH) {
            all.extend(self.blob_batch(batch).await?);
        }
        Ok(all)
    }

    async fn blob_batch(&self, batch: &[(CommitSha, String)]) -> Result<Vec<Option<BlobText>>, GitHubError> {
        #[derive(Deserialize)]
        struct Data {
            repository: BTreeMap<String, Option<BlobText>>,
        }
        let mut variables = json!({ "owner": self.name().owner(), "name": self.name().name() });
        let (mut declared, mut asked) = (String::new(), String::new());
        for (index, (commit, path)) in batch.iter().enumerate() {
            // Paths travel as variables: nothing in a file name can change the query.
            variables[format!("p{index}")] = json!(format!("{commit}:{path}"));
            let _ = write!(declared, ", $p{index}: String!");
            let _ = write!(asked, " b{index}: object(expression: $p{index}) {{ ...blob }}");
        }
        let query = format!(
            "query Blobs($owner: String!, $name: String!{declared}) {{ repository(owner: $owner, name: $name) {{{asked} }} }} \
             fragment blob on GitObject {{ oid ... on Blob {{ byteSize isBinary isTruncated text }} }}"
        );
        let subject = format!("{} of {}", batch.len(), self.name());
        let data: Data = self.query("read blobs", subject, false, &query, variables).await?;
        let mut found = data.repository;
        Ok((0..batch.len()).map(|index| found.remove(&format!("b{index}")).flatten()).collect())
    }

    /// The bytes of a blob, at most `max_bytes`.
    ///
    /// # Errors
    /// [`GitHubError::TooLarge`] when there are more; any other [`GitHubError`].
    pub async fn raw_blob(&self, oid: &str, max_bytes: usize) -> Result<Vec<u8>, GitHubError> {
        let path = self.path(&format!("/git/blobs/{}", segment(oid)));
        let call = Call::get("read blob", format!("{oid} of {}", self.name()), path).raw(max_bytes);
        Ok(self.send(&call).await?.body.to_vec())
    }

    /// The bytes of the file at `path` of `reference` (a commit or branch; `None` is the default branch); `None` when
    /// there is no such file, at most `max_bytes`.
    ///
    /// # Errors
    /// [`GitHubError::TooLarge`] when there are more; any other [`GitHubError`] but absence.
    pub async fn file(
        &self,
        path: &str,
        reference: Option<&str>,
        max_bytes: usize,
    ) -> Result<Option<Vec<u8>>, GitHubError> {
        let encoded: Vec<String> = path.split('/').map(segment).collect();
        let reference = reference.map(|reference| format!("?ref={}", segment(reference))).unwrap_or_default();
        let at = self.path(&format!("/contents/{}{reference}", encoded.join("/")));
        let call = Call::get("read file", format!("{path} of {}", self.name()), at).raw(max_bytes);
        match self.send(&call).await {
            Ok(answer) => Ok(Some(answer.body.to_vec())),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

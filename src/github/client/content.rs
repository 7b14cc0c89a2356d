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

/// What stands at a path of a commit, as GraphQL tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PathEntry {
    /// Its name in its directory.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub name: String,
    /// Its git mode, as a number (`0o100644`, `0o120000`, …).
    pub mode: u32,
    /// Its object's id.
    pub oid: String,
    /// The object; `None` for a submodule.
    #[serde(default)]
    pub object: Option<PathObject>,
}

/// A blob or a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PathObject {
    /// Size of a blob in bytes.
    #[serde(default)]
    pub byte_size: Option<u64>,
    /// Whether GitHub takes the blob for binary.
    #[serde(default)]
    pub is_binary: Option<bool>,
    /// Whether `text` is only the beginning.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub is_truncated: bool,
    /// The text of a blob.
    #[serde(default)]
    pub text: Option<String>,
    /// What a directory holds, two levels deep; below, `None`.
    #[serde(default)]
    pub entries: Option<Vec<PathEntry>>,
}

const FRAGMENTS: &str = "fragment entry on TreeEntry { mode oid object { ...blob ...tree } } \
    fragment blob on Blob { byteSize isBinary isTruncated text } \
    fragment tree on Tree { entries { name mode oid object { ...blob \
    ... on Tree { entries { name mode oid object { ...blob } } } } } }";

impl RepositoryClient {
    /// Reads what stands at `paths`, each a commit and a path; `None` where there is nothing. One request per 100 paths.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn paths(&self, paths: &[(CommitSha, String)]) -> Result<Vec<Option<PathEntry>>, GitHubError> {
        let mut all = Vec::with_capacity(paths.len());
        for batch in paths.chunks(GRAPHQL_BATCH) {
            all.extend(self.path_batch(batch).await?);
        }
        Ok(all)
    }

    async fn path_batch(&self, batch: &[(CommitSha, String)]) -> Result<Vec<Option<PathEntry>>, GitHubError> {
        #[derive(Deserialize)]
        struct Data {
            repository: BTreeMap<String, Option<Commit>>,
        }
        #[derive(Deserialize)]
        struct Commit {
            #[serde(default)]
            file: Option<PathEntry>,
        }
        let mut variables = json!({ "owner": self.name().owner(), "name": self.name().name() });
        let (mut declared, mut asked) = (String::new(), String::new());
        for (index, (commit, path)) in batch.iter().enumerate() {
            // Paths travel as variables: nothing in a file name can change the query.
            variables[format!("c{index}")] = json!(commit);
            variables[format!("p{index}")] = json!(path);
            let _ = write!(declared, ", $c{index}: String!, $p{index}: String!");
            let _ = write!(
                asked,
                " b{index}: object(expression: $c{index}) {{ ... on Commit {{ file(path: $p{index}) {{ ...entry }} }} }}"
            );
        }
        let query = format!(
            "query Paths($owner: String!, $name: String!{declared}) {{ \
             repository(owner: $owner, name: $name) {{{asked} }} }} {FRAGMENTS}"
        );
        let subject = format!("{} of {}", batch.len(), self.name());
        let data: Data = self.query("read paths", subject, false, &query, variables).await?;
        let mut found = data.repository;
        let entry = |index| found.remove(&format!("b{index}")).flatten().and_then(|commit| commit.file);
        Ok((0..batch.len()).map(entry).collect())
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

//! Files of a commit without GraphQL: one request for each path.
//!
//! Invariant: what GitHub does not tell is left out, never guessed; the reader then asks for the blob itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::content::{PathEntry, PathObject};
use super::{RepositoryClient, segment};
use crate::github::GitHubError;
use crate::github::identity::CommitSha;
use crate::github::transport::Call;

#[derive(Deserialize)]
#[serde(untagged)]
enum Listing {
    Directory(Vec<Item>),
    Item(Item),
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    sha: String,
    #[serde(default, deserialize_with = "crate::github::or_default")]
    size: u64,
    content: Option<String>,
}

impl RepositoryClient {
    /// What [`RepositoryClient::paths`] tells, by REST. Directories are told one level deep.
    ///
    /// # Errors
    /// Any [`GitHubError`] but absence.
    pub async fn paths_by_rest(&self, paths: &[(CommitSha, String)]) -> Result<Vec<Option<PathEntry>>, GitHubError> {
        let mut found = Vec::with_capacity(paths.len());
        for (commit, path) in paths {
            let encoded: Vec<String> = path.split('/').map(segment).collect();
            let at = self.path(&format!("/contents/{}?ref={commit}", encoded.join("/")));
            let call = Call::get("read file", format!("{path} of {}", self.name()), at);
            found.push(match self.send(&call).await {
                Ok(answer) => Some(entry_of(answer.json(&call)?)),
                Err(error) if error.is_absent() => None,
                Err(error) => return Err(error),
            });
        }
        Ok(found)
    }
}

fn entry_of(listing: Listing) -> PathEntry {
    match listing {
        Listing::Item(item) => item.entry(),
        Listing::Directory(items) => {
            let entries = Some(items.into_iter().map(Item::entry).collect());
            let object = Some(PathObject { entries, ..PathObject::default() });
            PathEntry { name: String::new(), mode: 0o40000, oid: String::new(), object }
        }
    }
}

impl Item {
    fn entry(self) -> PathEntry {
        let mode = match self.kind.as_str() {
            "dir" => 0o40000,
            "symlink" => 0o120_000,
            "submodule" => 0o160_000,
            _ => 0o100_644,
        };
        let object = (self.kind == "file").then(|| PathObject {
            byte_size: Some(self.size),
            text: self.content.as_deref().and_then(decoded),
            ..PathObject::default()
        });
        PathEntry { name: self.name, mode, oid: self.sha, object }
    }
}

/// The text of base64 with line breaks; `None` when it is none.
fn decoded(content: &str) -> Option<String> {
    let packed: String = content.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    String::from_utf8(STANDARD.decode(packed).ok()?).ok()
}

//! The names of things at GitHub, checked once.
//!
//! Invariant: a value of these types is safe in a URL path, a file name and a log line.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A repository, `owner/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName {
    owner: String,
    name: String,
}

/// A commit, 40 (SHA-1) or 64 (SHA-256) lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitSha(String);

/// A pull request's number in its repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PullRequestNumber(pub u64);

/// The number of an installation of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstallationId(pub u64);

/// A text that names no repository or commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not `owner/name` of letters, digits, `-`, `_` and `.`.
    #[error("not a repository name: expected owner/name of letters, digits, '-', '_' and '.'")]
    Repository,
    /// Not 40 or 64 lower-case hex digits.
    #[error("not a commit: expected 40 or 64 lower-case hex digits")]
    Commit,
}

impl RepositoryName {
    /// The account that owns the repository.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The repository's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The repository called `name` of the same owner.
    ///
    /// # Errors
    /// [`IdentityError::Repository`] when `name` is no repository name.
    pub fn sibling(&self, name: &str) -> Result<Self, IdentityError> {
        format!("{}/{name}", self.owner).parse()
    }
}

impl FromStr for RepositoryName {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (owner, name) = text.split_once('/').ok_or(IdentityError::Repository)?;
        let fits = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && part != "."
                && part != ".."
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        if !fits(owner) || !fits(name) {
            return Err(IdentityError::Repository);
        }
        Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

impl TryFrom<String> for RepositoryName {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> Self {
        name.to_string()
    }
}

impl CommitSha {
    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, as people write commits.
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

impl FromStr for CommitSha {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if hex && matches!(text.len(), 40 | 64) { Ok(Self(text.to_owned())) } else { Err(IdentityError::Commit) }
    }
}

impl fmt::Display for CommitSha {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for CommitSha {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CommitSha> for String {
    fn from(sha: CommitSha) -> Self {
        sha.0
    }
}

impl fmt::Display for PullRequestNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused() {
        for text in ["", "a", "a/b/c", "../b", "a/..", "a/b?x", "a b/c", "/b", "a/"] {
            assert!(text.parse::<RepositoryName>().is_err(), "{text:?}");
        }
        assert!("acme/shop.api".parse::<RepositoryName>().is_ok());
        assert!("A".repeat(40).parse::<CommitSha>().is_err());
        assert!("a".repeat(40).parse::<CommitSha>().is_ok());
    }
}

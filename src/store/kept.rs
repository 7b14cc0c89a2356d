//! What is kept under a name, and the audit log: the shapes.
//!
//! Invariant: no body holds a secret value.

use super::UnixMillis;
use crate::github::identity::{CommitSha, PullRequestNumber, RepositoryName};

/// A group of kept things, so that names of one need not avoid those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Who does a scheduled piece of work now, until when.
    Claim,
    /// How far something was read.
    Cursor,
    /// What registries and scanners answered, by digest.
    Image,
    /// The app's own credentials and marks of its set-up.
    Setup,
    /// Waivers that people gave by command, by `owner/name#number/fingerprint`.
    Waiver,
    /// Findings of the last verdict on a pull request, by `owner/name#number`.
    Finding,
    /// Images that default branches use, by `owner/name`.
    Watch,
    /// Commits on which a check run may stand open, by job key and commit.
    LooseEnd,
    /// Repositories and pull requests that were met before, pull requests with a note on the merge queue, by
    /// `queue/owner/name#number`, and verdicts by their commits, by `verdict/owner/name@commit/check/number`.
    Met,
}

impl Shelf {
    /// The name in the database.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Cursor => "cursor",
            Self::Image => "image",
            Self::Setup => "setup",
            Self::Waiver => "waiver",
            Self::Finding => "finding",
            Self::Watch => "watch",
            Self::LooseEnd => "loose_end",
            Self::Met => "met",
        }
    }
}

/// One line of the audit log, to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When it happened.
    pub at: UnixMillis,
    /// Where.
    pub repository: RepositoryName,
    /// On which pull request.
    pub pull_request: Option<PullRequestNumber>,
    /// On which commit.
    pub head: Option<CommitSha>,
    /// What: a lower-case word, such as `verdict` or `waived`.
    pub event: String,
    /// The login of who did it; `None` for dockgate itself.
    pub actor: Option<String>,
    /// More, as a JSON object.
    pub detail: String,
}

/// A line of the audit log, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// Grows with each line.
    pub id: i64,
    /// The line.
    pub entry: AuditEntry,
}

/// Which lines of the audit log are asked for.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only of this repository.
    pub repository: Option<RepositoryName>,
    /// Only of this pull request.
    pub pull_request: Option<PullRequestNumber>,
    /// Only after this line.
    pub after: i64,
    /// From this moment on.
    pub since: Option<UnixMillis>,
    /// At most so many, oldest first.
    pub limit: u32,
}

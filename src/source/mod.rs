//! Where a change comes from: a directory, a git repository, a pull request.
//!
//! Invariant: a source reports every file of the change. What it can't read is in the snapshot with its cause; only
//! what makes the list of files itself uncertain is an error. Settings and a team's policies come from the base, never
//! from what the change proposes.

pub mod directory;
pub mod git;
pub mod pull_request;
mod raw_diff;
pub mod saved;
mod team_files;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::github::GitHubError;
use crate::scan::history::AddedLines;
use crate::scan::snapshot::Snapshot;

pub use team_files::{POLICY_DIRECTORY, SETTINGS_PATH, TeamFile, TeamFiles};

/// A change and what its base says about judging it.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The files.
    pub snapshot: Snapshot,
    /// Settings and policies of the team, from the base.
    pub team: TeamFiles,
    /// What the commits of the change add, where there are commits.
    pub history: History,
}

/// What the commits of a change add, one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The added lines, parents before children.
    pub added: Vec<AddedLines>,
    /// What could not be read of them, and why: lower case, no full stop.
    #[serde(default)]
    pub unread: Vec<String>,
}

impl History {
    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.unread.is_empty()
    }

    /// One of which nothing could be read.
    fn unread(why: impl Into<String>) -> Self {
        Self { added: Vec::new(), unread: vec![why.into()] }
    }
}

/// Something that a change can be read from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads the change.
    ///
    /// # Errors
    /// [`SourceError`] when not even the list of files can be had.
    async fn read(&self) -> Result<Change, SourceError>;
}

/// A change that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A path to scan is not there, or not readable.
    #[error("read {path}")]
    Path {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A revision that is none, or could be taken for an option.
    #[error("{revision:?} is no commit of this repository")]
    Revision {
        /// The revision as given.
        revision: String,
    },
    /// Two revisions without a common commit.
    #[error("{base} and {head} have no common commit here: fetch more history (git fetch --unshallow)")]
    Unrelated {
        /// The base.
        base: String,
        /// The head.
        head: String,
    },
    /// git is not installed.
    #[error("run git: is it installed?")]
    NoGit(#[source] std::io::Error),
    /// git failed.
    #[error("git {command}: {message}")]
    Git {
        /// The subcommand.
        command: String,
        /// The last line it wrote, without credentials; at most 300 characters.
        message: String,
    },
    /// git took too long.
    #[error("git {command}: not done within {} s", limit.as_secs())]
    Slow {
        /// The subcommand.
        command: String,
        /// The bound.
        limit: Duration,
    },
    /// git wrote more than we read.
    #[error("git {command}: more than {max_bytes} bytes of output")]
    Long {
        /// The subcommand.
        command: String,
        /// The bound.
        max_bytes: usize,
    },
    /// git wrote something we do not understand.
    #[error("git {command}: unexpected output")]
    Output {
        /// The subcommand.
        command: String,
    },
    /// GitHub did not give it.
    #[error(transparent)]
    GitHub(#[from] GitHubError),
}

impl SourceError {
    /// Whether the same attempt may succeed later, without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::GitHub(error) => error.is_retryable(),
            Self::Git { .. } | Self::Slow { .. } => true,
            Self::Path { .. }
            | Self::Revision { .. }
            | Self::Unrelated { .. }
            | Self::NoGit(_)
            | Self::Long { .. }
            | Self::Output { .. } => false,
        }
    }

    /// How long GitHub asks us to wait before the next attempt, when it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::GitHub(error) => error.retry_after(),
            _ => None,
        }
    }
}

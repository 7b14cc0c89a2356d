//! What a team says about judging its repository.
//!
//! Invariant: absent, unreadable and present are three different things.

use crate::scan::limits::Limits;
use crate::scan::snapshot::{Content, FileMode, Unjudged};

/// Where a repository's settings are.
pub const SETTINGS_PATH: &str = ".github/dockgate.yml";
/// Below which a repository's own policies are.
pub const POLICY_DIRECTORY: &str = ".github/dockgate/";

/// Settings and policies as they stand at the base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamFiles {
    /// The settings, from [`SETTINGS_PATH`].
    pub settings: FileText,
    /// The policies, from [`POLICY_DIRECTORY`], in the order of their paths.
    pub policies: Vec<TeamFile>,
}

/// One of the team's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamFile {
    /// Its path in the repository.
    pub path: String,
    /// Its text.
    pub text: FileText,
}

/// The text of a file that may not be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FileText {
    /// There is no such file.
    #[default]
    Absent,
    /// The text.
    Text(String),
    /// There is a file, and it can't be read.
    Unreadable {
        /// Why, in a few words.
        why: String,
    },
}

impl FileText {
    /// The text of a side of a file.
    pub fn of(content: &Content) -> Self {
        match content {
            Content::Absent => Self::Absent,
            Content::Text(text) => Self::Text(text.to_string()),
            Content::Unjudged(cause) => Self::Unreadable { why: cause.message() },
        }
    }
}

/// Whether a path below the repository root is one of a team's files.
pub fn is_team_file(path: &str) -> bool {
    let is_yaml = path.rsplit_once('.').is_some_and(|(_, ending)| matches!(ending, "yaml" | "yml"));
    path == SETTINGS_PATH || (path.starts_with(POLICY_DIRECTORY) && is_yaml)
}

impl TeamFiles {
    /// Takes in one file of the base, by its path; others than a team's are left.
    pub fn add(&mut self, path: &str, text: FileText) {
        if path == SETTINGS_PATH {
            self.settings = text;
        } else if is_team_file(path) {
            let at = self.policies.partition_point(|file| file.path.as_str() < path);
            self.policies.insert(at, TeamFile { path: path.to_owned(), text });
        }
    }
}

/// The content of a file of `mode`, whose bytes `read` gives when there are any to read.
pub fn content_of(mode: FileMode, limits: &Limits, read: impl FnOnce() -> Result<Vec<u8>, Unjudged>) -> Content {
    match mode {
        FileMode::Symlink => Content::Unjudged(Unjudged::Symlink),
        FileMode::Submodule => Content::Unjudged(Unjudged::Submodule),
        FileMode::Regular => match read() {
            Ok(bytes) => Content::from_bytes(bytes, limits),
            Err(cause) => Content::Unjudged(cause),
        },
    }
}

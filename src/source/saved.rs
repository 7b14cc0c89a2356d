//! A saved change: everything a verdict depends on, in one JSON file, so that it can be judged again anywhere.
//!
//! Invariant: judging a saved change gives the verdict, byte for byte, that the change got when it was saved.

use serde::{Deserialize, Serialize};

use super::{Change, History, TeamFiles};
use crate::scan::options::Profile;
use crate::scan::snapshot::{ChangedFile, Content, FileStatus, Snapshot};
use crate::settings::repository::SettingsFile;

/// The version of the file's shape.
const VERSION: u32 = 1;

/// A change and the circumstances of its verdict. It holds the files' text: keep it as you keep the repository.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedChange {
    dockgate_snapshot: u32,
    /// The day, `YYYY-MM-DD`.
    pub today: String,
    /// The threshold of the command line: a severity or `never`.
    pub fail_on: Option<String>,
    /// The profile of the command line.
    #[serde(default)]
    pub profile: Option<Profile>,
    /// The standard of the command line.
    #[serde(default)]
    pub standard: Option<String>,
    /// The organisation's defaults.
    pub organisation: SettingsFile,
    team: TeamFiles,
    whole_tree: bool,
    files: Vec<SavedFile>,
    /// What the commits add.
    #[serde(default, skip_serializing_if = "History::is_empty")]
    history: History,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedFile {
    path: String,
    previous_path: Option<String>,
    status: FileStatus,
    base: Content,
    head: Content,
}

/// A file that is no saved change.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// The JSON is not of the shape that `--save` writes.
    #[error("not a saved change")]
    Shape(#[source] serde_json::Error),
    /// Another version of dockgate wrote it.
    #[error("saved change of version {found}; this dockgate reads version {VERSION}")]
    Version {
        /// The version found.
        found: u32,
    },
}

impl SavedChange {
    /// A copy of `change` with the day and the defaults of its verdict, and no flags.
    pub fn new(change: &Change, today: String, organisation: SettingsFile) -> Self {
        let files = change.snapshot.files.iter().map(|file| SavedFile {
            path: file.path.clone(),
            previous_path: file.previous_path.clone(),
            status: file.status,
            base: file.base.clone(),
            head: file.head.clone(),
        });
        Self {
            dockgate_snapshot: VERSION,
            today,
            fail_on: None,
            profile: None,
            standard: None,
            organisation,
            team: change.team.clone(),
            whole_tree: change.snapshot.whole_tree,
            files: files.collect(),
            history: change.history.clone(),
        }
    }

    /// Reads what [`SavedChange::to_json`] wrote.
    ///
    /// # Errors
    /// [`SavedError`] when `json` is something else.
    pub fn from_json(json: &str) -> Result<Self, SavedError> {
        let saved: Self = serde_json::from_str(json).map_err(SavedError::Shape)?;
        if saved.dockgate_snapshot == VERSION {
            Ok(saved)
        } else {
            Err(SavedError::Version { found: saved.dockgate_snapshot })
        }
    }

    /// The change as JSON.
    ///
    /// # Errors
    /// Never in practice: every field has a JSON form.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// The change.
    pub fn into_change(self) -> Change {
        let whole_tree = self.whole_tree;
        let files = self.files.into_iter().map(|file| {
            if whole_tree {
                ChangedFile::standing(file.path, file.head)
            } else {
                ChangedFile::new(file.path, file.previous_path, file.status, file.base, file.head)
            }
        });
        Change { snapshot: Snapshot { files: files.collect(), whole_tree }, team: self.team, history: self.history }
    }
}

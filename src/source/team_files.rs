//! What a team says about judging its repository.
//!
//! Invariant: absent, unreadable and present are three different things.

use serde::{Deserialize, Serialize};

use crate::scan::limits::Limits;
use crate::scan::snapshot::{Content, FileMode, Unjudged};
use crate::settings::baseline;
use crate::settings::repository::{SettingsFile, admission_paths, vex_paths};

/// Where a repository's settings are.
pub const SETTINGS_PATH: &str = ".github/dockgate.yml";
/// Below which a repository's own policies are.
pub const POLICY_DIRECTORY: &str = ".github/dockgate/";

/// Settings and policies as they stand at the base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamFiles {
    /// The settings, from [`SETTINGS_PATH`].
    pub settings: SettingsFile,
    /// The policies, from [`POLICY_DIRECTORY`], in the order of their paths.
    pub policies: Vec<TeamFile>,
    /// The files of `admission.paths` and `images.vex`, in the order of their paths.
    #[serde(default)]
    pub admission: Vec<TeamFile>,
    /// The lists of old findings, from [`baseline::PATHS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<TeamFile>,
}

/// One of the team's files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamFile {
    /// Its path in the repository.
    pub path: String,
    /// Its text.
    pub text: SettingsFile,
}

/// A side of a file, as settings and policies are handed over.
pub fn settings_file(content: &Content) -> SettingsFile {
    match content {
        Content::Absent => SettingsFile::Absent,
        Content::Text(text) => SettingsFile::Text(text.to_string()),
        Content::Unjudged(cause) => SettingsFile::Unreadable { why: cause.message() },
        Content::Unread => SettingsFile::Unreadable { why: "it was not read".to_owned() },
    }
}

/// Whether a path below the repository root is one of a team's files.
pub fn is_team_file(path: &str) -> bool {
    let is_yaml = path.rsplit_once('.').is_some_and(|(_, ending)| matches!(ending, "yaml" | "yml"));
    path == SETTINGS_PATH || baseline::PATHS.contains(&path) || (path.starts_with(POLICY_DIRECTORY) && is_yaml)
}

impl TeamFiles {
    /// The paths besides [`POLICY_DIRECTORY`] that the settings want.
    pub fn wanted_paths(&self) -> Vec<String> {
        self.named(admission_paths).into_iter().chain(self.named(vex_paths)).collect()
    }

    /// The files at the paths that the settings give for the cluster's policies.
    pub fn admission_files(&self) -> Vec<TeamFile> {
        self.files_at(&self.named(admission_paths))
    }

    /// The files at the paths that the settings give for `OpenVEX` documents.
    pub fn vex_files(&self) -> Vec<TeamFile> {
        let mut files = self.files_at(&self.named(vex_paths));
        files.retain(|file| file.path.rsplit_once('.').is_some_and(|(_, ending)| ending == "json"));
        files
    }

    fn named(&self, paths: impl Fn(&str) -> Vec<String>) -> Vec<String> {
        match &self.settings {
            SettingsFile::Text(text) => paths(text),
            SettingsFile::Absent | SettingsFile::Unreadable { .. } => Vec::new(),
        }
    }

    fn files_at(&self, paths: &[String]) -> Vec<TeamFile> {
        let is_at = |file: &&TeamFile| {
            let rest = |path: &String| file.path.strip_prefix(path.as_str());
            paths.iter().filter_map(rest).any(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.admission.iter().filter(is_at).cloned().collect()
    }

    /// Takes in one file of the base, by its path: the settings, a policy, or one of the wanted paths.
    pub fn add(&mut self, path: &str, text: SettingsFile) {
        if path == SETTINGS_PATH {
            self.settings = text;
        } else if baseline::PATHS.contains(&path) {
            self.baselines.push(TeamFile { path: path.to_owned(), text });
        } else if is_team_file(path) {
            let at = self.policies.partition_point(|file| file.path.as_str() < path);
            self.policies.insert(at, TeamFile { path: path.to_owned(), text });
        } else if [".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending)) {
            let at = self.admission.partition_point(|file| file.path.as_str() < path);
            if self.admission.get(at).is_none_or(|known| known.path != path) {
                self.admission.insert(at, TeamFile { path: path.to_owned(), text });
            }
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

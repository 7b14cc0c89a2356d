//! A change by the API, when git can't: texts in batches of 100, single files only when a batch cuts them.
//!
//! Invariant: a text is taken only when it has as many bytes as GitHub says the blob has.

use super::super::git::unavailable;
use super::super::team_files::{POLICY_DIRECTORY, SETTINGS_PATH, TeamFiles, is_team_file, settings_file};
use super::super::{Change, SourceError};
use super::{Commits, PullRequestSource};
use crate::github::GitHubError;
use crate::github::client::{ApiFile, PathEntry, PathObject};
use crate::github::identity::CommitSha;
use crate::scan::snapshot::{ChangedFile, Content, FileMode, FileStatus, Snapshot, Unjudged};
use crate::settings::baseline;
use crate::settings::repository::SettingsFile;

impl PullRequestSource {
    /// Reads the changed `files`, and the team's files, from the API.
    pub(super) async fn read_by_api(&self, commits: &Commits, files: &[ApiFile]) -> Result<Change, SourceError> {
        let mut asked: Vec<(CommitSha, String)> = vec![
            (commits.base.clone(), SETTINGS_PATH.to_owned()),
            (commits.base.clone(), POLICY_DIRECTORY.trim_end_matches('/').to_owned()),
        ];
        asked.push((commits.base.clone(), baseline::PATH.to_owned()));
        for file in files {
            asked.extend(base_path(file).map(|path| (commits.fork.clone(), path.to_owned())));
            asked.extend(head_path(file).map(|path| (commits.head.clone(), path.to_owned())));
        }
        let found = match self.client.paths(&asked).await {
            Err(error) if error.is_not_offered() => self.client.paths_by_rest(&asked).await,
            found => found,
        };
        let mut found = found?.into_iter();
        let settings = found.next().flatten();
        let policies = found.next().flatten();
        let mut team = self.team(settings, policies).await?;
        self.admission(commits, &mut team).await?;
        if let Some(entry) = found.next().flatten() {
            team.add(baseline::PATH, settings_file(&self.content(Some(entry)).await?));
        }
        let mut snapshot = Snapshot::default();
        for file in files {
            let base = match base_path(file) {
                Some(_) => self.content(found.next().flatten()).await?,
                None => Content::Absent,
            };
            let head = match head_path(file) {
                Some(_) => self.content(found.next().flatten()).await?,
                None => Content::Absent,
            };
            let previous_path = file.previous_filename.clone().filter(|_| file.status == "renamed");
            snapshot.files.push(ChangedFile::new(&file.filename, previous_path, status(file), base, head));
        }
        snapshot.files.sort_by(|one, other| one.path.cmp(&other.path));
        let history = self.history_by_api(commits).await?;
        Ok(Change { snapshot, team, history })
    }

    /// The content of an entry that GitHub lists: one that is not there after all is unavailable, not absent.
    async fn content(&self, entry: Option<PathEntry>) -> Result<Content, SourceError> {
        let Some(entry) = entry else {
            return Ok(Content::Unjudged(unavailable("GitHub lists the file but does not give it")));
        };
        match FileMode::from_octal(&format!("{:o}", entry.mode)) {
            FileMode::Symlink => Ok(Content::Unjudged(Unjudged::Symlink)),
            FileMode::Submodule => Ok(Content::Unjudged(Unjudged::Submodule)),
            FileMode::Regular => self.blob(&entry.oid, entry.object.unwrap_or_default()).await,
        }
    }

    async fn blob(&self, oid: &str, object: PathObject) -> Result<Content, SourceError> {
        let size = object.byte_size.unwrap_or(u64::MAX);
        if size > self.limits.max_file_bytes as u64 && object.byte_size.is_some() {
            return Ok(Content::Unjudged(Unjudged::too_large(size, &self.limits)));
        }
        if let Some(text) = object.text.filter(|text| text.len() as u64 == size && !object.is_truncated) {
            return Ok(Content::from_bytes(text.into_bytes(), &self.limits));
        }
        if object.is_binary == Some(true) {
            return Ok(Content::Unjudged(Unjudged::Binary));
        }
        match self.client.raw_blob(oid, self.limits.max_file_bytes).await {
            Ok(bytes) => Ok(Content::from_bytes(bytes, &self.limits)),
            Err(error) if error.is_retryable() => Err(error.into()),
            Err(GitHubError::TooLarge { .. }) => {
                let bytes = self.limits.max_file_bytes as u64 + 1;
                Ok(Content::Unjudged(Unjudged::too_large(bytes, &self.limits)))
            }
            Err(error) => Ok(Content::Unjudged(unavailable(&error.to_string()))),
        }
    }

    async fn team(&self, settings: Option<PathEntry>, policies: Option<PathEntry>) -> Result<TeamFiles, SourceError> {
        let mut team = TeamFiles::default();
        if let Some(entry) = settings {
            team.add(SETTINGS_PATH, settings_file(&self.content(Some(entry)).await?));
        }
        self.below(POLICY_DIRECTORY.to_owned(), policies, &mut team).await?;
        Ok(team)
    }

    /// The files that the settings want besides.
    async fn admission(&self, commits: &Commits, team: &mut TeamFiles) -> Result<(), SourceError> {
        let asked: Vec<_> = team.wanted_paths().into_iter().map(|path| (commits.base.clone(), path)).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let found = match self.client.paths(&asked).await {
            Err(error) if error.is_not_offered() => self.client.paths_by_rest(&asked).await,
            found => found,
        };
        for ((_, path), entry) in asked.into_iter().zip(found?) {
            match entry {
                Some(entry) if entry.mode == 0o40000 => self.below(format!("{path}/"), Some(entry), team).await?,
                Some(entry) => team.add(&path, settings_file(&self.content(Some(entry)).await?)),
                None => {}
            }
        }
        Ok(())
    }

    /// Adds the files of a directory, two levels deep.
    async fn below(
        &self,
        directory: String,
        entry: Option<PathEntry>,
        team: &mut TeamFiles,
    ) -> Result<(), SourceError> {
        let is_wanted = |path: &str| !directory.starts_with(POLICY_DIRECTORY) || is_team_file(path);
        let mut open = vec![(directory.clone(), entry)];
        while let Some((directory, entry)) = open.pop() {
            let Some(entries) = entry.and_then(|entry| entry.object).and_then(|object| object.entries) else {
                continue;
            };
            for entry in entries {
                let path = format!("{directory}{}", entry.name);
                let is_directory = entry.mode == 0o40000;
                let is_deep = is_directory && entry.object.as_ref().is_none_or(|object| object.entries.is_none());
                if is_deep {
                    let why = "policies lie at most two directories deep".to_owned();
                    team.add(&format!("{path}/more.yaml"), SettingsFile::Unreadable { why });
                } else if is_directory {
                    open.push((format!("{path}/"), Some(entry)));
                } else if is_wanted(&path) {
                    team.add(&path, settings_file(&self.content(Some(entry)).await?));
                }
            }
        }
        Ok(())
    }
}

fn base_path(file: &ApiFile) -> Option<&str> {
    match file.status.as_str() {
        "added" | "copied" => None,
        _ => Some(file.previous_filename.as_deref().unwrap_or(&file.filename)),
    }
}

fn head_path(file: &ApiFile) -> Option<&str> {
    (file.status != "removed").then_some(&file.filename)
}

/// GitHub says `changed` of a file whose mode or kind changes.
fn status(file: &ApiFile) -> FileStatus {
    match file.status.as_str() {
        "added" | "copied" => FileStatus::Added,
        "removed" => FileStatus::Deleted,
        "renamed" => FileStatus::Renamed,
        _ => FileStatus::Modified,
    }
}

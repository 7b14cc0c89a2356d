//! The files of directories as they stand, for the command line.
//!
//! Invariant: every file that git would not ignore is in the snapshot; a symbolic link is never followed.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use ignore::WalkBuilder;

use super::git::unavailable;
use super::raw_diff::path_text;
use super::team_files::settings_file;
use super::team_files::{TeamFiles, content_of, is_team_file};
use super::{Change, History, Source, SourceError};
use crate::scan::limits::Limits;
use crate::scan::snapshot::{ChangedFile, Content, FileMode, Snapshot, Unjudged};
use crate::settings::baseline;

/// Files and directories as they stand.
pub struct DirectorySource {
    root: PathBuf,
    paths: Vec<PathBuf>,
    limits: Limits,
}

impl DirectorySource {
    /// The files of `paths` (each a file or a directory, relative to `root` or absolute), named relative to `root`.
    /// Without any path, all of `root`.
    pub fn new(root: impl Into<PathBuf>, paths: Vec<PathBuf>, limits: Limits) -> Self {
        let paths = if paths.is_empty() { vec![PathBuf::from(".")] } else { paths };
        Self { root: root.into(), paths, limits }
    }

    /// Reads the files, without the wait of [`Source::read`].
    ///
    /// # Errors
    /// [`SourceError::Path`] when one of the paths is not there.
    pub fn read_now(&self) -> Result<Change, SourceError> {
        let mut change = self.list()?;
        for file in change.snapshot.files.iter_mut().filter(|file| file.head == Content::Unread) {
            let content = self.read_file(&file.path);
            *file = ChangedFile::standing(std::mem::take(&mut file.path), content);
        }
        Ok(change)
    }

    /// The content of a file that [`DirectorySource::list`] names and leaves unread.
    pub fn read_file(&self, name: &str) -> Content {
        content(&self.root.join(name), FileMode::Regular, &self.limits)
    }

    /// Lists the files, their texts unread.
    ///
    /// # Errors
    /// [`SourceError::Path`] when one of the paths is not there.
    pub fn list(&self) -> Result<Change, SourceError> {
        let mut files = Vec::new();
        for path in &self.paths {
            let path = self.root.join(path);
            let metadata =
                path.symlink_metadata().map_err(|source| SourceError::Path { path: path.clone(), source })?;
            if metadata.is_dir() {
                self.walk(&path, &mut files);
            } else {
                // Named by hand: judged even when git ignores it.
                files.push(self.file(&path, &metadata));
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files.dedup_by(|one, other| one.path == other.path);
        Ok(Change { snapshot: Snapshot { files, whole_tree: true }, team: self.team(), history: History::default() })
    }

    fn walk(&self, directory: &Path, files: &mut Vec<ChangedFile>) {
        let mut walk = WalkBuilder::new(directory);
        // Hidden files are judged (`.github`, `.gitlab-ci.yml`); what git ignores is not, in a repository or out of it.
        walk.hidden(false).ignore(false).require_git(false).follow_links(false).sort_by_file_path(Path::cmp);
        walk.filter_entry(|entry| entry.file_name() != ".git");
        for entry in walk.build() {
            match entry {
                Ok(entry) => {
                    let metadata = entry.path().symlink_metadata();
                    match metadata {
                        Ok(metadata) if metadata.is_dir() => {}
                        Ok(metadata) => files.push(self.file(entry.path(), &metadata)),
                        Err(error) => files.push(self.unread(entry.path(), &error.to_string())),
                    }
                }
                Err(error) => files.push(self.unread(path_of(&error).unwrap_or(directory), &cause(&error))),
            }
        }
    }

    fn file(&self, path: &Path, metadata: &Metadata) -> ChangedFile {
        let name = self.name(path);
        let content = if metadata.is_symlink() {
            Content::Unjudged(Unjudged::Symlink)
        } else if metadata.is_file() && self.root.join(&name).as_os_str() == path.as_os_str() {
            Content::Unread
        } else if metadata.is_file() {
            // A name that is no text does not lead back to the file.
            content(path, FileMode::Regular, &self.limits)
        } else {
            Content::Unjudged(unavailable("not a regular file"))
        };
        ChangedFile::standing(name, content)
    }

    fn unread(&self, path: &Path, why: &str) -> ChangedFile {
        ChangedFile::standing(self.name(path), Content::Unjudged(unavailable(why)))
    }

    /// The path relative to the root, as text, with `/`.
    fn name(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        let parts = relative.components().filter(|part| !matches!(part, std::path::Component::CurDir));
        path_text(parts.collect::<PathBuf>().as_os_str().as_bytes())
    }

    /// The settings and policies of the root, whatever paths are scanned.
    pub fn team(&self) -> TeamFiles {
        let mut team = TeamFiles::default();
        // The lists of other tools lie in the root itself.
        for path in baseline::PATHS.iter().filter(|path| !path.contains('/')) {
            team.add(path, settings_file(&self.standing(path)));
        }
        let directory = self.root.join(".github");
        if !directory.is_dir() {
            return team;
        }
        let walk = WalkBuilder::new(&directory).standard_filters(false).follow_links(false).max_depth(Some(8)).build();
        for entry in walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir())) {
            let name = self.name(entry.path());
            if is_team_file(&name) {
                let is_link = entry.path_is_symlink();
                let mode = if is_link { FileMode::Symlink } else { FileMode::Regular };
                team.add(&name, settings_file(&content(entry.path(), mode, &self.limits)));
            }
        }
        for path in team.wanted_paths() {
            let walk = WalkBuilder::new(self.root.join(path)).standard_filters(false).follow_links(false).build();
            for entry in walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file())) {
                let name = self.name(entry.path());
                let text = settings_file(&content(entry.path(), FileMode::Regular, &self.limits));
                team.add(&name, text);
            }
        }
        team
    }
}

impl DirectorySource {
    /// The file at `path` of the root, when there is one.
    fn standing(&self, path: &str) -> Content {
        let path = self.root.join(path);
        if path.symlink_metadata().is_ok() { content(&path, FileMode::Regular, &self.limits) } else { Content::Absent }
    }
}

#[async_trait]
impl Source for DirectorySource {
    async fn read(&self) -> Result<Change, SourceError> {
        self.read_now()
    }
}

/// The content of a file on disk, not following it when it has become a link.
pub(super) fn content(path: &Path, mode: FileMode, limits: &Limits) -> Content {
    let failed = |error: std::io::Error| unavailable(&error.to_string());
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let mode = if is_link { FileMode::Symlink } else { mode };
    content_of(mode, limits, || {
        let metadata = path.symlink_metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(unavailable("not a regular file"));
        }
        if metadata.len() > limits.max_file_bytes as u64 {
            return Err(Unjudged::too_large(metadata.len(), limits));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
        // One byte more than the limit: a file that grows while it is read is still seen to be too large.
        let limit = limits.max_file_bytes as u64 + 1;
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(failed)?;
        Ok(bytes)
    })
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

fn cause(error: &ignore::Error) -> String {
    error.io_error().map_or_else(|| "can't be walked".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests;

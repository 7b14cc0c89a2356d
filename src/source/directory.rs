//! The files of directories as they stand, for the command line.
//!
//! Invariant: every file that git would not ignore is in the snapshot; a symbolic link is never followed.

use std::fs::{File, FileType, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use ignore::WalkBuilder;
use rustix::buffer::spare_capacity;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::git::unavailable;
use super::raw_diff::path_text;
use super::team_files::settings_file;
use super::team_files::{TeamFiles, is_team_file};
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
        let mut files = Vec::with_capacity(ROOM);
        for path in &self.paths {
            let path = self.root.join(path);
            let metadata =
                path.symlink_metadata().map_err(|source| SourceError::Path { path: path.clone(), source })?;
            if metadata.is_dir() {
                self.walk(&path, &mut files);
            } else {
                // Named by hand: judged even when git ignores it.
                files.push(self.file(&path, metadata.file_type()));
            }
        }
        files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
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
                // The directory tells what its entries are: nothing is asked of each.
                Ok(entry) => match entry.file_type() {
                    Some(kind) if kind.is_dir() => {}
                    Some(kind) => files.push(self.file(entry.path(), kind)),
                    None => files.push(self.unread(entry.path(), IRREGULAR)),
                },
                Err(error) => files.push(self.unread(path_of(&error).unwrap_or(directory), &cause(&error))),
            }
        }
    }

    fn file(&self, path: &Path, kind: FileType) -> ChangedFile {
        let name = self.name(path);
        let content = if kind.is_symlink() {
            Content::Unjudged(Unjudged::Symlink)
        } else if kind.is_file() && self.root.join(&name) == path {
            Content::Unread
        } else if kind.is_file() {
            // A name that is no text does not lead back to the file.
            content(path, FileMode::Regular, &self.limits)
        } else {
            Content::Unjudged(unavailable(IRREGULAR))
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

/// What is said of a pipe, a socket or a device.
const IRREGULAR: &str = "not a regular file";
/// How many files a list has room for at first: what is not written to takes no memory, and to grow is to copy.
const ROOM: usize = 1 << 15;
/// How many bytes are read before the rest, so that of a large binary file no more is read. Even, for UTF-16.
const BEGINNING_BYTES: usize = 64 * 1024;

/// The content of a file on disk, not following it when it has become a link.
pub(super) fn content(path: &Path, mode: FileMode, limits: &Limits) -> Content {
    match mode {
        FileMode::Submodule => return Content::Unjudged(Unjudged::Submodule),
        FileMode::Symlink => return Content::Unjudged(Unjudged::Symlink),
        FileMode::Regular => {}
    }
    let (file, metadata) = match open(path) {
        Ok(opened) => opened,
        Err(error) => return Content::Unjudged(unopened(path, &error)),
    };
    if !metadata.is_file() {
        return Content::Unjudged(unavailable(IRREGULAR));
    }
    if metadata.len() > limits.max_file_bytes as u64 {
        return Content::Unjudged(Unjudged::too_large(metadata.len(), limits));
    }
    let size = usize::try_from(metadata.len()).unwrap_or_default();
    match read(&file, size, limits) {
        Ok(bytes) => Content::from_bytes(bytes, limits),
        Err(error) => Content::Unjudged(unavailable(&error.to_string())),
    }
}

/// Opens what stands at `path` itself, without waiting for whoever writes into a pipe, and says what it is.
fn open(path: &Path) -> std::io::Result<(File, Metadata)> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// Why a file could not be opened.
fn unopened(path: &Path, error: &std::io::Error) -> Unjudged {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => Unjudged::Symlink,
        Ok(metadata) if !metadata.is_file() => unavailable(IRREGULAR),
        _ => unavailable(&error.to_string()),
    }
}

/// Reads a file that had `size` bytes: at most one more than the limit, so that a file that grows while it is read is
/// still seen to be too large. A binary file is left at its beginning.
fn read(file: &File, size: usize, limits: &Limits) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut room = (size + 1).min(BEGINNING_BYTES);
    loop {
        bytes.reserve_exact(room - bytes.len());
        match rustix::io::read(file, spare_capacity(&mut bytes)) {
            Ok(0) => return Ok(bytes),
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        // All that there was, and room left: its end.
        if bytes.len() > limits.max_file_bytes || (bytes.len() == size && size < room) {
            return Ok(bytes);
        }
        if bytes.len() >= room {
            if room == BEGINNING_BYTES && Content::is_binary(&bytes) {
                return Ok(bytes);
            }
            room = (bytes.len() * 2).max(size + 1).min(limits.max_file_bytes + 1);
        }
    }
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

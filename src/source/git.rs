//! A change of the git repository at hand, for the command line.
//!
//! Invariant: the repository is only read, with plumbing commands; none of its hooks, filters or drivers runs, and no
//! revision or file name can become an option.

pub(super) mod command;
mod conversation;
pub(super) mod history;
pub(super) mod objects;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::raw_diff::{Entry, Object, parse_diff, path_text};
use super::team_files::settings_file;
use super::team_files::{SETTINGS_PATH, TeamFiles, content_of, is_team_file};
use super::{Change, History, Source, SourceError};
use crate::scan::limits::Limits;
use crate::scan::snapshot::{ChangedFile, Content, FileMode, FileStatus, Snapshot, Unjudged};
use crate::settings::baseline;
use command::Git;
pub use history::parse as added_lines;
use objects::{ObjectReader, Objects};

/// Which change of the repository is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitRange {
    /// From the common commit of `base` and `head` to `head`.
    Commits {
        /// The revision it is compared with.
        base: String,
        /// The revision that is judged.
        head: String,
    },
    /// From the common commit of `base` and `HEAD` to the files as they stand, untracked ones included.
    WorkingTree {
        /// The revision it is compared with.
        base: String,
    },
    /// From `base` (as it is; `None` is `HEAD`) to what is staged.
    Staged {
        /// The revision it is compared with.
        base: Option<String>,
    },
}

/// A change of the git repository that holds a directory.
pub struct GitDiffSource {
    directory: PathBuf,
    range: GitRange,
    limits: Limits,
}

impl GitDiffSource {
    /// The change `range` of the repository that holds `directory`.
    pub fn new(directory: impl Into<PathBuf>, range: GitRange, limits: Limits) -> Self {
        Self { directory: directory.into(), range, limits }
    }
}

/// The two ends of a range, as commits (or trees).
struct Ends {
    /// What settings come from.
    base: String,
    /// What is judged, or `HEAD` when files of the working tree are; `None` when it does not matter.
    head: Option<String>,
}

#[async_trait]
impl Source for GitDiffSource {
    async fn read(&self) -> Result<Change, SourceError> {
        let root = root(&self.directory).await?;
        let git = Git::here(&root);
        let mut reader = ObjectReader::new(&git);
        let ends = self.ends(&git, &mut reader).await?;
        let (entries, team) = tokio::join!(self.entries(&git, &ends), team_objects(&mut reader, &ends.base));
        let (mut entries, mut team) = (entries?, team?);
        let more = admission_objects(&mut reader, &ends.base, &team, &self.limits).await?;
        team.extend(more);
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        let wanted = wanted(&entries).chain(team.iter().map(|(_, object)| object.oid.clone()));
        let objects = reader.read(wanted.collect(), &self.limits).await?;
        let files = entries.iter().filter_map(|entry| self.file(&root, entry, &objects)).collect();
        let team = team_files(&team, &objects, &self.limits);
        let history = self.history(&git, &ends).await;
        Ok(Change { snapshot: Snapshot { files, whole_tree: false }, team, history })
    }
}

/// The top of the working tree that holds `directory`.
async fn root(directory: &Path) -> Result<PathBuf, SourceError> {
    if let Some(root) = plain_root(directory) {
        return Ok(root);
    }
    let mut output = Git::here(directory).run("rev-parse", &["--show-toplevel"]).await?;
    while output.last() == Some(&b'\n') {
        output.pop();
    }
    Ok(PathBuf::from(OsString::from_vec(output)))
}

/// The same without asking git, for a repository of the plainest kind: `.git` is a directory of its own, and its
/// configuration does not speak of another working tree or another file.
fn plain_root(directory: &Path) -> Option<PathBuf> {
    let directory = directory.canonicalize().ok()?;
    let root = directory.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())?;
    let is_inside = directory.components().any(|part| part.as_os_str() == ".git");
    let configuration = std::fs::read_to_string(root.join(".git/config")).ok()?.to_ascii_lowercase();
    let is_plain = !["worktree", "include", "bare = true"].iter().any(|word| configuration.contains(word));
    let has_all = ["HEAD", "objects", "refs"].iter().all(|part| root.join(".git").join(part).exists());
    (is_plain && has_all && !is_inside).then(|| root.to_owned())
}

/// The object ids whose content is needed: regular files of both sides.
pub(super) fn wanted(entries: &[Entry]) -> impl Iterator<Item = String> + '_ {
    let sides = entries.iter().flat_map(|entry| [&entry.base, &entry.head]).flatten();
    sides.filter(|object| object.mode == FileMode::Regular && !object.is_unhashed()).map(|object| object.oid.clone())
}

/// The team's files of a tree, with their objects.
pub(super) async fn team_objects(
    reader: &mut ObjectReader<'_>,
    tree: &str,
) -> Result<Vec<(String, Object)>, SourceError> {
    let mut found = Vec::new();
    for entry in reader.directory(format!("{tree}:.github")).await? {
        match entry.name.as_slice() {
            b"dockgate.yml" if !entry.is_directory => found.push((SETTINGS_PATH.to_owned(), entry.object)),
            b"dockgate-baseline.json" if !entry.is_directory => found.push((baseline::PATH.to_owned(), entry.object)),
            b"dockgate" if entry.is_directory => {
                let below = reader.files_below(&entry.object.oid, ".github/dockgate").await?;
                found.extend(below.into_iter().map(|(path, object)| (path_text(&path), object)));
            }
            _ => {}
        }
    }
    found.retain(|(path, _)| is_team_file(path));
    Ok(found)
}

/// The files of the tree that the settings among `team` want besides, with their objects. The settings must be there.
pub(super) async fn admission_objects(
    reader: &mut ObjectReader<'_>,
    tree: &str,
    team: &[(String, Object)],
    limits: &Limits,
) -> Result<Vec<(String, Object)>, SourceError> {
    let Some(settings) = team.iter().find(|(path, _)| path == SETTINGS_PATH) else { return Ok(Vec::new()) };
    let objects = reader.read([settings.1.oid.clone()].into(), limits).await?;
    let mut found = Vec::new();
    for path in team_files(std::slice::from_ref(settings), &objects, limits).wanted_paths() {
        let files = reader.files_at(tree, &path).await?;
        found.extend(files.into_iter().map(|(path, object)| (path_text(&path), object)));
    }
    found.retain(|(path, _)| !is_team_file(path));
    Ok(found)
}

/// The team's files with their texts.
pub(super) fn team_files(found: &[(String, Object)], objects: &Objects, limits: &Limits) -> TeamFiles {
    let mut team = TeamFiles::default();
    for (path, object) in found {
        team.add(path, settings_file(&content_of(object.mode, limits, || objects.bytes(&object.oid))));
    }
    team
}

impl GitDiffSource {
    async fn ends(&self, git: &Git, reader: &mut ObjectReader<'_>) -> Result<Ends, SourceError> {
        match &self.range {
            GitRange::Commits { base, head } => {
                Ok(Ends { base: reader.commit(base).await?, head: Some(reader.commit(head).await?) })
            }
            GitRange::WorkingTree { base } => {
                Ok(Ends { base: reader.commit(base).await?, head: Some(reader.commit("HEAD").await?) })
            }
            GitRange::Staged { base: Some(base) } => Ok(Ends { base: reader.commit(base).await?, head: None }),
            GitRange::Staged { base: None } => {
                // Before the first commit, everything staged is new.
                let base = match reader.commit("HEAD").await {
                    Ok(base) => base,
                    Err(SourceError::Revision { .. }) => git.empty_tree().await?,
                    Err(error) => return Err(error),
                };
                Ok(Ends { base, head: None })
            }
        }
    }

    async fn entries(&self, git: &Git, ends: &Ends) -> Result<Vec<Entry>, SourceError> {
        let base = ends.base.as_str();
        match (&self.range, &ends.head) {
            (GitRange::Staged { .. }, _) | (_, None) => diff(git, "diff-index", &["--cached", base]).await,
            (GitRange::Commits { .. }, Some(head)) => {
                from_fork(git, base, head, "diff-tree", &["-r", "--no-textconv"], &[head]).await
            }
            (GitRange::WorkingTree { .. }, Some(head)) => {
                let changed = from_fork(git, base, head, "diff-index", &[], &[]);
                let (changed, untracked) = tokio::join!(changed, untracked(git));
                let mut entries = changed?;
                entries.extend(untracked?);
                Ok(entries)
            }
        }
    }

    /// What the commits of the range add, which may be more than the files show in the end.
    async fn history(&self, git: &Git, ends: &Ends) -> History {
        // Of a commit and itself there is nothing to read.
        if ends.head.as_deref() == Some(&*ends.base) {
            return History::default();
        }
        let head = match &self.range {
            GitRange::Commits { .. } => ends.head.as_deref().unwrap_or("HEAD"),
            GitRange::WorkingTree { .. } => "HEAD",
            GitRange::Staged { .. } => return History::default(),
        };
        let history = history::added(git, &ends.base, head, &self.limits).await;
        history.unwrap_or_else(|error| History::unread(error.to_string()))
    }

    /// The file of an entry; `None` when it turns out not to differ.
    fn file(&self, root: &Path, entry: &Entry, objects: &Objects) -> Option<ChangedFile> {
        let side = |object: &Option<Object>| match object {
            None => Content::Absent,
            Some(object) if object.is_unhashed() => self.standing(root, &entry.path, object.mode),
            Some(object) => content_of(object.mode, &self.limits, || objects.bytes(&object.oid)),
        };
        let (base, head) = (side(&entry.base), side(&entry.head));
        // git lists a file of the working tree that was touched but not altered.
        let is_touched_only = entry.status == FileStatus::Modified
            && base == head
            && base.text().is_some()
            && entry.head.as_ref().is_some_and(Object::is_unhashed);
        let previous_path = entry.previous_path.as_deref().map(path_text);
        let file = || ChangedFile::new(path_text(&entry.path), previous_path, entry.status, base, head);
        (!is_touched_only).then(file)
    }

    /// A file of the working tree.
    fn standing(&self, root: &Path, path: &[u8], mode: FileMode) -> Content {
        let path = root.join(PathBuf::from(OsString::from_vec(path.to_vec())));
        super::directory::content(&path, mode, &self.limits)
    }
}

/// What differs from the common commit of `base` and `head` on.
async fn from_fork(
    git: &Git,
    base: &str,
    head: &str,
    command: &str,
    options: &[&str],
    other: &[&str],
) -> Result<Vec<Entry>, SourceError> {
    if base == head {
        return diff(git, command, &[options, &[base], other].concat()).await;
    }
    let at_once = diff(git, command, &[options, &["--merge-base", base], other].concat()).await;
    match at_once {
        // git is older than 2.30, there are several such commits, or there is none.
        Err(SourceError::Git { .. }) => {
            let fork = git.merge_base(base, head).await?;
            diff(git, command, &[options, &[fork.as_str()], other].concat()).await
        }
        outcome => outcome,
    }
}

async fn diff(git: &Git, command: &str, arguments: &[&str]) -> Result<Vec<Entry>, SourceError> {
    let format = ["--raw", "-z", "--no-abbrev", "-M", "--no-ext-diff"];
    let output = git.run(command, &[&format, arguments, &["--"]].concat()).await?;
    parse_diff(&output).ok_or_else(|| SourceError::Output { command: command.into() })
}

/// The files that git neither tracks nor ignores.
async fn untracked(git: &Git) -> Result<Vec<Entry>, SourceError> {
    let output = git.run("ls-files", &["-z", "--others", "--exclude-standard", "--"]).await?;
    let paths = output.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    Ok(paths
        .map(|path| {
            // A repository inside this one is listed as a directory: its content is another repository's.
            let (path, mode) = match path.strip_suffix(b"/") {
                Some(path) => (path.to_vec(), FileMode::Submodule),
                None => (path.to_vec(), FileMode::Regular),
            };
            let head = Object { mode, oid: "0".repeat(40) };
            Entry { base: None, head: Some(head), previous_path: None, path, status: FileStatus::Added }
        })
        .collect())
}

/// What a missing object means to people.
pub(super) fn unavailable(why: &str) -> Unjudged {
    Unjudged::Unavailable { why: why.to_owned() }
}

#[cfg(test)]
mod tests;

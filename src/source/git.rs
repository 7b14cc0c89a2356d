//! A change of the git repository at hand, for the command line.
//!
//! Invariant: the repository is only read, with plumbing commands; none of its hooks, filters or drivers runs, and no
//! revision or file name can become an option.

pub(super) mod command;
pub(super) mod objects;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::raw_diff::{Entry, Object, parse_diff, parse_tree, path_text};
use super::team_files::settings_file;
use super::team_files::{TeamFiles, content_of, is_team_file};
use super::{Change, Source, SourceError};
use crate::scan::limits::Limits;
use crate::scan::snapshot::{ChangedFile, Content, FileMode, FileStatus, Snapshot, Unjudged};
use command::Git;
use objects::Objects;

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
    /// What the change is compared with.
    fork: String,
    /// What is judged; `None` is the working tree or the index.
    head: Option<String>,
}

#[async_trait]
impl Source for GitDiffSource {
    async fn read(&self) -> Result<Change, SourceError> {
        let here = Git::here(&self.directory);
        let root = root(&here).await?;
        let git = Git::here(&root);
        let ends = self.ends(&git).await?;
        let mut entries = self.entries(&git, &ends).await?;
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        let team = team_objects(&git, &ends.base).await?;
        let wanted = wanted(&entries).chain(team.iter().map(|(_, object)| object.oid.clone()));
        let objects = objects::read(&git, wanted.collect(), &self.limits).await?;
        let files = entries.iter().filter_map(|entry| self.file(&root, entry, &objects)).collect();
        let team = team_files(&team, &objects, &self.limits);
        Ok(Change { snapshot: Snapshot { files, whole_tree: false }, team })
    }
}

async fn root(git: &Git) -> Result<PathBuf, SourceError> {
    let mut output = git.run("rev-parse", &["--show-toplevel"]).await?;
    while output.last() == Some(&b'\n') {
        output.pop();
    }
    Ok(PathBuf::from(OsString::from_vec(output)))
}

/// The object ids whose content is needed: regular files of both sides.
pub(super) fn wanted(entries: &[Entry]) -> impl Iterator<Item = String> + '_ {
    let sides = entries.iter().flat_map(|entry| [&entry.base, &entry.head]).flatten();
    sides.filter(|object| object.mode == FileMode::Regular && !object.is_unhashed()).map(|object| object.oid.clone())
}

/// The team's files of a tree, with their objects.
pub(super) async fn team_objects(git: &Git, tree: &str) -> Result<Vec<(String, Object)>, SourceError> {
    let paths = ["-r", "-z", "--full-tree", tree, "--", ".github/dockgate.yml", ".github/dockgate"];
    let output = git.run("ls-tree", &paths).await?;
    let found = parse_tree(&output).ok_or_else(|| SourceError::Output { command: "ls-tree".into() })?;
    let named = found.into_iter().map(|(path, object)| (path_text(&path), object));
    Ok(named.filter(|(path, _)| is_team_file(path)).collect())
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
    async fn ends(&self, git: &Git) -> Result<Ends, SourceError> {
        match &self.range {
            GitRange::Commits { base, head } => {
                let (base, head) = (git.commit(base).await?, git.commit(head).await?);
                Ok(Ends { fork: git.merge_base(&base, &head).await?, base, head: Some(head) })
            }
            GitRange::WorkingTree { base } => {
                let (base, head) = (git.commit(base).await?, git.commit("HEAD").await?);
                Ok(Ends { fork: git.merge_base(&base, &head).await?, base, head: None })
            }
            GitRange::Staged { base: Some(base) } => {
                let base = git.commit(base).await?;
                Ok(Ends { fork: base.clone(), base, head: None })
            }
            GitRange::Staged { base: None } => {
                // Before the first commit, everything staged is new.
                let base = match git.commit("HEAD").await {
                    Ok(base) => base,
                    Err(SourceError::Revision { .. }) => git.empty_tree().await?,
                    Err(error) => return Err(error),
                };
                Ok(Ends { fork: base.clone(), base, head: None })
            }
        }
    }

    async fn entries(&self, git: &Git, ends: &Ends) -> Result<Vec<Entry>, SourceError> {
        const FORMAT: [&str; 5] = ["--raw", "-z", "--no-abbrev", "-M", "--no-ext-diff"];
        let (command, mut arguments) = match (&self.range, &ends.head) {
            (_, Some(head)) => ("diff-tree", vec!["-r", "--no-textconv", &ends.fork, head]),
            (GitRange::Staged { .. }, None) => ("diff-index", vec!["--cached", &ends.fork]),
            (_, None) => ("diff-index", vec![ends.fork.as_str()]),
        };
        let mut all = FORMAT.to_vec();
        all.append(&mut arguments);
        all.push("--");
        let output = git.run(command, &all).await?;
        let mut entries = parse_diff(&output).ok_or_else(|| SourceError::Output { command: command.into() })?;
        if matches!(self.range, GitRange::WorkingTree { .. }) {
            entries.extend(untracked(git).await?);
        }
        Ok(entries)
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

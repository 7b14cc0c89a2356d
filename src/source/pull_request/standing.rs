//! The images that a branch uses as it stands, for watching what was merged.
//!
//! Invariant: a file that may name images and could not be read is counted; memory holds the texts of few files at a
//! time, however many there are. A file whose name tells nothing is not looked into.

use std::collections::BTreeSet;

use super::super::git::command::Git;
use super::super::git::objects::{ObjectReader, Objects};
use super::super::git::{admission_objects, team_files, team_objects, wanted};
use super::super::raw_diff::{Entry, Object, path_text};
use super::super::team_files::content_of;
use super::super::{SourceError, TeamFiles};
use super::fetch::{diff, fetch_missing};
use super::{Commits, PullRequestSource};
use crate::scan::document::{self, may_have_structure};
use crate::scan::image_use::{ImageChange, brought_in, image_uses};
use crate::scan::limits::Limits;
use crate::scan::snapshot::{Content, Unjudged};

/// Files that are read at once.
const AT_ONCE: usize = 50;
/// The largest file that is read, in bytes.
const MAX_FILE_BYTES: usize = 2 << 20;
/// The most files that are read, and the most images that are remembered.
const MOST_FILES: usize = 20_000;
const MOST_IMAGES: usize = 2_000;

/// What a commit as a whole says about images.
#[derive(Debug, Default)]
pub struct Standing {
    /// What the team says there about judging.
    pub team: TeamFiles,
    /// The images, each once for each file, in the order of the paths.
    pub images: Vec<ImageChange>,
    /// How many files, or images, are not part of it.
    pub left_out: usize,
}

impl PullRequestSource {
    /// Reads the images that the target's head uses.
    ///
    /// # Errors
    /// Any [`SourceError`] of git, which is needed for this.
    pub async fn standing(&self) -> Result<Standing, SourceError> {
        let directory = self.directory()?;
        let head = &self.target.head;
        let commits = Commits { base: head.clone(), fork: head.clone(), head: head.clone(), own: Vec::new(), total: 0 };
        let (git, _) = self.repository(Git::bare(directory.path()), &commits).await?;
        let empty = git.empty_tree().await?;
        let mut entries = diff(&git, &empty, head.as_str(), "--no-renames").await?;
        entries.retain(|entry| may_have_structure(&path_text(&entry.path)));
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        let mut standing = Standing { left_out: entries.len().saturating_sub(MOST_FILES), ..Standing::default() };
        entries.truncate(MOST_FILES);
        standing.team = self.standing_team(&git, head.as_str()).await?;
        let oids: BTreeSet<String> = wanted(&entries).collect();
        fetch_missing(&git, &mut ObjectReader::new(&git), &oids).await?;
        let limits = Limits { max_file_bytes: MAX_FILE_BYTES, ..self.limits.clone() };
        let mut reader = ObjectReader::new(&git);
        for some in entries.chunks(AT_ONCE) {
            let objects = reader.read(wanted(some).collect(), &limits).await?;
            let (some, limits) = (some.to_vec(), limits.clone());
            let read = tokio::task::spawn_blocking(move || images_of(&some, &objects, &limits)).await;
            let (images, unread) = read.map_err(|_| SourceError::Output { command: "cat-file".into() })?;
            standing.images.extend(images);
            standing.left_out += unread;
        }
        standing.left_out += standing.images.len().saturating_sub(MOST_IMAGES);
        standing.images.truncate(MOST_IMAGES);
        Ok(standing)
    }

    async fn standing_team(&self, git: &Git, head: &str) -> Result<TeamFiles, SourceError> {
        let mut reader = ObjectReader::new(git);
        let mut team = team_objects(&mut reader, head).await?;
        let oids =
            |team: &[(String, Object)]| team.iter().map(|(_, object)| object.oid.clone()).collect::<BTreeSet<_>>();
        fetch_missing(git, &mut reader, &oids(&team)).await?;
        let mut reader = ObjectReader::new(git);
        team.extend(admission_objects(&mut reader, head, &team, &self.limits).await?);
        fetch_missing(git, &mut reader, &oids(&team)).await?;
        let objects = ObjectReader::new(git).read(oids(&team), &self.limits).await?;
        Ok(team_files(&team, &objects, &self.limits))
    }
}

/// The images of some files, and how many of these could not be read.
fn images_of(entries: &[Entry], objects: &Objects, limits: &Limits) -> (Vec<ImageChange>, usize) {
    let (mut images, mut unread) = (Vec::new(), 0);
    for entry in entries {
        let Some(object) = &entry.head else { continue };
        let path = path_text(&entry.path);
        match content_of(object.mode, limits, || objects.bytes(&object.oid)) {
            Content::Text(text) => {
                let uses = image_uses(&document::parse(&path, &text, limits), &text);
                images.extend(brought_in(&path, &text, &[], &uses));
            }
            // A link leads to a file that is read where it lies, or to none of this repository's.
            Content::Unjudged(Unjudged::Symlink | Unjudged::Submodule) => {}
            _ => unread += 1,
        }
    }
    (images, unread)
}

//! `dockgate pin`: writes the digest of each image beside its tag.
//!
//! Invariant: nothing else in a file changes, and a file is written only after its new text was read again and uses the
//! same images, now with their digests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::scan::root_and_paths;
use super::{Exit, Surroundings, registry};
use crate::registry::RegistryError;
use crate::registry::resolve::Resolved;
use crate::report::words::describe;
use crate::scan::document;
use crate::scan::edit::{self, Edit};
use crate::scan::image_reference::ImageReference;
use crate::scan::image_use::{ImageUse, image_uses, is_pinned};
use crate::scan::limits::Limits;
use crate::scan::span::LineIndex;
use crate::source::directory::DirectorySource;

/// Arguments of `dockgate pin`.
#[derive(Debug, Args)]
pub struct PinArgs {
    /// Files and folders; when absent the current folder
    paths: Vec<PathBuf>,
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// A file with the images it uses.
struct File {
    path: String,
    text: String,
    uses: Vec<ImageUse>,
}

/// Resolves, writes and prints.
///
/// # Errors
/// The files can't be read or written, or the settings of registries are wrong.
pub fn run(args: &PinArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    let (root, paths) = root_and_paths(&args.paths)?;
    let limits = Limits::default();
    let files = files(&root, paths, &limits)?;
    let open = |found: &&ImageUse| found.reference.digest().is_none();
    let images: Vec<ImageReference> =
        files.iter().flat_map(|file| file.uses.iter().filter(open)).map(|found| found.reference.clone()).collect();
    let resolved = registry::resolve(&images, &surroundings.environment)?;
    let mut left = 0;
    for file in &files {
        left += pin(file, &resolved, &root, args.dry_run, &limits, surroundings)?;
    }
    Ok(if left == 0 { Exit::Clean } else { Exit::Unjudged })
}

fn files(root: &Path, paths: Vec<PathBuf>, limits: &Limits) -> anyhow::Result<Vec<File>> {
    let change = DirectorySource::new(root, paths, limits.clone()).read_now()?;
    let read = |file: crate::scan::snapshot::ChangedFile| {
        let text = file.head.text()?.to_string();
        let uses = image_uses(&document::parse(&file.path, &text, limits), &text);
        (!uses.is_empty()).then_some(File { path: file.path, text, uses })
    };
    Ok(change.snapshot.files.into_iter().filter_map(read).collect())
}

/// Writes what is known into one file; returns how many images are left without a digest.
fn pin(
    file: &File,
    resolved: &Resolved,
    root: &Path,
    dry_run: bool,
    limits: &Limits,
    surroundings: &mut Surroundings<'_>,
) -> anyhow::Result<usize> {
    let lines = LineIndex::new(&file.text);
    let mut edits = Vec::new();
    let mut left = 0;
    for found in file.uses.iter().filter(|found| found.reference.digest().is_none()) {
        let place = format!("{}:{}", file.path.escape_debug(), lines.position(&file.text, found.span.start).line);
        match edit_of(found, &file.text, resolved) {
            Ok((digest, edit)) => {
                let tag = if found.reference.tag().is_none() { ":latest" } else { "" };
                writeln!(surroundings.out, "{place}: {}{tag}@{digest}", found.reference)?;
                edits.push(edit);
            }
            Err(why) => {
                writeln!(surroundings.err, "{place}: {} is not pinned: {why}", found.reference)?;
                left += 1;
            }
        }
    }
    if edits.is_empty() {
        return Ok(left);
    }
    let (text, _) = edit::apply_all(&file.text, &edits);
    let now = image_uses(&document::parse(&file.path, &text, limits), &text);
    if !is_pinned(&file.uses, &now, &resolved.digests) {
        writeln!(surroundings.err, "{}: left alone, as its new text reads otherwise", file.path.escape_debug())?;
        return Ok(left + edits.len());
    }
    if !dry_run {
        write(&root.join(&file.path), &file.text, &text)?;
    }
    Ok(left)
}

/// The digest of an image with the edit that writes it, or why there is none.
fn edit_of(found: &ImageUse, text: &str, resolved: &Resolved) -> Result<(String, Edit), String> {
    let Some(digest) = resolved.digests.get(&found.reference) else {
        let is_it = |(image, _): &&(ImageReference, RegistryError)| same_tag(image, &found.reference);
        let failure = resolved.failed.iter().find(is_it);
        return Err(failure.map_or_else(|| "its registry was not asked".into(), |(_, error)| describe(error)));
    };
    let edit = found.pin(text, digest).ok_or("there is no place for a digest; write it by hand")?;
    Ok((digest.to_owned(), edit))
}

fn same_tag(one: &ImageReference, other: &ImageReference) -> bool {
    one.repository() == other.repository() && one.tag() == other.tag()
}

/// Writes the file, unless it changed since it was read.
fn write(file: &Path, before: &str, after: &str) -> anyhow::Result<()> {
    let present = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    anyhow::ensure!(present == before, "{} changed while its images were resolved; run it again", file.display());
    fs::write(file, after).with_context(|| format!("write {}", file.display()))
}

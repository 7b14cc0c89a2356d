//! Images that a change brings in, beside those whose place they take.
//!
//! Invariant: an image that the base of the file uses in the very same version is not brought in, wherever it moved.

use std::collections::BTreeSet;

use super::{ImageUse, Role};
use crate::scan::image_reference::ImageReference;
use crate::scan::span::LineIndex;

/// An image that a change brings in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageChange {
    /// The file, relative to the repository root.
    pub path: String,
    /// Its line in the head, from 1.
    pub line: usize,
    /// What it is used for.
    pub role: Role,
    /// The platform it is asked for, where the file says so.
    pub platform: Option<String>,
    /// What people call the place.
    pub resource: Option<String>,
    /// The image that stood there: of the same repository, else of the same place.
    pub before: Option<ImageReference>,
    /// The image.
    pub after: ImageReference,
}

/// What `head` uses of a file at `path` that `base` does not, in the order of the text, each image once.
pub fn brought_in(path: &str, text: &str, base: &[ImageUse], head: &[ImageUse]) -> Vec<ImageChange> {
    let version = |found: &ImageUse| (found.reference.repository(), version_of(&found.reference));
    let known: BTreeSet<_> = base.iter().map(version).collect();
    let kept: BTreeSet<_> = head.iter().map(version).collect();
    let gone: Vec<&ImageUse> = base.iter().filter(|found| !kept.contains(&version(found))).collect();
    let lines = LineIndex::new(text);
    let mut seen = BTreeSet::new();
    let new = head.iter().filter(|found| !known.contains(&version(found)) && seen.insert(version(found)));
    new.map(|found| {
        let same_repository = |old: &&&ImageUse| old.reference.repository() == found.reference.repository();
        let same_place = |old: &&&ImageUse| old.role == found.role && old.resource == found.resource;
        let before = gone.iter().find(same_repository).or_else(|| gone.iter().find(same_place));
        ImageChange {
            path: path.to_owned(),
            line: lines.position(text, found.span.start).line,
            role: found.role,
            platform: found.platform.clone(),
            resource: found.resource.clone(),
            before: before.map(|old| old.reference.clone()),
            after: found.reference.clone(),
        }
    })
    .collect()
}

/// What decides the content: the digest, else the tag.
fn version_of(reference: &ImageReference) -> String {
    reference.digest().or(reference.tag()).unwrap_or(super::DEFAULT_TAG).to_owned()
}

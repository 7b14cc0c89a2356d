//! Places as reports count them.
//!
//! Invariant: lines and columns are from 1, and the last line of a range is one that the range really covers.

use crate::scan::edit::Edit;
use crate::scan::finding::Finding;
use crate::scan::snapshot::{ChangedFile, Snapshot};
use crate::scan::span::{LineIndex, Position};

/// The last line that `finding` covers: a range that ends at the very start of a line does not cover that line.
pub fn last_line(finding: &Finding) -> usize {
    let past = finding.end.column == 1 && finding.end.line > finding.start.line;
    if past { finding.end.line - 1 } else { finding.end.line.max(finding.start.line) }
}

/// The file of `path` in `snapshot`, when it stands in the head.
pub fn file<'a>(snapshot: &'a Snapshot, path: &str) -> Option<&'a ChangedFile> {
    let sorted = snapshot.files.binary_search_by(|file| file.path.as_str().cmp(path));
    let found = sorted.ok().and_then(|index| snapshot.files.get(index));
    found.or_else(|| snapshot.files.iter().find(|file| file.path == path))
}

/// The head text of `path`.
pub fn text<'a>(snapshot: &'a Snapshot, path: &str) -> Option<&'a str> {
    file(snapshot, path)?.head.text().map(|text| &**text)
}

/// The head text that `finding` stands in: none when it stands in the history only.
pub fn text_of<'a>(snapshot: &'a Snapshot, finding: &Finding) -> Option<&'a str> {
    text(snapshot, &finding.path).filter(|_| finding.commit().is_none())
}

/// Where `edit` begins and ends in `text`; the end is one past the last character.
pub fn of_edit(text: &str, edit: &Edit) -> (Position, Position) {
    let index = LineIndex::new(text);
    (index.position(text, edit.span.start), index.position(text, edit.span.end))
}

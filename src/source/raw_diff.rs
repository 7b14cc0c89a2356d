//! git's raw diff, NUL-separated, so that no file name can be taken for anything else.
//!
//! Invariant: each record of git becomes one entry, or the whole output is refused.
//!
//! # Source
//! `git help diff-index`, "RAW OUTPUT FORMAT".

use std::fmt::Write as _;

use crate::scan::snapshot::{FileMode, FileStatus};

/// A changed path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Before the change; `None` when the path is new.
    pub base: Option<Object>,
    /// After the change; `None` when the path is gone.
    pub head: Option<Object>,
    /// The path before, when it was another one.
    pub previous_path: Option<Vec<u8>>,
    /// The path.
    pub path: Vec<u8>,
    /// What the change does.
    pub status: FileStatus,
}

/// One side of a changed path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its kind.
    pub mode: FileMode,
    /// Its object id; all zeros when git did not compute it (a file of the working tree).
    pub oid: String,
}

impl Object {
    /// Whether the object is only in the working tree, or of unknown id.
    pub fn is_unhashed(&self) -> bool {
        self.oid.bytes().all(|byte| byte == b'0')
    }
}

/// Reads the output of `git diff-tree|diff-index --raw -z --no-abbrev`.
pub fn parse_diff(output: &[u8]) -> Option<Vec<Entry>> {
    let mut fields = output.split(|byte| *byte == 0);
    let mut entries = Vec::new();
    while let Some(record) = fields.next() {
        if record.is_empty() {
            break;
        }
        let record = std::str::from_utf8(record).ok()?.strip_prefix(':')?;
        let [base_mode, head_mode, base_oid, head_oid, status]: [&str; 5] =
            record.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let letter = status.chars().next()?;
        let first = fields.next()?.to_vec();
        let (previous_path, path) = match letter {
            'R' | 'C' => (Some(first), fields.next()?.to_vec()),
            _ => (None, first),
        };
        let (base, head) = (object(base_mode, base_oid), object(head_mode, head_oid));
        entries.push(entry(letter, base, head, previous_path, path));
    }
    Some(entries)
}

fn entry(
    letter: char,
    base: Option<Object>,
    head: Option<Object>,
    previous_path: Option<Vec<u8>>,
    path: Vec<u8>,
) -> Entry {
    // A copy is a new file: its source still stands.
    if letter == 'C' {
        return Entry { base: None, head, previous_path: None, path, status: FileStatus::Added };
    }
    let status = match (&base, &head) {
        (None, _) => FileStatus::Added,
        (_, None) => FileStatus::Deleted,
        _ if previous_path.is_some() => FileStatus::Renamed,
        (Some(base), Some(head)) if base.oid == head.oid && !head.is_unhashed() => FileStatus::ModeChanged,
        _ => FileStatus::Modified,
    };
    Entry { base, head, previous_path, path, status }
}

fn object(mode: &str, oid: &str) -> Option<Object> {
    (mode != "000000").then(|| Object { mode: FileMode::from_octal(mode), oid: oid.to_owned() })
}

/// A path as text: what is not UTF-8 becomes `\xNN`, so that two paths never become one.
pub fn path_text(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    fn check(record: &str, status: FileStatus, path: &str, previous: Option<&str>) {
        let entries = parse_diff(record.as_bytes()).unwrap();
        assert_eq!(entries.len(), 1, "{record:?}");
        assert_eq!(entries[0].status, status, "{record:?}");
        assert_eq!(path_text(&entries[0].path), path, "{record:?}");
        assert_eq!(entries[0].previous_path.as_deref().map(path_text).as_deref(), previous, "{record:?}");
    }

    #[test]
    fn every_status_is_read() {
        check(&format!(":100644 100644 {A} {B} M\0a\0"), FileStatus::Modified, "a", None);
        check(&format!(":000000 100644 {ZERO} {B} A\0a b\nc\0"), FileStatus::Added, "a b\nc", None);
        check(&format!(":100644 000000 {A} {ZERO} D\0a\0"), FileStatus::Deleted, "a", None);
        check(&format!(":100644 100755 {A} {A} M\0a\0"), FileStatus::ModeChanged, "a", None);
        check(&format!(":100644 100644 {A} {A} R100\0old\0new\0"), FileStatus::Renamed, "new", Some("old"));
        check(&format!(":100644 100644 {A} {B} C075\0old\0new\0"), FileStatus::Added, "new", None);
        check(&format!(":100644 120000 {A} {B} T\0a\0"), FileStatus::Modified, "a", None);
    }

    #[test]
    fn the_malformed_is_refused_as_a_whole() {
        for text in ["x", ":1 2", &format!(":100644 100644 {A} {B} R100\0old")] {
            assert_eq!(parse_diff(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(parse_diff(b""), Some(vec![]));
    }

    #[test]
    fn names_that_are_not_utf_8_stay_apart() {
        assert_eq!(path_text(b"a\xff\xfe.yaml"), "a\\xff\\xfe.yaml");
    }
}

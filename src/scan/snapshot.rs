//! A change, as data: every file it touches with its text before and after.
//!
//! Invariant: a path that the change touches is in the snapshot, judged or not; what can't be judged carries its cause.

mod lines;
mod utf16;
mod windows1252;

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::problem::Cause;
use super::text::Text;
use utf16::Utf16;

/// All files of one change, or of one tree.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The changed files, in the order of their paths.
    pub files: Vec<ChangedFile>,
    /// Whether the files are a whole tree without a base, so that what is absent is known to be absent.
    pub whole_tree: bool,
}

/// One file of a change.
#[derive(Clone, Debug)]
pub struct ChangedFile {
    /// Path in the head (in the base for a deleted file), relative to the repository root, with `/`.
    pub path: String,
    /// Path in the base, when it was another one.
    pub previous_path: Option<String>,
    /// What the change does to the file.
    pub status: FileStatus,
    /// The file before the change.
    pub base: Content,
    /// The file after the change.
    pub head: Content,
    /// The head lines that the change adds or alters.
    pub touched: LineSet,
    /// The head lines that a diff shows, touched ones and their context: where a review comment may stand.
    pub visible: LineSet,
}

/// What a change does to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileStatus {
    /// The base has no such path.
    Added,
    /// The text differs.
    Modified,
    /// The head has no such path.
    Deleted,
    /// The path differs, the text may.
    Renamed,
    /// Only the mode differs.
    ModeChanged,
    /// Not part of a change: a file of a tree that is scanned as it stands.
    Unchanged,
}

/// One side of a changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The side has no such file.
    Absent,
    /// The text as it stands (a byte order mark and any line breaks included); UTF-16 is read as UTF-8, without its
    /// mark, and so is Windows-1252, the older encoding of western languages.
    Text(Text),
    /// The file is there and is not judged.
    Unjudged(Unjudged),
    /// A text that is not held: whoever judges it asks for it, and keeps it only where something is found.
    Unread,
}

/// Why the content of an existing file is not judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unjudged {
    /// The content holds NUL bytes.
    Binary,
    /// The content is text in another encoding.
    NotUtf8 {
        /// Offset of the first byte that is not UTF-8.
        offset: usize,
    },
    /// The content is a Git LFS pointer.
    LfsPointer,
    /// The content is larger than the limit.
    TooLarge {
        /// Size of the file.
        bytes: u64,
        /// The limit, in bytes.
        max_bytes: u64,
    },
    /// The path is a symbolic link.
    Symlink,
    /// The path is a submodule.
    Submodule,
    /// The content could not be had.
    Unavailable {
        /// Why, in a few words.
        why: String,
    },
}

/// A git file mode, as far as judging goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileMode {
    /// `100644` and `100755`.
    Regular,
    /// `120000`.
    Symlink,
    /// `160000`.
    Submodule,
}

impl FileMode {
    /// Reads the six octal digits that git prints; anything else is a regular file.
    pub fn from_octal(mode: &str) -> Self {
        match mode {
            "120000" => Self::Symlink,
            "160000" => Self::Submodule,
            _ => Self::Regular,
        }
    }
}

impl Content {
    /// Classifies the bytes of a regular file.
    pub fn from_bytes(bytes: Vec<u8>, limits: &Limits) -> Self {
        const LFS_HEADER: &[u8] = b"version https://git-lfs.github.com/spec/";
        if bytes.len() > limits.max_file_bytes {
            return Self::Unjudged(Unjudged::too_large(bytes.len() as u64, limits));
        }
        match utf16::read(&bytes) {
            Some(Utf16::Text(text)) => return Self::Text(text.into()),
            Some(Utf16::Broken) => return Self::Unjudged(Unjudged::NotUtf8 { offset: 0 }),
            None => {}
        }
        if bytes.starts_with(LFS_HEADER) && bytes.len() < 1024 {
            return Self::Unjudged(Unjudged::LfsPointer);
        }
        if memchr::memchr(0, &bytes).is_some() {
            return Self::Unjudged(Unjudged::Binary);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(error) => match windows1252::read(error.as_bytes()) {
                Some(text) => Self::Text(text.into()),
                None => Self::Unjudged(Unjudged::NotUtf8 { offset: error.utf8_error().valid_up_to() }),
            },
        }
    }

    /// Whether a file that begins with `bytes` is binary, whatever follows: a zero byte that is no part of UTF-16.
    pub fn is_binary(bytes: &[u8]) -> bool {
        memchr::memchr(0, bytes).is_some() && utf16::read(bytes).is_none()
    }

    /// The text, when there is one.
    pub fn text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Unjudged(_) | Self::Unread => None,
        }
    }

    /// Whether the file is a text, held or not.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Unread)
    }
}

impl Unjudged {
    /// The file of `bytes` exceeds `limits`.
    pub fn too_large(bytes: u64, limits: &Limits) -> Self {
        Self::TooLarge { bytes, max_bytes: limits.max_file_bytes as u64 }
    }

    /// The kind of cause that a problem names.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Binary => Cause::Binary,
            Self::NotUtf8 { .. } => Cause::NotUtf8,
            Self::LfsPointer => Cause::LfsPointer,
            Self::TooLarge { .. } => Cause::Limit,
            Self::Symlink => Cause::Symlink,
            Self::Submodule => Cause::Submodule,
            Self::Unavailable { .. } => Cause::Unavailable,
        }
    }

    /// One sentence for people.
    pub fn message(&self) -> String {
        match self {
            Self::Binary => "binary file: not judged".into(),
            Self::NotUtf8 { offset } => {
                format!("not UTF-8 (first bad byte at offset {offset}): not judged; save it as UTF-8")
            }
            Self::LfsPointer => "Git LFS pointer: the content is outside the repository and was not judged".into(),
            Self::TooLarge { bytes, max_bytes } => {
                format!("{bytes} bytes, more than the limit of {max_bytes}: not judged")
            }
            Self::Symlink => "symbolic link: not followed; its target is judged where it stands".into(),
            Self::Submodule => "submodule: its content belongs to another repository and was not judged".into(),
            Self::Unavailable { why } => format!("content could not be read: {why}"),
        }
    }
}

/// Some lines of a file as [`Content::from_bytes`] reads all of it.
pub fn text_of_lines(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| windows1252::lines(error.as_bytes()))
}

/// A set of line numbers, from 1, kept as ranges: a file that is new as a whole has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineSet(Vec<(usize, usize)>);

impl LineSet {
    /// Lines 1 to `count`.
    pub fn first(count: usize) -> Self {
        Self(if count == 0 { Vec::new() } else { vec![(1, count)] })
    }

    /// Whether `line` is in the set.
    pub fn contains(&self, line: usize) -> bool {
        self.meets(line, line)
    }

    /// Whether any line of `first..=last` is in the set.
    pub fn meets(&self, first: usize, last: usize) -> bool {
        first <= last && self.range_from(first).is_some_and(|(start, _)| start <= last)
    }

    /// Whether all lines of `first..=last` are in the set.
    pub fn covers(&self, first: usize, last: usize) -> bool {
        first > last || self.range_from(first).is_some_and(|(start, end)| start <= first && last <= end)
    }

    /// The lines in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().flat_map(|(start, end)| *start..=*end)
    }

    /// Whether no line is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first range that ends at `line` or after it.
    fn range_from(&self, line: usize) -> Option<(usize, usize)> {
        self.0.get(self.0.partition_point(|(_, end)| *end < line)).copied()
    }

    /// The set of lines that lie in any of `ranges`, each from its first to its last line.
    fn of_ranges(mut ranges: Vec<(usize, usize)>) -> Self {
        ranges.sort_unstable();
        let mut joined: Vec<(usize, usize)> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges.into_iter().filter(|(start, end)| start <= end) {
            match joined.last_mut() {
                Some((_, last)) if start <= last.saturating_add(1) => *last = end.max(*last),
                _ => joined.push((start, end)),
            }
        }
        Self(joined)
    }
}

impl FromIterator<usize> for LineSet {
    fn from_iter<I: IntoIterator<Item = usize>>(lines: I) -> Self {
        Self::of_ranges(lines.into_iter().map(|line| (line, line)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_lines_answers_for_its_ranges() {
        let set: LineSet = [5, 2, 3, 9, 3].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [2, 3, 5, 9]);
        assert!(set.contains(3) && !set.contains(4) && !set.contains(1) && !set.contains(10));
        assert!(set.meets(4, 6) && !set.meets(6, 8) && set.meets(1, 2) && !set.meets(3, 2));
        assert!(set.covers(2, 3) && !set.covers(2, 5) && set.covers(7, 6));
        assert!(LineSet::first(0).is_empty() && LineSet::first(3).covers(1, 3) && !LineSet::first(3).contains(4));
    }
}

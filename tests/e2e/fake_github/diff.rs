//! The files that a change touches, as GitHub lists them.
//!
//! Invariant: a patch is what git prints, cut or absent only where GitHub's own is.

use super::git::GitRepository;

/// Beyond this a file's patch is absent.
const MAX_PATCH_BYTES: usize = 500_000;
/// Beyond this a file's patch is absent.
const MAX_PATCH_LINES: usize = 20_000;

/// One file of a change.
#[derive(Debug)]
pub struct FileChange {
    pub path: String,
    pub previous: Option<String>,
    pub status: &'static str,
    pub additions: usize,
    pub deletions: usize,
    pub patch: Option<String>,
    /// The head's blob (the base's for a removed file).
    pub blob: String,
}

/// A hunk's ranges: first line and count, of the base (left) and of the head (right).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hunk {
    pub left: (u64, u64),
    pub right: (u64, u64),
}

/// The commit where two histories part.
pub fn merge_base(git: &GitRepository, base: &str, head: &str) -> Option<String> {
    let bytes = git.bytes(&["merge-base", base, head]).ok()?;
    Some(String::from_utf8(bytes).ok()?.trim().to_owned())
}

/// The files that differ between two commits, renames found.
pub fn changes(git: &GitRepository, base: &str, head: &str) -> Vec<FileChange> {
    let raw = git.bytes(&["diff", "--raw", "-z", "-M", "--no-abbrev", base, head]).unwrap();
    let text = git.bytes(&["diff", "-M", "--no-color", "--no-ext-diff", base, head]).unwrap();
    let text = String::from_utf8_lossy(&text);
    let mut sections = sections(&text).into_iter();
    let mut fields = raw.split(|byte| *byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
    let mut files = Vec::new();
    while let Some(entry) = fields.next().filter(|entry| !entry.is_empty()) {
        let words: Vec<&str> = entry.split(' ').collect();
        let letter = words[4].chars().next().unwrap();
        let first = fields.next().unwrap();
        let (path, previous) = match letter {
            'R' | 'C' => (fields.next().unwrap(), Some(first)),
            _ => (first, None),
        };
        let mut section = sections.next().unwrap_or_default().to_owned();
        if letter == 'T' {
            // A change of type is printed as a removal and an addition.
            sections.next().unwrap_or_default().clone_into(&mut section);
        }
        let status = match letter {
            'A' => "added",
            'D' => "removed",
            'R' => "renamed",
            'T' => "changed",
            _ => "modified",
        };
        let blob = if letter == 'D' { words[2] } else { words[3] }.to_owned();
        files.push(file_change(path, previous, status, &section, blob));
    }
    files
}

fn file_change(
    path: String,
    previous: Option<String>,
    status: &'static str,
    section: &str,
    blob: String,
) -> FileChange {
    let start = section.find("\n@@ ").map(|offset| offset + 1);
    let patch = start.map(|offset| section[offset..].trim_end_matches('\n').to_owned());
    let count = |sign: char| patch.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with(sign)).count();
    let (additions, deletions) = (count('+'), count('-'));
    let patch = patch.filter(|text| text.len() <= MAX_PATCH_BYTES && text.lines().count() <= MAX_PATCH_LINES);
    FileChange { path, previous, status, additions, deletions, patch, blob }
}

/// The parts of git's output, one per file.
fn sections(text: &str) -> Vec<&str> {
    let marker = "diff --git ";
    let mut starts: Vec<usize> = text.match_indices("\ndiff --git ").map(|(offset, _)| offset + 1).collect();
    if text.starts_with(marker) {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| &text[*start..end]).collect()
}

/// The hunks of a patch.
pub fn hunks(patch: &str) -> Vec<Hunk> {
    patch.lines().filter_map(|line| hunk_header(line.strip_prefix("@@ -")?)).collect()
}

fn hunk_header(text: &str) -> Option<Hunk> {
    let (left, rest) = text.split_once(" +")?;
    let right = rest.split_once(" @@")?.0;
    let range = |text: &str| {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    Some(Hunk { left: range(left)?, right: range(right)? })
}

/// The hunk that shows a line of the given side.
pub fn hunk_of(patch: &str, line: u64, right: bool) -> Option<Hunk> {
    hunks(patch).into_iter().find(|hunk| {
        let (start, count) = if right { hunk.right } else { hunk.left };
        line >= start && line < start + count
    })
}

/// Where a line of `from` stands in `to`; `None` when it was altered.
pub fn follow_line(git: &GitRepository, from: &str, to: &str, path: &str, line: u64) -> Option<u64> {
    if from == to {
        return Some(line);
    }
    let output = git.bytes(&["diff", "-U0", "--no-color", from, to, "--", path]).ok()?;
    let mut shifted = line;
    for hunk in hunks(&String::from_utf8_lossy(&output)) {
        let ((start, removed), (_, added)) = (hunk.left, hunk.right);
        if removed > 0 && line >= start && line < start + removed {
            return None;
        }
        // A pure insertion stands after its line.
        let first_after = if removed == 0 { start + 1 } else { start + removed };
        if line >= first_after {
            shifted = shifted + added - removed;
        }
    }
    let exists = git.bytes(&["cat-file", "-e", &format!("{to}:{path}")]).is_ok();
    exists.then_some(shifted)
}

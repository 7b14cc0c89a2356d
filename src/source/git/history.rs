//! The lines that each commit of a change adds, read from the patches that git or GitHub gives.
//!
//! Invariant: what can't be read in time or size is said, and never makes the change itself unreadable.

use std::str;

use super::super::raw_diff::path_text;
use super::super::{History, SourceError};
use super::command::Git;
use crate::scan::history::AddedLines;
use crate::scan::limits::Limits;
use crate::scan::snapshot::text_of_lines;

/// The most that is read of all commits, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What marks a commit in the output.
const COMMIT: &[u8] = b"\0commit ";

/// How patches are written: no context, nothing of the repository runs, merges against all of their parents.
const PATCH: [&str; 13] = [
    "--format=%x00commit %H",
    "-p",
    "-U0",
    "-c",
    "--no-renames",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-show-signature",
    "--no-notes",
    "--submodule=short",
    "--src-prefix=a/",
    "--dst-prefix=b/",
];

/// What the commits of `head` add which `base` does not have, parents before children.
pub(in super::super) async fn added(
    git: &Git,
    base: &str,
    head: &str,
    limits: &Limits,
) -> Result<History, SourceError> {
    let excluded = format!("^{base}");
    let arguments = [&["--reverse", "--topo-order"], &PATCH[..], &[head, &excluded, "--"]].concat();
    Ok(judged(parse(&bounded(git).run("log", &arguments).await?), limits))
}

/// The same of the commits that `lines` name, each followed by its parents, whatever of them the repository lacks.
pub(in super::super) async fn added_by(git: &Git, lines: Vec<u8>, limits: &Limits) -> Result<History, SourceError> {
    let arguments = [&["--stdin", "-r", "--root"], &PATCH[..]].concat();
    Ok(judged(parse(&bounded(git).run_with_input("diff-tree", &arguments, lines).await?), limits))
}

fn bounded(git: &Git) -> Git {
    let mut git = git.clone();
    git.max_bytes = MAX_BYTES;
    git
}

/// Leaves out what is larger than a file may be, by name.
pub(in super::super) fn judged(added: Vec<AddedLines>, limits: &Limits) -> History {
    let most = limits.max_file_bytes;
    let (added, large): (Vec<_>, Vec<_>) = added.into_iter().partition(|added| added.text.len() <= most);
    let unread = large.into_iter().map(|large| {
        let commit = large.commit.get(..12).unwrap_or(&large.commit);
        format!("commit {commit} adds more than {most} bytes to {}", large.path)
    });
    History { unread: unread.collect(), added }
}

/// Reads patches, each commit after its mark (`\0commit `).
pub fn parse(output: &[u8]) -> Vec<AddedLines> {
    let mut reader = Reader::default();
    output.split_inclusive(|byte| *byte == b'\n').for_each(|line| reader.line(line));
    reader.finish()
}

/// Reads the hunks that `commit` has for the file at `path`.
pub(in super::super) fn parse_file(commit: &str, path: &str, patch: &str) -> Option<AddedLines> {
    let mut reader = Reader { commit: commit.to_owned(), path: Some(path.to_owned()), ..Reader::default() };
    patch.as_bytes().split_inclusive(|byte| *byte == b'\n').for_each(|line| reader.line(line));
    if reader.text.last().is_some_and(|last| *last != b'\n') {
        reader.text.push(b'\n');
    }
    reader.finish().pop()
}

#[derive(Default)]
struct Reader {
    found: Vec<AddedLines>,
    commit: String,
    path: Option<String>,
    text: Vec<u8>,
    removed: Vec<u8>,
    lines: Vec<usize>,
    hunk: Hunk,
}

/// What is still to come of a hunk. A merge has as many sides before it as it has parents.
#[derive(Debug, Default, PartialEq, Eq)]
struct Hunk {
    /// How many lines of each side before the commit.
    before: Vec<usize>,
    /// The line of the file that the next one is, and how many there are.
    after: (usize, usize),
}

impl Reader {
    fn line(&mut self, line: &[u8]) {
        if !self.hunk.is_open() {
            self.heading(line);
            return;
        }
        let Some((marks, text)) = line.split_at_checked(self.hunk.before.len()) else { return };
        if marks.starts_with(b"\\") {
            return;
        }
        let is_removed = marks.contains(&b'-');
        let stood = if is_removed { b'-' } else { b' ' };
        for (left, mark) in self.hunk.before.iter_mut().zip(marks) {
            *left = left.saturating_sub(usize::from(*mark == stood));
        }
        if is_removed {
            self.removed.extend(text);
            return;
        }
        let (number, left) = self.hunk.after;
        self.hunk.after = (number.saturating_add(1), left.saturating_sub(1));
        if marks.iter().all(|mark| *mark == b'+') {
            self.text.extend(text);
            self.lines.push(number);
        }
    }

    fn heading(&mut self, line: &[u8]) {
        if let Some(commit) = line.strip_prefix(COMMIT) {
            self.close();
            String::from_utf8_lossy(commit).trim().clone_into(&mut self.commit);
        } else if line.starts_with(b"diff --") {
            self.close();
        } else if let Some(path) = line.strip_prefix(b"--- ").and_then(|path| path_of(path, b"a/")) {
            self.path = Some(path);
        } else if let Some(path) = line.strip_prefix(b"+++ ").and_then(|path| path_of(path, b"b/")) {
            self.path = Some(path);
        } else if let Some(hunk) = Hunk::read(line) {
            self.hunk = hunk;
        }
    }

    fn close(&mut self) {
        let (text, removed) = (std::mem::take(&mut self.text), std::mem::take(&mut self.removed));
        let lines = std::mem::take(&mut self.lines);
        self.hunk = Hunk::default();
        if let (Some(path), false) = (self.path.take(), lines.is_empty() && removed.is_empty()) {
            let [text, removed] = [text, removed].map(text_of_lines);
            self.found.push(AddedLines { commit: self.commit.clone(), path, text, lines, removed });
        }
    }

    fn finish(mut self) -> Vec<AddedLines> {
        self.close();
        self.found
    }
}

impl Hunk {
    fn is_open(&self) -> bool {
        self.after.1 > 0 || self.before.iter().any(|left| *left > 0)
    }

    /// Reads `@@ -3,2 +7,4 @@`, or `@@@ -3,2 -3,2 +7,4 @@@` of a merge of two.
    fn read(line: &[u8]) -> Option<Self> {
        let sides = line.iter().take_while(|byte| **byte == b'@').count().checked_sub(1).filter(|sides| *sides > 0)?;
        let ranges = line.get(sides + 2..)?.split(|byte| *byte == b'@').next()?;
        let mut words = str::from_utf8(ranges).ok()?.split(' ');
        let mut range = |sign: char| -> Option<(usize, usize)> {
            let word = words.next()?.strip_prefix(sign)?;
            let (start, count) = word.split_once(',').unwrap_or((word, "1"));
            Some((start.parse().ok()?, count.parse().ok()?))
        };
        let before = (0..sides).map(|_| Some(range('-')?.1)).collect::<Option<_>>()?;
        Some(Self { before, after: range('+')? })
    }
}

/// The path of a line such as `+++ b/deploy/app.yaml`; a tab ends one that holds white space.
fn path_of(path: &[u8], prefix: &[u8]) -> Option<String> {
    let path = path.strip_suffix(b"\n").unwrap_or(path);
    let path = path.strip_suffix(b"\t").unwrap_or(path);
    let path = path.strip_prefix(b"\"").and_then(|path| path.strip_suffix(b"\"")).unwrap_or(path);
    path.strip_prefix(prefix).map(path_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_lines_have_their_commit_file_and_line() {
        let output = b"\0commit aaaa\n\ndiff --git a/x b/x\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/x\n\
            @@ -0,0 +1,2 @@\n+one\n++++ b/two\n\\ No newline at end of file\n\0commit bbbb\n\n\
            diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@ context\n--- old\n+new\n@@ -7,0 +8,1 @@\n+eight\n\
            diff --git a/a name b/a name\n--- a/a name\t\n+++ b/a name\t\n@@ -3,2 +2,0 @@\n-a\n-b\n\
            diff --git a/i.png b/i.png\nBinary files a/i.png and b/i.png differ\n";
        check(
            parse(output),
            &[
                ("aaaa", "x", "one\n+++ b/two\n", &[1, 2], ""),
                ("bbbb", "x", "new\neight\n", &[1, 8], "-- old\n"),
                ("bbbb", "a name", "", &[], "a\nb\n"),
            ],
        );
    }

    type Told<'a> = (&'a str, &'a str, &'a str, &'a [usize], &'a str);

    fn check(found: impl IntoIterator<Item = AddedLines>, expected: &[Told<'_>]) {
        let found: Vec<AddedLines> = found.into_iter().collect();
        let told: Vec<Told<'_>> =
            found.iter().map(|one| (&*one.commit, &*one.path, &*one.text, &*one.lines, &*one.removed)).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_merge_adds_what_none_of_its_parents_has() {
        let output = b"\0commit cccc\n\ndiff --combined b\nindex 1,2..3\n--- a/b\n+++ b/b\n\
            @@@ -2,2 -2,2 +2,3 @@@\n++evil\n -theirs\n +ours\n  both\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n\
            @@ -0,0 +1 @@\n+one\n";
        check(parse(output), &[("cccc", "b", "evil\n", &[2], "theirs\n"), ("cccc", "x", "one\n", &[1], "")]);
    }

    #[test]
    fn a_deleted_file_has_the_path_it_had() {
        let output = b"\0commit dddd\n\ndiff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n\
            @@ -1 +0,0 @@\n-one\n";
        check(parse(output), &[("dddd", "x", "", &[], "one\n")]);
    }

    #[test]
    fn a_patch_of_the_api_has_context_and_no_last_line_break() {
        let patch = "@@ -1,3 +1,3 @@ spec:\n a\n-b\n+++ c\n d\n@@ -9 +9,2 @@\n x\n+y\n\\ No newline at end of file";
        check(parse_file("eeee", "+++ b/x", patch), &[("eeee", "+++ b/x", "++ c\ny\n", &[2, 10], "b\n")]);
    }

    #[test]
    fn what_is_too_large_is_named() {
        let limits = Limits { max_file_bytes: 3, ..Limits::default() };
        let history = judged(parse(b"\0commit aaaa\n+++ b/x\n@@ -0,0 +1 @@\n+long\n"), &limits);
        assert_eq!((history.added.len(), history.unread.len()), (0, 1));
        assert!(history.unread[0].contains("aaaa") && history.unread[0].contains('x'), "{:?}", history.unread);
    }

    #[test]
    fn what_is_no_patch_gives_nothing() {
        for output in
            [&b""[..], b"\n\n", b"@@ -x +y @@\n+a\n", b"+++ b/x\n+a\n", b"\0commit \xff\n+++ b/\n@@ -1 +1 @@\n"]
        {
            assert!(parse(output).is_empty());
        }
    }
}

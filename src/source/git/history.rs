//! The lines that each commit of a change adds, from one run of git.
//!
//! Invariant: what can't be read in time or size is said, and never makes the change itself unreadable.

use std::str;

use super::super::SourceError;
use super::super::raw_diff::path_text;
use super::command::Git;
use crate::scan::history::AddedLines;
use crate::scan::limits::Limits;

/// The most that is read of all commits, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What marks a commit in the output.
const COMMIT: &[u8] = b"\0commit ";

/// The lines that the commits of `head` add which `base` does not have, oldest commit first; merges add none.
pub(in super::super) async fn added(
    git: &Git,
    base: &str,
    head: &str,
    limits: &Limits,
) -> Result<Vec<AddedLines>, SourceError> {
    let mut git = git.clone();
    git.max_bytes = MAX_BYTES;
    let excluded = format!("^{base}");
    let arguments = [
        "--reverse",
        "--format=%x00commit %H",
        "-p",
        "-U0",
        "--no-renames",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--no-show-signature",
        "--no-notes",
        "--submodule=short",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        head,
        &excluded,
        "--",
    ];
    let output = git.run("log", &arguments).await?;
    let mut added = parse(&output);
    added.retain(|added| added.text.len() <= limits.max_file_bytes);
    Ok(added)
}

/// Reads patches without context, each commit after its mark.
pub(super) fn parse(output: &[u8]) -> Vec<AddedLines> {
    let mut reader = Reader::default();
    output.split_inclusive(|byte| *byte == b'\n').for_each(|line| reader.line(line));
    reader.finish()
}

#[derive(Default)]
struct Reader {
    found: Vec<AddedLines>,
    commit: String,
    path: Option<String>,
    text: Vec<u8>,
    lines: Vec<usize>,
    /// The line of the file that the next added one is.
    next: usize,
    /// How many lines of the present hunk are still to come.
    removed: usize,
    added: usize,
}

impl Reader {
    fn line(&mut self, line: &[u8]) {
        match line.first() {
            Some(b'-') if self.removed > 0 => self.removed -= 1,
            Some(b'+') if self.added > 0 => {
                self.text.extend(line.get(1..).unwrap_or_default());
                self.lines.push(self.next);
                (self.next, self.added) = (self.next + 1, self.added - 1);
            }
            _ => self.heading(line),
        }
    }

    fn heading(&mut self, line: &[u8]) {
        if let Some(commit) = line.strip_prefix(COMMIT) {
            self.close();
            String::from_utf8_lossy(commit).trim().clone_into(&mut self.commit);
        } else if line.starts_with(b"diff --git ") {
            self.close();
        } else if let Some(path) = line.strip_prefix(b"+++ ") {
            self.path = path_of(path);
        } else if let Some((removed, (start, added))) = line.strip_prefix(b"@@ -").and_then(hunk) {
            (self.removed, self.next, self.added) = (removed, start, added);
        }
    }

    fn close(&mut self) {
        let (text, lines) = (std::mem::take(&mut self.text), std::mem::take(&mut self.lines));
        (self.removed, self.added) = (0, 0);
        if let (Some(path), false) = (self.path.take(), lines.is_empty()) {
            let text = String::from_utf8_lossy(&text).into_owned();
            self.found.push(AddedLines { commit: self.commit.clone(), path, text, lines });
        }
    }

    fn finish(mut self) -> Vec<AddedLines> {
        self.close();
        self.found
    }
}

/// The path of a line such as `+++ b/deploy/app.yaml`; a tab ends one that holds white space.
fn path_of(path: &[u8]) -> Option<String> {
    let path = path.strip_suffix(b"\n").unwrap_or(path);
    let path = path.strip_suffix(b"\t").unwrap_or(path);
    let path = path.strip_prefix(b"\"").and_then(|path| path.strip_suffix(b"\"")).unwrap_or(path);
    path.strip_prefix(b"b/").map(path_text)
}

/// The counts of `3,2 +7,4 @@`: lines removed, and where how many are added.
fn hunk(line: &[u8]) -> Option<(usize, (usize, usize))> {
    let mut words = str::from_utf8(line.split(|byte| *byte == b'@').next()?).ok()?.split(' ');
    let range = |word: &str| -> Option<(usize, usize)> {
        let (start, count) = word.split_once(',').unwrap_or((word, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    let (_, removed) = range(words.next()?)?;
    Some((removed, range(words.next()?.strip_prefix('+')?)?))
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
        let found: Vec<_> = parse(output).into_iter().map(|one| (one.commit, one.path, one.text, one.lines)).collect();
        let expected = [("aaaa", "x", "one\n+++ b/two\n", vec![1, 2]), ("bbbb", "x", "new\neight\n", vec![1, 8])];
        let expected = expected.map(|(commit, path, text, lines)| (commit.into(), path.into(), text.into(), lines));
        assert_eq!(found, expected);
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

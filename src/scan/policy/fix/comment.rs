//! Comments that go with what an edit removes.
//!
//! **Invariant**: only a comment that stands right above what goes, in its column, goes with it; one that may head all of
//! a file or block stays, and so does one that a program reads.

/// Most lines of one comment.
const MAX_LINES: usize = 40;

/// What begins a comment that a program reads, or that holds what was switched off.
const READ_BY_PROGRAMS: [&str; 10] = [
    "yaml-language-server",
    "renovate",
    "dockgate",
    "checkov",
    "trivy",
    "kics-scan",
    "hadolint",
    "prettier",
    "@schema",
    "syntax=",
];

/// Where the comment above the line at `line_start` begins, or that line when none goes with it. `column` is that of
/// what goes, `name` what it is called; `heads_more` says that more of its block follows it.
pub(super) fn start(text: &str, line_start: usize, column: usize, name: &str, heads_more: bool) -> usize {
    let mut start = line_start;
    let mut is_named = false;
    for _ in 0..MAX_LINES {
        let Some(above) = line_above(text, start) else { return line_start };
        let line = text.get(above..start).unwrap_or_default();
        let Some(comment) = comment_in(line, column) else {
            // The first of a block may be headed by the comment of the whole.
            let is_first = line.trim_end().ends_with(':') || line.trim_end() == "---";
            let is_heading = is_first && heads_more && !is_named;
            return if is_heading { line_start } else { start };
        };
        if is_kept(comment) {
            return start;
        }
        is_named |= !name.is_empty() && comment.to_ascii_lowercase().contains(&name.to_ascii_lowercase());
        start = above;
    }
    line_start
}

/// Where the comments end that stand below `end`, deeper than `column`: those within a block that goes as a whole.
pub(super) fn end(text: &str, end: usize, column: usize) -> usize {
    let mut reached = end;
    for line in text.get(end..).unwrap_or_default().split_inclusive('\n').take(MAX_LINES) {
        let trimmed = line.trim_start_matches(' ');
        if !trimmed.starts_with('#') || line.len() - trimmed.len() <= column {
            break;
        }
        reached += line.len();
    }
    reached
}

/// The beginning of the line before `start`; `None` at the top of the text, where a comment is that of the file.
fn line_above(text: &str, start: usize) -> Option<usize> {
    let above = text.get(..start.checked_sub(1)?)?;
    Some(above.rfind('\n').map_or(0, |index| index + 1))
}

/// The text of a line that is a comment in `column`.
fn comment_in(line: &str, column: usize) -> Option<&str> {
    let trimmed = line.trim_start_matches(' ');
    let is_here = line.len() - trimmed.len() == column;
    trimmed.strip_prefix('#').filter(|_| is_here).map(str::trim)
}

/// Whether a comment is read by a program, or is a key or item that was switched off.
fn is_kept(comment: &str) -> bool {
    let is_read = READ_BY_PROGRAMS.iter().any(|name| comment.starts_with(name));
    let is_item = comment.starts_with("- ");
    let key = comment.split_once(':').filter(|(key, rest)| !key.contains(' ') && !rest.starts_with("//"));
    is_read || is_item || key.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str, column: usize, heads_more: bool, expected: &str) {
        let at = text.find(&format!("{}{name}", " ".repeat(column))).unwrap();
        let found = start(text, at, column, name, heads_more);
        assert_eq!(text.get(found..at).unwrap(), expected, "{text}");
    }

    #[test]
    fn a_comment_goes_with_what_it_stands_above() {
        check("a: 1\n# why\n# more\nb: 2\nc: 3\n", "b", 0, true, "# why\n# more\n");
        check("a: 1\n\n# why\nb: 2\n", "b", 0, false, "# why\n");
        check("a:\n  # why\n  b: 2\n", "b", 2, false, "  # why\n");
        check("a:\n  # b is meant\n  b: 2\n  c: 3\n", "b", 2, true, "  # b is meant\n");
    }

    #[test]
    fn other_comments_stay() {
        check("a:\n  # of all\n  b: 2\n  c: 3\n", "b", 2, true, "");
        check("# of the file\nb: 2\n", "b", 0, false, "");
        check("a: 1\n# why\n\nb: 2\n", "b", 0, false, "");
        check("a:\n  b: 1\n# of the next\nc: 2\n", "b", 2, false, "");
        check("a: 1\n# renovate: image\nb: 2\n", "b", 0, false, "");
        check("a: 1\n# why\n# x: 3\n# so\nb: 2\n", "b", 0, false, "# so\n");
        assert_eq!(end("l:\n  - a\n  # - b\nm: 1\n", 9, 0), 17);
        assert_eq!(end("l:\n  - a\n# m\nm: 1\n", 9, 0), 9);
    }
}

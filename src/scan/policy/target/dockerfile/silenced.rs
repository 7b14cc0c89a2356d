//! Comments above an instruction that silence a rule of some scanner.
//!
//! Invariant: a comment belongs to the instruction that it stands before, or among the lines of.

use crate::scan::document::Comment;
use crate::scan::document::dockerfile::Dockerfile;
use crate::scan::document::node::{Node, Value};

/// How such comments begin, in lower case and without blanks.
const MARKS: [&str; 12] = [
    "#dockgate:ignore",
    "#hadolintignore=",
    "#hadolintglobalignore=",
    "#trivy:ignore:",
    "#checkov:skip=",
    "#kics-scanignore",
    "#kics-scandisable=",
    "#check=skip=",
    "#shellcheckdisable=",
    "#nosec",
    "#snyk:ignore",
    "#semgrep:ignore",
];

/// For each instruction the comments that silence a rule for it or for the file.
pub(super) fn comments(dockerfile: &Dockerfile, comments: &[Comment], text: &str) -> Vec<Vec<Node>> {
    let mut left = comments.iter().peekable();
    let mut of = |end: usize| {
        let mut found = Vec::new();
        while let Some(comment) = left.next_if(|comment| comment.span.start < end) {
            let written = comment.span.of(text);
            if silences(written) {
                found.push(Node::new(comment.span, Value::String(written.trim().into())));
            }
        }
        found
    };
    dockerfile.instructions.iter().map(|instruction| of(instruction.span.end)).collect()
}

fn silences(comment: &str) -> bool {
    let plain: String = comment.chars().take(60).filter(|letter| !letter.is_whitespace()).collect();
    let plain = plain.to_ascii_lowercase();
    MARKS.iter().any(|mark| plain.starts_with(mark))
}

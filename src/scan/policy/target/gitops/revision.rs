//! What a revision, a reference or a chart version pins.
//!
//! **Invariant**: what is called pinned can't change without a commit; what merely looks like a version is called a
//! tag, and a name that tells nothing is called a branch.

use crate::scan::document::node::{Node, Value};
use crate::scan::image_reference::ImageReference;

use super::super::facts::{scalar_text, text};

/// What a revision is, or that only rendering decides it.
pub(super) enum Kind {
    Known(&'static str),
    Unknown,
}

impl Kind {
    /// The kind of the revision that stands at `node`, by its text; `none` when it is absent or empty.
    pub(super) fn of(node: &Node, kind_of: impl Fn(&str) -> &'static str) -> Self {
        match node.value() {
            Value::Unknown(_) => Self::Unknown,
            _ => match scalar_text(node).filter(|written| !written.trim().is_empty()) {
                Some(written) => Self::Known(kind_of(written.trim())),
                None => Self::Known("none"),
            },
        }
    }

    /// The fact, which is the revision itself when that is unknown.
    pub(super) fn fact(&self, revision: &Node) -> Node {
        match self {
            Self::Known(name) => text(name),
            Self::Unknown => revision.clone(),
        }
    }
}

/// A revision of a git repository as Argo CD takes it: a commit, a name, or a range of versions among the tags.
pub(in super::super) fn git(revision: &str) -> &'static str {
    if revision == "HEAD" {
        return "head";
    }
    if is_commit(revision) {
        return "commit";
    }
    if revision.starts_with("refs/tags/") {
        return "tag";
    }
    if revision.starts_with("refs/") {
        return "branch";
    }
    if is_constraint(revision) {
        return "range";
    }
    if is_number(revision) || ends_with_version(revision) { "tag" } else { "branch" }
}

/// The version of a chart: exact, or a range that the newest release within it satisfies.
pub(super) fn chart(version: &str) -> &'static str {
    if is_exact_version(version) { "version" } else { "range" }
}

/// The tag of an OCI artifact; one that is known to move is told from the others.
pub(super) fn oci_tag(tag: &str) -> &'static str {
    let moves = ImageReference::parse(&format!("artifact:{tag}")).is_ok_and(|image| image.is_moving());
    if moves { "moving" } else { "tag" }
}

/// The version of a chart in a registry, which may be a digest too.
pub(super) fn oci_version(version: &str) -> &'static str {
    if version.starts_with("sha256:") {
        "digest"
    } else if is_constraint(version) {
        "range"
    } else {
        oci_tag(version)
    }
}

/// Whether a chart version is one release: all three numbers, no operator but `=`.
pub(in super::super) fn is_exact_version(version: &str) -> bool {
    let version = version.trim();
    let version = version.strip_prefix('=').unwrap_or(version).trim_start();
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let (numbers, suffix) = match version.find(['-', '+']) {
        Some(end) => version.split_at(end),
        None => (version, ""),
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_suffix = suffix.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'));
    numbers.split('.').count() == 3 && numbers.split('.').all(is_number) && is_suffix && suffix.len() != 1
}

/// A full commit id, or an abbreviated one that can't be a word.
fn is_commit(revision: &str) -> bool {
    let is_hex = revision.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let has_digit = revision.bytes().any(|byte| byte.is_ascii_digit());
    is_hex && (matches!(revision.len(), 40 | 64) || ((7..40).contains(&revision.len()) && has_digit))
}

/// Whether the text holds an operator or a wildcard of version ranges.
fn is_constraint(revision: &str) -> bool {
    revision.contains(['*', '^', '~', '>', '<', '|', ',', ' '])
        || revision.split('.').any(|part| matches!(part, "x" | "X"))
}

/// Whether a name is nothing but a version, be it a partial one: `v1`, `0.12`, `2024-01-05`.
fn is_number(name: &str) -> bool {
    let number = name.strip_prefix(['v', 'V']).unwrap_or(name);
    number.starts_with(|first: char| first.is_ascii_digit())
        && number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_' | b'+'))
}

/// Whether a name ends with a full version, as release tags do: `v1.2.3`, `chart-1.2.3`, `1.2.3-rc.1`.
fn ends_with_version(name: &str) -> bool {
    let starts = name.char_indices().filter(|(at, letter)| {
        let before = name.get(..*at).and_then(|before| before.chars().next_back());
        letter.is_ascii_digit() && before.is_none_or(|before| matches!(before, '-' | '/' | '_' | 'v' | 'V' | '@'))
    });
    starts.take(8).any(|(at, _)| name.get(at..).is_some_and(is_exact_version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_revisions_are_told_apart() {
        for (revision, expected) in [
            ("HEAD", "head"),
            ("main", "branch"),
            ("v1", "tag"),
            ("v0.12", "tag"),
            ("release-1.2", "branch"),
            ("refs/heads/main", "branch"),
            ("refs/pull/1/head", "branch"),
            ("refs/tags/x", "tag"),
            ("v1.2.3", "tag"),
            ("chart-1.2.3-rc.1", "tag"),
            ("0123456789abcdef0123456789abcdef01234567", "commit"),
            ("0a1b2c3", "commit"),
            ("defaced", "branch"),
            ("deadbeef1", "commit"),
            ("1.2.*", "range"),
            (">=1.0.0 <2", "range"),
            ("1.x", "range"),
        ] {
            assert_eq!(git(revision), expected, "{revision}");
        }
    }

    #[test]
    fn only_a_whole_version_is_exact() {
        for (version, expected) in [
            ("1.2.3", true),
            ("v1.2.3", true),
            ("= 1.2.3", true),
            ("1.2.3-rc.1+build.5", true),
            ("1.2", false),
            ("1", false),
            ("1.2.x", false),
            ("*", false),
            ("^1.2.3", false),
            ("~1.2.3", false),
            (">=1.2.3", false),
            ("1.2.3 - 2.0.0", false),
            ("1.2.3-", false),
        ] {
            assert_eq!(is_exact_version(version), expected, "{version}");
        }
    }

    #[test]
    fn tags_of_artifacts_that_move_are_known() {
        for (tag, expected) in [("latest", "moving"), ("v1.2.3", "tag"), ("main", "moving")] {
            assert_eq!(oci_tag(tag), expected, "{tag}");
        }
    }
}

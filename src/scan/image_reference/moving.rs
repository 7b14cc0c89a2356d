//! Which tags are known to move, so that "no fixed version" is said only where it is certain.
//!
//! Invariant: a tag that names a version, a date, a commit or a distribution release is never called moving.

/// Tags that projects point at new content as a habit.
const MOVING_WORDS: &[&str] = &[
    "latest",
    "stable",
    "oldstable",
    "edge",
    "nightly",
    "daily",
    "weekly",
    "main",
    "master",
    "trunk",
    "head",
    "tip",
    "dev",
    "devel",
    "develop",
    "development",
    "beta",
    "alpha",
    "rc",
    "lts",
    "current",
    "rolling",
    "canary",
    "mainline",
    "next",
    "unstable",
    "testing",
    "sid",
    "experimental",
    "preview",
    "snapshot",
    "insiders",
    "default",
];

/// Whether `tag` is one of the moving words, alone, before a variant without digits (`lts-alpine`), or is `latest`
/// in any place (`latest-alpine3.20`, `8-latest`).
pub(super) fn is_moving_tag(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    if tag.split(['-', '_']).any(|part| part == "latest") {
        return true;
    }
    let (word, variant) = tag.split_once('-').unwrap_or((&tag, ""));
    MOVING_WORDS.contains(&word) && !names_a_build(variant)
}

/// Whether the part after a moving word fixes a build: it holds digits, as dates, numbers and commits do.
/// A distribution with its release (`alpine3.20`, `ubi9`) does not.
fn names_a_build(variant: &str) -> bool {
    variant.split('-').any(|part| {
        let has_digit = part.bytes().any(|byte| byte.is_ascii_digit());
        has_digit && !DISTRIBUTIONS.iter().any(|name| part.starts_with(name))
    })
}

const DISTRIBUTIONS: &[&str] = &["alpine", "ubi", "debian", "ubuntu", "fedora", "centos", "rocky", "jdk", "jre", "php"];

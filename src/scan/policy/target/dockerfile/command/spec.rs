//! What a word of an install names: a package with or without a version, a file, an address.
//!
//! Invariant: a version is what the manager takes for one; a name that moves, such as `latest`, is no version.

use super::super::super::facts::{null, text};
use super::super::unknown;
use super::package::item;
use crate::scan::document::node::{Node, Value};
use crate::scan::document::shell::ShellWord;

/// Names in the place of a version that mean "the newest".
const MOVING: [&str; 12] =
    ["latest", "next", "*", "x", "canary", "beta", "alpha", "nightly", "main", "master", "upgrade", "stable"];

/// Endings of files that managers install.
const FILES: [&str; 9] = [".deb", ".rpm", ".apk", ".whl", ".tgz", ".tar.gz", ".zip", ".gem", ".txt"];

/// The facts of one word of an install; `version` is what an option says for all of them.
pub(super) fn package(manager: &str, word: &ShellWord, version: Option<&Node>) -> Node {
    let known = word.value.as_deref();
    let written = known.unwrap_or(&word.raw).trim_matches(['"', '\'']);
    let at = |text: &str| Node::new(word.span, Value::String(text.into()));
    let raw = known.map_or_else(|| unknown(&word.raw), at);
    let source = source(manager, written);
    if source != "registry" {
        return item([("raw", raw), ("name", at(written)), ("version", null()), ("source", text(source))]);
    }
    let (name, own) = name_and_version(manager, written);
    let is_plain = |text: &str| !text.contains(['$', '`']);
    let version = match (own, version) {
        (Some(own), _) if MOVING.contains(&own) => null(),
        (Some(own), _) if is_plain(own) => text(own),
        (Some(own), _) => unknown(own),
        (None, Some(version)) => version.clone(),
        (None, None) if known.is_some() => null(),
        (None, None) => unknown(&word.raw),
    };
    let name = if is_plain(name) { at(name) } else { unknown(name) };
    item([("raw", raw), ("name", name), ("version", version), ("source", text(source))])
}

/// Where the package comes from: `registry`, `file`, `url` or `git`.
fn source(manager: &str, spec: &str) -> &'static str {
    let scheme = spec.split_once("://").map(|(scheme, _)| scheme.rsplit(['@', ' ']).next().unwrap_or(scheme));
    let is_short_git = matches!(manager, "npm" | "yarn" | "pnpm")
        && (spec.starts_with("github:") || (!spec.starts_with('@') && spec.contains('/') && !spec.contains("@npm:")));
    match scheme {
        Some(scheme) if scheme.starts_with("git") || scheme == "ssh" => "git",
        Some(_) if spec.strip_suffix(".git").is_some() => "git",
        Some(_) => "url",
        None if is_path(spec) || (FILES.iter().any(|ending| spec.ends_with(ending)) && manager != "go") => "file",
        None if is_short_git => "git",
        None => "registry",
    }
}

fn is_path(spec: &str) -> bool {
    spec.starts_with(['/', '~'])
        || matches!(spec, "." | "..")
        || ["./", "../", ".["].iter().any(|start| spec.starts_with(start))
}

/// A spec as `manager` parts it.
fn name_and_version<'s>(manager: &str, spec: &'s str) -> (&'s str, Option<&'s str>) {
    let at = |separator: &str| {
        let (name, version) = spec.split_once(separator)?;
        Some((name, Some(version)))
    };
    let parted = match manager {
        "apt-get" | "apt" | "aptitude" => at("="),
        "apk" => ["=~", "~=", "=", "~"].iter().find_map(|separator| at(separator)),
        "zypper" => at("=").or_else(|| after_dash(spec)),
        // A module has a stream: `nodejs:20`.
        "yum" | "dnf" | "microdnf" | "tdnf" => after_dash(spec).or_else(|| at(":")),
        "pip" => at("===")
            .or_else(|| at("=="))
            .or_else(|| at("~="))
            .or_else(|| at("<"))
            .filter(|(_, version)| !version.is_some_and(|version| version.contains('*'))),
        "gem" => at(":"),
        "npm" | "yarn" | "pnpm" => {
            let start = usize::from(spec.starts_with('@'));
            let found = spec.get(start..).and_then(|rest| rest.find('@'));
            found.and_then(|found| Some((spec.get(..start + found)?, spec.get(start + found + 1..))))
        }
        _ => at("@"),
    };
    let name = spec.split(['<', '>', '!', '~', '[', ';', '=']).next().unwrap_or(spec);
    parted.map_or((if manager == "pip" { name } else { spec }, None), |(name, version)| {
        (if manager == "pip" { name.split('[').next().unwrap_or(name) } else { name }, version)
    })
}

/// `name-1.2`: a dash before a digit, or before a variable, begins the version.
fn after_dash(spec: &str) -> Option<(&str, Option<&str>)> {
    let begins = |(at, _): &(usize, &str)| {
        spec.get(at + 1..).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit() || first == '$'))
    };
    let (at, _) = spec.match_indices('-').find(begins)?;
    Some((spec.get(..at)?, spec.get(at + 1..)))
}

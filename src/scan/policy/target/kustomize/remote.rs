//! Which resources of a kustomization are fetched, and at which state.
//!
//! **Invariant**: an address that names no state is told from one whose state can't be read off it.

use super::super::gitops::git_revision_kind;

/// A resource that Kustomize fetches.
pub(super) struct Remote {
    /// `git`: a directory of a repository; `file`: a single file.
    pub(super) kind: &'static str,
    pub(super) scheme: Option<String>,
    pub(super) host: String,
    pub(super) revision: Option<String>,
    pub(super) revision_kind: &'static str,
    /// The address without its revision.
    pub(super) identity: String,
}

/// Hosts that Kustomize takes for a repository without a scheme.
const BARE_HOSTS: [&str; 4] = ["github.com/", "gitlab.com/", "bitbucket.org/", "dev.azure.com/"];

/// Reads an entry of `resources`, `bases` or `components`; `None` for a path of the same tree.
pub(super) fn read(entry: &str) -> Option<Remote> {
    let written = entry.strip_prefix("git::").unwrap_or(entry);
    let (scheme, rest) = match written.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_ascii_lowercase()), rest),
        None if written.starts_with("git@") => (Some("ssh".to_owned()), written),
        None if BARE_HOSTS.iter().any(|host| written.starts_with(host)) => (None, written),
        None if entry != written => (None, written),
        _ => return None,
    };
    if scheme.as_deref() == Some("file") {
        return None;
    }
    let rest = rest.rsplit_once('@').filter(|(user, _)| !user.contains('/')).map_or(rest, |(_, rest)| rest);
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let host = address.split(['/', ':']).next().unwrap_or_default().to_ascii_lowercase();
    let reference =
        query.split('&').find_map(|pair| pair.strip_prefix("ref=").or_else(|| pair.strip_prefix("version=")));
    let reference = reference.filter(|reference| !reference.is_empty());
    let steps: Vec<&str> = address.split('/').collect();
    let is_git = scheme.as_deref() != Some("http") && scheme.as_deref() != Some("https");
    let is_repository = is_git
        || reference.is_some()
        || address.contains("//")
        || address.contains(".git")
        || is_plain_repository(&steps);
    let (kind, revision) = if is_repository && !is_raw(&steps) {
        ("git", reference.map(str::to_owned))
    } else {
        ("file", file_revision(&steps))
    };
    let revision_kind = match (&revision, kind) {
        (Some(revision), _) => git_revision_kind(revision),
        (None, "git") => "none",
        (None, _) => "unknown",
    };
    let identity = match (&revision, kind) {
        (Some(revision), "file") => address.replacen(revision.as_str(), "", 1),
        _ => address.to_owned(),
    };
    Some(Remote { kind, scheme, host, revision, revision_kind, identity })
}

fn is_scheme(scheme: &str) -> bool {
    matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https" | "ssh" | "git" | "file" | "git+ssh")
}

/// `github.com/owner/repository` and what lies below, but no download of a file.
fn is_plain_repository(steps: &[&str]) -> bool {
    let is_forge = matches!(steps.first(), Some(&("github.com" | "gitlab.com" | "bitbucket.org")));
    let last = steps.last().copied().unwrap_or_default().to_ascii_lowercase();
    let is_file = [".yaml", ".yml", ".json"].iter().any(|ending| last.ends_with(ending));
    is_forge && !is_file
}

/// Whether the address is that of a file which a forge serves.
fn is_raw(steps: &[&str]) -> bool {
    steps.first() == Some(&"raw.githubusercontent.com")
        || steps.get(3).is_some_and(|step| matches!(*step, "raw" | "releases" | "blob"))
}

/// The revision within the address of a file: the branch or tag of a raw file, the tag of a release, or a version that
/// stands in the path.
fn file_revision(steps: &[&str]) -> Option<String> {
    let at = |index: usize| steps.get(index).copied();
    let named = match (at(0)?, at(3), at(4)) {
        ("raw.githubusercontent.com", Some("refs"), Some(kind)) => Some(format!("refs/{kind}/{}", at(5)?)),
        (_, Some("releases"), Some("latest")) => Some("HEAD".to_owned()),
        (_, Some("releases"), Some("download")) => at(5).map(|tag| format!("refs/tags/{tag}")),
        ("raw.githubusercontent.com", Some(revision), _) | (_, Some("raw" | "blob"), Some(revision)) => {
            Some(revision.to_owned())
        }
        _ => None,
    };
    let versioned = || steps.iter().find(|step| git_revision_kind(step) == "tag").map(|step| (*step).to_owned());
    named.or_else(versioned)
}

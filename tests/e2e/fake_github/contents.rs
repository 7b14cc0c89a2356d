//! Contents, blobs and trees.
//!
//! Invariant: sizes are cut where GitHub cuts them: 1 MB of JSON, 100 MB raw, 1,000 entries of a directory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::{Answer, Call};
use super::git::GitRepository;
use super::state::Repository;

/// Largest file whose content is in the JSON.
const MAX_INLINE: usize = 1024 * 1024;
/// Largest file that is served at all.
const MAX_RAW: usize = 100 * 1024 * 1024;
/// Most entries of a directory.
const MAX_ENTRIES: usize = 1000;

/// An entry of a tree.
struct Entry {
    mode: String,
    kind: String,
    sha: String,
    path: String,
}

/// `GET /repos/{o}/{r}/contents/{path}`.
pub fn get(repository: &Repository, path: &str, call: &Call) -> Answer {
    let git = &repository.git;
    let Some(commit) = git.commit_of(call.parameter("ref").unwrap_or("HEAD")) else {
        return Answer::error(404, "No commit found for the ref");
    };
    let path = path.trim_matches('/');
    if path.is_empty() {
        return directory(git, &commit, "");
    }
    let Some(entry) = entries(git, &commit, path).into_iter().next() else { return Answer::not_found() };
    match (entry.kind.as_str(), entry.mode.as_str()) {
        ("tree", _) => directory(git, &commit, path),
        ("commit", _) => Answer::ok(item(&entry, "submodule", 0)),
        (_, "120000") => symlink(git, &commit, &entry, call),
        _ => file(git, &entry, call),
    }
}

fn directory(git: &GitRepository, commit: &str, path: &str) -> Answer {
    let below = if path.is_empty() { String::new() } else { format!("{path}/") };
    let listed = entries(git, commit, &below);
    let items = listed.iter().take(MAX_ENTRIES).map(|entry| {
        let kind = match (entry.kind.as_str(), entry.mode.as_str()) {
            ("tree", _) => "dir",
            (_, "120000") => "symlink",
            // Submodules show as files in a listing, for compatibility.
            _ => "file",
        };
        item(entry, kind, if entry.kind == "blob" { blob(git, &entry.sha).len() } else { 0 })
    });
    Answer::ok(Value::Array(items.collect()))
}

/// A link to a file of the repository is followed; another is shown as a link.
fn symlink(git: &GitRepository, commit: &str, entry: &Entry, call: &Call) -> Answer {
    let target = String::from_utf8_lossy(&blob(git, &entry.sha)).into_owned();
    let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = if folder.is_empty() { target.clone() } else { format!("{folder}/{target}") };
    if let Some(found) = entries(git, commit, &path).into_iter().next().filter(|found| found.kind == "blob") {
        return file(git, &Entry { path: entry.path.clone(), ..found }, call);
    }
    let mut value = item(entry, "symlink", target.len());
    value["target"] = json!(target);
    Answer::ok(value)
}

fn file(git: &GitRepository, entry: &Entry, call: &Call) -> Answer {
    let bytes = blob(git, &entry.sha);
    if bytes.len() > MAX_RAW {
        return Answer::error(403, "This API returns blobs up to 100 MB in size.");
    }
    if wants_raw(call) {
        return Answer::raw(bytes);
    }
    let mut value = item(entry, "file", bytes.len());
    let inline = bytes.len() <= MAX_INLINE;
    value["encoding"] = json!(if inline { "base64" } else { "none" });
    value["content"] = json!(if inline { encoded(&bytes) } else { String::new() });
    Answer::ok(value)
}

fn item(entry: &Entry, kind: &str, size: usize) -> Value {
    let name = entry.path.rsplit('/').next().unwrap();
    let url = "https://github.example/";
    let mut value = json!({"type": kind, "size": size, "name": name, "path": entry.path, "sha": entry.sha,
        "url": url, "git_url": url, "html_url": url, "download_url": url,
        "_links": {"git": url, "self": url, "html": url}});
    if kind == "submodule" {
        value["submodule_git_url"] = json!("https://github.example/other.git");
    }
    value
}

/// `GET /repos/{o}/{r}/git/blobs/{sha}`.
pub fn get_blob(repository: &Repository, sha: &str, call: &Call) -> Answer {
    let Ok(bytes) = repository.git.bytes(&["cat-file", "blob", sha]) else { return Answer::not_found() };
    if bytes.len() > MAX_RAW {
        return Answer::error(403, "This API returns blobs up to 100 MB in size.");
    }
    if wants_raw(call) {
        return Answer::raw(bytes);
    }
    Answer::ok(json!({"sha": sha, "size": bytes.len(), "encoding": "base64", "content": encoded(&bytes)}))
}

/// `GET /repos/{o}/{r}/git/trees/{sha}`.
pub fn get_tree(repository: &Repository, sha: &str, call: &Call) -> Answer {
    let git = &repository.git;
    let Ok(tree) = git.bytes(&["rev-parse", "--verify", &format!("{sha}^{{tree}}")]) else {
        return Answer::not_found();
    };
    let tree = String::from_utf8_lossy(&tree).trim().to_owned();
    let mut arguments = vec!["ls-tree", "-z", "-l"];
    if call.parameter("recursive").is_some() {
        arguments.extend(["-r", "-t"]);
    }
    arguments.push(&tree);
    let items: Vec<Value> = parse(&git.bytes(&arguments).unwrap())
        .iter()
        .map(|entry| json!({"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}))
        .collect();
    Answer::ok(json!({"sha": tree, "url": "https://github.example/", "truncated": false, "tree": items}))
}

fn wants_raw(call: &Call) -> bool {
    call.accept.contains(".raw")
}

/// Base64 in lines of sixty, as GitHub sends it.
fn encoded(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> = text.as_bytes().chunks(60).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join("\n") + "\n"
}

fn blob(git: &GitRepository, sha: &str) -> Vec<u8> {
    git.bytes(&["cat-file", "blob", sha]).unwrap()
}

fn entries(git: &GitRepository, commit: &str, path: &str) -> Vec<Entry> {
    let mut arguments = vec!["ls-tree", "-z", "-l", "--full-tree", commit];
    if !path.is_empty() {
        arguments.extend(["--", path]);
    }
    git.bytes(&arguments).map(|bytes| parse(&bytes)).unwrap_or_default()
}

/// `mode type sha size<tab>path`, NUL after each.
fn parse(bytes: &[u8]) -> Vec<Entry> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split('\0').filter_map(|line| line.split_once('\t'));
    lines
        .map(|(facts, path)| {
            let words: Vec<&str> = facts.split_whitespace().collect();
            let word = |index: usize| words[index].to_owned();
            Entry { mode: word(0), kind: word(1), sha: word(2), path: path.to_owned() }
        })
        .collect()
}

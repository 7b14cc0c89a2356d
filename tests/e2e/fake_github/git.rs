//! The bare git repositories under the fake.
//!
//! Invariant: commits are made from data alone, without a working tree.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// A bare repository on disk.
#[derive(Clone, Debug)]
pub struct GitRepository {
    path: PathBuf,
}

/// One change that a commit makes to the tree before it.
#[derive(Clone, Debug)]
pub enum Edit {
    /// A file is written.
    Write(String, Vec<u8>),
    /// A file is removed.
    Delete(String),
    /// A file gets another path.
    Rename(String, String),
    /// A symbolic link to the second path.
    Symlink(String, String),
    /// A submodule at a commit.
    Submodule(String, String),
}

impl Edit {
    /// A text file.
    pub fn write(path: &str, text: &str) -> Self {
        Self::Write(path.to_owned(), text.as_bytes().to_vec())
    }
}

impl GitRepository {
    /// Creates an empty repository that serves as GitHub's do: partial clones, and any object by its id.
    pub fn create(path: &Path) -> Self {
        let repository = Self { path: path.to_owned() };
        std::fs::create_dir_all(path).unwrap();
        repository.text(&["init", "--quiet", "--bare", "--initial-branch=main"]);
        for setting in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant", "core.logAllRefUpdates"] {
            let value = if setting.starts_with("core") { "false" } else { "true" };
            repository.text(&["config", setting, value]);
        }
        repository
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs git and returns its output; a failure is a bug of the test.
    pub fn text(&self, arguments: &[&str]) -> String {
        String::from_utf8_lossy(&self.bytes(arguments).unwrap_or_else(|error| panic!("{error}"))).trim_end().to_owned()
    }

    /// Runs git, for a question that may have no answer.
    pub fn bytes(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let output = self.command(arguments).output().map_err(|error| format!("cannot start git: {error}"))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The commit that a revision means.
    pub fn commit_of(&self, revision: &str) -> Option<String> {
        let spec = format!("{revision}^{{commit}}");
        let bytes = self.bytes(&["rev-parse", "--verify", "--quiet", "--end-of-options", &spec]).ok()?;
        Some(String::from_utf8(bytes).ok()?.trim().to_owned())
    }

    /// Commits `edits` on top of `parents` (none for a first commit) and moves `reference` there.
    pub fn commit(&self, reference: &str, parents: &[&str], edits: &[Edit]) -> String {
        self.commit_saying("change", reference, parents, edits)
    }

    /// The same, with a message.
    pub fn commit_saying(&self, message: &str, reference: &str, parents: &[&str], edits: &[Edit]) -> String {
        static CLOCK: AtomicU64 = AtomicU64::new(1_767_225_600);
        let time = CLOCK.fetch_add(1, Ordering::Relaxed);
        let mut stream: Vec<u8> = Vec::new();
        let author = format!("Ada <ada@example.com> {time} +0000");
        let mut head = format!("commit {reference}\nauthor {author}\ncommitter {author}\n");
        writeln!(head, "data {}\n{message}", message.len()).unwrap();
        for (index, parent) in parents.iter().enumerate() {
            let keyword = if index == 0 { "from" } else { "merge" };
            writeln!(head, "{keyword} {parent}").unwrap();
        }
        stream.extend(head.as_bytes());
        for edit in edits {
            append(&mut stream, edit);
        }
        stream.extend(b"\n");
        let mut child = self.command(&["fast-import", "--quiet", "--force"]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&stream).unwrap();
        assert!(child.wait().unwrap().success(), "git fast-import of {edits:?}");
        self.commit_of(reference).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.arg("-C").arg(&self.path).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

fn append(stream: &mut Vec<u8>, edit: &Edit) {
    let line = match edit {
        Edit::Write(path, content) => return append_file(stream, "100644", path, content),
        Edit::Symlink(path, to) => return append_file(stream, "120000", path, to.as_bytes()),
        Edit::Delete(path) => format!("D {}\n", quoted(path)),
        Edit::Rename(from, to) => format!("R {} {}\n", quoted(from), quoted(to)),
        Edit::Submodule(path, commit) => format!("M 160000 {commit} {}\n", quoted(path)),
    };
    stream.extend(line.as_bytes());
}

fn append_file(stream: &mut Vec<u8>, mode: &str, path: &str, content: &[u8]) {
    stream.extend(format!("M {mode} inline {}\ndata {}\n", quoted(path), content.len()).as_bytes());
    stream.extend(content);
    stream.extend(b"\n");
}

fn quoted(path: &str) -> String {
    let escaped = path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

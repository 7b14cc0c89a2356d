//! The objects of a repository: sizes first, so that nothing too large is ever read.
//!
//! Invariant: every object asked for has bytes or a cause; one run of git answers everything (two, when it is older
//! than 2.36 and knows no `--batch-command`).

use std::collections::{BTreeMap, BTreeSet};

use super::command::{Git, refuses_revision};
use super::conversation::{Answer, Conversation};
use super::unavailable;
use crate::scan::limits::Limits;
use crate::scan::snapshot::{FileMode, Unjudged};
use crate::source::SourceError;
use crate::source::raw_diff::Object;

/// The most bytes that the objects of one change may have together.
const MAX_TOTAL_BYTES: u64 = 512 * 1024 * 1024;
/// The largest directory that is read.
const MAX_TREE_BYTES: u64 = 8 * 1024 * 1024;
/// The most files of one directory, those below it included.
const MAX_TREE_FILES: usize = 10_000;

/// The objects of a change.
#[derive(Debug, Default)]
pub struct Objects(BTreeMap<String, Result<Vec<u8>, Unjudged>>);

impl Objects {
    /// The bytes of an object.
    ///
    /// # Errors
    /// Why there are none.
    pub fn bytes(&self, oid: &str) -> Result<Vec<u8>, Unjudged> {
        self.0.get(oid).cloned().unwrap_or_else(|| Err(unavailable("git does not have it")))
    }
}

/// Reads objects by name.
pub struct ObjectReader<'a> {
    git: &'a Git,
    state: State,
}

enum State {
    /// Nothing was asked.
    New,
    /// One git for sizes and bytes.
    One(Box<Conversation>),
    /// An older git: one run for sizes, another for bytes.
    Two(Box<Conversation>, Box<Conversation>),
}

impl<'a> ObjectReader<'a> {
    /// A reader that starts `git` when it is asked.
    pub fn new(git: &'a Git) -> Self {
        Self { git, state: State::New }
    }

    /// The commit that `revision` names.
    ///
    /// # Errors
    /// [`SourceError::Revision`] when it names none, or begins like an option.
    pub async fn commit(&mut self, revision: &str) -> Result<String, SourceError> {
        let refused = || SourceError::Revision { revision: revision.to_owned() };
        if refuses_revision(revision) {
            return Err(refused());
        }
        let found = self.ask(&[format!("{revision}^{{commit}}")], false).await?;
        found.into_iter().flatten().next().map(|answer| answer.oid).ok_or_else(refused)
    }

    /// Reads the objects `wanted`: sizes first, then those that are small enough.
    ///
    /// # Errors
    /// Any [`SourceError`] of git.
    pub async fn read(&mut self, wanted: BTreeSet<String>, limits: &Limits) -> Result<Objects, SourceError> {
        let mut objects = Objects::default();
        let wanted: Vec<String> = wanted.into_iter().collect();
        let (mut total, mut small) = (0, Vec::new());
        for (oid, found) in wanted.iter().zip(self.ask(&wanted, false).await?) {
            let outcome = match blob_size(found.as_ref()) {
                None => Err(unavailable("git does not have it")),
                Some(size) if size > limits.max_file_bytes as u64 => Err(Unjudged::too_large(size, limits)),
                Some(size) if total + size > MAX_TOTAL_BYTES => {
                    Err(unavailable("the change holds more than 512 MiB of files"))
                }
                Some(size) => {
                    total += size;
                    small.push(oid.clone());
                    continue;
                }
            };
            objects.0.insert(oid.clone(), outcome);
        }
        for answer in self.ask(&small, true).await?.into_iter().flatten() {
            objects.0.insert(answer.oid, Ok(answer.content));
        }
        Ok(objects)
    }

    /// Those of `oids` that the repository does not have.
    ///
    /// # Errors
    /// Any [`SourceError`] of git.
    pub async fn missing(&mut self, oids: &BTreeSet<String>) -> Result<BTreeSet<String>, SourceError> {
        let oids: Vec<String> = oids.iter().cloned().collect();
        let found = self.ask(&oids, false).await?;
        Ok(oids.into_iter().zip(found).filter(|(_, found)| found.is_none()).map(|(oid, _)| oid).collect())
    }

    /// The entries of the directory that `name` names; none when it names none.
    ///
    /// # Errors
    /// Any [`SourceError`] of git; [`SourceError::Long`] for one of more than 8 MiB.
    pub async fn directory(&mut self, name: String) -> Result<Vec<TreeEntry>, SourceError> {
        let asked = [name];
        let found = self.ask(&asked, false).await?.into_iter().flatten().next();
        let Some(found) = found.filter(|found| found.kind == "tree") else { return Ok(Vec::new()) };
        if found.bytes > MAX_TREE_BYTES {
            return Err(too_long());
        }
        let read = self.ask(&asked, true).await?.into_iter().flatten().next();
        let content = read.map(|answer| answer.content).unwrap_or_default();
        entries(&content, found.oid.len() / 2).ok_or_else(|| SourceError::Output { command: "cat-file".into() })
    }

    /// The files below the directory `oid`, which lies at `path`, each with its whole path.
    ///
    /// # Errors
    /// Any [`SourceError`] of git; [`SourceError::Long`] for more than 10,000.
    pub async fn files_below(&mut self, oid: &str, path: &str) -> Result<Vec<(Vec<u8>, Object)>, SourceError> {
        let (mut open, mut files, mut seen) = (vec![(path.as_bytes().to_vec(), oid.to_owned())], Vec::new(), 0);
        while let Some((path, oid)) = open.pop() {
            for entry in self.directory(oid).await? {
                let path = [&path, &b"/"[..], &entry.name].concat();
                if entry.is_directory {
                    open.push((path, entry.object.oid));
                } else {
                    files.push((path, entry.object));
                }
                seen += 1;
            }
            if seen > MAX_TREE_FILES {
                return Err(too_long());
            }
        }
        Ok(files)
    }

    /// The file at `path` of `tree`, or the files below it.
    ///
    /// # Errors
    /// As [`ObjectReader::files_below`].
    pub async fn files_at(&mut self, tree: &str, path: &str) -> Result<Vec<(Vec<u8>, Object)>, SourceError> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let entries = self.directory(format!("{tree}:{folder}")).await?;
        match entries.into_iter().find(|entry| entry.name == name.as_bytes()) {
            Some(entry) if entry.is_directory => self.files_below(&entry.object.oid, path).await,
            Some(entry) => Ok(vec![(path.as_bytes().to_vec(), entry.object)]),
            None => Ok(Vec::new()),
        }
    }

    async fn ask(&mut self, names: &[String], has_content: bool) -> Result<Vec<Option<Answer>>, SourceError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        if let State::New = self.state {
            let mut one = Conversation::start(self.git, "--batch-command")?;
            match one.ask(&commands(names, has_content), has_content).await {
                Err(SourceError::Git { .. }) => {
                    let start = |mode| Conversation::start(self.git, mode).map(Box::new);
                    self.state = State::Two(start("--batch-check")?, start("--batch")?);
                }
                outcome => {
                    self.state = State::One(Box::new(one));
                    return outcome;
                }
            }
        }
        match &mut self.state {
            State::One(one) => one.ask(&commands(names, has_content), has_content).await,
            State::Two(_, bytes) if has_content => bytes.ask(names, true).await,
            State::Two(sizes, _) => sizes.ask(names, false).await,
            State::New => Ok(Vec::new()),
        }
    }
}

/// An entry of a directory.
pub struct TreeEntry {
    /// Its name.
    pub name: Vec<u8>,
    /// What it is.
    pub object: Object,
    /// Whether it is a directory.
    pub is_directory: bool,
}

/// Reads `MODE NAME`, NUL, the `id_bytes` of an id, repeated.
fn entries(mut tree: &[u8], id_bytes: usize) -> Option<Vec<TreeEntry>> {
    let mut entries = Vec::new();
    while !tree.is_empty() {
        let end = tree.iter().position(|byte| *byte == 0)?;
        let head = tree.get(..end)?;
        let space = head.iter().position(|byte| *byte == b' ')?;
        let mode = std::str::from_utf8(head.get(..space)?).ok()?;
        let id = tree.get(end + 1..end + 1 + id_bytes)?;
        let oid = id.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let object = Object { mode: FileMode::from_octal(mode), oid };
        let name = head.get(space + 1..)?.to_vec();
        entries.push(TreeEntry { name, object, is_directory: mode == "40000" });
        tree = tree.get(end + 1 + id_bytes..)?;
    }
    Some(entries)
}

fn commands(names: &[String], has_content: bool) -> Vec<String> {
    let command = if has_content { "contents" } else { "info" };
    names.iter().map(|name| format!("{command} {name}")).collect()
}

fn blob_size(found: Option<&Answer>) -> Option<u64> {
    found.filter(|found| found.kind == "blob").map(|found| found.bytes)
}

fn too_long() -> SourceError {
    SourceError::Long { command: "cat-file".into(), max_bytes: usize::try_from(MAX_TREE_BYTES).unwrap_or(usize::MAX) }
}

/// Object ids, one a line, as git reads them.
pub fn lines<'a>(oids: impl Iterator<Item = &'a String>) -> Vec<u8> {
    oids.flat_map(|oid| [oid.as_bytes(), b"\n"]).flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_read_whole_or_not_at_all() {
        let tree =
            [&b"100644 a b\0"[..], &[0xab; 20], b"40000 sub\0", &[0x01; 20], b"120000 link\0", &[0; 20]].concat();
        let read = entries(&tree, 20).unwrap();
        let told: Vec<_> = read.iter().map(|entry| (entry.name.as_slice(), entry.is_directory)).collect();
        assert_eq!(told, [(&b"a b"[..], false), (b"sub", true), (b"link", false)]);
        assert_eq!(read[0].object.oid, "ab".repeat(20));
        assert_eq!(read[2].object.mode, FileMode::Symlink);
        assert!(entries(&tree[..tree.len() - 1], 20).is_none());
    }
}

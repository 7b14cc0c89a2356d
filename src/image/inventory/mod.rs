//! The readers of package databases: one file each, and a table of them.
//!
//! A reader says by path whether it wants a file, and makes [`FileFacts`] of its whole content. It sees one file and
//! nothing else. To add a package database: its file here, and its line in [`READERS`].
//!
//! Invariant: a reader takes any bytes, and its memory and time are linear in them.

mod apk;
mod cargo;
mod composer;
mod conda;
mod dotnet;
mod dpkg;
mod elf;
mod go;
mod java;
mod node;
mod os_release;
mod python;
mod rpm;
mod ruby;
mod zip;
mod zip_stream;

use std::borrow::Cow;
use std::io;

use super::layer::{FileFacts, FileProblem};

/// How many bytes a file begins with are looked at before it is read.
pub const MAGIC_BYTES: usize = 16;

/// A file that might be read.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The path from the root, without a leading slash.
    pub path: &'a str,
    /// Whether anybody may execute it.
    pub is_executable: bool,
}

impl<'a> Candidate<'a> {
    /// The last part of the path.
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The path without `usr/` before `lib`, where the two are often one folder.
    fn unmerged(&self) -> &'a str {
        self.path.strip_prefix("usr/").filter(|path| path.starts_with("lib/")).unwrap_or(self.path)
    }
}

/// Reads one kind of file.
pub struct Reader {
    /// What the file is, in words.
    pub name: &'static str,
    /// Whether it lists what a package manager installed: an image can't be judged when it is there and can't be read.
    pub is_database: bool,
    /// What the content begins with; at most [`MAGIC_BYTES`].
    pub magic: &'static [u8],
    /// Whether the path is one to read.
    pub wants: fn(&Candidate<'_>) -> bool,
    /// Reads the content; an error says in words what is wrong with it.
    pub read: fn(path: &str, content: &[u8]) -> Result<FileFacts, String>,
}

/// Every reader.
pub const READERS: &[Reader] = &[
    os_release::READER,
    dpkg::STATUS,
    dpkg::STATUS_FOLDER,
    dpkg::FILE_LIST,
    apk::READER,
    rpm::SQLITE,
    rpm::NDB,
    rpm::BERKELEY,
    python::READER,
    python::EGG,
    conda::READER,
    node::READER,
    ruby::READER,
    composer::READER,
    dotnet::READER,
    java::READER,
    go::READER,
    cargo::READER,
];

/// The longest line that is read, in bytes; what is behind it says nothing that we look for.
const MAX_LINE_BYTES: usize = 4096;

/// The lines of a file, each cut to what is read. Only one is in memory beside the file, whatever bytes it is of.
fn lines(content: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    content.split(|byte| *byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        String::from_utf8_lossy(line.get(..MAX_LINE_BYTES).unwrap_or(line))
    })
}

/// The readers that want a file of this path.
pub fn wanted(candidate: &Candidate<'_>) -> Vec<&'static Reader> {
    READERS.iter().filter(|reader| (reader.wants)(candidate)).collect()
}

/// What a file says that is too large to be kept. Programs are searched piece by piece for what Go writes into them, and
/// Java archives are read file by file.
///
/// # Errors
/// `source`, which gives the content, fails.
pub fn read_large(
    readers: &[&Reader],
    bytes: u64,
    source: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>,
) -> io::Result<FileFacts> {
    let leaves_unjudged = readers.iter().any(|reader| reader.magic != elf::MAGIC);
    if !leaves_unjudged {
        let packages = go::packages_in_stream(source)?;
        if !packages.is_empty() {
            return Ok(FileFacts::of(packages.into_iter().map(Some)).unwrap_or_else(FileFacts::unread));
        }
    }
    if readers.iter().any(|reader| reader.name == java::READER.name)
        && let Some(facts) = java::in_stream(source)?
    {
        return Ok(facts);
    }
    let name = readers.first().map_or("file", |reader| reader.name);
    let text = format!("the {name} is too large to be read ({} MiB)", bytes >> 20);
    Ok(FileFacts { problem: Some(FileProblem { text, leaves_unjudged }), ..FileFacts::default() })
}

/// What `readers` make of a file, together.
pub fn read(readers: &[&Reader], path: &str, content: &[u8]) -> FileFacts {
    let mut all = FileFacts::default();
    for reader in readers {
        match (reader.read)(path, content) {
            Ok(mut facts) => {
                all.packages.append(&mut facts.packages);
                all.is_database |= reader.is_database && facts.distribution.is_none();
                all.distribution = all.distribution.or(facts.distribution);
                all.problem = all.problem.or(facts.problem);
                if !facts.owned.is_empty() {
                    facts.owned.seal();
                    all.owned = facts.owned;
                }
            }
            Err(cause) => {
                let text = format!("the {} can't be read: {cause}", reader.name);
                all.problem = Some(FileProblem { text, leaves_unjudged: reader.is_database });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests;

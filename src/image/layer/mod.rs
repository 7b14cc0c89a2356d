//! One layer of an image: read once as a stream, kept as facts.
//!
//! Nothing is written to disk, no link is followed, and no name of an archive reaches a file system. What a layer says
//! doesn't depend on the layers below it, so that [`LayerFacts`] can be kept by diff id and merged in any image.
//!
//! Invariant: facts are handed out only when the SHA-256 of the whole unpacked stream is the diff id.

mod archive;
mod error;
mod limits;
mod path_set;
mod texts;
mod unpack;

use std::collections::BTreeMap;
use std::io::Read;

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;
use super::inventory::{self, Candidate};
use super::package::Package;
use super::secrets::FileSecret;

pub use archive::clean;
use archive::{Archive, Entry, EntryKind};
pub use error::LayerError;
pub use limits::LayerLimits;
pub use path_set::{Mark, PathSet};
use texts::Texts;
use unpack::Unpacked;

/// The form of [`LayerFacts`] and what the inventory reads. Facts of another version must be read again.
pub const FACTS_VERSION: u32 = 4;

const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// What one layer says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFacts {
    /// The SHA-256 of the unpacked layer, `sha256:hex`.
    pub diff_id: String,
    /// Bytes after decompression.
    pub unpacked_bytes: u64,
    /// The files that say something, by path.
    pub files: BTreeMap<String, FileFacts>,
    /// Every path that hides what lower layers have.
    pub marks: PathSet,
    /// The secrets that its small text files hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<FileSecret>,
    /// How many such files were not looked through, because there are too many.
    #[serde(default)]
    pub texts_left_out: usize,
}

/// What one file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileFacts {
    /// The packages that it names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Package>,
    /// Whether the packages are all that a package manager installed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_database: bool,
    /// The distribution that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Distribution>,
    /// The files that it says belong to packages of the distribution.
    #[serde(skip_serializing_if = "PathSet::is_empty")]
    pub owned: PathSet,
    /// Permission bits, when the file runs as its owner or group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_id_mode: Option<u32>,
    /// What it is another name of, when its content would be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What could not be read of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<FileProblem>,
}

/// What could not be read of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProblem {
    /// In words.
    pub text: String,
    /// Whether packages may be missing because of it that a package manager installed.
    pub leaves_unjudged: bool,
}

/// The most packages that one file may name.
pub const MAX_PACKAGES: usize = 10_000;

/// The most files that one database may say belong to packages.
const MAX_OWNED: usize = 500_000;

impl FileFacts {
    /// Facts that are these packages.
    ///
    /// # Errors
    /// There are more than are kept of one file, in words.
    pub fn of(packages: impl IntoIterator<Item = Option<Package>>) -> Result<Self, String> {
        let mut facts = Self::default();
        packages.into_iter().try_for_each(|package| facts.add(package))?;
        Ok(facts)
    }

    /// Adds a package.
    ///
    /// # Errors
    /// There are more than are kept of one file, in words.
    pub fn add(&mut self, package: Option<Package>) -> Result<(), String> {
        self.packages.extend(package);
        if self.packages.len() > MAX_PACKAGES {
            Err(format!("it names more than {MAX_PACKAGES} packages"))
        } else {
            Ok(())
        }
    }

    /// Adds a file, by its path from the root, that belongs to a package of the distribution.
    ///
    /// # Errors
    /// There are more than are kept of one file, in words.
    pub fn own(&mut self, path: &[u8]) -> Result<(), String> {
        if let Some(path) = clean(path).filter(|path| !path.is_empty()) {
            self.owned.insert(Mark::Owned, &path);
        }
        if self.owned.len() > MAX_OWNED { Err(format!("it names more than {MAX_OWNED} files")) } else { Ok(()) }
    }

    /// Facts that are one problem, which leaves the image unjudged.
    pub fn unread(problem: impl Into<String>) -> Self {
        let problem = FileProblem { text: problem.into(), leaves_unjudged: true };
        Self { problem: Some(problem), ..Self::default() }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many bytes of memory it takes, about.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.owned.len() * 8 + self.packages.iter().map(Package::bytes).sum::<usize>()
    }
}

/// Reads a layer.
///
/// `packed` is the blob: a tar archive, plain or packed with gzip or zstd. `diff_id` is what the image's configuration
/// says of it, `sha256:hex`.
///
/// # Errors
/// [`LayerError`] when the stream fails, a limit is reached, or the content isn't `diff_id`.
pub fn read_layer(packed: impl Read, diff_id: &str, limits: LayerLimits) -> Result<LayerFacts, LayerError> {
    let unpacked = Unpacked::new(packed, limits).map_err(LayerError::from_io)?;
    let mut reading = Reading {
        archive: Archive::new(unpacked),
        facts: LayerFacts::default(),
        texts: Texts::default(),
        limits,
        entries: 0,
        bytes: 0,
    };
    while let Some(entry) = reading.archive.next_entry().map_err(LayerError::from_io)? {
        reading.take(&entry)?;
    }
    let Reading { archive, mut facts, texts, .. } = reading;
    let (bytes, hex) = archive.into_inner().finish().map_err(LayerError::from_io)?;
    let found = format!("sha256:{hex}");
    if found != diff_id {
        return Err(LayerError::DiffId { expected: diff_id.to_owned(), found });
    }
    (facts.diff_id, facts.unpacked_bytes) = (found, bytes);
    let owned: Vec<&PathSet> = facts.files.values().map(|file| &file.owned).filter(|owned| !owned.is_empty()).collect();
    (facts.secrets, facts.texts_left_out) = texts.finish(&owned);
    facts.marks.seal();
    Ok(facts)
}

struct Reading<R> {
    archive: Archive<R>,
    facts: LayerFacts,
    texts: Texts,
    limits: LayerLimits,
    entries: usize,
    bytes: usize,
}

impl<R: Read> Reading<R> {
    fn take(&mut self, entry: &Entry) -> Result<(), LayerError> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(LayerError::Entries { entries: self.limits.entries });
        }
        if self.take_whiteout(&entry.path) {
            return Ok(());
        }
        let mark = if entry.kind == EntryKind::Folder { Mark::Folder } else { Mark::File };
        self.facts.marks.insert(mark, &entry.path);
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        let mut facts = self.file_facts(entry, &path)?;
        let runs_as_owner = entry.mode & 0o6000 != 0 && entry.mode & 0o111 != 0;
        facts.set_id_mode = (entry.kind == EntryKind::File && runs_as_owner).then_some(entry.mode);
        if facts.is_empty() {
            self.facts.files.remove(&path);
            return Ok(());
        }
        self.bytes += facts.bytes() + path.len();
        if self.bytes > self.limits.facts_bytes {
            return Err(LayerError::Facts { bytes: self.limits.facts_bytes });
        }
        self.facts.files.insert(path, facts);
        Ok(())
    }

    /// Remembers what an entry takes away from lower layers; false when it is an entry like any other.
    fn take_whiteout(&mut self, path: &[u8]) -> bool {
        let (folder, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..).unwrap_or_default()),
            None => (&b""[..], path),
        };
        let Some(hidden) = name.strip_prefix(WHITEOUT) else { return false };
        if name == OPAQUE {
            self.facts.marks.insert(Mark::Emptied, folder);
        } else if !hidden.is_empty() && !hidden.starts_with(WHITEOUT) {
            let whole = if folder.is_empty() { hidden.to_vec() } else { [folder, b"/", hidden].concat() };
            self.facts.marks.insert(Mark::Removed, &whole);
        }
        true
    }

    fn file_facts(&mut self, entry: &Entry, path: &str) -> Result<FileFacts, LayerError> {
        let candidate = Candidate { path, is_executable: entry.mode & 0o111 != 0 };
        let wanted = inventory::wanted(&candidate);
        let is_text = entry.kind == EntryKind::File && self.texts.wants(path, entry.size);
        if wanted.is_empty() && !is_text {
            return Ok(FileFacts::default());
        }
        match entry.kind {
            EntryKind::File if entry.size == 0 => Ok(FileFacts::default()),
            EntryKind::File => self.read_file(entry, path, &wanted, is_text),
            EntryKind::HardLink => Ok(self.hard_link(entry, &wanted)),
            EntryKind::SymbolicLink => {
                let link = String::from_utf8_lossy(&entry.link).into_owned();
                let is_database = wanted.iter().any(|reader| reader.is_database);
                Ok(FileFacts { link: is_database.then_some(link), ..FileFacts::default() })
            }
            EntryKind::Sparse => Ok(FileFacts::unread("it is stored as a sparse file")),
            EntryKind::Folder | EntryKind::Other => Ok(FileFacts::default()),
        }
    }

    /// Another name of a file has what the file has, when the file was read.
    fn hard_link(&self, entry: &Entry, wanted: &[&inventory::Reader]) -> FileFacts {
        if !wanted.iter().any(|reader| reader.is_database) {
            return FileFacts::default();
        }
        let target = clean(&entry.link).unwrap_or_default();
        let target = String::from_utf8_lossy(&target).into_owned();
        let known = self.facts.files.get(&target).cloned();
        known.unwrap_or_else(|| FileFacts { link: Some(format!("/{target}")), ..FileFacts::default() })
    }

    fn read_file(
        &mut self,
        entry: &Entry,
        path: &str,
        wanted: &[&'static inventory::Reader],
        is_text: bool,
    ) -> Result<FileFacts, LayerError> {
        let mut start = [0_u8; inventory::MAGIC_BYTES];
        let mut filled = 0;
        while let Some(rest) = start.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.archive.read(rest).map_err(LayerError::from_io)? {
                0 => break,
                count => filled += count,
            }
        }
        let start = start.get(..filled).unwrap_or_default();
        let wanted: Vec<_> = wanted.iter().copied().filter(|reader| start.starts_with(reader.magic)).collect();
        let is_text = is_text && !start.contains(&0);
        if wanted.is_empty() && !is_text {
            return Ok(FileFacts::default());
        }
        if entry.size > self.limits.file_bytes {
            return self.read_large(entry.size, &wanted, start);
        }
        let size = usize::try_from(entry.size).unwrap_or(usize::MAX);
        let mut content = Vec::with_capacity(size);
        content.extend_from_slice(start);
        self.fill(&mut content, size)?;
        if is_text {
            self.texts.take(path, &content);
        }
        Ok(inventory::read(&wanted, path, &content))
    }

    /// The content of a large file from its beginning on, of which `start` has been read.
    fn read_large(
        &mut self,
        size: u64,
        wanted: &[&inventory::Reader],
        mut start: &[u8],
    ) -> Result<FileFacts, LayerError> {
        let archive = &mut self.archive;
        let mut source = |buffer: &mut [u8]| if start.is_empty() { archive.read(buffer) } else { start.read(buffer) };
        inventory::read_large(wanted, size, &mut source).map_err(LayerError::from_io)
    }

    /// Reads up to `size` bytes into `content`, which has the room.
    fn fill(&mut self, content: &mut Vec<u8>, size: usize) -> Result<(), LayerError> {
        let mut piece = [0_u8; 16 << 10];
        while content.len() < size {
            match self.archive.read(&mut piece).map_err(LayerError::from_io)? {
                0 => break,
                count => content.extend_from_slice(piece.get(..count).unwrap_or_default()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;

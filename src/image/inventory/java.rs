//! Java: what archives say of themselves, and of the archives in them.
//!
//! A build by Maven leaves `pom.properties` for each artifact, shaded ones too. Without any, the manifest may name a
//! group; without that, the archive is named as one that doesn't say what it is.
//!
//! # Source
//! The JAR file specification; Maven's archiver.

use std::io;

use super::zip::{self, Zip, ZipEntry};
use super::zip_stream::{Source, ZipStream};
use super::{Candidate, Reader};
use crate::image::layer::{FileFacts, FileProblem, MAX_PACKAGES};
use crate::image::package::{Package, PackageKind};

const ENDINGS: [&str; 4] = [".jar", ".war", ".ear", ".par"];

/// The largest text that is read of an archive.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Bytes of archives within an archive that are unpacked at a time; one that is stored as it is may be larger.
const MAX_NESTED_BYTES: usize = 16 << 20;

/// Bytes that are unpacked of one file altogether, as entries may share what they are packed in. Looking at an entry and
/// unpacking a text cost something too.
const MAX_UNPACKED_BYTES: usize = 256 << 20;
const ENTRY_BYTES: usize = 64;
const TEXT_BYTES: usize = 16 << 10;

/// How deep archives in archives are read: an application's archive holds those of its parts, which hold libraries.
const MAX_DEPTH: usize = 2;

/// Names that a problem tells.
const MAX_NAMED: usize = 10;

/// The reader of Java archives.
pub const READER: Reader = Reader {
    name: "Java archive",
    is_database: false,
    magic: zip::MAGIC,
    wants: |candidate: &Candidate<'_>| is_archive(candidate.path.as_bytes()),
    read: |path, content| {
        let mut found = Found::default();
        found.archive(path, content, 0)?;
        let problem = found.problem();
        let facts = FileFacts::of(found.packages.into_iter().map(Some))?;
        Ok(FileFacts { problem, ..facts })
    },
};

/// What an archive says that is too large to be kept; `None` when it can't be read that way.
///
/// # Errors
/// `source` fails.
pub fn in_stream(source: Source<'_>) -> io::Result<Option<FileFacts>> {
    let mut stream = ZipStream::new(source);
    let Ok(found) = Found::in_stream(&mut stream) else { return stream.failure().map_or(Ok(None), Err) };
    let problem = found.problem();
    let facts = FileFacts::of(found.packages.into_iter().map(Some)).unwrap_or_else(FileFacts::unread);
    Ok(Some(FileFacts { problem: facts.problem.clone().or(problem), ..facts }))
}

fn is_archive(path: &[u8]) -> bool {
    let ending = path.iter().rposition(|byte| *byte == b'.').and_then(|dot| path.get(dot..));
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(ending)))
}

#[derive(Default)]
struct Found {
    packages: Vec<Package>,
    /// The names of archives that don't say what they are, and of those that were not read.
    silent: Vec<String>,
    unread: Vec<String>,
    /// Bytes that were unpacked so far, and of archives that are unpacked now.
    unpacked: usize,
    open: usize,
}

impl Found {
    fn archive(&mut self, path: &str, content: &[u8], depth: usize) -> Result<(), String> {
        let zip = Zip::new(content).ok_or("it has no directory")?;
        let (before, mut manifest) = (self.packages.len(), None);
        for entry in zip.entries() {
            self.unpacked += ENTRY_BYTES;
            if self.unpacked > MAX_UNPACKED_BYTES {
                note(&mut self.unread, path);
                break;
            }
            if entry.path.ends_with(b"/pom.properties") {
                let text = self.content(&entry, MAX_TEXT_BYTES);
                self.packages.extend(text.and_then(|text| artifact(&text)));
            } else if entry.path.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF") {
                manifest = self.content(&entry, MAX_TEXT_BYTES);
            } else if is_archive(entry.path) {
                self.nested(&entry, depth);
            }
        }
        if self.packages.len() == before {
            let named = manifest.and_then(|manifest| of_manifest(&manifest));
            if named.is_none() {
                note(&mut self.silent, path.rsplit('/').next().unwrap_or_default());
            }
            self.packages.extend(named);
        }
        Ok(())
    }

    fn in_stream(stream: &mut ZipStream<'_>) -> io::Result<Self> {
        let (mut found, mut manifest) = (Self::default(), None);
        while let Some(entry) = stream.next_entry()? {
            if entry.path.ends_with(b"/pom.properties") {
                found.packages.extend(stream.content(&entry, MAX_TEXT_BYTES)?.and_then(|text| artifact(&text)));
            } else if entry.path.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF") {
                manifest = stream.content(&entry, MAX_TEXT_BYTES)?;
            } else if is_archive(&entry.path) {
                let path = String::from_utf8_lossy(&entry.path);
                let content = stream.content(&entry, MAX_NESTED_BYTES)?;
                if content.is_none_or(|content| found.archive(&path, &content, 1).is_err()) {
                    note(&mut found.unread, &path);
                }
            } else {
                stream.content(&entry, 0)?;
            }
            if found.packages.len() > MAX_PACKAGES {
                break;
            }
        }
        if found.packages.is_empty() {
            found.packages.extend(manifest.and_then(|manifest| of_manifest(&manifest)));
        }
        Ok(found)
    }

    fn nested(&mut self, entry: &ZipEntry<'_>, depth: usize) {
        let path = String::from_utf8_lossy(entry.path);
        let is_read = depth < MAX_DEPTH
            && match entry.stored() {
                Some(content) => self.archive(&path, content, depth + 1).is_ok(),
                None => self.packed(&path, entry, depth),
            };
        if !is_read {
            note(&mut self.unread, &path);
        }
    }

    fn packed(&mut self, path: &str, entry: &ZipEntry<'_>, depth: usize) -> bool {
        let Some(content) = self.content(entry, MAX_NESTED_BYTES - self.open) else { return false };
        self.open += content.len();
        let read = self.archive(path, &content, depth + 1);
        self.open -= content.len();
        read.is_ok()
    }

    fn content(&mut self, entry: &ZipEntry<'_>, most: usize) -> Option<Vec<u8>> {
        let most = most.min(MAX_UNPACKED_BYTES.saturating_sub(self.unpacked));
        self.unpacked += Some(entry.size).filter(|size| *size <= most).unwrap_or_default().max(TEXT_BYTES);
        entry.content(most)
    }

    fn problem(&self) -> Option<FileProblem> {
        let told = |what: &str, names: &[String]| (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")));
        let all = [
            told("it doesn't say which artifact it is", &self.silent),
            told("archives in it were not read", &self.unread),
        ];
        let text = all.into_iter().flatten().collect::<Vec<_>>().join("; ");
        (!text.is_empty()).then_some(FileProblem { text, leaves_unjudged: false })
    }
}

fn note(names: &mut Vec<String>, name: &str) {
    if names.len() < MAX_NAMED {
        names.push(name.chars().take(100).collect());
    }
}

/// Lines `key=value` of pom.properties.
fn artifact(text: &[u8]) -> Option<Package> {
    let text = String::from_utf8_lossy(text);
    let value = |key: &str| {
        let values = text.lines().filter_map(|line| line.split_once('='));
        values.into_iter().find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim()).unwrap_or_default()
    };
    package(value("groupId"), value("artifactId"), value("version"))
}

fn of_manifest(text: &[u8]) -> Option<Package> {
    // A line that begins with a space goes on with the one before.
    let text = String::from_utf8_lossy(text).replace("\r\n", "\n").replace("\n ", "");
    let value = |key: &str| {
        let values = text.lines().filter_map(|line| line.split_once(':'));
        values.into_iter().find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim()).unwrap_or_default()
    };
    let first = |keys: [&str; 2]| keys.into_iter().map(value).find(|value| !value.is_empty()).unwrap_or_default();
    let group = value("Implementation-Vendor-Id");
    package(group, value("Implementation-Title"), first(["Implementation-Version", "Bundle-Version"]))
}

fn package(group: &str, artifact: &str, version: &str) -> Option<Package> {
    let is_plain =
        |text: &str| !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || letter == '$');
    let named = is_plain(group) && is_plain(artifact) && is_plain(version);
    named.then(|| Package::new(PackageKind::Java, &format!("{group}:{artifact}"), version)).flatten()
}

//! Java: what archives say of themselves, and of the archives in them.
//!
//! A build by Maven leaves `pom.properties` for each artifact, shaded ones too. Without any, the manifest may name a
//! group; without that, the archive is named as one that doesn't say what it is.
//!
//! # Source
//! The JAR file specification; Maven's archiver.

use super::zip::{self, Zip, ZipEntry};
use super::{Candidate, Reader};
use crate::image::layer::{FileFacts, FileProblem};
use crate::image::package::{Package, PackageKind};

const ENDINGS: [&str; 4] = [".jar", ".war", ".ear", ".par"];

/// The largest text that is read of an archive.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// The largest archive within an archive that is unpacked; one that is stored as it is may be larger.
const MAX_NESTED_BYTES: usize = 16 << 20;

/// How many texts of one archive are read.
const MAX_TEXTS: usize = 10_000;

/// The reader of Java archives.
pub const READER: Reader = Reader {
    name: "Java archive",
    is_database: false,
    magic: zip::MAGIC,
    wants: |candidate: &Candidate<'_>| is_archive(candidate.path.as_bytes()),
    read: |path, content| {
        let mut found = Found::default();
        found.archive(path, content, true)?;
        let problem = Some(found.silent).filter(|silent| !silent.is_empty()).map(|silent| FileProblem {
            text: format!("it doesn't say which artifact it is: {}", silent.join(", ")),
            leaves_unjudged: false,
        });
        let facts = FileFacts::of(found.packages.into_iter().map(Some))?;
        Ok(FileFacts { problem, ..facts })
    },
};

fn is_archive(path: &[u8]) -> bool {
    let ending = path.rsplit_at_dot().map(<[u8]>::to_ascii_lowercase);
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| known.as_bytes() == ending))
}

trait RsplitAtDot {
    fn rsplit_at_dot(&self) -> Option<&[u8]>;
}

impl RsplitAtDot for [u8] {
    /// From the last dot on.
    fn rsplit_at_dot(&self) -> Option<&[u8]> {
        self.get(self.iter().rposition(|byte| *byte == b'.')?..)
    }
}

#[derive(Default)]
struct Found {
    packages: Vec<Package>,
    /// The names of archives that don't say what they are; a few are enough.
    silent: Vec<String>,
    texts: usize,
}

impl Found {
    fn archive(&mut self, path: &str, content: &[u8], may_hold_archives: bool) -> Result<(), String> {
        let zip = Zip::new(content).ok_or("it has no directory")?;
        let (before, mut manifest) = (self.packages.len(), None);
        for entry in zip.entries() {
            if entry.path.ends_with(b"/pom.properties") && self.texts < MAX_TEXTS {
                self.texts += 1;
                self.packages.extend(entry.content(MAX_TEXT_BYTES).and_then(|text| artifact(&text)));
            } else if entry.path.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF") {
                manifest = entry.content(MAX_TEXT_BYTES);
            } else if may_hold_archives && is_archive(entry.path) {
                self.nested(&entry);
            }
        }
        if self.packages.len() == before {
            let named = manifest.and_then(|manifest| of_manifest(&manifest));
            // What holds archives and nothing else is a program's own wrapping.
            if named.is_none() && self.silent.len() < 10 {
                self.silent.push(path.rsplit('/').next().unwrap_or_default().chars().take(100).collect());
            }
            self.packages.extend(named);
        }
        Ok(())
    }

    fn nested(&mut self, entry: &ZipEntry<'_>) {
        let path = String::from_utf8_lossy(entry.path);
        let read = match entry.stored() {
            Some(content) => self.archive(&path, content, false),
            None => match entry.content(MAX_NESTED_BYTES) {
                Some(content) => self.archive(&path, &content, false),
                None => Err("it is too large".to_owned()),
            },
        };
        if read.is_err() && self.silent.len() < 10 {
            self.silent.push(path.chars().take(100).collect());
        }
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

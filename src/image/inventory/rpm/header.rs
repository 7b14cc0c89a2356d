//! The header of one package: an index of tags, and a store that they point into.

use super::MAX_HEADER_BYTES;
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

const ENTRY_BYTES: usize = 16;
const MAX_ENTRIES: usize = 0xffff;

/// The longest text that is read; longer ones are no names or versions.
const MAX_TEXT_BYTES: usize = 4096;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const ARCHITECTURE: u32 = 1022;
const SOURCE_RPM: u32 = 1044;
const FOLDER_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const FOLDER_NAMES: u32 = 1118;

/// Keys that are kept in the database beside packages.
const KEY_NAME: &str = "gpg-pubkey";

/// A header.
pub struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
}

impl<'a> Header<'a> {
    /// Takes a blob of a database: two lengths, the index, the store.
    pub fn new(blob: &'a [u8]) -> Option<Self> {
        let count = usize::try_from(number(blob.get(..4)?)?).ok()?;
        let store = usize::try_from(number(blob.get(4..8)?)?).ok()?;
        if count > MAX_ENTRIES || store > MAX_HEADER_BYTES {
            return None;
        }
        let (index, rest) = blob.get(8..)?.split_at_checked(count * ENTRY_BYTES)?;
        Some(Self { index, store: rest.get(..store)? })
    }

    /// The package, unless the header is a key.
    pub fn package(&self) -> Option<Package> {
        let name = self.string(NAME)?;
        if name == KEY_NAME {
            return None;
        }
        let epoch = self.numbers(EPOCH).next().filter(|epoch| *epoch != 0);
        let with_epoch = |version: &str, release: &str| match epoch {
            Some(epoch) => format!("{epoch}:{version}-{release}"),
            None => format!("{version}-{release}"),
        };
        let version = with_epoch(&self.string(VERSION)?, &self.string(RELEASE)?);
        let package = Package::new(PackageKind::Rpm, &name, &version)?;
        let package = package.of_architecture(&self.string(ARCHITECTURE).unwrap_or_default());
        let source = self.string(SOURCE_RPM).unwrap_or_default();
        Some(match source_parts(&source) {
            Some((name, version, release)) => package.from_source(name, &with_epoch(version, release)),
            None => package,
        })
    }

    /// Adds the files of the package to what is owned.
    ///
    /// # Errors
    /// There are more than are kept.
    pub fn files(&self, facts: &mut FileFacts) -> Result<(), String> {
        let folders: Vec<&[u8]> = self.strings(FOLDER_NAMES).collect();
        for (name, folder) in self.strings(BASE_NAMES).zip(self.numbers(FOLDER_INDEXES)) {
            let folder = usize::try_from(folder).ok().and_then(|folder| folders.get(folder));
            facts.own(&[folder.copied().unwrap_or_default(), name].concat())?;
        }
        Ok(())
    }

    /// The count and the bytes from the start of the value of `tag` on.
    fn value(&self, tag: u32) -> Option<(usize, &'a [u8])> {
        let entry = self.index.chunks_exact(ENTRY_BYTES).find(|entry| entry.get(..4) == Some(&tag.to_be_bytes()))?;
        let offset = usize::try_from(number(entry.get(8..12)?)?).ok()?;
        let count = usize::try_from(number(entry.get(12..16)?)?).ok()?;
        Some((count, self.store.get(offset..)?))
    }

    fn strings(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> {
        let (count, store) = self.value(tag).unwrap_or_default();
        store.split(|byte| *byte == 0).take(count)
    }

    fn string(&self, tag: u32) -> Option<String> {
        let bytes = self.strings(tag).next()?;
        Some(String::from_utf8_lossy(bytes.get(..MAX_TEXT_BYTES).unwrap_or(bytes)).into_owned())
    }

    fn numbers(&self, tag: u32) -> impl Iterator<Item = u32> {
        let (count, store) = self.value(tag).unwrap_or_default();
        store.chunks_exact(4).take(count).filter_map(number)
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes))
}

/// Name, version and release of `name-version-release.src.rpm`.
fn source_parts(file: &str) -> Option<(&str, &str, &str)> {
    let stem = file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some((name, version, release))
}

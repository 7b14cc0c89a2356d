//! A set of paths that takes eight bytes for each.
//!
//! Invariant: what was put in is found; what was not is found by chance alone, once in 2⁶⁴ over the size of the set.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// What is said of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// There is a file, a link or a device.
    File = 1,
    /// There is a folder.
    Folder = 2,
    /// What earlier layers have there is taken away.
    Removed = 3,
    /// What earlier layers have in this folder is taken away.
    Emptied = 4,
    /// It belongs to a package of the distribution.
    Owned = 5,
}

/// A set of marked paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathSet {
    hashes: Vec<u64>,
    is_sorted: bool,
}

impl PathSet {
    /// Puts `path` in.
    pub fn insert(&mut self, mark: Mark, path: &[u8]) {
        self.hashes.push(hash(mark, path));
        self.is_sorted = false;
    }

    /// Makes the set ready to be asked.
    pub fn seal(&mut self) {
        if !self.is_sorted {
            self.hashes.sort_unstable();
            self.hashes.dedup();
            self.hashes.shrink_to_fit();
            self.is_sorted = true;
        }
    }

    /// Whether `path` was put in with `mark`, into a sealed set.
    pub fn contains(&self, mark: Mark, path: &[u8]) -> bool {
        self.hashes.binary_search(&hash(mark, path)).is_ok()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }
}

fn hash(mark: Mark, path: &[u8]) -> u64 {
    let digest = Sha256::new().chain_update([mark as u8]).chain_update(canonical(path)).finalize();
    let first = digest.first_chunk::<8>().copied().unwrap_or_default();
    u64::from_le_bytes(first)
}

/// The path as merged-usr systems have it: `usr/lib/x` for `lib/x`. Which of the two a database writes says nothing.
fn canonical(path: &[u8]) -> Vec<u8> {
    const MERGED: [&[u8]; 6] = [b"bin/", b"sbin/", b"lib/", b"lib32/", b"lib64/", b"libx32/"];
    if MERGED.iter().any(|folder| path.len() > folder.len() && path.starts_with(folder)) {
        [b"usr/", path].concat()
    } else {
        path.to_vec()
    }
}

impl Serialize for PathSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        serializer.serialize_str(&STANDARD_NO_PAD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for PathSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD_NO_PAD.decode(text).map_err(serde::de::Error::custom)?;
        let hashes = bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect();
        let mut set = Self { hashes, is_sorted: false };
        set.seal();
        Ok(set)
    }
}

//! PHP: the list that Composer keeps of what it installed.
//!
//! # Source
//! Composer's `FilesystemRepository`: `vendor/composer/installed.json`, an object since version 2, before that a list.

use serde::Deserialize;

use super::{Candidate, Reader};
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

/// The largest list that is read: as values it takes several times as much memory.
const MAX_BYTES: usize = 8 << 20;

/// The reader of `composer/installed.json`.
pub const READER: Reader = Reader {
    name: "list of Composer",
    is_database: false,
    magic: b"",
    wants: |candidate: &Candidate<'_>| {
        candidate.path.strip_suffix("composer/installed.json").is_some_and(|folder| folder.ends_with('/'))
    },
    read: |_, content| installed(content),
};

#[derive(Deserialize)]
struct Installed {
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

fn installed(content: &[u8]) -> Result<FileFacts, String> {
    if content.len() > MAX_BYTES {
        return Err("it is too large".to_owned());
    }
    let is_list = content.trim_ascii_start().starts_with(b"[");
    let packages: Result<Vec<Entry>, _> = if is_list {
        serde_json::from_slice(content)
    } else {
        serde_json::from_slice(content).map(|Installed { packages }| packages)
    };
    let packages = packages.map_err(|_| "it is no JSON of that shape".to_owned())?;
    FileFacts::of(packages.iter().map(|one| {
        // A tag may be written with a `v`, which is no part of the version.
        let tag = one.version.strip_prefix('v').filter(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
        Package::new(PackageKind::Composer, &one.name.to_ascii_lowercase(), tag.unwrap_or(&one.version))
    }))
}

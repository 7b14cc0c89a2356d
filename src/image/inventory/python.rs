//! Python: the metadata that an installer leaves beside the code.
//!
//! # Source
//! The "Recording installed projects" and "Core metadata" specifications of the Python Packaging Authority.

use super::zip::{self, Zip};
use super::{Candidate, Reader, lines};
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

/// The reader of `*.dist-info/METADATA`, `*.egg-info/PKG-INFO`, `EGG-INFO/PKG-INFO` and `*.egg-info`.
pub const READER: Reader =
    Reader { name: "Python metadata", is_database: false, magic: b"", wants, read: |_, content| metadata(content) };

/// The largest metadata in an egg.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// The reader of eggs that are archives.
pub const EGG: Reader = Reader {
    name: "Python egg",
    is_database: false,
    magic: zip::MAGIC,
    wants: |candidate: &Candidate<'_>| candidate.path.strip_suffix(".egg").is_some(),
    read: |_, content| {
        let mut entries = Zip::new(content).ok_or("it has no directory")?.entries();
        let text = entries.find(|entry| entry.path == b"EGG-INFO/PKG-INFO");
        let text = text.and_then(|entry| entry.content(MAX_TEXT_BYTES));
        metadata(&text.ok_or("it has no metadata")?)
    },
};

fn wants(candidate: &Candidate<'_>) -> bool {
    let mut parts = candidate.path.rsplit('/');
    let (name, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match name {
        "METADATA" => folder.ends_with(".dist-info"),
        "PKG-INFO" => folder.ends_with(".egg-info") || folder == "EGG-INFO",
        name => name.strip_suffix(".egg-info").is_some_and(|name| !name.is_empty()),
    }
}

fn metadata(content: &[u8]) -> Result<FileFacts, String> {
    let (mut name, mut version) = (String::new(), String::new());
    for line in lines(content).take_while(|line| !line.trim().is_empty()) {
        match line.split_once(':') {
            Some(("Name", value)) if name.is_empty() => value.trim().clone_into(&mut name),
            Some(("Version", value)) if version.is_empty() => value.trim().clone_into(&mut version),
            _ => {}
        }
    }
    FileFacts::of([Package::new(PackageKind::Python, &name, &version)])
}

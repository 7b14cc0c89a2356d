//! apk: one file of paragraphs, each line a letter and a value.
//!
//! # Source
//! Alpine's description of the installed database, apk-package(5).

use super::{Candidate, Reader};
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

/// The reader of `lib/apk/db/installed`.
pub const READER: Reader = Reader {
    name: "apk database",
    is_database: true,
    magic: b"",
    wants: |candidate: &Candidate<'_>| candidate.unmerged() == "lib/apk/db/installed",
    read: |_, content| installed(&String::from_utf8_lossy(content)),
};

#[derive(Default)]
struct Paragraph<'a> {
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    origin: &'a str,
    folder: &'a str,
}

fn installed(text: &str) -> Result<FileFacts, String> {
    let mut facts = FileFacts::default();
    let mut paragraph = Paragraph::default();
    for line in text.lines().chain([""]) {
        match line.split_once(':') {
            Some(("P", value)) => paragraph.name = value,
            Some(("V", value)) => paragraph.version = value,
            Some(("A", value)) => paragraph.architecture = value,
            Some(("o", value)) => paragraph.origin = value,
            Some(("F", value)) => paragraph.folder = value,
            Some(("R", value)) => facts.own(format!("{}/{value}", paragraph.folder).as_bytes())?,
            None if line.is_empty() => facts.add(std::mem::take(&mut paragraph).package())?,
            _ => {}
        }
    }
    Ok(facts)
}

impl Paragraph<'_> {
    fn package(self) -> Option<Package> {
        let origin = if self.origin.is_empty() { self.name } else { self.origin };
        let package = Package::new(PackageKind::Apk, self.name, self.version)?;
        Some(package.from_source(origin, self.version).of_architecture(self.architecture))
    }
}

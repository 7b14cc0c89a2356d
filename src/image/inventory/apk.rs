//! apk: one file of paragraphs, each line a letter and a value.
//!
//! # Source
//! Alpine's description of the installed database, apk-package(5).

use std::borrow::Cow;

use super::{Candidate, Reader, lines};
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

/// The reader of `lib/apk/db/installed`.
pub const READER: Reader = Reader {
    name: "apk database",
    is_database: true,
    magic: b"",
    wants: |candidate: &Candidate<'_>| candidate.unmerged() == "lib/apk/db/installed",
    read: |_, content| installed(content),
};

#[derive(Default)]
struct Paragraph {
    name: String,
    version: String,
    architecture: String,
    origin: String,
    folder: String,
}

fn installed(content: &[u8]) -> Result<FileFacts, String> {
    let mut facts = FileFacts::default();
    let mut paragraph = Paragraph::default();
    for line in lines(content).chain([Cow::Borrowed("")]) {
        match line.split_once(':') {
            Some(("P", value)) => value.clone_into(&mut paragraph.name),
            Some(("V", value)) => value.clone_into(&mut paragraph.version),
            Some(("A", value)) => value.clone_into(&mut paragraph.architecture),
            Some(("o", value)) => value.clone_into(&mut paragraph.origin),
            Some(("F", value)) => value.clone_into(&mut paragraph.folder),
            Some(("R", value)) => facts.own(format!("{}/{value}", paragraph.folder).as_bytes())?,
            None if line.is_empty() => facts.add(std::mem::take(&mut paragraph).package())?,
            _ => {}
        }
    }
    Ok(facts)
}

impl Paragraph {
    fn package(self) -> Option<Package> {
        let origin = if self.origin.is_empty() { &self.name } else { &self.origin };
        let package = Package::new(PackageKind::Apk, &self.name, &self.version)?;
        Some(package.from_source(origin, &self.version).of_architecture(&self.architecture))
    }
}

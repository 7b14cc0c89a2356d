//! Ruby: the specifications of installed gems, which are Ruby code that `RubyGems` writes in one shape.
//!
//! # Source
//! `RubyGems`' specification reference.

use super::{Candidate, Reader};
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

/// The reader of `specifications/*.gemspec`.
pub const READER: Reader = Reader {
    name: "gem specification",
    is_database: false,
    magic: b"",
    wants: |candidate: &Candidate<'_>| {
        candidate.path.ends_with(".gemspec") && candidate.path.contains("/specifications/")
    },
    read: |_, content| specification(&String::from_utf8_lossy(content)),
};

fn specification(text: &str) -> Result<FileFacts, String> {
    let value = |attribute: &str| text.lines().find_map(|line| assigned(line, attribute)).unwrap_or_default();
    FileFacts::of([Package::new(PackageKind::Ruby, value("name"), value("version"))])
}

/// The first quoted text of `s.ATTRIBUTE = "…".freeze` or `s.ATTRIBUTE = Gem::Version.new("…")`.
fn assigned<'a>(line: &'a str, attribute: &str) -> Option<&'a str> {
    let (left, right) = line.split_once('=')?;
    if left.trim().rsplit('.').next()? != attribute || !left.contains('.') {
        return None;
    }
    let start = right.find(['"', '\''])? + 1;
    let rest = right.get(start..)?;
    rest.get(..rest.find(['"', '\''])?)
}

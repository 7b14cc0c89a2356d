//! Ruby: the specifications of installed gems, which are Ruby code that `RubyGems` writes in one shape.
//!
//! # Source
//! `RubyGems`' specification reference.

use super::{Candidate, Reader, lines};
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
    read: |_, content| specification(content),
};

fn specification(content: &[u8]) -> Result<FileFacts, String> {
    let assigned = |attribute: &str| lines(content).find_map(|line| assigned(&line, attribute).map(ToOwned::to_owned));
    let value = |attribute: &str| assigned(attribute).unwrap_or_default();
    FileFacts::of([Package::new(PackageKind::Ruby, &value("name"), &value("version"))])
}

/// The first quoted text of `s.ATTRIBUTE = "…".freeze`, `%q{…}` or `Gem::Version.new("…")`.
fn assigned<'a>(line: &'a str, attribute: &str) -> Option<&'a str> {
    let (left, right) = line.split_once('=')?;
    if left.trim().rsplit('.').next()? != attribute || !left.contains('.') {
        return None;
    }
    let (start, end) = match right.find("%q{") {
        Some(start) => (start + 3, ['}', '}']),
        None => (right.find(['"', '\''])? + 1, ['"', '\'']),
    };
    let rest = right.get(start..)?;
    rest.get(..rest.find(end)?)
}

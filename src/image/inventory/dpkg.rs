//! dpkg: one file of paragraphs, or a folder with a file for each package, as distroless images have it.
//!
//! # Source
//! deb-control(5); dpkg-query(1) on states.

use super::{Candidate, Reader, lines};
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

const STATUS_FOLDER_PATH: &str = "var/lib/dpkg/status.d/";

/// The reader of `var/lib/dpkg/status`.
pub const STATUS: Reader = Reader {
    name: "dpkg database",
    is_database: true,
    magic: b"",
    wants: |candidate: &Candidate<'_>| candidate.path == "var/lib/dpkg/status",
    read: |_, content| packages(content),
};

/// The reader of files in `var/lib/dpkg/status.d`.
pub const STATUS_FOLDER: Reader = Reader {
    name: "dpkg paragraph",
    is_database: true,
    magic: b"",
    wants: |candidate: &Candidate<'_>| {
        candidate.path.starts_with(STATUS_FOLDER_PATH) && !candidate.path.ends_with(".md5sums")
    },
    read: |_, content| packages(content),
};

/// The reader of the lists of files that belong to packages.
pub const FILE_LIST: Reader = Reader {
    name: "dpkg file list",
    is_database: false,
    magic: b"",
    wants: |candidate: &Candidate<'_>| match candidate.path.rsplit_once('.') {
        Some((path, "list")) => path.starts_with("var/lib/dpkg/info/"),
        Some((path, "md5sums")) => path.starts_with(STATUS_FOLDER_PATH),
        _ => false,
    },
    read: owned,
};

fn packages(content: &[u8]) -> Result<FileFacts, String> {
    let mut facts = FileFacts::default();
    let mut paragraph = Paragraph::default();
    for line in lines(content) {
        if line.trim_end().is_empty() {
            facts.add(std::mem::take(&mut paragraph).package())?;
        } else {
            paragraph.read(&line);
        }
    }
    facts.add(paragraph.package())?;
    Ok(facts)
}

#[derive(Default)]
struct Paragraph {
    name: String,
    version: String,
    architecture: String,
    source: String,
    status: String,
}

impl Paragraph {
    fn read(&mut self, line: &str) {
        // A line that begins with a space goes on with the field before it; none of ours has such lines.
        let Some((key, value)) = line.split_once(':').filter(|_| !line.starts_with([' ', '\t'])) else { return };
        let field = match key {
            "Package" => &mut self.name,
            "Version" => &mut self.version,
            "Architecture" => &mut self.architecture,
            "Source" => &mut self.source,
            "Status" => &mut self.status,
            _ => return,
        };
        value.trim().clone_into(field);
    }

    fn package(self) -> Option<Package> {
        let state = self.status.split_ascii_whitespace().nth(2);
        if matches!(state, Some("not-installed" | "config-files")) {
            return None;
        }
        let (source, source_version) = match self.source.split_once('(') {
            Some((name, version)) => (name.trim(), version.trim_end_matches(')').trim()),
            None if self.source.is_empty() => (self.name.as_str(), self.version.as_str()),
            None => (self.source.as_str(), self.version.as_str()),
        };
        let package = Package::new(PackageKind::Dpkg, &self.name, &self.version)?;
        Some(package.from_source(source, source_version).of_architecture(&self.architecture))
    }
}

/// Lines are `/path` in lists, and `sum  path` in sums.
fn owned(path: &str, content: &[u8]) -> Result<FileFacts, String> {
    let has_sums = path.ends_with(".md5sums");
    let mut facts = FileFacts::default();
    for line in content.split(|byte| *byte == b'\n') {
        let line = if has_sums { line.get(32..).unwrap_or_default().trim_ascii() } else { line };
        facts.own(line)?;
    }
    Ok(facts)
}

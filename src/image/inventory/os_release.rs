//! os-release: which distribution this is.

use super::{Candidate, Reader};
use crate::image::distribution::Distribution;
use crate::image::layer::FileFacts;

/// The reader of `usr/lib/os-release` and `etc/os-release`.
pub const READER: Reader = Reader {
    name: "os-release file",
    is_database: false,
    magic: b"",
    wants: |candidate: &Candidate<'_>| matches!(candidate.path, "etc/os-release" | "usr/lib/os-release"),
    read: |_, content| {
        let distribution = Distribution::parse(&String::from_utf8_lossy(content));
        Ok(FileFacts { distribution, ..FileFacts::default() })
    },
};

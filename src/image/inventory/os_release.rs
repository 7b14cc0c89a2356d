//! os-release: which distribution this is.

use super::{Candidate, Reader, lines};
use crate::image::distribution::Distribution;
use crate::image::layer::FileFacts;

/// More lines than any has.
const MAX_LINES: usize = 200;

/// The reader of `usr/lib/os-release` and `etc/os-release`.
pub const READER: Reader = Reader {
    name: "os-release file",
    is_database: false,
    magic: b"",
    wants: |candidate: &Candidate<'_>| matches!(candidate.path, "etc/os-release" | "usr/lib/os-release"),
    read: |_, content| {
        let text = lines(content).take(MAX_LINES).collect::<Vec<_>>().join("\n");
        let distribution = Distribution::parse(&text);
        Ok(FileFacts { distribution, ..FileFacts::default() })
    },
};

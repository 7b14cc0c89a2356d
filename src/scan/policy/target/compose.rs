//! Compose services as policies see them.
//!
//! Invariant: a fact that the file does not state is `null`, and one that is templated is unknown.

use super::{FactDoc, Subject, Target};
use crate::scan::document::ParsedFile;

/// The things of `file` that `target` means, in the order of the file.
pub fn subjects(_target: Target, _file: &ParsedFile, _text: &str) -> Vec<Subject> {
    Vec::new()
}

/// The facts of `target`.
pub fn facts(_target: Target) -> &'static [FactDoc] {
    &[]
}

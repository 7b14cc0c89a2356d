//! Conda: a file for each package of an environment.
//!
//! # Source
//! Conda's documentation of environments: `conda-meta/NAME-VERSION-BUILD.json`.

use serde::Deserialize;

use super::{Candidate, Reader};
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

/// The reader of `conda-meta/*.json`.
pub const READER: Reader =
    Reader { name: "conda package", is_database: false, magic: b"", wants, read: |_, content| package(content) };

fn wants(candidate: &Candidate<'_>) -> bool {
    let mut parts = candidate.path.rsplit('/');
    parts.next().is_some_and(|name| name.strip_suffix(".json").is_some()) && parts.next() == Some("conda-meta")
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
}

fn package(content: &[u8]) -> Result<FileFacts, String> {
    let Entry { name, version } =
        serde_json::from_slice(content).map_err(|_| "it is no JSON of that shape".to_owned())?;
    FileFacts::of([Package::new(PackageKind::Conda, &name, &version)])
}

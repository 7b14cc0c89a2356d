//! Node: the `package.json` of what lies in `node_modules`.
//!
//! # Source
//! npm's documentation of package.json and of folders.

use serde::Deserialize;

use super::{Candidate, Reader};
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

/// The reader of `node_modules/NAME/package.json` and `node_modules/@SCOPE/NAME/package.json`.
pub const READER: Reader =
    Reader { name: "package.json", is_database: false, magic: b"", wants, read: |_, content| manifest(content) };

fn wants(candidate: &Candidate<'_>) -> bool {
    let mut parts = candidate.path.rsplit('/');
    if parts.next() != Some("package.json") {
        return false;
    }
    let (_name, above) = (parts.next(), parts.next());
    match above {
        Some("node_modules") => true,
        Some(scope) if scope.starts_with('@') => parts.next() == Some("node_modules"),
        _ => false,
    }
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version: Option<String>,
}

fn manifest(content: &[u8]) -> Result<FileFacts, String> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let manifest: Manifest = serde_json::from_slice(content).map_err(|_| "it is no JSON of that shape".to_owned())?;
    let named = manifest.name.zip(manifest.version);
    let package = named.and_then(|(name, version)| Package::new(PackageKind::Node, &name, &version));
    FileFacts::of([package])
}

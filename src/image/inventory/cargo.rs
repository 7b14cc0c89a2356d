//! Rust: the list of crates that `cargo auditable` puts into a program.
//!
//! # Source
//! cargo-auditable's PARSING.md: the section `.dep-v0`, packed with zlib, JSON.

use std::io::Read;

use flate2::read::ZlibDecoder;
use serde::Deserialize;

use super::elf::{self, Elf};
use super::{Candidate, Reader};
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

/// The largest list, unpacked, as the specification recommends.
const MAX_LIST_BYTES: u64 = 8 << 20;

/// The reader of executable ELF files.
pub const READER: Reader = Reader {
    name: "program's list of crates",
    is_database: false,
    magic: elf::MAGIC,
    wants: |candidate: &Candidate<'_>| candidate.is_executable,
    read: |_, content| match Elf::new(content).and_then(|elf| elf.section(".dep-v0")) {
        Some(section) => list(section),
        None => Ok(FileFacts::default()),
    },
};

#[derive(Deserialize)]
struct List {
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    /// `build` crates are not in the program; absent means that they are.
    #[serde(default)]
    kind: Option<String>,
}

fn list(section: &[u8]) -> Result<FileFacts, String> {
    let mut json = Vec::new();
    let mut unpacked = ZlibDecoder::new(section).take(MAX_LIST_BYTES);
    unpacked.read_to_end(&mut json).map_err(|error| error.to_string())?;
    let list: List = serde_json::from_slice(&json).map_err(|_| "it is no JSON of that shape".to_owned())?;
    let runtime = list.packages.iter().filter(|package| package.kind.as_deref() != Some("build"));
    FileFacts::of(runtime.map(|package| Package::new(PackageKind::Rust, &package.name, &package.version)))
}

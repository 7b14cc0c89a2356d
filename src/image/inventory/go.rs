//! Go: the build information that the linker puts into programs.
//!
//! # Source
//! Go's package debug/buildinfo: 16 bytes of magic, pointer size and flags; then inline strings (Go 1.18 and later), or
//! pointers to string headers.

use std::io;

use super::elf::{self, Elf};
use super::{Candidate, Reader};
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

const MAGIC: &[u8] = b"\xff Go buildinf:";
const ALIGNMENT: usize = 16;
const HEADER_BYTES: usize = 32;

/// More than build information takes.
const WINDOW_BYTES: usize = 2 << 20;

/// What marks both ends of the module text.
const SENTINEL_BYTES: usize = 16;

/// The name that advisories have for the standard library.
const STANDARD_LIBRARY: &str = "stdlib";

/// The reader of executable ELF files.
pub const READER: Reader = Reader {
    name: "Go build information",
    is_database: false,
    magic: elf::MAGIC,
    wants: |candidate: &Candidate<'_>| candidate.is_executable,
    read: |_, content| {
        let packages = find(content, content.len()).map(|info| packages(&info)).unwrap_or_default();
        FileFacts::of(packages.into_iter().map(Some))
    },
};

/// Which Go built a program, and of which modules.
struct BuildInfo {
    go: String,
    modules: String,
}

/// Reads a program that is too large to be kept, piece by piece.
pub fn packages_in_stream(source: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>) -> io::Result<Vec<Package>> {
    let (mut window, mut filled) = (vec![0; WINDOW_BYTES * 2], 0);
    loop {
        while let Some(rest) = window.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match source(rest)? {
                0 => break,
                count => filled += count,
            }
        }
        let is_last = filled < window.len();
        let content = window.get(..filled).unwrap_or_default();
        // What begins in the second half may end beyond it; it is in the first half of the next window.
        if let Some(info) = find(content, if is_last { filled } else { WINDOW_BYTES }) {
            return Ok(packages(&info));
        }
        if is_last {
            return Ok(Vec::new());
        }
        window.copy_within(WINDOW_BYTES.., 0);
        filled = WINDOW_BYTES;
    }
}

/// The first place before `end` that has the magic and reads well. A program that looks for build information holds the
/// magic too.
fn find(content: &[u8], end: usize) -> Option<BuildInfo> {
    let (mut chunks, mut offset) = (content.get(..end)?.chunks(ALIGNMENT), 0);
    chunks.find_map(|chunk| {
        let at = offset;
        offset += ALIGNMENT;
        chunk.starts_with(MAGIC).then(|| read(content, content.get(at..)?)).flatten()
    })
}

fn read(content: &[u8], info: &[u8]) -> Option<BuildInfo> {
    let (pointer_bytes, flags) = (usize::from(*info.get(14)?), *info.get(15)?);
    let (go, modules) = if flags & 2 != 0 {
        let (go, rest) = inline_string(info.get(HEADER_BYTES..)?)?;
        (go, inline_string(rest).map_or(&b""[..], |(modules, _)| modules))
    } else {
        let elf = Elf::new(content)?;
        let is_big = flags & 1 != 0;
        let string = |offset: usize| {
            let pointer = elf::number(info.get(offset..offset + pointer_bytes)?, is_big)?;
            let header = elf.at_address(pointer)?;
            let address = elf::number(header.get(..pointer_bytes)?, is_big)?;
            let length = elf::number(header.get(pointer_bytes..pointer_bytes * 2)?, is_big)?;
            elf.at_address(address)?.get(..usize::try_from(length).ok()?)
        };
        (string(16)?, string(16 + pointer_bytes).unwrap_or_default())
    };
    let go = std::str::from_utf8(go).ok()?.to_owned();
    let is_version = go.starts_with("go1") || go.starts_with("devel");
    let modules = modules.get(..WINDOW_BYTES).unwrap_or(modules);
    is_version.then(|| BuildInfo { go, modules: String::from_utf8_lossy(unwrapped(modules)).into_owned() })
}

/// The text between the sentinels.
fn unwrapped(modules: &[u8]) -> &[u8] {
    let end = modules.len().saturating_sub(SENTINEL_BYTES);
    let text = modules.get(SENTINEL_BYTES..end).unwrap_or_default();
    if text.ends_with(b"\n") { text } else { b"" }
}

/// A string after its length, seven bits a byte, least first.
fn inline_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_usize;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.get(index + 1..)?.split_at_checked(length);
        }
    }
    None
}

fn packages(info: &BuildInfo) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    let go = info.go.split([' ', '-', '+']).next().unwrap_or_default();
    if let Some(version) = go.strip_prefix("go") {
        packages.extend(Package::new(PackageKind::Go, STANDARD_LIBRARY, version));
    }
    let mut before = 0;
    for line in info.modules.lines() {
        let mut fields = line.split('\t');
        let (kind, path, version) =
            (fields.next(), fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        // `(devel)` is what was built here, without a version.
        let package = Some(version).filter(|version| *version != "(devel)");
        let package = package.and_then(|version| Package::new(PackageKind::Go, path, version));
        match kind {
            Some("mod" | "dep") => before = packages.len(),
            // The module of the line before was replaced by this one.
            Some("=>") => packages.truncate(before),
            _ => continue,
        }
        packages.extend(package);
    }
    packages
}

//! As much of zip as finding a few small files in a Java archive needs.
//!
//! Invariant: nothing is kept of entries that are passed over, so that a directory of a million of them costs no
//! memory.
//!
//! # Source
//! PKWARE's APPNOTE.TXT, 4.3.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::elf::number;

/// What a zip file with content begins with.
pub const MAGIC: &[u8] = b"PK\x03\x04";

const END_MAGIC: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const DIRECTORY_MAGIC: &[u8] = b"PK\x01\x02";
const DIRECTORY_HEADER_BYTES: usize = 46;
const LOCAL_HEADER_BYTES: usize = 30;
/// The longest comment behind the end record.
const MAX_COMMENT_BYTES: usize = 0xffff;

/// An archive.
#[derive(Clone, Copy)]
pub struct Zip<'a> {
    bytes: &'a [u8],
    directory: usize,
    /// Bytes before the archive, such as a shell script that starts it.
    prefix: usize,
}

/// A file of an archive.
pub struct ZipEntry<'a> {
    /// The path, as bytes.
    pub path: &'a [u8],
    /// The compressed bytes.
    pub packed: &'a [u8],
    /// Bytes of the content, as the directory says.
    pub size: usize,
    method: u64,
}

impl<'a> Zip<'a> {
    /// Finds the directory of the archive; `None` when there is none.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let last = bytes.len().checked_sub(END_BYTES)?;
        let first = last.saturating_sub(MAX_COMMENT_BYTES);
        let end = (first..=last).rev().find(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(END_MAGIC)))?;
        let size = field(bytes, end + 12, 4)?;
        let offset = field(bytes, end + 16, 4)?;
        let directory = end.checked_sub(size)?;
        Some(Self { bytes, directory, prefix: directory.checked_sub(offset)? })
    }

    /// The files, as the directory lists them, up to the first that is damaged.
    pub fn entries(self) -> impl Iterator<Item = ZipEntry<'a>> {
        let mut at = self.directory;
        std::iter::from_fn(move || {
            let header = self.bytes.get(at..).filter(|rest| rest.starts_with(DIRECTORY_MAGIC))?;
            let (name, extra, comment) = (field(header, 28, 2)?, field(header, 30, 2)?, field(header, 32, 2)?);
            at = at.checked_add(DIRECTORY_HEADER_BYTES + name + extra + comment)?;
            let path = header.get(DIRECTORY_HEADER_BYTES..DIRECTORY_HEADER_BYTES + name)?;
            let packed = self.packed(field(header, 42, 4)?, field(header, 20, 4)?).unwrap_or_default();
            let size = field(header, 24, 4)?;
            Some(ZipEntry { path, packed, size, method: number(header.get(10..12)?, false)? })
        })
    }

    fn packed(self, offset: usize, size: usize) -> Option<&'a [u8]> {
        let header = self.bytes.get(self.prefix.checked_add(offset)?..)?;
        if !header.starts_with(MAGIC) {
            return None;
        }
        let start = LOCAL_HEADER_BYTES + field(header, 26, 2)? + field(header, 28, 2)?;
        header.get(start..start.checked_add(size)?)
    }
}

impl ZipEntry<'_> {
    /// The content; `None` when it is larger than `max_bytes` or than it says, damaged, or packed in a way that Java
    /// doesn't know. It takes as much memory as it says.
    pub fn content(&self, max_bytes: usize) -> Option<Vec<u8>> {
        let size = Some(self.size).filter(|size| *size <= max_bytes)?;
        match self.method {
            0 => Some(self.packed.to_vec()).filter(|content| content.len() <= max_bytes),
            8 => {
                let mut content = Vec::with_capacity(size);
                let mut unpacked = DeflateDecoder::new(self.packed).take(size as u64 + 1);
                unpacked.read_to_end(&mut content).ok()?;
                (content.len() <= size).then_some(content)
            }
            _ => None,
        }
    }

    /// The content as it lies in the archive, when it isn't packed.
    pub fn stored(&self) -> Option<&[u8]> {
        (self.method == 0).then_some(self.packed)
    }
}

fn field(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    number(bytes.get(at..at.checked_add(width)?)?, false).and_then(|value| usize::try_from(value).ok())
}

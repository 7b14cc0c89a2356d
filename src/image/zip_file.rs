//! A zip file on disk, read entry by entry: OSV's exports.
//!
//! Invariant: one entry at a time is in memory.
//!
//! # Source
//! PKWARE's APPNOTE.TXT, 4.3, with the zip64 end record for archives of more than 65,535 entries.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::DeflateDecoder;

const END_BYTES: usize = 22;
const LOCATOR_BYTES: usize = 20;
const MAX_COMMENT_BYTES: usize = 0xffff;
const DIRECTORY_HEADER_BYTES: usize = 46;
const LOCAL_HEADER_BYTES: usize = 30;

/// Hands the content of every entry whose name has `ending` to `take`.
///
/// # Errors
/// The file can't be read, an entry is damaged or larger than `max_bytes`, or `take` says so; in words.
pub fn for_each(
    path: &Path,
    ending: &str,
    max_bytes: u64,
    take: &mut dyn FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    let mut content = File::open(path).map_err(failed)?;
    let (start, size) = directory(&mut content).map_err(failed)?;
    let mut directory = File::open(path).map_err(failed)?;
    directory.seek(SeekFrom::Start(start)).map_err(failed)?;
    let mut directory = BufReader::new(directory.take(size));
    while let Some(entry) = Entry::read(&mut directory).map_err(failed)? {
        if entry.name.ends_with(ending.as_bytes()) {
            take(&entry.content(&mut content, max_bytes).map_err(failed)?)?;
        }
    }
    Ok(())
}

/// Where the directory begins, and its size.
fn directory(file: &mut File) -> io::Result<(u64, u64)> {
    let length = file.metadata()?.len();
    let tail_bytes = length.min((END_BYTES + LOCATOR_BYTES + MAX_COMMENT_BYTES) as u64);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(length - tail_bytes))?;
    file.take(tail_bytes).read_to_end(&mut tail)?;
    let is_end = |at: &usize| tail.get(*at..).is_some_and(|rest| rest.starts_with(b"PK\x05\x06"));
    let end = (0..=tail.len().saturating_sub(END_BYTES)).rev().find(is_end).ok_or_else(damaged)?;
    let locator = end.checked_sub(LOCATOR_BYTES).filter(|at| tail.get(*at..*at + 4) == Some(b"PK\x06\x07"));
    let Some(locator) = locator else {
        return Ok((field(&tail, end + 16, 4)?, field(&tail, end + 12, 4)?));
    };
    file.seek(SeekFrom::Start(field(&tail, locator + 8, 8)?))?;
    let mut record = [0_u8; 56];
    file.read_exact(&mut record)?;
    if !record.starts_with(b"PK\x06\x06") {
        return Err(damaged());
    }
    Ok((field(&record, 48, 8)?, field(&record, 40, 8)?))
}

struct Entry {
    name: Vec<u8>,
    method: u64,
    packed_bytes: u64,
    offset: u64,
}

impl Entry {
    fn read(directory: &mut impl Read) -> io::Result<Option<Self>> {
        let mut header = Vec::new();
        directory.by_ref().take(DIRECTORY_HEADER_BYTES as u64).read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(None);
        }
        if !header.starts_with(b"PK\x01\x02") {
            return Err(damaged());
        }
        let mut name = Vec::new();
        directory.by_ref().take(field(&header, 28, 2)?).read_to_end(&mut name)?;
        let rest = field(&header, 30, 2)? + field(&header, 32, 2)?;
        io::copy(&mut directory.by_ref().take(rest), &mut io::sink())?;
        Ok(Some(Self {
            name,
            method: field(&header, 10, 2)?,
            packed_bytes: field(&header, 20, 4)?,
            offset: field(&header, 42, 4)?,
        }))
    }

    fn content(&self, file: &mut File, max_bytes: u64) -> io::Result<Vec<u8>> {
        let mut header = [0_u8; LOCAL_HEADER_BYTES];
        file.seek(SeekFrom::Start(self.offset))?;
        file.read_exact(&mut header)?;
        let skipped = field(&header, 26, 2)? + field(&header, 28, 2)?;
        file.seek(SeekFrom::Current(i64::try_from(skipped).unwrap_or_default()))?;
        let packed = BufReader::new(file.take(self.packed_bytes));
        let mut content = Vec::new();
        match self.method {
            0 => packed.take(max_bytes + 1).read_to_end(&mut content)?,
            8 => DeflateDecoder::new(packed).take(max_bytes + 1).read_to_end(&mut content)?,
            _ => return Err(damaged()),
        };
        if content.len() as u64 > max_bytes { Err(damaged()) } else { Ok(content) }
    }
}

fn field(bytes: &[u8], at: usize, width: usize) -> io::Result<u64> {
    let bytes = bytes.get(at..at + width).ok_or_else(damaged)?;
    Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "damaged zip file")
}

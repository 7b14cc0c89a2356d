//! A zip archive read from a stream, front to back, for archives that are too large to be kept.
//!
//! What stands before each file is believed instead of the directory at the end. Programs that build archives write both
//! the same; an archive in which a file's end can't be told that way is not read.
//!
//! Invariant: only one file is in memory, up to the bytes that are asked for, and what is unpacked altogether is bounded.
//!
//! # Source
//! PKWARE's APPNOTE.TXT, 4.3.7 to 4.3.9 and 4.5.3.

use std::io::{self, BufReader, Read};

use flate2::bufread::DeflateDecoder;

use super::elf::number;

/// Bytes that are unpacked of one archive.
const MAX_UNPACKED_BYTES: u64 = 2 << 30;

const HEADER_MAGIC: [u8; 4] = *b"PK\x03\x04";
const DIRECTORY_MAGIC: [u8; 4] = *b"PK\x01\x02";
const DESCRIPTOR_MAGIC: [u8; 4] = *b"PK\x07\x08";
/// Bytes of a header behind its magic.
const HEADER_BYTES: usize = 26;
/// What stands for a size that is elsewhere.
const ELSEWHERE: u64 = 0xffff_ffff;

/// Hands out bytes.
pub type Source<'s> = &'s mut dyn FnMut(&mut [u8]) -> io::Result<usize>;

/// An archive.
pub struct ZipStream<'s> {
    reader: BufReader<Remembering<'s>>,
    unpacked: u64,
}

/// A file of an archive.
pub struct StreamEntry {
    /// The path, as bytes.
    pub path: Vec<u8>,
    is_packed: bool,
    /// Bytes in the archive; when absent, they and their number are told behind the file.
    size: Option<u64>,
    has_long_sizes: bool,
}

/// A source that remembers how it failed, which tells its own failures from those of what it holds.
struct Remembering<'s> {
    source: Source<'s>,
    failure: Option<io::Error>,
}

impl Read for Remembering<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.source)(buffer).map_err(|error| {
            self.failure = Some(error);
            damaged()
        })
    }
}

impl<'s> ZipStream<'s> {
    /// The archive that `source` begins with.
    pub fn new(source: Source<'s>) -> Self {
        Self { reader: BufReader::new(Remembering { source, failure: None }), unpacked: 0 }
    }

    /// How the source failed, when it was the source.
    pub fn failure(self) -> Option<io::Error> {
        self.reader.into_inner().failure
    }

    /// The next file; `None` behind the last. Its content has to be read before the one after it.
    ///
    /// # Errors
    /// The archive is damaged, or its source failed.
    pub fn next_entry(&mut self) -> io::Result<Option<StreamEntry>> {
        match self.bytes::<4>()? {
            HEADER_MAGIC => {}
            DIRECTORY_MAGIC => return Ok(None),
            _ => return Err(damaged()),
        }
        let header = self.bytes::<HEADER_BYTES>()?;
        let field = |at: usize, width: usize| header.get(at..at + width).and_then(|bytes| number(bytes, false));
        let field = |at, width| field(at, width).ok_or_else(damaged);
        let (flags, method, size) = (field(2, 2)?, field(4, 2)?, field(14, 4)?);
        let path = self.vector(field(22, 2)?)?;
        let extra = self.vector(field(24, 2)?)?;
        let is_encrypted = flags & 1 != 0;
        if is_encrypted || !matches!(method, 0 | 8) {
            return Err(damaged());
        }
        let long = long_size(&extra);
        let size = if size == ELSEWHERE { long } else { Some(size) };
        let size = size.filter(|_| flags & 8 == 0);
        Ok(Some(StreamEntry { path, is_packed: method == 8, size, has_long_sizes: long.is_some() }))
    }

    /// Reads the content; `None` when it is larger than `most`.
    ///
    /// # Errors
    /// The archive is damaged, unpacks to too much, or its source failed.
    pub fn content(&mut self, entry: &StreamEntry, most: usize) -> io::Result<Option<Vec<u8>>> {
        let unpacked = &mut self.unpacked;
        match (entry.is_packed, entry.size) {
            (false, None) => Err(damaged()),
            (false, Some(size)) => {
                let mut stored = self.reader.by_ref().take(size);
                pour(&mut stored, most, unpacked)
            }
            (true, Some(size)) => {
                let mut packed = self.reader.by_ref().take(size);
                let content = pour(&mut DeflateDecoder::new(&mut packed), most, unpacked)?;
                io::copy(&mut packed, &mut io::sink())?;
                Ok(content)
            }
            (true, None) => {
                let content = pour(&mut DeflateDecoder::new(&mut self.reader), most, unpacked)?;
                self.descriptor(entry.has_long_sizes)?;
                Ok(content)
            }
        }
    }

    /// Passes over what is told behind a file.
    fn descriptor(&mut self, has_long_sizes: bool) -> io::Result<()> {
        let sizes = if has_long_sizes { 16 } else { 8 };
        let is_marked = self.bytes::<4>()? == DESCRIPTOR_MAGIC;
        let left = if is_marked { sizes + 4 } else { sizes };
        self.vector(left).map(|_| ())
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// At most 64 KiB.
    fn vector(&mut self, count: u64) -> io::Result<Vec<u8>> {
        let count = usize::try_from(count).ok().filter(|count| *count <= 1 << 16).ok_or_else(damaged)?;
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Reads to the end; keeps it when it is no more than `most`.
fn pour(reader: &mut impl Read, most: usize, unpacked: &mut u64) -> io::Result<Option<Vec<u8>>> {
    let (mut kept, mut fits) = (Vec::new(), true);
    let mut piece = [0_u8; 16 << 10];
    loop {
        let count = reader.read(&mut piece)?;
        if count == 0 {
            return Ok(fits.then_some(kept));
        }
        *unpacked += count as u64;
        if *unpacked > MAX_UNPACKED_BYTES {
            return Err(damaged());
        }
        fits &= kept.len() + count <= most;
        if fits {
            kept.extend_from_slice(piece.get(..count).unwrap_or_default());
        } else {
            kept = Vec::new();
        }
    }
}

/// The packed size in the field of long sizes; 0 where that is told later.
fn long_size(mut extra: &[u8]) -> Option<u64> {
    loop {
        let (id, size) = (number(extra.get(..2)?, false)?, number(extra.get(2..4)?, false)?);
        let size = usize::try_from(size).ok()?;
        let body = extra.get(4..4 + size)?;
        if id == 1 {
            return number(body.get(8..16)?, false);
        }
        extra = extra.get(4 + size..)?;
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "damaged archive")
}

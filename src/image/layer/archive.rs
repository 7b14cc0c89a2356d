//! The entries of a tar archive, read from a stream once, front to back.
//!
//! Invariant: memory is bounded whatever the archive says: names and extended headers by [`MAX_HEADER_BYTES`], content
//! is handed out in pieces.
//!
//! # Source
//! POSIX.1-2017 pax and ustar formats; the GNU tar manual, appendix on tar internals, for `L`, `K` and `S` entries.

use std::io::{self, Read};

use super::LayerError;

const BLOCK_BYTES: usize = 512;

/// The largest long name or extended header.
const MAX_HEADER_BYTES: u64 = 1 << 20;

/// The longest path that is taken, as Linux has it.
const MAX_PATH_BYTES: usize = 4096;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file with content.
    File,
    /// A file whose content has holes that the archive leaves out; not read.
    Sparse,
    /// Another name of an earlier file.
    HardLink,
    /// A symbolic link.
    SymbolicLink,
    /// A folder.
    Folder,
    /// A device, pipe or anything else.
    Other,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The path from the root, parts joined by `/`, without `.` parts; empty for the root itself.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits, with set-user-id and set-group-id.
    pub mode: u32,
    /// Bytes of content.
    pub size: u64,
    /// What a link points at, as written.
    pub link: Vec<u8>,
}

/// A tar archive.
pub struct Archive<R> {
    reader: R,
    /// Bytes of the current entry that have not been read, and the padding behind them.
    left: u64,
    padding: u64,
}

/// What extended headers say of the next entry.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    is_sparse: bool,
}

impl<R: Read> Archive<R> {
    /// Reads the archive that `reader` begins with.
    pub fn new(reader: R) -> Self {
        Self { reader, left: 0, padding: 0 }
    }

    /// The reader, wherever it stands.
    pub fn into_inner(self) -> R {
        self.reader
    }

    /// The next entry; what was not read of the one before is skipped. `None` at the end of the archive.
    ///
    /// # Errors
    /// The stream ends early, is no tar archive, or an extended header is too large.
    pub fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        let mut extension = Extension::default();
        loop {
            self.skip_rest()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let size = number(field(&header, 124, 12)).ok_or_else(damaged)?;
            let kind = header.get(156).copied().unwrap_or_default();
            (self.left, self.padding) = (size, padding(size));
            match kind {
                b'L' => extension.path = Some(until_nul(&self.whole()?).to_vec()),
                b'K' => extension.link = Some(until_nul(&self.whole()?).to_vec()),
                b'x' => extension.read(&self.whole()?)?,
                b'g' => {}
                _ => return self.entry(&header, kind, size, extension).map(Some),
            }
        }
    }

    /// Reads content of the current entry into `buffer`, from where the last call ended; 0 at its end.
    ///
    /// # Errors
    /// The stream ends early or fails.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(part) = buffer.get_mut(..most).filter(|part| !part.is_empty()) else { return Ok(0) };
        let count = self.reader.read(part)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }

    fn entry(&mut self, header: &[u8], kind: u8, size: u64, extension: Extension) -> io::Result<Entry> {
        // Links, devices and folders have no content, whatever their size says.
        let size = if matches!(kind, b'1'..=b'6') { 0 } else { extension.size.unwrap_or(size) };
        (self.left, self.padding) = (size, padding(size));
        if kind == b'S' {
            self.skip_sparse_map(header)?;
        }
        let name = extension.path.unwrap_or_else(|| name(header));
        let is_folder_name = name.ends_with(b"/");
        let entry_kind = match kind {
            b'S' => EntryKind::Sparse,
            b'0' | b'\0' | b'7' if extension.is_sparse => EntryKind::Sparse,
            b'\0' if is_folder_name => EntryKind::Folder,
            b'0' | b'\0' | b'7' => EntryKind::File,
            b'1' => EntryKind::HardLink,
            b'2' => EntryKind::SymbolicLink,
            b'5' => EntryKind::Folder,
            _ => EntryKind::Other,
        };
        Ok(Entry {
            path: clean(&name).ok_or_else(|| io::Error::other(LayerError::Path))?,
            kind: entry_kind,
            mode: number(field(header, 100, 8)).and_then(|mode| u32::try_from(mode & 0o7777).ok()).unwrap_or(0),
            size,
            link: extension.link.unwrap_or_else(|| until_nul(field(header, 157, 100)).to_vec()),
        })
    }

    fn header(&mut self) -> io::Result<Option<[u8; BLOCK_BYTES]>> {
        let mut block = [0_u8; BLOCK_BYTES];
        if !self.block(&mut block)? || (is_zero(&block) && (!self.block(&mut block)? || is_zero(&block))) {
            return Ok(None);
        }
        let expected = number(field(&block, 148, 8));
        let sum = |signed: bool| -> i64 {
            let value = |(index, byte): (usize, &u8)| match index {
                148..=155 => 32,
                _ if signed => i64::from(byte.cast_signed()),
                _ => i64::from(*byte),
            };
            block.iter().enumerate().map(value).sum()
        };
        let fits = expected.and_then(|sum| i64::try_from(sum).ok()).is_some_and(|e| e == sum(false) || e == sum(true));
        if fits { Ok(Some(block)) } else { Err(damaged()) }
    }

    /// Fills `block`; false when the stream ends before its first byte.
    fn block(&mut self, block: &mut [u8]) -> io::Result<bool> {
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest)? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => filled += count,
            }
        }
        Ok(true)
    }

    /// The content of an entry that speaks of the next one.
    fn whole(&mut self) -> io::Result<Vec<u8>> {
        if self.left > MAX_HEADER_BYTES {
            return Err(io::Error::other(LayerError::Header { bytes: MAX_HEADER_BYTES }));
        }
        let mut content = Vec::new();
        self.reader.by_ref().take(self.left).read_to_end(&mut content)?;
        if content.len() as u64 != self.left {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = 0;
        Ok(content)
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        let expected = self.left.saturating_add(self.padding);
        let skipped = io::copy(&mut self.reader.by_ref().take(expected), &mut io::sink())?;
        // Some writers leave out the padding behind the last entry.
        if skipped < self.left {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        (self.left, self.padding) = (0, 0);
        Ok(())
    }

    /// Skips the blocks that go on with the map of a sparse file.
    fn skip_sparse_map(&mut self, header: &[u8]) -> io::Result<()> {
        let mut more = header.get(482) == Some(&1);
        let mut block = [0_u8; BLOCK_BYTES];
        while more {
            if !self.block(&mut block)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            more = block.get(504) == Some(&1);
        }
        Ok(())
    }
}

impl Extension {
    /// Reads records `LENGTH KEY=VALUE\n`.
    fn read(&mut self, mut records: &[u8]) -> io::Result<()> {
        while !records.is_empty() && records.first() != Some(&0) {
            let space = records.iter().take(20).position(|byte| *byte == b' ').ok_or_else(damaged)?;
            let (digits, _) = records.split_at(space);
            let length = decimal(digits).and_then(|length| usize::try_from(length).ok()).ok_or_else(damaged)?;
            let record = records.get(space + 1..length).and_then(|record| record.strip_suffix(b"\n"));
            let record = record.ok_or_else(damaged)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(damaged)?;
            let (key, value) = record.split_at(equals);
            self.set(key, value.get(1..).unwrap_or_default())?;
            records = records.get(length..).unwrap_or_default();
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        match key {
            // An empty value takes back what a global header said.
            b"path" if !self.is_sparse => self.path = Some(value.to_vec()).filter(|path| !path.is_empty()),
            b"linkpath" => self.link = Some(value.to_vec()).filter(|path| !path.is_empty()),
            b"size" => self.size = Some(decimal(value).ok_or_else(damaged)?),
            b"GNU.sparse.name" => {
                self.is_sparse = true;
                self.path = Some(value.to_vec());
            }
            key if key.starts_with(b"GNU.sparse.") => self.is_sparse = true,
            _ => {}
        }
        Ok(())
    }
}

fn damaged() -> io::Error {
    io::Error::other(LayerError::Damaged)
}

fn is_zero(block: &[u8]) -> bool {
    block.iter().all(|byte| *byte == 0)
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK_BYTES as u64
}

fn field(header: &[u8], start: usize, length: usize) -> &[u8] {
    header.get(start..start + length).unwrap_or_default()
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn name(header: &[u8]) -> Vec<u8> {
    let prefix = if field(header, 257, 6) == b"ustar\0" { until_nul(field(header, 345, 155)) } else { b"" };
    let name = until_nul(field(header, 0, 100));
    if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
}

/// A number in octal digits, or big-endian when its first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    match field {
        [first, rest @ ..] if first & 0x80 != 0 => {
            let negative = first & 0x40 != 0;
            let fold = |value: u64, byte: &u8| value.checked_mul(256)?.checked_add(u64::from(*byte));
            let value = rest.iter().try_fold(u64::from(first & 0x3f), fold)?;
            (!negative && value <= i64::MAX.cast_unsigned()).then_some(value)
        }
        _ => {
            let digits = field.trim_ascii_start();
            let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
            let (digits, rest) = digits.split_at(end);
            let ends_well = matches!(rest.first(), None | Some(b' ' | b'\0'));
            let fold = |value: u64, byte: &u8| value.checked_mul(8)?.checked_add(u64::from(byte.checked_sub(b'0')?));
            if !ends_well || digits.iter().any(|byte| *byte > b'7') { None } else { digits.iter().try_fold(0, fold) }
        }
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The path without empty and `.` parts, from the root; `None` when it is too long or climbs above the root.
pub fn clean(path: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    let path = parts.join(&b'/');
    (path.len() <= MAX_PATH_BYTES).then_some(path)
}

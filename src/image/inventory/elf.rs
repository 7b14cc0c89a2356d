//! As much of ELF as finding a section or an address needs.
//!
//! # Source
//! The System V ABI, chapters 4 and 5.

/// What an ELF file begins with.
pub const MAGIC: &[u8] = b"\x7fELF";

/// An ELF file.
pub struct Elf<'a> {
    bytes: &'a [u8],
    is_64: bool,
    is_big: bool,
}

impl<'a> Elf<'a> {
    /// Takes a file that begins with [`MAGIC`]; `None` for other classes and byte orders than the usual.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let (class, order) = (*bytes.get(4)?, *bytes.get(5)?);
        let known = bytes.starts_with(MAGIC) && matches!(class, 1 | 2) && matches!(order, 1 | 2);
        known.then_some(Self { bytes, is_64: class == 2, is_big: order == 2 })
    }

    /// The content of the section `name`.
    pub fn section(&self, name: &str) -> Option<&'a [u8]> {
        let table = self.word(if self.is_64 { 0x28 } else { 0x20 })?;
        let counts = if self.is_64 { 0x3a } else { 0x2e };
        let (size, count, names) = (self.half(counts)?, self.half(counts + 2)?, self.half(counts + 4)?);
        let header = |index: u16| table.checked_add(usize::from(size).checked_mul(usize::from(index))?);
        let names = self.content(header(names)?)?;
        let mut headers = (0..count).filter_map(header);
        let found = headers.find(|header| {
            let start = self.number(*header, 4).and_then(|start| usize::try_from(start).ok());
            let rest = start.and_then(|start| names.get(start..)).unwrap_or_default();
            rest.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
        })?;
        self.content(found)
    }

    /// What a section header at `header` speaks of.
    fn content(&self, header: usize) -> Option<&'a [u8]> {
        let (offset, size) = if self.is_64 { (0x18, 0x20) } else { (0x10, 0x14) };
        let start = self.word(header.checked_add(offset)?)?;
        self.bytes.get(start..start.checked_add(self.word(header.checked_add(size)?)?)?)
    }

    /// The bytes of the file from the virtual address `address` to the end of its segment.
    pub fn at_address(&self, address: u64) -> Option<&'a [u8]> {
        let table = self.word(if self.is_64 { 0x20 } else { 0x1c })?;
        let counts = if self.is_64 { 0x36 } else { 0x2a };
        let (size, count) = (self.half(counts)?, self.half(counts + 2)?);
        let (offset, virtual_address, file_size) = if self.is_64 { (8, 16, 32) } else { (4, 8, 16) };
        (0..count).find_map(|index| {
            let header = table.checked_add(usize::from(size).checked_mul(usize::from(index))?)?;
            let start = self.word(header.checked_add(virtual_address)?)?;
            let length = self.word(header.checked_add(file_size)?)?;
            let within = usize::try_from(address).ok()?.checked_sub(start).filter(|within| *within < length)?;
            let start = self.word(header.checked_add(offset)?)?;
            self.bytes.get(start.checked_add(within)?..start.checked_add(length)?)
        })
    }

    /// The number of `width` bytes at `offset`, in the file's byte order.
    pub fn number(&self, offset: usize, width: usize) -> Option<u64> {
        number(self.bytes.get(offset..offset.checked_add(width)?)?, self.is_big)
    }

    fn half(&self, offset: usize) -> Option<u16> {
        self.number(offset, 2).and_then(|value| u16::try_from(value).ok())
    }

    fn word(&self, offset: usize) -> Option<usize> {
        self.number(offset, if self.is_64 { 8 } else { 4 }).and_then(|value| usize::try_from(value).ok())
    }
}

/// The number that `bytes` are, at most eight of them.
pub fn number(bytes: &[u8], is_big: bool) -> Option<u64> {
    let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    let value = if is_big { bytes.iter().fold(0, fold) } else { bytes.iter().rev().fold(0, fold) };
    (bytes.len() <= 8).then_some(value)
}

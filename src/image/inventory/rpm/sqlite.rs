//! As much of SQLite's file format as walking one table needs.
//!
//! Invariant: every page is visited at most once, so that a damaged tree ends.
//!
//! # Source
//! The SQLite database file format, sections 1.3, 1.6 and 2.1.

use super::{Headers, MAX_HEADER_BYTES};

const MAGIC: &[u8] = b"SQLite format 3\0";
const FILE_HEADER_BYTES: usize = 100;
const INTERIOR_TABLE: u8 = 5;
const LEAF_TABLE: u8 = 13;
/// More than the tables that are read have.
const MAX_COLUMNS: usize = 16;

struct Database<'a> {
    bytes: &'a [u8],
    page_bytes: usize,
    /// Page bytes without the reserved ones at the end.
    usable_bytes: usize,
}

/// Hands the first blob of each row of `table` to `take`.
pub fn rows(bytes: &[u8], table: &str, take: Headers<'_>) -> Result<(), String> {
    let database = Database::new(bytes).ok_or("it is no SQLite database")?;
    let mut root = None;
    database.walk(1, &mut |record| {
        let columns = columns(record).ok_or("its schema is damaged")?;
        let text = |index: usize| columns.get(index).map(|column| column.bytes);
        if text(0) == Some(b"table") && text(1) == Some(table.as_bytes()) {
            root = columns.get(3).and_then(Column::integer);
        }
        Ok(())
    })?;
    let root = root.ok_or_else(|| format!("it has no table {table}"))?;
    database.walk(root, &mut |record| {
        let columns = columns(record).ok_or("a row is damaged")?;
        let blob = columns.iter().find(|column| column.is_blob).ok_or("a row has no blob")?;
        take(blob.bytes)
    })
}

impl<'a> Database<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let size = u16::from_be_bytes(*bytes.get(16..)?.first_chunk()?);
        let page_bytes = if size == 1 { 1 << 16 } else { usize::from(size) };
        let usable_bytes = page_bytes.checked_sub(usize::from(*bytes.get(20)?))?;
        let fits = bytes.starts_with(MAGIC) && page_bytes.is_power_of_two() && usable_bytes >= 480;
        fits.then_some(Self { bytes, page_bytes, usable_bytes })
    }

    fn page(&self, number: usize) -> Option<&'a [u8]> {
        let start = number.checked_sub(1)?.checked_mul(self.page_bytes)?;
        self.bytes.get(start..start.checked_add(self.usable_bytes)?)
    }

    /// Hands every record of the table whose root is page `root` to `take`, in order of rows.
    fn walk(&self, root: usize, take: &mut dyn FnMut(&[u8]) -> Result<(), String>) -> Result<(), String> {
        let mut visited = vec![false; self.bytes.len() / self.page_bytes + 1];
        let mut pages = vec![root];
        let mut payload = Vec::new();
        while let Some(number) = pages.pop() {
            let seen = visited.get_mut(number).ok_or("a page is missing")?;
            if std::mem::replace(seen, true) {
                return Err("its tree runs in a circle".to_owned());
            }
            let page = self.page(number).ok_or("a page is missing")?;
            let header = if number == 1 { FILE_HEADER_BYTES } else { 0 };
            match page.get(header) {
                Some(&INTERIOR_TABLE) => {
                    let children = children(page, header).ok_or("a page is damaged")?;
                    pages.extend(children.into_iter().rev());
                }
                Some(&LEAF_TABLE) => {
                    for cell in cells(page, header, 8) {
                        self.payload(cell, &mut payload).ok_or("a row is damaged")?;
                        take(&payload)?;
                    }
                }
                _ => return Err("a page is of an unknown kind".to_owned()),
            }
        }
        Ok(())
    }

    /// Gathers the payload of a leaf's cell, which may go on in overflow pages.
    fn payload(&self, cell: &[u8], payload: &mut Vec<u8>) -> Option<()> {
        payload.clear();
        let (length, rest) = varint(cell)?;
        let (_row, rest) = varint(rest)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= MAX_HEADER_BYTES)?;
        let local = self.local_bytes(length);
        payload.extend_from_slice(rest.get(..local)?);
        let mut next = if local < length { big_endian(rest.get(local..local + 4)?) } else { 0 };
        while payload.len() < length {
            let page = self.page(next)?;
            let part = (length - payload.len()).min(self.usable_bytes - 4);
            payload.extend_from_slice(page.get(4..4 + part)?);
            next = big_endian(page.get(..4)?);
        }
        Some(())
    }

    /// How much of a payload stands in its cell.
    fn local_bytes(&self, length: usize) -> usize {
        let most = self.usable_bytes - 35;
        if length <= most {
            return length;
        }
        let least = (self.usable_bytes - 12) * 32 / 255 - 23;
        let local = least + (length - least) % (self.usable_bytes - 4);
        if local <= most { local } else { least }
    }
}

/// The cells of a page, from where its array of pointers begins.
fn cells(page: &[u8], header: usize, header_bytes: usize) -> impl Iterator<Item = &[u8]> {
    let count = page.get(header + 3..header + 5).map_or(0, big_endian);
    let pointers = page.get(header + header_bytes..).unwrap_or_default().chunks_exact(2).take(count);
    pointers.filter_map(|pointer| page.get(big_endian(pointer)..))
}

fn children(page: &[u8], header: usize) -> Option<Vec<usize>> {
    let left = cells(page, header, 12).map(|cell| cell.get(..4).map(big_endian));
    let right = page.get(header + 8..header + 12).map(big_endian);
    left.chain([right]).collect()
}

struct Column<'a> {
    bytes: &'a [u8],
    is_blob: bool,
}

impl Column<'_> {
    fn integer(&self) -> Option<usize> {
        (!self.is_blob && !self.bytes.is_empty() && self.bytes.len() <= 8).then(|| big_endian(self.bytes))
    }
}

/// The columns of a record: a list of types, then the values.
fn columns(record: &[u8]) -> Option<Vec<Column<'_>>> {
    let (length, rest) = varint(record)?;
    let length = usize::try_from(length).ok()?;
    let mut values = record.get(length..)?;
    let mut types = rest.get(..length.checked_sub(record.len() - rest.len())?)?;
    let mut columns = Vec::new();
    while !types.is_empty() && columns.len() < MAX_COLUMNS {
        let (kind, rest) = varint(types)?;
        types = rest;
        let size = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            kind => (kind - 12) / 2,
        };
        let (bytes, rest) = values.split_at_checked(usize::try_from(size).ok()?)?;
        values = rest;
        columns.push(Column { bytes, is_blob: kind >= 12 && kind % 2 == 0 });
    }
    Some(columns)
}

/// A number of one to nine bytes, seven bits in each of the first eight.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some((value << 8 | u64::from(*byte), bytes.get(9..)?));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |value, byte| value << 8 | usize::from(*byte))
}

//! rpm's own database, `Packages.db`: pages of slots that point at blobs.

use super::Headers;
use crate::image::inventory::elf::number;

const PAGE_BYTES: usize = 4096;
const SLOT_BYTES: usize = 16;
const BLOCK_BYTES: usize = 16;
const BLOB_HEADER_BYTES: usize = 16;
/// The database's own header takes the place of the first slots.
const FIRST_SLOT: usize = 2;

/// Hands every blob to `take`.
pub fn blobs(content: &[u8], take: Headers<'_>) -> Result<(), String> {
    let field = |at: usize| content.get(at..at + 4).and_then(|bytes| number(bytes, false));
    let size = |at: usize| field(at).and_then(|value| usize::try_from(value).ok());
    if !content.starts_with(b"RpmP") || field(4) != Some(0) {
        return Err("it is no ndb database of version 0".to_owned());
    }
    let pages = size(12).unwrap_or_default();
    let slots = pages.checked_mul(PAGE_BYTES / SLOT_BYTES).ok_or("its size is wrong")?;
    for slot in FIRST_SLOT..slots {
        let at = slot * SLOT_BYTES;
        if content.get(at..at + 4) != Some(b"Slot") {
            return Err("its list of slots is damaged".to_owned());
        }
        let (package, block) = (field(at + 4).unwrap_or_default(), size(at + 8).unwrap_or_default());
        if package == 0 {
            continue;
        }
        let start = block.checked_mul(BLOCK_BYTES).filter(|start| content.get(*start..*start + 4) == Some(b"BlbS"));
        let start = start.filter(|start| field(start + 4) == Some(package));
        let blob = start.and_then(|start| {
            let start_of_data = start + BLOB_HEADER_BYTES;
            content.get(start_of_data..start_of_data.checked_add(size(start + 12)?)?)
        });
        take(blob.ok_or("a package's place is damaged")?)?;
    }
    Ok(())
}

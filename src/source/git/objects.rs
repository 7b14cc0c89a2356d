//! The bytes of many objects, in two runs of git: sizes first, so that nothing too large is ever read.
//!
//! Invariant: every object asked for has bytes or a cause.

use std::collections::{BTreeMap, BTreeSet};

use super::command::Git;
use super::unavailable;
use crate::scan::limits::Limits;
use crate::scan::snapshot::Unjudged;
use crate::source::SourceError;

/// The most bytes that the objects of one change may have together.
const MAX_TOTAL_BYTES: u64 = 512 * 1024 * 1024;

/// The objects of a change.
#[derive(Debug, Default)]
pub struct Objects(BTreeMap<String, Result<Vec<u8>, Unjudged>>);

impl Objects {
    /// The bytes of an object.
    ///
    /// # Errors
    /// Why there are none.
    pub fn bytes(&self, oid: &str) -> Result<Vec<u8>, Unjudged> {
        self.0.get(oid).cloned().unwrap_or_else(|| Err(unavailable("git does not have it")))
    }
}

/// Reads the objects `wanted`.
///
/// # Errors
/// Any [`SourceError`] of git.
pub async fn read(git: &Git, wanted: BTreeSet<String>, limits: &Limits) -> Result<Objects, SourceError> {
    let mut objects = Objects::default();
    if wanted.is_empty() {
        return Ok(objects);
    }
    let output = git.run_with_input("cat-file", &["--batch-check"], lines(wanted.iter())).await?;
    let sizes = sizes(&output).ok_or_else(misread)?;
    let (mut total, mut small) = (0, Vec::new());
    for (oid, size) in sizes {
        let outcome = match size {
            None => Err(unavailable("git does not have it")),
            Some(size) if size > limits.max_file_bytes as u64 => Err(Unjudged::too_large(size, limits)),
            Some(size) if total + size > MAX_TOTAL_BYTES => {
                Err(unavailable("the change holds more than 512 MiB of files"))
            }
            Some(size) => {
                total += size;
                small.push(oid);
                continue;
            }
        };
        objects.0.insert(oid, outcome);
    }
    let output = git.run_with_input("cat-file", &["--batch"], lines(small.iter())).await?;
    contents(&output, &mut objects).ok_or_else(misread)?;
    Ok(objects)
}

/// Those of `oids` that the repository does not have.
///
/// # Errors
/// Any [`SourceError`] of git.
pub async fn missing(git: &Git, oids: &BTreeSet<String>) -> Result<BTreeSet<String>, SourceError> {
    let output = git.run_with_input("cat-file", &["--batch-check"], lines(oids.iter())).await?;
    let sizes = sizes(&output).ok_or_else(misread)?;
    Ok(sizes.into_iter().filter(|(_, size)| size.is_none()).map(|(oid, _)| oid).collect())
}

fn misread() -> SourceError {
    SourceError::Output { command: "cat-file".into() }
}

/// Object ids, one a line, as git reads them.
pub fn lines<'a>(oids: impl Iterator<Item = &'a String>) -> Vec<u8> {
    oids.flat_map(|oid| [oid.as_bytes(), b"\n"]).flatten().copied().collect()
}

/// Reads `OID TYPE SIZE` and `OID missing` lines.
fn sizes(output: &[u8]) -> Option<Vec<(String, Option<u64>)>> {
    let text = std::str::from_utf8(output).ok()?;
    text.lines()
        .map(|line| {
            let (oid, rest) = line.split_once(' ')?;
            let size = rest.strip_prefix("blob ").map(|size| size.parse::<u64>().ok());
            Some((oid.to_owned(), size.flatten()))
        })
        .collect()
}

/// Reads `OID TYPE SIZE`, line break, bytes, line break, repeated.
fn contents(mut output: &[u8], objects: &mut Objects) -> Option<()> {
    while !output.is_empty() {
        let end = output.iter().position(|byte| *byte == b'\n')?;
        let mut words = std::str::from_utf8(output.get(..end)?).ok()?.split(' ');
        let oid = words.next()?.to_owned();
        let size = words.nth(1)?.parse::<usize>().ok()?;
        let bytes = output.get(end + 1..end + 1 + size)?;
        objects.0.insert(oid, Ok(bytes.to_vec()));
        output = output.get(end + 2 + size..)?;
    }
    Some(())
}

//! rpm: its two databases of today, and the header that both hold for each package.
//!
//! # Source
//! rpm's lib/backend/sqlite.cc and ndb/rpmpkg.cc; the RPM file format's "Header" chapter.

mod header;
mod ndb;
mod sqlite;

use super::{Candidate, Reader};
use crate::image::layer::FileFacts;

const FOLDERS: [&str; 2] = ["var/lib/rpm/", "usr/lib/sysimage/rpm/"];

/// The largest header of one package.
const MAX_HEADER_BYTES: usize = 16 << 20;

/// The reader of `rpmdb.sqlite`.
pub const SQLITE: Reader = Reader {
    name: "rpm database (sqlite)",
    is_database: true,
    magic: b"",
    wants: |candidate: &Candidate<'_>| is_in_folder(candidate, &["rpmdb.sqlite"]),
    read: |_, content| packages(|take| sqlite::rows(content, "Packages", take)),
};

/// The reader of `Packages.db`.
pub const NDB: Reader = Reader {
    name: "rpm database (ndb)",
    is_database: true,
    magic: b"",
    wants: |candidate: &Candidate<'_>| is_in_folder(candidate, &["Packages.db"]),
    read: |_, content| packages(|take| ndb::blobs(content, take)),
};

/// Names what can't be read: the old database.
pub const BERKELEY: Reader = Reader {
    name: "rpm database (Berkeley DB)",
    is_database: true,
    magic: b"",
    wants: |candidate: &Candidate<'_>| is_in_folder(candidate, &["Packages"]),
    read: |_, _| Err("Berkeley DB is not supported; a scanner backend reads it".to_owned()),
};

fn is_in_folder(candidate: &Candidate<'_>, names: &[&str]) -> bool {
    let mut rests = FOLDERS.iter().filter_map(|folder| candidate.path.strip_prefix(folder));
    rests.any(|rest| names.contains(&rest))
}

/// Hands each header of a database to its taker.
type Headers<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), String>;

fn packages(read: impl FnOnce(Headers<'_>) -> Result<(), String>) -> Result<FileFacts, String> {
    let mut facts = FileFacts::default();
    read(&mut |blob| {
        let header = header::Header::new(blob).ok_or("a package's header is damaged")?;
        facts.add(header.package())?;
        header.files(&mut facts)
    })?;
    Ok(facts)
}

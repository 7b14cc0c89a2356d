//! The small text files of a layer, in which secrets are looked for.
//!
//! Invariant: memory and time are bounded by numbers of files and bytes, whatever the layer holds, and what was left
//! out is counted. A text is dropped as soon as it was looked through; what is kept of it shows no value.

use super::super::secrets::{FileSecret, in_files};
use super::{Mark, PathSet};

/// The largest file, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 10;
/// The most files of one layer, and their bytes together.
const MOST_FILES: usize = 4_000;
const MOST_BYTES: usize = 8 << 20;
/// Bytes that are looked through at once.
const BATCH_BYTES: usize = 512 << 10;
/// Findings that are kept of one layer.
const MOST_FOUND: usize = 200;

/// Where distributions put what they bring: nobody's secrets, most of the files, and settings that only read like some.
const OF_DISTRIBUTIONS: [&str; 24] = [
    "usr/bin/",
    "usr/sbin/",
    "bin/",
    "sbin/",
    "usr/share/",
    "usr/lib/",
    "usr/lib32/",
    "usr/lib64/",
    "usr/libexec/",
    "usr/include/",
    "lib/",
    "lib64/",
    "var/lib/dpkg/",
    "var/lib/apt/",
    "var/lib/rpm/",
    "var/cache/",
    "etc/alternatives/",
    "etc/init.d/",
    "etc/login.defs",
    "etc/nsswitch.conf",
    "etc/pam.d/",
    "etc/ssl/certs/",
    "etc/ssl/private/ssl-cert-snakeoil.key",
    "etc/pki/ca-trust/",
];

/// Folders of packages that somebody else published; their tests are full of keys that open nothing.
const OF_PACKAGES: [&str; 6] =
    ["node_modules", "site-packages", "dist-packages", "gems", "go/pkg/mod", ".cargo/registry"];

/// Looks through files as they come.
#[derive(Default)]
pub(super) struct Texts {
    waiting: Vec<(String, String)>,
    waiting_bytes: usize,
    files: usize,
    bytes: usize,
    left_out: usize,
    found: Vec<FileSecret>,
}

impl Texts {
    /// Whether a file is one to look through.
    pub fn wants(&mut self, path: &str, size: u64) -> bool {
        let is_elsewhere = OF_DISTRIBUTIONS.iter().any(|folder| path.starts_with(folder))
            || OF_PACKAGES.iter().any(|folder| {
                path.match_indices(folder).any(|(at, _)| {
                    let before = path.get(..at).unwrap_or_default();
                    let behind = path.get(at + folder.len()..).unwrap_or_default();
                    (before.is_empty() || before.ends_with('/')) && behind.starts_with('/')
                })
            });
        if size == 0 || size > MAX_FILE_BYTES || is_elsewhere {
            return false;
        }
        let fits = self.files < MOST_FILES && self.bytes < MOST_BYTES;
        self.left_out += usize::from(!fits);
        fits
    }

    /// Takes a file's content.
    pub fn take(&mut self, path: &str, content: &[u8]) {
        self.files += 1;
        let Ok(text) = std::str::from_utf8(content) else { return };
        if text.contains('\0') {
            return;
        }
        self.bytes += text.len();
        self.waiting_bytes += text.len();
        self.waiting.push((path.to_owned(), text.to_owned()));
        if self.waiting_bytes >= BATCH_BYTES {
            self.look();
        }
    }

    /// What was found, without files that belong to a package whose list of files, of `owned`, is in the same layer:
    /// who installs a package there writes none of it. With it comes how many files were left out.
    pub fn finish(mut self, owned: &[&PathSet]) -> (Vec<FileSecret>, usize) {
        self.look();
        let is_owned = |path: &str| owned.iter().any(|set| set.contains(Mark::Owned, path.as_bytes()));
        self.found.retain(|one| !is_owned(&one.path));
        (self.found, self.left_out)
    }

    fn look(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        if !waiting.is_empty() {
            self.found.extend(in_files(waiting));
            self.left_out += self.found.len().saturating_sub(MOST_FOUND);
            self.found.truncate(MOST_FOUND);
        }
    }
}

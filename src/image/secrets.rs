//! Secrets that an image carries where everybody who pulls it can read them: its environment and its history.
//!
//! Invariant: what is said of a secret comes from a finding of the secret engine, which never shows a value.

use std::collections::BTreeSet;

use super::config::ImageConfig;
use super::report::ConfigurationRemark;
use crate::scan::finding::Category;
use crate::scan::policy::set::PolicySet;
use crate::scan::scan;
use crate::scan::snapshot::{ChangedFile, Content, Snapshot};
use crate::scan::{Profile, ScanOptions};

/// What the engine takes each text for, what its remarks are called, and where they say that it is.
const PLACES: [(&str, &str, &str); 2] = [
    ("image.env", "secret-in-environment", "the environment of the image"),
    ("history.sh", "secret-in-history", "the history of the image"),
];

/// The most of each text that is judged, in bytes.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// A remark on each secret, one for each kind and place.
pub fn remarks(config: &ImageConfig) -> Vec<ConfigurationRemark> {
    let texts = [lines(&config.environment), lines(&config.history)];
    let files = PLACES
        .iter()
        .zip(texts)
        .map(|((path, ..), text)| ChangedFile::standing((*path).to_owned(), Content::Text(text.into())));
    let snapshot = Snapshot { files: files.collect(), whole_tree: true };
    let options = ScanOptions { profile: Profile::Strict, ..ScanOptions::default() };
    let scan = scan(&snapshot, PolicySet::builtin(), &options);
    let secrets = scan.head.findings.iter().filter(|finding| finding.category == Category::Secret);
    let remarks = secrets.filter_map(|finding| {
        let (_, id, place) = PLACES.iter().find(|(path, ..)| *path == finding.path)?;
        Some(((*id).to_owned(), format!("{place} holds a secret: {}", finding.message)))
    });
    let remarks: BTreeSet<(String, String)> = remarks.collect();
    remarks.into_iter().map(|(id, message)| ConfigurationRemark { id, message }).collect()
}

/// Each entry on a line of its own.
fn lines(entries: &[String]) -> String {
    let mut text = String::new();
    for entry in entries {
        if text.len() + entry.len() > MAX_TEXT_BYTES {
            break;
        }
        text.push_str(&entry.replace(['\n', '\r', '\0'], " "));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;

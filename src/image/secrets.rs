//! Secrets that an image carries where everybody who pulls it can read them: its environment, its history, and files of
//! its layers, those included that a later layer removes.
//!
//! Invariant: what is said of a secret comes from a finding of the secret engine, which never shows a value.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::config::ImageConfig;
use super::report::ConfigurationRemark;
use crate::scan::finding::{Category, Finding, Severity};
use crate::scan::policy::set::PolicySet;
use crate::scan::scan;
use crate::scan::snapshot::{ChangedFile, Content, Snapshot};
use crate::scan::{Profile, ScanOptions};

/// A secret in a file of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSecret {
    /// The file, from the root, without a leading slash.
    pub path: String,
    /// Its line, from 1.
    pub line: usize,
    /// The rule that found it.
    pub rule: String,
    /// What it is, without its value.
    pub message: String,
    /// How bad that is.
    pub severity: Severity,
}

/// A kind of secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SecretKind {
    /// The rule that found it.
    pub rule: String,
    /// How bad that is.
    pub severity: Severity,
}

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
    let files = PLACES.iter().zip(texts).map(|((path, ..), text)| ((*path).to_owned(), text));
    let secrets = find(files, Profile::Strict);
    let remarks = secrets.iter().filter_map(|finding| {
        let (_, id, place) = PLACES.iter().find(|(path, ..)| *path == finding.path)?;
        let kind = SecretKind { rule: finding.rule.to_string(), severity: finding.severity };
        Some(((*id).to_owned(), format!("{place} holds a secret: {}", finding.message), kind))
    });
    let remarks: BTreeSet<(String, String, SecretKind)> = remarks.collect();
    remarks.into_iter().map(|(id, message, kind)| ConfigurationRemark { id, message, secret: Some(kind) }).collect()
}

/// The secrets in files of a layer, each with its path.
pub fn in_files(files: Vec<(String, String)>) -> Vec<FileSecret> {
    let found = find(files.into_iter(), Profile::Default).into_iter();
    let secret = |finding: Finding| FileSecret {
        path: finding.path,
        line: finding.start.line,
        rule: finding.rule.to_string(),
        message: finding.message,
        severity: finding.severity,
    };
    found.map(secret).collect()
}

/// What the rules about secrets find in files.
fn find(files: impl Iterator<Item = (String, String)>, profile: Profile) -> Vec<Finding> {
    static SECRETS: OnceLock<PolicySet> = OnceLock::new();
    let policies = SECRETS.get_or_init(|| PolicySet::builtin().without(|id| !id.as_str().starts_with("secret/")));
    let files = files.map(|(path, text)| ChangedFile::standing(path, Content::Text(text.into())));
    let snapshot = Snapshot { files: files.collect(), whole_tree: true };
    let options = ScanOptions { profile, edits: false, ..ScanOptions::default() };
    let mut findings = scan(&snapshot, policies, &options).head.findings;
    findings.retain(|finding| finding.category == Category::Secret);
    findings
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

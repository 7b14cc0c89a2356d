//! Old findings that a team lives on with: listed in a file, they are context and block nothing.
//!
//! The list is `dockgate baseline`'s own, [`PATH`], which names findings by fingerprint; those of gitleaks and of
//! detect-secrets are read for migration, and name places of secrets.
//!
//! Invariant: a list comes from the base of a change, so no change accepts its own findings; and one that can't be read
//! is a problem and lists nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::repository::SettingsFile;
use crate::scan::finding::{Category, Finding, Fingerprint};
use crate::scan::policy::PolicyId;
use crate::scan::problem::{Cause, Problem};

/// Where a repository keeps its own list.
pub const PATH: &str = ".github/dockgate-baseline.json";
/// The list of gitleaks.
pub const GITLEAKS_PATH: &str = ".gitleaksignore";
/// The list of detect-secrets.
pub const DETECT_SECRETS_PATH: &str = ".secrets.baseline";
/// All of them.
pub const PATHS: [&str; 3] = [PATH, GITLEAKS_PATH, DETECT_SECRETS_PATH];

/// The version of the file's shape.
const VERSION: u32 = 1;

/// Findings that were there before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    fingerprints: BTreeSet<Fingerprint>,
    /// Lines of files that the list of another tool names, with that list.
    places: BTreeMap<(String, usize), &'static str>,
}

/// The file that `dockgate baseline` writes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    dockgate_baseline: u32,
    findings: Vec<Listed>,
}

/// A finding of the file: its fingerprint counts, rule and path are for people.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    path: String,
    rule: PolicyId,
    fingerprint: Fingerprint,
}

#[derive(Deserialize)]
struct DetectSecrets {
    results: BTreeMap<String, Vec<DetectSecretsResult>>,
}

#[derive(Deserialize)]
struct DetectSecretsResult {
    line_number: usize,
}

impl Baseline {
    /// Reads the lists, each with its path; a problem for each that can't be read.
    pub fn read<'f>(files: impl IntoIterator<Item = (&'f str, &'f SettingsFile)>) -> (Self, Vec<Problem>) {
        let (mut baseline, mut problems) = (Self::default(), Vec::new());
        for (path, file) in files {
            let outcome = match file {
                SettingsFile::Absent => Ok(()),
                SettingsFile::Unreadable { why } => Err(why.clone()),
                SettingsFile::Text(text) => baseline.add(path, text),
            };
            if let Err(why) = outcome {
                let message = format!("the list of old findings could not be read and counts for nothing: {why}");
                problems.push(Problem { introduced: false, ..Problem::of_file(path, Cause::Settings, message) });
            }
        }
        (baseline, problems)
    }

    fn add(&mut self, path: &str, text: &str) -> Result<(), String> {
        match path {
            GITLEAKS_PATH => self.places.extend(text.lines().filter_map(gitleaks_place)),
            DETECT_SECRETS_PATH => {
                let list: DetectSecrets = serde_json::from_str(text).map_err(|error| error.to_string())?;
                for (path, results) in list.results {
                    let places = results.iter().map(|result| ((path.clone(), result.line_number), DETECT_SECRETS_PATH));
                    self.places.extend(places);
                }
            }
            _ => {
                let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
                if file.dockgate_baseline != VERSION {
                    return Err(format!("version {}; this dockgate reads {VERSION}", file.dockgate_baseline));
                }
                self.fingerprints.extend(file.findings.into_iter().map(|listed| listed.fingerprint));
            }
        }
        Ok(())
    }

    /// The list that names `finding`. Those of other tools name a line, which may hold another secret after a change:
    /// they count only where a whole tree is judged.
    pub fn list_of(&self, finding: &Finding, whole_tree: bool) -> Option<&'static str> {
        if self.fingerprints.contains(&finding.fingerprint) {
            return Some(PATH);
        }
        if finding.category != Category::Secret || !whole_tree || self.places.is_empty() {
            return None;
        }
        self.places.get(&(finding.path.clone(), finding.start.line)).copied()
    }

    /// Whether any list names anything.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty() && self.places.is_empty()
    }
}

/// The file that lists `findings`: one line each, so that two branches rarely conflict.
pub fn write<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> String {
    let mut listed: Vec<Listed> = findings
        .into_iter()
        .map(|finding| Listed {
            path: finding.path.clone(),
            rule: finding.rule.clone(),
            fingerprint: finding.fingerprint.clone(),
        })
        .collect();
    listed.sort();
    listed.dedup();
    let lines: Vec<String> = listed.iter().filter_map(|one| serde_json::to_string(one).ok()).collect();
    let lines = lines.join(",\n    ");
    let separator = if lines.is_empty() { "" } else { "\n    " };
    let end = if lines.is_empty() { "" } else { "\n  " };
    format!("{{\n  \"dockgate_baseline\": {VERSION},\n  \"findings\": [{separator}{lines}{end}]\n}}\n")
}

/// The place of a line such as `deploy/app.yaml:generic-api-key:12`, with a commit before it or not.
fn gitleaks_place(line: &str) -> Option<((String, usize), &'static str)> {
    let line = line.trim();
    let (rest, number) = line.rsplit_once(':').filter(|_| !line.starts_with('#'))?;
    let (path, _rule) = rest.rsplit_once(':')?;
    let is_commit = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let path = path.split_once(':').filter(|(commit, _)| is_commit(commit)).map_or(path, |(_, path)| path);
    Some(((path.to_owned(), number.parse().ok()?), GITLEAKS_PATH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::finding::Severity;
    use crate::scan::span::{Position, Span};

    fn finding(path: &str, line: usize, print: &str) -> Finding {
        let start = Position { line, column: 1 };
        Finding {
            rule: PolicyId::new("secret/x"),
            category: Category::Secret,
            severity: Severity::High,
            path: path.to_owned(),
            span: Span::new(0, 1),
            start,
            end: start,
            message: "m".into(),
            resource: None,
            fingerprint: Fingerprint::of(&[print]),
            subjects: Vec::new(),
            edit: None,
            decided_by: None,
        }
    }

    fn read(path: &str, text: &str) -> (Baseline, Vec<Problem>) {
        Baseline::read([(path, &SettingsFile::Text(text.to_owned()))])
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (one, two, new) = (finding("a", 1, "1"), finding("b", 2, "2"), finding("b", 2, "3"));
        let (baseline, problems) = read(PATH, &write([&two, &one, &one]));
        assert!(problems.is_empty() && !baseline.is_empty());
        assert_eq!(baseline.list_of(&one, false), Some(PATH));
        assert_eq!(baseline.list_of(&two, true), Some(PATH));
        assert_eq!(baseline.list_of(&new, true), None);
        assert!(read(PATH, &write([])).0.is_empty());
    }

    #[test]
    fn lists_of_other_tools_name_lines_of_a_whole_tree() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let text = format!("# old\ndeploy/a.yaml:generic-api-key:12\n{commit}:b.env:npm-token:3\nnothing\n");
        let (gitleaks, _) = read(GITLEAKS_PATH, &text);
        let json =
            r#"{"version": "1.5.0", "results": {"c.py": [{"type": "x", "hashed_secret": "0", "line_number": 7}]}}"#;
        let (detect, problems) = read(DETECT_SECRETS_PATH, json);
        assert!(problems.is_empty());
        assert_eq!(gitleaks.list_of(&finding("deploy/a.yaml", 12, "1"), true), Some(GITLEAKS_PATH));
        assert_eq!(gitleaks.list_of(&finding("b.env", 3, "1"), true), Some(GITLEAKS_PATH));
        assert_eq!(gitleaks.list_of(&finding("b.env", 3, "1"), false), None);
        assert_eq!(gitleaks.list_of(&finding("b.env", 4, "1"), true), None);
        assert_eq!(detect.list_of(&finding("c.py", 7, "1"), true), Some(DETECT_SECRETS_PATH));
        let other = Finding { category: Category::Security, ..finding("c.py", 7, "1") };
        assert_eq!(detect.list_of(&other, true), None);
    }

    #[test]
    fn a_list_that_can_not_be_read_is_a_problem() {
        for (path, text) in
            [(PATH, "{}"), (PATH, r#"{"dockgate_baseline": 9, "findings": []}"#), (DETECT_SECRETS_PATH, "x")]
        {
            let (baseline, problems) = read(path, text);
            assert!(baseline.is_empty() && problems.len() == 1, "{path} {text}");
        }
    }
}

//! The examples of a policy, which are its tests.
//!
//! Invariant: an example passes only when the policy speaks on exactly the lines that are marked, and its edit, when it
//! has one, makes it silent.

use super::super::secret::fake;
use super::{Example, ExampleSettings, Policy, PolicySet};
use crate::scan::finding::Finding;
use crate::scan::options::{NEWEST_KUBERNETES_MINOR, Profile};
use crate::scan::snapshot::{ChangedFile, Content, FileStatus, Snapshot};
use crate::scan::span::LineIndex;
use crate::scan::{ScanOptions, scan};

/// The line in the text of an example that marks the next one as denied.
const DENY_MARK: &str = "# deny";

/// Why an example fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExampleFailure {
    /// The findings begin on other lines than are marked.
    #[error("findings begin on lines {found:?}, expected on {expected:?}\n{text}")]
    Lines {
        /// The lines on which findings of the policy begin, from 1.
        found: Vec<usize>,
        /// The marked lines.
        expected: Vec<usize>,
        /// The text, with line numbers.
        text: String,
    },
    /// Something of the example could not be judged.
    #[error("could not be judged: {0}")]
    Problem(String),
    /// The policy has an edit, but no finding of any example carries one.
    #[error("the policy has an edit, but in no example could one be made that removes the finding")]
    NoEdit,
    /// As [`Self::NoEdit`], where all policies judge.
    #[error("the policy has an edit, but in no example could one be made to which no other policy objects")]
    NoEditAmong,
    /// The policy still speaks after its edit.
    #[error("line {line}: the finding stays after its edit")]
    EditKeeps {
        /// The line of the finding, from 1.
        line: usize,
    },
}

impl Example {
    /// Whether a finding is expected.
    pub fn is_denied(&self) -> bool {
        !self.deny.is_empty() || self.text.lines().any(|line| line.trim() == DENY_MARK)
    }

    /// The text as it is scanned, and the lines, from 1, on which a finding must begin.
    pub fn rendered(&self) -> (String, Vec<usize>) {
        self.split(&fake::expand(&self.text))
    }

    /// The text as it is shown, made-up values left as placeholders, and the lines, from 1, on which a finding begins.
    pub fn unmarked(&self) -> (String, Vec<usize>) {
        self.split(&self.text)
    }

    fn split(&self, written: &str) -> (String, Vec<usize>) {
        let (mut text, mut deny, mut line) = (String::with_capacity(written.len()), self.deny.clone(), 1);
        for written_line in written.split_inclusive('\n') {
            if written_line.trim() == DENY_MARK {
                deny.push(line);
            } else {
                text.push_str(written_line);
                line += 1;
            }
        }
        deny.sort_unstable();
        deny.dedup();
        (text, deny)
    }

    /// Runs the example with `policy` alone.
    ///
    /// # Errors
    ///
    /// What differs from what the example expects.
    pub fn run(&self, policy: &Policy) -> Result<(), ExampleFailure> {
        let set = &PolicySet::of([Policy { enabled: true, ..policy.clone() }]);
        let (text, expected) = self.rendered();
        let findings = self.findings(policy, set, &text)?;
        let mut found: Vec<usize> = findings.iter().map(|finding| finding.start.line).collect();
        found.sort_unstable();
        found.dedup();
        if found != expected {
            return Err(ExampleFailure::Lines { found, expected, text: numbered(&text) });
        }
        findings.iter().try_for_each(|finding| self.check_edit(policy, set, &text, finding, findings.len()))
    }

    fn check_edit(
        &self,
        policy: &Policy,
        set: &PolicySet,
        text: &str,
        finding: &Finding,
        count: usize,
    ) -> Result<(), ExampleFailure> {
        let line = finding.start.line;
        let edited = finding.edit.as_ref().and_then(|edit| edit.apply(text));
        let Some(edited) = edited else { return Ok(()) };
        let left = self.findings(policy, set, &edited)?;
        // Of findings that nothing tells apart, another one takes the fingerprint of the first.
        let stays = left.len() >= count && left.iter().any(|other| other.fingerprint == finding.fingerprint);
        if stays { Err(ExampleFailure::EditKeeps { line }) } else { Ok(()) }
    }

    /// What the edits of `policy`, each alone, make of the text: before and after, in the order of the findings.
    ///
    /// # Errors
    ///
    /// What of the example could not be judged.
    pub fn edited(&self, policy: &Policy) -> Result<Vec<(String, String)>, ExampleFailure> {
        let set = &PolicySet::of([Policy { enabled: true, ..policy.clone() }]);
        let (text, _) = self.rendered();
        let findings = self.findings(policy, set, &text)?;
        let edits = findings.iter().filter_map(|finding| finding.edit.as_ref()?.apply(&text));
        Ok(edits.map(|after| (text.clone(), after)).collect())
    }

    fn findings(&self, policy: &Policy, set: &PolicySet, text: &str) -> Result<Vec<Finding>, ExampleFailure> {
        let ExampleSettings { pin_digest, kubernetes_minor, parameters } = self.settings.clone();
        let mut options = ScanOptions {
            pin_digest,
            kubernetes_minor: kubernetes_minor.unwrap_or(NEWEST_KUBERNETES_MINOR),
            parameters: [(policy.id.clone(), parameters)].into(),
            // Of a policy alone, whatever its own switch says.
            profile: Profile::All,
            ..ScanOptions::default()
        };
        let head = Content::Text(text.into());
        let file = match &self.before {
            Some(before) => {
                let base = Content::Text(fake::expand(before).into());
                ChangedFile::new(&self.path, None, FileStatus::Modified, base, head)
            }
            None => ChangedFile::standing(&self.path, head),
        };
        let others =
            self.files.iter().map(|(path, text)| ChangedFile::standing(path, Content::Text(text.as_str().into())));
        let files = std::iter::once(file).chain(others).collect();
        let snapshot = Snapshot { files, whole_tree: self.before.is_none() };
        let mut found = scan(&snapshot, set, &options);
        if !found.head.unpinned.is_empty() {
            // Any digest shows whether the edit works.
            for image in &found.head.unpinned {
                options.digests.insert(image, format!("sha256:{}", "0".repeat(64)));
            }
            found = scan(&snapshot, set, &options);
        }
        if let Some(problem) = found.head.problems.iter().find(|problem| problem.cause.leaves_unjudged()) {
            return Err(ExampleFailure::Problem(problem.message.clone()));
        }
        Ok(found
            .head
            .findings
            .into_iter()
            .filter(|finding| finding.rule == policy.id && finding.path == self.path)
            .collect())
    }
}

/// Checks that the edit of `policy`, when it has one, works in at least one of its examples: a finding whose text an
/// anchor lends carries none.
///
/// # Errors
///
/// [`ExampleFailure::NoEdit`], or why an example could not be judged.
pub fn check_edits(policy: &Policy) -> Result<(), ExampleFailure> {
    let alone = PolicySet::of([Policy { enabled: true, ..policy.clone() }]);
    if policy.edit().is_some() && finding_without_edit(policy, &alone)? != Some(false) {
        return Err(ExampleFailure::NoEdit);
    }
    Ok(())
}

/// Checks that the edit of `policy`, when it has one, works in one of its examples where all policies of `set` judge
/// what it makes of the text; one whose findings others speak for has nothing to show.
///
/// # Errors
///
/// [`ExampleFailure::NoEditAmong`], or why an example could not be judged.
pub fn check_edits_among(policy: &Policy, set: &PolicySet) -> Result<(), ExampleFailure> {
    if policy.edit().is_some() && finding_without_edit(policy, set)? == Some(true) {
        return Err(ExampleFailure::NoEditAmong);
    }
    Ok(())
}

/// Whether no finding of `policy` in its examples carries an edit; `None` when there is no finding.
fn finding_without_edit(policy: &Policy, set: &PolicySet) -> Result<Option<bool>, ExampleFailure> {
    let mut is_without = None;
    for example in policy.examples() {
        for finding in example.findings(policy, set, &example.rendered().0)? {
            if finding.edit.is_some() {
                return Ok(Some(false));
            }
            is_without = Some(true);
        }
    }
    Ok(is_without)
}

fn numbered(text: &str) -> String {
    let lines = LineIndex::new(text);
    let count = lines.line_count(text);
    let numbered = (1..=count).map(|line| format!("{line:>4} | {}", lines.line_span(text, line).of(text)));
    numbered.collect::<Vec<_>>().join("\n")
}

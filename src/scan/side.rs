//! The two sides of a change, file by file; then what only several files decide.
//!
//! Invariant: each text is parsed once, a kustomization once more for the patches it names, and a file whose text does
//! not change is judged once. A file that holds nothing that belongs to other objects is done with before the next one
//! is read.

mod admission;
mod beside;
mod concealed;
mod loosened;
mod patches;
mod replaced;
mod together;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::document::{self, Named, ParsedFile};
use super::finding::{Finding, Fingerprint};
use super::image_reference::ImageReference;
use super::image_use::{ImageChange, brought_in, image_uses};
use super::options::RuleSetting;
use super::policy::evaluate::{Evaluation, FileView, Found, Tallies, evaluate};
use super::policy::running::Running;
use super::policy::{PolicySet, fix};
use super::problem::{Cause, Problem};
use super::secret::{DetectorSet, Secrets, find_secrets};
use super::snapshot::{ChangedFile, Content, Snapshot, Unjudged};
use super::span::LineIndex;
use super::suppression::names::Names;
use super::suppression::{self, Source, Suppression};
use super::text::Text;
use super::{Helper, Scan, ScanOptions, Side};
use beside::{Of, Surroundings};
use concealed::{give_way, without_secrets};
use replaced::Replaced;
use together::Together;

/// Most text that a scan holds for the report beyond what edits change, in bytes. The findings of other files are shown
/// without their lines.
const MAX_KEPT_BYTES: usize = 8 * 1024 * 1024;

/// Judges both sides.
pub(super) fn scan(snapshot: &Snapshot, policies: &PolicySet, options: &ScanOptions, helper: &mut Helper<'_>) -> Scan {
    let mut scan = Scan::default();
    let detectors = policies.detectors(|policy| options.may_run(policy));
    let names = Names::new(policies, &options.admission);
    let running = Running::new(policies, options);
    let mut together = Together::new(snapshot.whole_tree, &running);
    let read = helper.read;
    let patches = patches::named(snapshot, read, &options.limits);
    let surroundings = Surroundings::new(snapshot, read, &options.limits);
    let replaced = Replaced::new(snapshot, read, &options.limits);
    let scanner = |file| FileScanner {
        file: held(file, read),
        policies,
        options,
        running: &running,
        detectors: &detectors,
        names: &names,
        patches: &patches,
        surroundings: &surroundings,
        replaced: &replaced,
        whole_tree: snapshot.whole_tree,
    };
    let mut waiting = Vec::new();
    for (number, file) in snapshot.files.iter().enumerate() {
        let scanner = scanner(file);
        let mut sides = scanner.alone();
        // What belongs to an object of this file may stand in the next one.
        if together.add(number, &sides) {
            waiting.push((number, scanner, sides));
        } else {
            scanner.offer_edits(&mut sides, &|view| evaluate(&running, view));
            scanner.finish(&mut scan, sides);
        }
        (helper.tell)(number + 1);
    }
    let enforced = together.enforced();
    forget(&mut scan, &enforced, snapshot);
    for number in enforced {
        let Some(file) = snapshot.files.get(number) else { continue };
        let scanner = scanner(file);
        let sides = scanner.alone();
        together.add_rest(number, &sides);
        waiting.push((number, scanner, sides));
    }
    for (number, scanner, mut sides) in waiting {
        together.judge(&scanner, number, &mut sides);
        scanner.finish(&mut scan, sides);
    }
    for side in [&mut scan.base, &mut scan.head] {
        // What keeps a cluster's policy from being judged is met again in each file.
        side.problems.sort();
        side.problems.dedup();
    }
    mark_existing(&scan.base.problems, &mut scan.head.problems, snapshot);
    sort(&mut scan.base);
    sort(&mut scan.head);
    scan
}

/// The file with its text.
fn held<'f>(file: &'f ChangedFile, read: &dyn Fn(&str) -> Content) -> Cow<'f, ChangedFile> {
    if file.head != Content::Unread {
        return Cow::Borrowed(file);
    }
    Cow::Owned(ChangedFile { head: read(&file.path), ..file.clone() })
}

/// Takes back what was said of files that are judged again.
fn forget(scan: &mut Scan, numbers: &BTreeSet<usize>, snapshot: &Snapshot) {
    if numbers.is_empty() {
        return;
    }
    let files = || numbers.iter().filter_map(|number| snapshot.files.get(*number));
    let head: BTreeSet<&str> = files().map(|file| file.path.as_str()).collect();
    let base = files().map(|file| file.previous_path.as_deref().unwrap_or(&file.path)).collect();
    let bases = files().filter(|file| file.base.is_text()).count();
    let heads = files().filter(|file| file.head.is_text()).count();
    for (side, paths, count) in [(&mut scan.base, &base, bases), (&mut scan.head, &head, heads)] {
        side.findings.retain(|finding| !paths.contains(finding.path.as_str()));
        side.suppressed.retain(|suppressed| !paths.contains(suppressed.finding.path.as_str()));
        side.problems.retain(|problem| problem.path.as_deref().is_none_or(|path| !paths.contains(path)));
        side.secrets.retain(|path, _| !paths.contains(path.as_str()));
        side.files = side.files.saturating_sub(count);
    }
}

struct FileScanner<'s> {
    file: Cow<'s, ChangedFile>,
    policies: &'s PolicySet,
    options: &'s ScanOptions,
    running: &'s Running<'s>,
    detectors: &'s DetectorSet,
    names: &'s Names<'s>,
    /// The paths that kustomizations name as patches.
    patches: &'s BTreeMap<String, Named>,
    surroundings: &'s Surroundings<'s>,
    replaced: &'s Replaced,
    whole_tree: bool,
}

/// One side of a file before its suppressions.
#[derive(Clone)]
struct Judged {
    path: String,
    text: Text,
    lines: LineIndex,
    parsed: ParsedFile,
    /// What policies say.
    evaluation: Evaluation,
    /// What the cluster's own policies say.
    admitted: Vec<Finding>,
    problems: Vec<Problem>,
    secrets: Secrets,
}

/// One side of a file with all that is said of it.
struct Settled {
    judged: Judged,
    findings: Vec<Finding>,
    superseded: Vec<Finding>,
    unpinned: Vec<ImageReference>,
}

/// Both sides of a file before their suppressions.
struct Sides {
    base: Result<Option<Judged>, Problem>,
    head: Result<Option<Judged>, Problem>,
}

impl Sides {
    /// The images that the head brings in.
    fn images(&self) -> Vec<ImageChange> {
        let uses = |judged: &Judged| image_uses(&judged.parsed, &judged.text);
        let Ok(Some(head)) = &self.head else { return Vec::new() };
        let base = self.base.as_ref().ok().and_then(Option::as_ref).map(uses).unwrap_or_default();
        brought_in(&head.path, &head.text, &base, &uses(head))
    }
}

impl FileScanner<'_> {
    /// Judges the file by itself.
    fn alone(&self) -> Sides {
        let mut sides = self.both_sides();
        self.admit(&mut sides);
        sides
    }

    fn both_sides(&self) -> Sides {
        let base_path = self.file.previous_path.as_deref().unwrap_or(&self.file.path);
        let base = self.side(base_path, Of::Base, &Tallies::new());
        let is_same = base_path == self.file.path && self.file.base == self.file.head;
        if is_same {
            return Sides { head: base.clone(), base };
        }
        let none = Tallies::new();
        let before = base.as_ref().ok().and_then(Option::as_ref).map_or(&none, |base| &base.evaluation.tallies);
        let head = self.side(&self.file.path, Of::Head, before);
        Sides { base, head }
    }

    /// Makes edits for what the head has and the base has not; `judge` judges a text in place of the head's.
    fn offer_edits(&self, sides: &mut Sides, judge: &fix::Judge<'_>) {
        let (Ok(Some(head)), true) = (&mut sides.head, self.options.edits) else { return };
        let base = sides.base.as_ref().ok().and_then(Option::as_ref);
        let known: BTreeSet<&Fingerprint> =
            base.iter().flat_map(|base| &base.evaluation.findings).map(|found| &found.finding.fingerprint).collect();
        let mut evaluation = std::mem::take(&mut head.evaluation);
        let is_new = |found: &Found| self.whole_tree || !known.contains(&found.finding.fingerprint);
        let view = head.view(self.identity_path());
        fix::offer(self.policies, view, &mut evaluation, self.options, judge, is_new);
        head.evaluation = evaluation;
    }

    /// Adds what was found to both sides of the scan.
    fn finish(&self, scan: &mut Scan, sides: Sides) {
        if self.options.images {
            scan.images.extend(sides.images());
        }
        let settle = |side: Result<Option<Judged>, Problem>| side.map(|judged| judged.map(Judged::settled));
        let (base, head) = (settle(sides.base), settle(sides.head));
        if let (Ok(Some(base)), Ok(Some(head))) = (&base, &head) {
            // What a more exact finding of the base spoke for was there before that one was fixed.
            let found: BTreeSet<&Fingerprint> = head.findings.iter().map(|finding| &finding.fingerprint).collect();
            let uncovered = base.superseded.iter().filter(|finding| found.contains(&finding.fingerprint));
            scan.base.findings.extend(uncovered.cloned());
            // What a more exact finding of the head speaks for is still there.
            scan.head.superseded.extend(head.superseded.iter().map(|finding| finding.fingerprint.clone()));
        }
        let suppressions = self.add(&mut scan.base, base, &[]);
        let (before, suppressed) = (scan.head.findings.len(), scan.head.suppressed.len());
        self.add(&mut scan.head, head, &suppressions);
        if matches!(self.file, Cow::Owned(_)) {
            let new = scan.head.findings.get(before..).unwrap_or_default();
            let has_findings = !new.is_empty() || scan.head.suppressed.len() > suppressed;
            let has_edits = new.iter().any(|finding| finding.edit.is_some());
            self.keep(scan, has_findings, has_edits);
        }
    }

    /// Keeps the text that was read for this file where the report shows it: as long as there is room, and always where
    /// an edit changes it.
    fn keep(&self, scan: &mut Scan, has_findings: bool, has_edits: bool) {
        let bytes = self.file.head.text().map_or(0, |text| text.len());
        let has_room = scan.read_bytes + bytes <= MAX_KEPT_BYTES;
        if !self.file.head.is_text() || has_edits || (has_findings && has_room) {
            scan.read_bytes += bytes;
            scan.read.insert(self.file.path.clone(), self.file.head.clone());
        }
    }

    /// Judges one side of the file, which has `path` there. `before` is what the base has, for the policies that report
    /// only what a change loosens.
    fn side(&self, path: &str, of: Of, before: &Tallies) -> Result<Option<Judged>, Problem> {
        let limits = &self.options.limits;
        let content = if of == Of::Base { &self.file.base } else { &self.file.head };
        let unjudged = |why: &Unjudged| Problem::of_file(path, why.cause(), why.message());
        match content {
            Content::Absent => Ok(None),
            Content::Unjudged(why) => Err(unjudged(why)),
            Content::Unread => Err(unjudged(&Unjudged::Unavailable { why: "it was not read".to_owned() })),
            Content::Text(text) if text.len() > limits.max_file_bytes => {
                Err(unjudged(&Unjudged::too_large(text.len() as u64, limits)))
            }
            Content::Text(text) => Ok(Some(self.text(path, text, of, before))),
        }
    }

    fn text(&self, path: &str, text: &Text, of: Of, before: &Tallies) -> Judged {
        let mut parsed = document::parse_named(path, text, &self.options.limits, self.named(path));
        let mut beside = self.surroundings.beside(path, &parsed, of);
        beside.replaced_images = self.replaced.images(path, of).unwrap_or_default();
        parsed.beside = Arc::new(beside);
        let lines = LineIndex::lazy(text.clone());
        let view = FileView { path, identity_path: self.identity_path(), text, lines: &lines, parsed: &parsed };
        let mut evaluation = evaluate(self.running, view);
        let is_touched = |found: &Found| self.file.touched.meets(found.finding.start.line, found.finding.end.line);
        loosened::retain(&mut evaluation, before, is_touched);
        let mut secrets = find_secrets(path, text, &parsed, self.detectors, self.options);
        secrets.findings.retain_mut(|finding| self.keeps(finding));
        for (value, place) in &evaluation.concealed {
            secrets.conceal(value, *place);
        }
        Judged {
            path: path.to_owned(),
            text: text.clone(),
            lines,
            parsed,
            evaluation,
            admitted: Vec::new(),
            problems: Vec::new(),
            secrets,
        }
    }

    fn named(&self, path: &str) -> Named {
        self.patches.get(path).cloned().unwrap_or_default()
    }

    /// The path that fingerprints are made of.
    fn identity_path(&self) -> &str {
        self.file.previous_path.as_deref().unwrap_or(&self.file.path)
    }

    /// Whether the secret counts where it stands, by the scopes for its path; they may set its severity.
    fn keeps(&self, secret: &mut Finding) -> bool {
        let Some(policy) = self.policies.brief(&secret.rule) else { return true };
        match self.options.scoped(&policy.id, &secret.path, None) {
            Some(RuleSetting::Off) => false,
            Some(RuleSetting::Severity(severity)) => {
                secret.severity = severity;
                true
            }
            None => self.options.runs(policy),
        }
    }

    /// Adds what was found to `side`, suppressions applied; returns those that can be obeyed.
    fn add(
        &self,
        side: &mut Side,
        settled: Result<Option<Settled>, Problem>,
        base: &[Suppression],
    ) -> Vec<Suppression> {
        let settled = match settled {
            Ok(Some(settled)) => settled,
            Ok(None) => return Vec::new(),
            Err(problem) => {
                side.problems.push(problem);
                return Vec::new();
            }
        };
        let Settled { judged, findings, unpinned, .. } = settled;
        let Judged { path, text, lines, parsed, problems, secrets, .. } = judged;
        let source = Source { path: &path, text: &text, lines: &lines, parsed: &parsed };
        let mut applied = suppression::apply(source, findings, self.names, base);
        for suppressed in &mut applied.suppressed {
            secrets.scrub(&mut suppressed.suppression.reason);
            // A whole tree proposes no change, so nothing in it is new.
            suppressed.introduced &= !self.whole_tree;
        }
        side.findings.extend(applied.findings);
        side.suppressed.extend(applied.suppressed);
        side.unpinned.extend(unpinned);
        side.problems.extend(problems.into_iter().chain(applied.problems));
        side.files += 1;
        if !secrets.places.is_empty() {
            side.secrets.insert(path, secrets.places);
        }
        applied.suppressions
    }
}

impl Judged {
    /// The file as policies judge it.
    fn view<'j>(&'j self, identity_path: &'j str) -> FileView<'j> {
        FileView { path: &self.path, identity_path, text: &self.text, lines: &self.lines, parsed: &self.parsed }
    }

    /// All that is said of the side, without secret values.
    fn settled(mut self) -> Settled {
        let mut evaluation = std::mem::take(&mut self.evaluation);
        let unpinned = std::mem::take(&mut evaluation.unpinned);
        give_way(&mut self.secrets, &evaluation);
        let (mut findings, superseded, problems) = without_secrets(evaluation, &self.secrets);
        let own = self.parsed.problems.iter().cloned();
        let mut problems: Vec<Problem> = own.chain(problems).chain(std::mem::take(&mut self.problems)).collect();
        for problem in &mut problems {
            self.secrets.scrub(&mut problem.message);
        }
        problems.extend(self.secrets.problems.iter().cloned());
        self.problems = problems;
        findings.extend(self.secrets.findings.iter().cloned());
        findings.append(&mut self.admitted);
        Settled { judged: self, findings, superseded, unpinned }
    }
}

fn sort(side: &mut Side) {
    let key = |finding: &Finding| (finding.path.clone(), finding.span, finding.rule.clone());
    side.findings.sort_by_cached_key(key);
    side.suppressed.sort_by_cached_key(|suppressed| key(&suppressed.finding));
    side.problems.sort();
}

/// A problem that the base has as well was not brought by the change, wherever its line moved; one more of the same
/// kind was.
fn mark_existing(base: &[Problem], head: &mut [Problem], snapshot: &Snapshot) {
    let renamed: BTreeMap<&str, &str> =
        snapshot.files.iter().filter_map(|file| Some((file.path.as_str(), file.previous_path.as_deref()?))).collect();
    let mut known: BTreeMap<(Option<String>, Cause, String), usize> = BTreeMap::new();
    for problem in base {
        *known.entry((problem.path.clone(), problem.cause, problem.message.clone())).or_default() += 1;
    }
    for problem in head {
        let base_path = |path: &str| (*renamed.get(path).unwrap_or(&path)).to_owned();
        let kind = (problem.path.as_deref().map(base_path), problem.cause, problem.message.clone());
        let left = known.get_mut(&kind).filter(|count| **count > 0);
        problem.introduced = left.is_none();
        if let Some(left) = left {
            *left -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod weight;

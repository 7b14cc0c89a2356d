//! Fixes: the edit that a policy names, built for one finding and verified.
//!
//! Invariant: an edit is offered only when the file, edited, was read and judged again: the finding is gone, and there
//! is no new finding and no new problem.

mod comment;
mod dockerfile;
mod flags;
mod insertion;
mod list;
mod removal;
mod together;
mod tree;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::document::node::Node;
use super::super::document::{self, DocumentKind, ParsedFile};
use super::super::edit::{Edit, apply_all};
use super::super::finding::Fingerprint;
use super::super::problem::{Cause, Problem};
use super::super::span::LineIndex;
use super::evaluate::{Evaluation, FileView, Found, Repair};
use super::target::Target;
use super::{EditPart, EditRule, PolicyId, PolicySet};
use crate::scan::ScanOptions;
use crate::scan::image_reference::ImageReference;
use crate::scan::image_use::{ImageUse, image_uses};
use crate::scan::span::Span;
use removal::Going;
pub use together::apply_together;
use tree::Tree;

/// How many bytes of text may be judged again for the edits of one file, at the least once.
const MAX_REJUDGED_BYTES: usize = 1024 * 1024;

/// Judges a file that was edited.
pub type Judge<'j> = dyn Fn(FileView<'_>) -> Evaluation + 'j;

/// Gives the findings of `evaluation` that `is_wanted` their edits, where the policy has one that works. `judge` tells
/// all that `evaluation` does of a text that takes the place of the file's.
pub fn offer(
    set: &PolicySet,
    file: FileView<'_>,
    evaluation: &mut Evaluation,
    options: &ScanOptions,
    judge: &Judge<'_>,
    is_wanted: impl Fn(&Found) -> bool,
) {
    let mut builder = Builder { set, file, options, images: None, unpinned: Vec::new() };
    let wanted = evaluation.findings.iter().enumerate().filter(|(_, found)| is_wanted(found));
    let built: Vec<_> = wanted.filter_map(|(index, found)| Some((index, builder.build(found)?))).collect();
    evaluation.unpinned = builder.unpinned;
    if !built.is_empty() {
        let before = Seen::of(evaluation);
        verify(Verifier { set, judge, file, options, before, left: MAX_REJUDGED_BYTES }, built, evaluation);
    }
}

/// The edit that gives `key` of the map `root` the value `to`; `None` when there is no plain way.
pub fn set_key(text: &str, root: &Node, key: &str, to: &Node) -> Option<Edit> {
    Tree { text, root }.set(key, to)
}

fn verify(mut verifier: Verifier<'_>, built: Vec<(usize, Edit)>, evaluation: &mut Evaluation) {
    for round in rounds(built) {
        for (index, edit) in verifier.verified(&round, evaluation) {
            if let Some(found) = evaluation.findings.get_mut(index) {
                found.finding.edit = Some(edit);
            }
        }
    }
}

/// What edits are built from.
struct Builder<'b> {
    set: &'b PolicySet,
    file: FileView<'b>,
    options: &'b ScanOptions,
    /// The images of the file, once one is to be pinned.
    images: Option<Vec<ImageUse>>,
    unpinned: Vec<ImageReference>,
}

impl Builder<'_> {
    /// All parts of the policy's edit that apply and find something to do, as one.
    fn build(&mut self, found: &Found) -> Option<Edit> {
        let parts = self.set.get(&found.finding.rule)?.edit()?;
        let repairs = found.repairs.iter().filter_map(|repair| Some((repair, parts.get(repair.part)?)));
        let edits = repairs.filter_map(|(repair, part)| self.part(found, repair, part)).collect();
        removal::joined(self.file.text, edits)
    }

    fn part(&mut self, found: &Found, repair: &Repair, part: &EditPart) -> Option<Edit> {
        let text = self.file.text;
        if is_rendered(self.file.parsed) && !matches!(part.rule, EditRule::Pin) {
            return None;
        }
        let going = Going { names: &found.finding.subjects, places: &found.places };
        if self.set.target(&found.finding.rule) == Some(Target::KubernetesControlPlane) && part.within.is_none() {
            return flags::build(text, &found.subject.facts, &part.rule, going);
        }
        let root = match &part.within {
            Some(fact) => found.subject.facts.at(fact),
            None => found.subject.node.as_ref(),
        };
        let tree = || Some(Tree { text, root: root? });
        match &part.rule {
            EditRule::Set { path, to } => tree()?.set(path, to),
            EditRule::Remove { paths } => tree()?.remove_all(paths),
            EditRule::RemoveItems { paths } => tree()?.remove_items(paths, going),
            EditRule::Append { path, value } => list::append(tree()?, path, value),
            EditRule::Rename { path, to } => tree()?.rename(path, to),
            EditRule::RemoveWords { path, words } => tree()?.remove_words(path, words),
            EditRule::Replace { place, .. } => {
                let (_, span) = found.subject.places.iter().find(|(name, _)| name == place)?;
                Some(Edit { span: *span, replacement: dockerfile::in_case_of(place, span.of(text), &repair.text) })
            }
            EditRule::Then { .. } => dockerfile::then(self.file, found, &repair.text),
            EditRule::Rewrite { form } => dockerfile::rewrite(self.file, found, *form),
            EditRule::Pin => self.pin(found.finding.span),
        }
    }

    /// The digest of the image that stands at `place`; an image whose digest nobody asked for is noted.
    fn pin(&mut self, place: Span) -> Option<Edit> {
        let images = self.images.get_or_insert_with(|| image_uses(self.file.parsed, self.file.text));
        let meets = |image: &&ImageUse| image.span.start < place.end && place.start < image.span.end;
        let image = images.iter().find(meets).filter(|image| image.reference.digest().is_none())?;
        let Some(digest) = self.options.digests.get(&image.reference) else {
            self.unpinned.push(image.reference.clone());
            return None;
        };
        image.pin(self.file.text, digest)
    }
}

/// Whether something else renders the Dockerfile first, so that its lines need not follow each other.
fn is_rendered(file: &ParsedFile) -> bool {
    file.kind == DocumentKind::Dockerfile && file.problems.iter().any(|problem| problem.cause == Cause::Templated)
}

/// Edits that do not meet can be verified together; those at one place come one after the other.
fn rounds(built: Vec<(usize, Edit)>) -> Vec<Vec<(usize, Edit)>> {
    let mut used: BTreeMap<usize, usize> = BTreeMap::new();
    let mut rounds: Vec<Vec<(usize, Edit)>> = Vec::new();
    for (index, edit) in built {
        let round = used.entry(edit.span.start).or_default();
        if rounds.len() <= *round {
            rounds.push(Vec::new());
        }
        if let Some(edits) = rounds.get_mut(*round) {
            edits.push((index, edit));
        }
        *round += 1;
    }
    rounds
}

/// What an edited file must not add to.
struct Seen {
    fingerprints: BTreeSet<Fingerprint>,
    problems: BTreeSet<(Cause, String)>,
}

impl Seen {
    fn of(evaluation: &Evaluation) -> Self {
        Self {
            fingerprints: (evaluation.findings.iter().map(|found| &found.finding))
                .chain(&evaluation.superseded)
                .map(|finding| &finding.fingerprint)
                .chain(&evaluation.unreported)
                .cloned()
                .collect(),
            problems: evaluation.problems.iter().map(kind_of).collect(),
        }
    }
}

fn kind_of(problem: &Problem) -> (Cause, String) {
    (problem.cause, problem.message.clone())
}

/// Where the text at `offset` stands after `edits`.
fn place_after(offset: usize, edits: &[Edit]) -> usize {
    let before = edits.iter().filter(|edit| edit.span.end <= offset && edit.span.start < offset);
    before.fold(offset, |place, edit| (place + edit.replacement.len()).saturating_sub(edit.span.len()))
}

struct Verifier<'v> {
    set: &'v PolicySet,
    judge: &'v Judge<'v>,
    file: FileView<'v>,
    options: &'v ScanOptions,
    before: Seen,
    left: usize,
}

impl Verifier<'_> {
    /// Those of `edits` that work: all at once when they do, else one by one as far as the bytes last.
    fn verified(&mut self, edits: &[(usize, Edit)], evaluation: &Evaluation) -> Vec<(usize, Edit)> {
        if self.works(edits, evaluation) {
            return edits.to_vec();
        }
        if edits.len() == 1 {
            return Vec::new();
        }
        edits.iter().filter(|edit| self.works(std::slice::from_ref(edit), evaluation)).cloned().collect()
    }

    fn works(&mut self, edits: &[(usize, Edit)], evaluation: &Evaluation) -> bool {
        let Some(left) = self.left.checked_sub(self.file.text.len().min(MAX_REJUDGED_BYTES)) else { return false };
        self.left = left;
        let texts: Vec<Edit> = edits.iter().map(|(_, edit)| edit.clone()).collect();
        let (text, applied) = apply_all(self.file.text, &texts);
        if applied != edits.len() {
            return false;
        }
        let lines = LineIndex::new(&text);
        let named = self.file.parsed.named.clone();
        let mut parsed = document::parse_named(self.file.path, &text, &self.options.limits, named);
        parsed.beside = Arc::clone(&self.file.parsed.beside);
        let known: BTreeSet<(Cause, String)> = self.file.parsed.problems.iter().map(kind_of).collect();
        if parsed.kind != self.file.parsed.kind
            || parsed.problems.iter().any(|problem| !known.contains(&kind_of(problem)))
        {
            return false;
        }
        let view = FileView { text: &text, lines: &lines, parsed: &parsed, ..self.file };
        let after = (self.judge)(view);
        let fixed = |index: usize| evaluation.findings.get(index).map(|found| &found.finding.fingerprint);
        let fixed: BTreeSet<&Fingerprint> = edits.iter().filter_map(|(index, _)| fixed(*index)).collect();
        // What a file alone has wrong is put right in it, whatever is then missing in others.
        let of_set = |found: &Found| self.set.target(&found.finding.rule) == Some(Target::KubernetesSet);
        let is_alone = !edits.iter().filter_map(|(index, _)| evaluation.findings.get(*index)).any(of_set);
        let is_known = |found: &&Found| {
            let fingerprint = &found.finding.fingerprint;
            let is_known = self.before.fingerprints.contains(fingerprint) || (is_alone && of_set(found));
            is_known && !fixed.contains(fingerprint)
        };
        let (known, others): (Vec<&Found>, Vec<&Found>) = after.findings.iter().partition(is_known);
        let mut staying = Staying::of(evaluation, edits, &texts);
        // Those that keep their name take their places first.
        for found in known {
            staying.take(found);
        }
        others.into_iter().all(|found| staying.take(found))
            && after.problems.iter().all(|problem| self.before.problems.contains(&kind_of(problem)))
    }
}

/// The findings that edits are not for, by rule and by place in the edited text: one of them may go by another name
/// there, as a word that an edit changed is a part of it.
struct Staying(BTreeMap<(PolicyId, usize), usize>);

impl Staying {
    fn of(evaluation: &Evaluation, edits: &[(usize, Edit)], texts: &[Edit]) -> Self {
        let is_for = |index: usize| edits.iter().any(|(edited, _)| *edited == index);
        let staying = evaluation.findings.iter().enumerate().filter(|(index, _)| !is_for(*index));
        let staying = staying.map(|(_, found)| &found.finding).chain(&evaluation.superseded);
        let mut counts = BTreeMap::new();
        for finding in staying {
            *counts.entry((finding.rule.clone(), place_after(finding.span.start, texts))).or_default() += 1;
        }
        Self(counts)
    }

    /// Whether `found`, of the edited text, is one of them, which is then taken.
    fn take(&mut self, found: &Found) -> bool {
        let place = (found.finding.rule.clone(), found.finding.span.start);
        let Some(count) = self.0.get_mut(&place) else { return false };
        let is_left = *count > 0;
        *count = count.saturating_sub(1);
        is_left
    }
}

//! Secrets in clear text: keyword, pattern, checksum, judgement.
//!
//! Invariant: a value that was found lives in [`Redacted`] or in this module's local variables; a
//! finding holds its kind, its length, at most its provider's public prefix, and a keyed hash.

mod after;
pub mod checksum;
mod decode;
mod detector;
pub mod entropy;
pub mod fake;
pub mod forms;
mod judge;
mod keywords;
mod pair;
pub mod redacted;
pub mod rule;
mod scrub;
mod value;
mod word_list;

use std::collections::BTreeMap;

use decode::Layer;
pub use detector::DetectorSet;
use detector::{Detector, Match};
use judge::{Judged, Outcome, Scene};
use pair::{File, PairFound, PairKind};
use redacted::Redacted;
use rule::Judge;
pub use scrub::Secrets;

use super::ScanOptions;
use super::document::ParsedFile;
use super::finding::{Category, Finding, Fingerprint, Severity};
use super::problem::{Cause, Problem};
use super::span::{LineIndex, Span};

/// Finds the secrets in the file at `path` with the given `text`, which reads as `parsed`.
///
/// One place gives one finding: where two policies match, the one that does not yield wins, then the earlier one.
/// Fingerprints are made of the policy and the keyed hash of the value, so a secret that moves is not a new one.
pub fn find_secrets(
    path: &str,
    text: &str,
    parsed: &ParsedFile,
    detectors: &DetectorSet,
    options: &ScanOptions,
) -> Secrets {
    let mut found: Vec<Found<'_>> = Vec::new();
    let layers = Layer::all(text);
    let traits = pair::traits(path, text);
    let mut words = Vec::new();
    for (depth, layer) in layers.iter().enumerate() {
        let outer = found.len();
        let scene = Scene::new(&layer.text).on(options.today.as_deref()).within(traits);
        let searched = detectors.search(&layer.text, &layer.parts());
        found.extend(found_in(layer, &scene, searched.matches, detectors));
        keep_outer(&mut found, outer);
        if depth == 0 {
            words = searched.words;
        }
    }
    if let Some(traits) = traits.filter(|_| detectors.has_pairs()) {
        let pairs = pair::find(File { path, text, parsed, traits, words }, &layers);
        add_named(&mut found, pairs.into_iter().filter_map(|pair| known_by_name(pair, detectors)).collect());
    }
    let mut secrets = Secrets::default();
    if found.is_empty() {
        return secrets;
    }
    found.sort_by_key(|found| found.span);
    let lines = LineIndex::new(text);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for Found { span, detector, judged } in found {
        secrets.places.push(span);
        let count = counts.entry(detector.policy.as_str()).or_default();
        *count += 1;
        if *count <= options.limits.max_findings_per_policy {
            let place = Place { path, text, lines: &lines, span };
            secrets.findings.push(place.finding(detector, &judged, options));
        }
        // A default is a word of other things as well, whichever policy reports it.
        if judged.outcome != Outcome::Default && judged.decided_by != value::Step::Default.name() {
            secrets.values.extend([judged.value, Redacted::new(span.of(text), "")]);
        }
    }
    scrub_messages(&mut secrets);
    for (policy, count) in counts {
        let max = options.limits.max_findings_per_policy;
        if count > max {
            let message =
                format!("{count} findings of {policy}, more than the limit of {max}: the first {max} are shown");
            secrets.problems.push(Problem::of_file(path, Cause::Limit, message));
        }
    }
    secrets
}

/// Whether `name` is that of a secret and `value` one that somebody keeps, not a default.
pub fn is_secret_pair(name: &str, value: &str) -> bool {
    let step = pair::key::Name::read(name).map(|name| value::judge(value, value::Asked::of(&name)));
    matches!(step, Some(value::Step::Random | value::Step::Human))
}

/// Whether nothing but the name of its setting and the look of its value make a finding one; a default says more.
pub fn is_known_by_name(finding: &Finding) -> bool {
    let steps = [value::Step::Random, value::Step::Human];
    finding.decided_by.is_some_and(|decided| steps.iter().any(|step| step.name() == decided))
}

/// A name that a message shows may hold a value that was found elsewhere.
fn scrub_messages(secrets: &mut Secrets) {
    let mut findings = std::mem::take(&mut secrets.findings);
    for finding in &mut findings {
        secrets.scrub(&mut finding.message);
    }
    secrets.findings = findings;
}

/// A secret with its place in the file.
struct Found<'d> {
    span: Span,
    detector: &'d Detector,
    judged: Judged,
}

/// The secrets that only this reading of the file shows.
fn found_in<'d>(
    layer: &Layer<'_>,
    scene: &Scene<'_>,
    matches: Vec<Match>,
    detectors: &'d DetectorSet,
) -> Vec<Found<'d>> {
    let mut found = Vec::new();
    for matched in matches {
        let Some(detector) = detectors.get(matched.detector) else { continue };
        let Some(judged) = scene.judge(detector.rule(), matched) else { continue };
        if layer.is_fresh(matched.whole) || layer.is_fresh(judged.span) {
            found.push(Found { span: judged.span, detector, judged });
        }
    }
    one_per_place(&mut found);
    for found in &mut found {
        found.span = layer.in_file(found.span);
    }
    found
}

/// A secret that is known by the name of a setting, when a policy reports its kind.
fn known_by_name(pair: PairFound, detectors: &DetectorSet) -> Option<Found<'_>> {
    let detector = detectors.of_pair(pair.kind)?;
    let is_default = pair.step == value::Step::Default && pair.kind != PairKind::DefaultPassword;
    let judged = Judged {
        span: pair.span,
        value: pair.value,
        identity: None,
        outcome: if is_default { Outcome::Default } else { Outcome::Clear },
        note: pair.name.map(|name| format!("`{name}`")),
        decided_by: pair.step.name(),
    };
    Some(Found { span: judged.span, detector, judged })
}

/// Of those that overlap leaves one: yielding policies give way, then the later one does.
fn one_per_place(found: &mut Vec<Found<'_>>) {
    found.sort_by_key(|found| (found.detector.yields(), found.span));
    let mut taken = Places::default();
    found.retain(|found| {
        let is_free = !taken.meets(found.span);
        if is_free {
            taken.add(found.span);
        }
        is_free
    });
}

/// Adds what is known by its name, unless something more exact was found at its place: patterns are, then the kinds of
/// pairs that say more. Two values of one encoded text stand at the same place, and are two findings.
fn add_named<'d>(found: &mut Vec<Found<'d>>, mut named: Vec<Found<'d>>) {
    let mut taken = Places::default();
    let mut at: BTreeMap<Span, Vec<Redacted>> = BTreeMap::new();
    for found in &*found {
        taken.add(found.span);
        at.entry(found.span).or_default().push(found.judged.value.clone());
    }
    named.sort_by_key(|named| (named.detector.rank, named.span));
    for named in named {
        let same_place = at.entry(named.span).or_default();
        let is_other = !same_place.is_empty() && !same_place.iter().any(|value| value.shares(&named.judged.value));
        if is_other || !taken.meets(named.span) {
            taken.add(named.span);
            same_place.push(named.judged.value.clone());
            found.push(named);
        }
    }
}

/// Drops from `found` those from index `outer` on, decoded ones, whose place one before it has.
fn keep_outer(found: &mut Vec<Found<'_>>, outer: usize) {
    let mut taken = Places::default();
    let mut index = 0;
    found.retain(|found| {
        index += 1;
        if index <= outer {
            taken.add(found.span);
        }
        index <= outer || !taken.meets(found.span)
    });
}

/// Spans that do not overlap, by their start.
#[derive(Default)]
struct Places(BTreeMap<usize, Span>);

impl Places {
    fn add(&mut self, span: Span) {
        self.0.insert(span.start, span);
    }

    fn meets(&self, span: Span) -> bool {
        let last = self.0.range(..span.end.max(span.start + 1)).next_back();
        last.is_some_and(|(_, other)| other.overlaps(span))
    }
}

/// Where a finding stands.
struct Place<'t> {
    path: &'t str,
    text: &'t str,
    lines: &'t LineIndex,
    span: Span,
}

impl Place<'_> {
    /// Tests, examples and documentation are full of made-up passwords and of keys made for them. What settings say
    /// of the rule holds there too.
    fn severity(&self, detector: &Detector, judged: &Judged, options: &ScanOptions) -> Severity {
        let severity = severity(detector, judged.outcome, options);
        let is_made_up = judged.decided_by == value::Step::Human.name() || detector.rule().judge == Some(Judge::Pem);
        let is_set = options.severities.contains_key(&detector.policy);
        if is_made_up && !is_set && pair::is_trial(self.path) { severity.min(Severity::Medium) } else { severity }
    }

    fn finding(&self, detector: &Detector, judged: &Judged, options: &ScanOptions) -> Finding {
        let hash = judged.identity.as_ref().unwrap_or(&judged.value).keyed_hash(&options.secret_key);
        Finding {
            rule: detector.policy.clone(),
            category: Category::Secret,
            severity: self.severity(detector, judged, options),
            path: self.path.to_owned(),
            span: self.span,
            start: self.lines.position(self.text, self.span.start),
            end: self.lines.position(self.text, self.span.end),
            message: message(detector, judged),
            resource: None,
            fingerprint: Fingerprint::of(&[detector.policy.as_str(), &hash]),
            decided_by: Some(judged.decided_by),
            subjects: Vec::new(),
            edit: None,
        }
    }
}

/// The policy's severity as settings set it, lowered by what the detector says of its form and of weaker values.
fn severity(detector: &Detector, outcome: Outcome, options: &ScanOptions) -> Severity {
    let policy = options.severities.get(&detector.policy).copied().unwrap_or(detector.severity);
    let form = detector.rule().severity.unwrap_or(policy);
    let value = match outcome {
        Outcome::Clear => policy,
        Outcome::Encrypted | Outcome::Default | Outcome::Expired | Outcome::Unsigned => {
            detector.rule().weaker.unwrap_or(Severity::Low)
        }
    };
    policy.min(form).min(value)
}

/// Such as `GitHub personal access token (ghp_, 40 characters)`.
fn message(detector: &Detector, judged: &Judged) -> String {
    let name = &detector.rule().name;
    let prefix = judged.value.prefix().map(|prefix| format!("{prefix}, ")).unwrap_or_default();
    let note = judged.note.as_ref().map(|note| format!(", {note}")).unwrap_or_default();
    let length = judged.value.length();
    let what = match judged.outcome {
        Outcome::Clear => "",
        Outcome::Encrypted => ", encrypted",
        Outcome::Default => ", a well-known default",
        Outcome::Expired => ", expired",
        Outcome::Unsigned => ", unsigned",
    };
    format!("{name}{what} ({prefix}{length} characters{note})")
}

#[cfg(test)]
mod tests;

//! Detectors at work: keywords decide where to look, patterns what matches.
//!
//! Invariant: every byte is read once by the keyword search, and at most once per detector by a pattern (twice where a
//! match outgrows its window), whatever the text is.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::bytes::Regex;

use super::forms::SecretForms;
use super::keywords::Keywords;
use super::pair::PairKind;
use super::pair::gate::{self, Hit};
use super::rule::{After, DetectorRule, PairRule};
use crate::scan::finding::Severity;
use crate::scan::policy::PolicyId;
use crate::scan::span::Span;

/// How far before a keyword a match may begin, in bytes.
const BEFORE_BYTES: usize = 200;
/// How far after a keyword a match is looked for at first, in bytes.
const AFTER_BYTES: usize = 500;
/// How long a match may grow, in bytes.
const MAX_MATCH_BYTES: usize = 64 * 1024;

/// All detectors of a run, behind one keyword search.
#[derive(Debug, Default)]
pub struct DetectorSet {
    detectors: Vec<Detector>,
    keywords: Keywords,
    /// For each keyword, the detectors that have it; the words of pairs come after all keywords.
    owners: Vec<Vec<Owner>>,
    /// What is reported of pairs of name and value.
    pairs: BTreeMap<PairKind, Detector>,
}

/// A detector that has a keyword, and what has to stand after it.
#[derive(Clone, Copy, Debug)]
struct Owner {
    detector: usize,
    after: After,
}

/// One form of a secret, ready to search.
#[derive(Debug)]
pub(super) struct Detector {
    /// The policy it belongs to.
    pub policy: PolicyId,
    /// The policy's severity.
    pub severity: Severity,
    /// Of those that yield, which is the less exact: patterns come first.
    pub rank: u8,
    source: Source,
    pattern: OnceLock<Option<Regex>>,
}

/// Where a detector's form is read from.
#[derive(Debug)]
enum Source {
    /// One of those of a policy.
    Form(SecretForms, usize),
    /// The form of a pair.
    Pair(Box<DetectorRule>),
}

/// What one search over a text finds.
pub(super) struct Searched {
    /// Every match of a pattern, by detector and place.
    pub matches: Vec<Match>,
    /// Where names of secrets and programs that take them may stand, by their ends.
    pub words: Vec<Hit>,
}

/// A pattern's match in one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    /// Index of the detector.
    pub detector: usize,
    /// The value: the group `secret`, or the whole match.
    pub value: Span,
    /// The whole match.
    pub whole: Span,
}

impl DetectorSet {
    /// Readies the detectors of `policies`, each with its policy's id and severity. Forms are read and patterns compiled
    /// when they are first needed; a pattern that does not compile matches nothing, so check a rule at load.
    pub fn new<'p>(policies: impl IntoIterator<Item = (&'p PolicyId, Severity, SecretForms)>) -> Self {
        let mut detectors = Vec::new();
        let mut pairs = BTreeMap::new();
        // Each keyword with a detector that has it.
        let mut owned: Vec<(String, Owner)> = Vec::new();
        for (policy, severity, forms) in policies {
            for rule in forms.pairs() {
                pairs.entry(rule.kind).or_insert_with(|| Detector::of_pair(policy, severity, rule));
            }
            for (form, (after, keywords)) in forms.keywords().into_iter().enumerate() {
                let owner = Owner { detector: detectors.len(), after };
                let keywords = keywords.into_iter().filter(|keyword| !keyword.is_empty());
                owned.extend(keywords.map(|keyword| (keyword.into_owned(), owner)));
                detectors.push(Detector {
                    policy: policy.clone(),
                    severity,
                    rank: 0,
                    source: Source::Form(forms.clone(), form),
                    pattern: OnceLock::new(),
                });
            }
        }
        owned.sort_by(|(one, _), (other, _)| one.cmp(other));
        let (mut words, mut owners): (Vec<String>, Vec<Vec<Owner>>) = (Vec::new(), Vec::new());
        for (word, owner) in owned {
            if words.last() != Some(&word) {
                words.push(word);
                owners.push(Vec::new());
            }
            owners.last_mut().into_iter().for_each(|owners| owners.push(owner));
        }
        if !pairs.is_empty() {
            words.extend(gate::words().iter().map(|word| (*word).to_owned()));
        }
        Self { detectors, keywords: Keywords::new(words), owners, pairs }
    }

    /// The detector of a match.
    pub(super) fn get(&self, index: usize) -> Option<&Detector> {
        self.detectors.get(index)
    }

    /// What is reported of pairs of this kind, when a policy does.
    pub(super) fn of_pair(&self, kind: PairKind) -> Option<&Detector> {
        self.pairs.get(&kind)
    }

    /// Whether a policy reports pairs of any kind.
    pub(super) fn has_pairs(&self) -> bool {
        !self.pairs.is_empty()
    }

    /// Searches `parts` of `text`, which are in order and do not overlap.
    pub(super) fn search(&self, text: &str, parts: &[Span]) -> Searched {
        let mut matches = Vec::new();
        let (all_windows, words) = self.windows(text, parts);
        for (index, windows) in all_windows {
            let Some(pattern) = self.get(index).and_then(Detector::pattern) else { continue };
            let mut searched = 0;
            for window in windows {
                searched = search_window(pattern, text, index, window, searched, &mut matches);
            }
        }
        Searched { matches, words }
    }

    /// What stands near a keyword of each detector, overlapping parts joined; and the words of pairs.
    fn windows(&self, text: &str, parts: &[Span]) -> (BTreeMap<usize, Vec<Span>>, Vec<Hit>) {
        let mut windows: BTreeMap<usize, Vec<Span>> = BTreeMap::new();
        let mut words = Vec::new();
        let mut hits = Vec::new();
        for part in parts {
            self.keywords.find(text, *part, &mut hits);
        }
        for (index, hit) in hits {
            let Some(owners) = self.owners.get(index) else {
                words.push(gate::hit(index - self.owners.len(), hit));
                continue;
            };
            let window =
                Span::new(hit.start.saturating_sub(BEFORE_BYTES), hit.end.saturating_add(AFTER_BYTES).min(text.len()));
            for owner in owners.iter().filter(|owner| owner.after.stands(text, hit.end)) {
                let spans = windows.entry(owner.detector).or_default();
                match spans.last_mut() {
                    Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
                    _ => spans.push(window),
                }
            }
        }
        (windows, words)
    }
}

impl Detector {
    fn of_pair(policy: &PolicyId, severity: Severity, rule: &PairRule) -> Self {
        let form = DetectorRule {
            name: rule.name.clone(),
            severity: rule.severity,
            weaker: rule.weaker,
            ..DetectorRule::default()
        };
        let rank = if rule.kind.is_exact() { 1 } else { 2 };
        Self { policy: policy.clone(), severity, rank, source: Source::Pair(Box::new(form)), pattern: OnceLock::new() }
    }

    /// What the policy file says of the form.
    pub fn rule(&self) -> &DetectorRule {
        match &self.source {
            Source::Form(forms, index) => forms.form(*index),
            Source::Pair(form) => form,
        }
    }

    /// Whether another policy's finding at the same place takes this one's.
    pub fn yields(&self) -> bool {
        matches!(&self.source, Source::Form(forms, _) if forms.rule().yields)
    }

    fn pattern(&self) -> Option<&Regex> {
        self.pattern.get_or_init(|| self.rule().compile().ok()).as_ref()
    }
}

/// Adds the matches that begin in `window` from `from` on; returns where the search ended.
fn search_window(
    pattern: &Regex,
    text: &str,
    detector: usize,
    window: Span,
    from: usize,
    matches: &mut Vec<Match>,
) -> usize {
    let mut position = window.start.max(from);
    let mut end = window.end;
    while position <= end {
        let Some(haystack) = text.as_bytes().get(..end) else { break };
        let Some(captures) = pattern.captures_at(haystack, position) else { break };
        let Some(whole) = captures.get(0) else { break };
        if whole.end() == end && end < text.len() && whole.len() < MAX_MATCH_BYTES {
            position = whole.start();
            end = end.saturating_add(whole.len().max(AFTER_BYTES)).min(text.len());
            continue;
        }
        let value = captures.name("secret").unwrap_or(whole);
        matches.push(Match {
            detector,
            value: on_characters(text, value.start(), value.end()),
            whole: on_characters(text, whole.start(), whole.end()),
        });
        position = whole.end().max(position + 1);
    }
    position.max(window.end)
}

/// The widest span inside `start..end` that cuts no character.
fn on_characters(text: &str, start: usize, end: usize) -> Span {
    Span::new(text.ceil_char_boundary(start), text.floor_char_boundary(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detectors() -> DetectorSet {
        let yaml = r"{detect: [{name: n, keywords: [key_], pattern: '\bkey_(?P<secret>[0-9a-z]{4,})\b'}]}";
        let forms = SecretForms::new(|| serde_yaml::from_str(yaml).unwrap());
        DetectorSet::new([(&PolicyId::new("secret/test"), Severity::High, forms)])
    }

    fn check(text: &str, expected: &[&str]) {
        let whole = [Span::new(0, text.len())];
        let found: Vec<_> =
            detectors().search(text, &whole).matches.into_iter().map(|found| found.value.of(text).to_owned()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn patterns_are_looked_for_near_keywords_only() {
        check("a key_1234 and key_abcd", &["1234", "abcd"]);
        check("KEY_1234 monkey_1234", &[]);
        check("ä key_1234é", &["1234"]);
        check("", &[]);
    }

    #[test]
    fn a_match_outgrows_its_window() {
        let long = "z".repeat(5_000);
        check(&format!("key_{long} key_1234"), &[&long, "1234"]);
    }

    #[test]
    fn a_megabyte_of_keywords_is_searched_once() {
        let text = "key_".repeat(300_000);
        check(&text, &[]);
    }
}

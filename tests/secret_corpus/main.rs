//! A corpus of configuration files with labelled secrets and hard negatives in equal number, made from a fixed seed:
//! what share of the secrets is found (recall), and what share of the findings is right (precision), by kind and by
//! format.
//!
//! `cargo test --test secret_corpus -- --nocapture` prints the tables. To add a provider's kind, add a row to
//! `providers::PROVIDERS`; to add a format, a row to `formats::FORMATS`.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test says what it expected")]
#![allow(clippy::print_stdout, reason = "the tables are what the command is for")]

mod formats;
mod item;
mod negatives;
mod providers;
mod random;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};

use dockgate::scan::finding::{Category, Finding};
use dockgate::scan::policy::PolicySet;
use dockgate::scan::snapshot::{ChangedFile, Content, Snapshot};
use dockgate::scan::{ScanOptions, scan};

use formats::{FORMATS, Format};
use item::Item;
use random::Random;

/// How often each kind stands in each format; a provider's kind does once.
const ROUNDS: usize = 7;
/// Settings in one file.
const PER_FILE: usize = 8;
/// The least share that is good enough, of every kind and every format, in percent.
const LEAST: usize = 95;

/// Most faults that are printed.
const MAX_FAULTS: usize = 200;

#[derive(Clone, Copy, Default)]
struct Score {
    secrets: usize,
    found: usize,
    negatives: usize,
    wrong: usize,
}

impl Score {
    fn add(&mut self, item: &Item, is_found: bool) {
        let (count, hit) =
            if item.is_secret { (&mut self.secrets, &mut self.found) } else { (&mut self.negatives, &mut self.wrong) };
        *count += 1;
        *hit += usize::from(is_found);
    }

    fn recall(self) -> usize {
        (self.found * 100).checked_div(self.secrets).unwrap_or(100)
    }

    fn precision(self) -> usize {
        (self.found * 100).checked_div(self.found + self.wrong).unwrap_or(100)
    }
}

/// What was measured.
#[derive(Default)]
struct Scores {
    kinds: BTreeMap<&'static str, Score>,
    formats: BTreeMap<&'static str, Score>,
    all: Score,
    /// What went wrong, in words, without values.
    faults: Vec<String>,
}

/// Secrets and hard negatives by turns, as many of these as of those.
fn mixed(seed: usize, round: usize) -> Vec<Item> {
    let mut random = Random::new((seed * 1000 + round) as u64);
    let secrets = secrets::items(&mut random, round, ROUNDS);
    let mut negatives: Vec<Item> = Vec::new();
    while negatives.len() < secrets.len() {
        negatives.extend(negatives::items(&mut random, round + negatives.len()));
    }
    let turn = random.below(negatives.len());
    negatives.rotate_left(turn);
    let mut items: Vec<Item> =
        secrets.into_iter().zip(negatives).flat_map(|(secret, negative)| [secret, negative]).collect();
    items.chunks_mut(PER_FILE).for_each(|chunk| tell_apart(&mut random, chunk));
    items
}

/// Gives settings of the same name another one: of two keys in a map only the last stands.
fn tell_apart(random: &mut Random, items: &mut [Item]) {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for item in items {
        while !names.insert(item.snake()) {
            item.name.insert(0, random.word());
        }
    }
}

fn findings(path: &str, text: &str) -> (Vec<Finding>, String) {
    let file = ChangedFile::standing(path, Content::Text(text.into()));
    let scan = scan(&Snapshot { files: vec![file], whole_tree: true }, PolicySet::builtin(), &ScanOptions::default());
    let shown = format!("{:?}", scan.head);
    (scan.head.findings.into_iter().filter(|finding| finding.category == Category::Secret).collect(), shown)
}

/// Scans one file of the corpus and notes what was found of it.
fn measure(scores: &mut Scores, format: &Format, items: &[Item]) {
    let file = (format.write)(items);
    let (found, shown) = findings(format.path, &file.text);
    let mut explained = 0;
    for (item, (start, end)) in items.iter().zip(&file.places) {
        let mut here = found.iter().filter(|finding| is_here(finding, &file.text, *start, *end));
        let first = here.next();
        explained += usize::from(first.is_some()) + here.count();
        for score in [
            scores.kinds.entry(item.kind).or_default(),
            scores.formats.entry(format.name).or_default(),
            &mut scores.all,
        ] {
            score.add(item, first.is_some());
        }
        let text = &file.text[*start..*end];
        let fault = match first {
            None if item.is_secret => {
                format!("{} in {} is missed: {} = {}", item.kind, format.name, item.snake(), item.value())
            }
            Some(finding) if !item.is_secret => format!(
                "{} in {} is taken for {}: {} = {}",
                item.kind,
                format.name,
                finding.rule,
                item.snake(),
                item.value()
            ),
            Some(finding) if finding.rule.as_str() == "dockerfile/secret-in-env-or-arg" => {
                let is_line = finding.start.line == line_of(&file.text, *start);
                if is_line {
                    continue;
                }
                format!("{} in {} is on line {}", item.kind, format.name, finding.start.line)
            }
            Some(finding) if (finding.span.start, finding.span.end) != (*start, *end) => {
                format!(
                    "{} in {}: {} stands at {:?}, not at {start}..{end}",
                    item.kind, format.name, finding.rule, finding.span
                )
            }
            Some(_) if text.len() > 7 && shown.contains(text) => format!("{} in {} is shown", item.kind, format.name),
            _ => continue,
        };
        scores.faults.push(fault);
    }
    if explained < found.len() {
        let rules: Vec<&str> = found.iter().map(|finding| finding.rule.as_str()).collect();
        scores.faults.push(format!(
            "{}: {} findings stand at no setting: {rules:?}",
            format.name,
            found.len() - explained
        ));
        scores.all.wrong += found.len() - explained;
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Whether a finding is that of the value at `start..end`. That of a Dockerfile's variable points at the variable.
fn is_here(finding: &Finding, text: &str, start: usize, end: usize) -> bool {
    let is_variable =
        finding.rule.as_str() == "dockerfile/secret-in-env-or-arg" && finding.start.line == line_of(text, start);
    is_variable || (finding.span.start < end && finding.span.end > start)
}

fn measured() -> Scores {
    let mut scores = Scores::default();
    for (seed, format) in FORMATS.iter().enumerate() {
        for round in 0..ROUNDS {
            for items in mixed(seed, round).chunks(PER_FILE) {
                measure(&mut scores, format, items);
            }
        }
    }
    scores
}

fn print(title: &str, rows: &BTreeMap<&'static str, Score>) {
    println!("\n{title:<24} secrets  recall  negatives  precision");
    for (name, score) in rows {
        let (recall, precision) = (score.recall(), score.precision());
        println!("{name:<24} {:>7} {recall:>6}% {:>10} {precision:>9}%", score.secrets, score.negatives);
    }
}

#[test]
fn secrets_are_found_and_what_only_looks_so_is_not() {
    let scores = measured();
    print("kind", &scores.kinds);
    print("format", &scores.formats);
    print("all", &BTreeMap::from([("all", scores.all)]));
    for fault in scores.faults.iter().take(MAX_FAULTS) {
        println!("{fault}");
    }
    assert!(FORMATS.len() >= 30, "{} formats", FORMATS.len());
    let kinds = scores.kinds.values().filter(|score| score.secrets > 0).count();
    assert!(kinds >= 100, "{kinds} kinds");
    let rows = scores.kinds.iter().chain(&scores.formats).chain([(&"all", &scores.all)]);
    for (name, score) in rows {
        assert!(score.recall() >= LEAST, "recall of {name} is {}%", score.recall());
        let wrong =
            if score.secrets == 0 { score.wrong * 100 / score.negatives.max(1) } else { 100 - score.precision() };
        assert!(wrong <= 100 - LEAST, "{wrong}% of {name} are wrong");
    }
}

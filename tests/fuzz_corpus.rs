//! The fuzz targets as ordinary tests: every seed, and random splices of seeds, through every target.

#![allow(clippy::expect_used, clippy::panic, reason = "a failing test says what it expected")]

#[path = "fuzz/lib.rs"]
mod targets;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dockgate::scan::policy::{Policy, PolicySet};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Random splices per target.
const SPLICES: u32 = 48;

/// Texts that break parsers: limits of escapes, brackets, line ends, templates, base64 and repetition.
const HOSTILE: &[&str] = &[
    "\u{feff}",
    "\r",
    "\u{2028}",
    "\\",
    "\"",
    "'",
    "{{",
    "}}",
    "${",
    "<<EOF\n",
    "&a ",
    "*a",
    "? ",
    ": ",
    "- - - ",
    "\t",
    "-----BEGIN PRIVATE KEY-----",
    "-----END",
    "://",
    "@",
    "=",
    "AKIA",
    "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t",
    "\u{1F600}",
    "# dockgate:ignore ",
    " -- ",
    "{fake:github-token}",
    "{fake:base64:4000}",
    "[[[[[[[[[[",
    "{a: {a: {a: ",
    "|2+\n",
    ">-\n",
    "%YAML 1.1\n",
    "---\n",
    "...\n",
    "# escape=`\n",
    "`\n",
    "ONBUILD ",
    "\\\n",
];

fn seeds() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let names = |folder: &Path| -> Vec<_> {
        fs::read_dir(folder).expect("corpus folder").map(|entry| entry.expect("corpus entry").path()).collect()
    };
    let mut seeds = BTreeMap::new();
    for folder in names(&root) {
        let texts = names(&folder).iter().map(|file| fs::read_to_string(file).expect("seed")).collect();
        seeds.insert(folder.file_name().expect("folder name").to_string_lossy().into_owned(), texts);
    }
    seeds
}

/// Cuts one of `texts` at two places.
fn piece(texts: Vec<String>) -> impl Strategy<Value = String> {
    (prop::sample::select(texts), any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(
        |(text, a, b)| {
            let (a, b) = (a.index(text.len() + 1), b.index(text.len() + 1));
            let (start, end) = (text.floor_char_boundary(a.min(b)), text.floor_char_boundary(a.max(b)));
            text[start..end].to_owned()
        },
    )
}

/// Pieces of seeds and hostile texts, one after the other, some many times.
fn splice(texts: Vec<String>) -> impl Strategy<Value = String> {
    let hostile: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    let part = prop_oneof![3 => piece(texts).boxed(), 1 => prop::sample::select(hostile).boxed()];
    let times = prop_oneof![9 => Just(1_usize), 1 => 2..200_usize];
    prop::collection::vec((part, times), 1..8).prop_map(|parts| {
        parts.into_iter().map(|(part, times)| part.repeat(times.min(20_000 / (part.len() + 1)).max(1))).collect()
    })
}

#[test]
fn every_target_has_seeds_that_pass() {
    let seeds = seeds();
    for (name, target) in targets::TARGETS {
        let own = seeds.get(*name).unwrap_or_else(|| panic!("tests/fuzz/corpus/{name} is missing"));
        assert!(!own.is_empty(), "tests/fuzz/corpus/{name} is empty");
        for seed in own {
            target(seed);
        }
    }
}

#[test]
fn every_target_takes_every_seed() {
    let seeds = seeds();
    for (_, target) in targets::TARGETS {
        seeds.values().flatten().for_each(|seed| target(seed));
    }
}

#[test]
fn every_policy_example_scans_at_every_path() {
    for example in PolicySet::builtin().iter().flat_map(Policy::examples) {
        let (text, _) = example.rendered();
        for path in [&*example.path, "Dockerfile", "compose.yaml", "templates/a.yaml", "values.yaml", "a.json"] {
            targets::scan(&format!("{path}\n{text}"));
        }
    }
}

#[test]
fn random_splices_break_nothing() {
    let all: Vec<String> = seeds().into_values().flatten().collect();
    for (name, target) in targets::TARGETS {
        let config = ProptestConfig { cases: SPLICES, failure_persistence: None, ..ProptestConfig::default() };
        let run = TestRunner::new(config).run(&splice(all.clone()), |text| {
            target(&text);
            Ok(())
        });
        run.unwrap_or_else(|failure| panic!("{name}: {failure}"));
    }
}

//! Good workloads of all kinds and styles are silent, and a violation in one field is answered by the policy for that
//! field, at its line, and by no other.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test says what it expected")]
#![allow(clippy::pedantic, reason = "the tables and the writer read best in one piece")]

mod cases;
mod style;
mod workload;

use std::collections::{BTreeMap, BTreeSet};

use dockgate::scan::finding::Finding;
use dockgate::scan::options::{NEWEST_KUBERNETES_MINOR, Profile};
use dockgate::scan::policy::parameter::ParameterValue;
use dockgate::scan::policy::target::Target;
use dockgate::scan::policy::{Policy, PolicyId, PolicySet};
use dockgate::scan::snapshot::{ChangedFile, Content, Snapshot};
use dockgate::scan::{ScanOptions, scan};
use serde_json::{Map, Value, json};

use cases::{EXEMPT, VIOLATIONS, Violation};
use style::{Style, Written};
use workload::{Dice, KINDS, Kind};

/// How many good workloads are made up.
const WORKLOADS: u64 = 400;

/// The targets whose policies judge workloads alone.
const TARGETS: [Target; 5] = [
    Target::KubernetesObject,
    Target::KubernetesPod,
    Target::KubernetesContainer,
    Target::KubernetesSecurityContext,
    Target::KubernetesVolume,
];

fn findings(path: &str, text: &str, options: &ScanOptions) -> Vec<Finding> {
    let file = ChangedFile::standing(path, Content::Text(text.into()));
    let snapshot = Snapshot { files: vec![file], whole_tree: true };
    let mut found = scan(&snapshot, PolicySet::builtin(), options);
    if !found.head.unpinned.is_empty() {
        let mut options = options.clone();
        for image in &found.head.unpinned {
            options.digests.insert(image, format!("sha256:{}", "0".repeat(64)));
        }
        found = scan(&snapshot, PolicySet::builtin(), &options);
    }
    assert!(found.head.problems.is_empty(), "{text}\n{:?}", found.head.problems);
    found.head.findings
}

/// Rule and line of each finding about workloads, whatever the profile.
fn answers(path: &str, text: &str, minor: u32) -> BTreeSet<(String, usize)> {
    let registries = ParameterValue::Strings(["example.com", "docker.io", "k8s.gcr.io"].map(str::to_owned).to_vec());
    let options = ScanOptions {
        kubernetes_minor: minor,
        profile: Profile::All,
        parameters: BTreeMap::from([(
            PolicyId::new("kubernetes/image-untrusted-registry"),
            BTreeMap::from([("registries".to_owned(), registries)]),
        )]),
        ..ScanOptions::default()
    };
    let about_workloads =
        |finding: &&Finding| is_about_workloads(PolicySet::builtin().get(&finding.rule).expect("known"));
    let found = findings(path, text, &options);
    let found = found.iter().filter(about_workloads);
    found
        .map(|finding| (finding.rule.as_str().trim_start_matches("kubernetes/").to_owned(), finding.start.line))
        .collect()
}

/// Whether a field of the workload decides; of the rules on objects that belong together one is asked for here.
fn is_about_workloads(policy: &Policy) -> bool {
    TARGETS.contains(&policy.target) || policy.id.as_str() == "kubernetes/service-account-token-automount"
}

/// The template with a change in the container `container`; a change of the object is left out.
fn put(root: &mut Value, path: &str, value: &str) {
    let (parent, last) = path.rsplit_once('|').map_or((None, path), |(parent, last)| (Some(parent), last));
    let mut node = root;
    for step in parent.into_iter().flat_map(|parent| parent.split('|')) {
        if let Ok(index) = step.parse::<usize>() {
            node = &mut node[index];
        } else {
            if node[step].is_null() {
                node[step] = Value::Object(Map::new());
            }
            node = &mut node[step];
        }
    }
    if value == "-" {
        workload::remove(node, last);
    } else {
        node[last] = serde_json::from_str(value).expect("the value of a change");
    }
}

/// One violation in one kind, in one container, written in one style.
struct Trial<'v> {
    violation: &'v Violation,
    kind: Kind,
    container: &'static str,
    style: Style,
}

impl Trial<'_> {
    /// The path below the object that a path of the violation means.
    fn absolute(&self, path: &str) -> String {
        if let Some(own) = path.strip_prefix("^|") {
            return own.to_owned();
        }
        let below = path.replacen('@', self.container, 1);
        if self.kind.template.is_empty() { below } else { format!("{}|{below}", self.kind.template) }
    }

    fn minor(&self) -> u32 {
        self.violation.minor.unwrap_or(NEWEST_KUBERNETES_MINOR)
    }

    /// What differs from what is expected.
    fn check(&self) -> Option<String> {
        let good = self.kind.object(&workload::template());
        let mut bad = good.clone();
        for (path, value) in self.violation.changes {
            put(&mut bad, &self.absolute(path), value);
        }
        let before = answers(&self.path(), &Written::new(&good, self.style).text, self.minor());
        let before: BTreeSet<String> = before.into_iter().map(|(rule, _)| rule).collect();
        let written = Written::new(&bad, self.style);
        let after = answers(&self.path(), &written.text, self.minor());
        let new: BTreeSet<(String, usize)> = after.into_iter().filter(|(rule, _)| !before.contains(rule)).collect();
        let expected = (self.violation.rule.to_owned(), written.line(&self.absolute(self.violation.at)));
        let about = (self.violation.changes, self.kind.name);
        (new != [expected.clone()].into()).then(|| format!("{about:?}: {new:?}, not {expected:?}\n{}", written.text))
    }

    fn path(&self) -> String {
        format!("deploy/web.{}", self.style.ending())
    }
}

#[test]
fn a_violation_is_answered_by_its_policy_at_its_line() {
    let mut wrong = Vec::new();
    for (index, violation) in VIOLATIONS.iter().enumerate() {
        for (turn, kind) in violation.kinds().enumerate() {
            let container =
                ["spec|containers|0", "spec|initContainers|0"][usize::from(can_move(violation)) * (turn % 2)];
            let style = Style::ALL[(index + turn) % Style::ALL.len()];
            wrong.extend(Trial { violation, kind, container, style }.check());
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether an init container may violate it as well: it has no ports and no probes to begin with.
fn can_move(violation: &Violation) -> bool {
    violation.changes.iter().any(|(path, _)| path.starts_with('@'))
}

#[test]
fn a_violation_is_found_in_lists_and_after_other_documents() {
    let other = KINDS[0].object(&workload::template());
    for (index, violation) in VIOLATIONS.iter().enumerate() {
        let Some(kind) = violation.kinds().nth(index % 3).or_else(|| violation.kinds().next()) else { continue };
        let trial = Trial { violation, kind, container: "spec|containers|0", style: Style::ALL[index % 3] };
        let mut bad = kind.object(&workload::template());
        for (path, value) in violation.changes {
            put(&mut bad, &trial.absolute(path), value);
        }
        let (text, line) = if index.is_multiple_of(2) {
            let before = format!("{}---\n", Written::new(&other, Style::Block).text);
            let written = Written::new(&bad, trial.style).after(&before);
            (written.text.clone(), written.line(&trial.absolute(violation.at)))
        } else {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": [other, bad]});
            let written = Written::new(&list, trial.style);
            (written.text.clone(), written.line(&format!("items|1|{}", trial.absolute(violation.at))))
        };
        let found = answers("deploy/all.yaml", &text, trial.minor());
        assert!(found.contains(&(violation.rule.to_owned(), line)), "{} at {line}: {found:?}\n{text}", violation.rule);
    }
}

#[test]
fn good_workloads_are_silent() {
    for seed in 0..WORKLOADS {
        let mut dice = Dice::new(seed);
        let template = workload::varied(&mut dice);
        let kind = KINDS[dice.roll(KINDS.len())];
        let style = Style::ALL[dice.roll(Style::ALL.len())];
        let mut object = kind.object(&template);
        let mut text = Written::new(&object, style).text;
        match dice.roll(4) {
            0 => {
                object = json!({"apiVersion": "v1", "kind": "List", "items": [object.clone(), object]});
                text = Written::new(&object, style).text;
            }
            1 if style.ending() == "yaml" => text = format!("---\n{text}---\n# nothing more\n---\n{text}"),
            _ => {}
        }
        let found = findings(&format!("deploy/web.{}", style.ending()), &text, &ScanOptions::default());
        assert!(found.is_empty(), "seed {seed}: {:?}\n{text}", found.iter().map(|one| &one.rule).collect::<Vec<_>>());
        let options = ScanOptions { standard: Some("pss:restricted".to_owned()), ..ScanOptions::default() };
        let found = findings(&format!("deploy/web.{}", style.ending()), &text, &options);
        assert!(found.is_empty(), "seed {seed}: {:?}\n{text}", found.iter().map(|one| &one.rule).collect::<Vec<_>>());
    }
}

/// The edit of every violation that has one makes it go away and changes nothing else.
#[test]
fn edits_repair_what_they_are_for() {
    let mut repaired = BTreeSet::new();
    for (index, violation) in VIOLATIONS.iter().enumerate() {
        let rule = PolicyId::new(format!("kubernetes/{}", violation.rule));
        if PolicySet::builtin().get(&rule).is_none_or(|policy| policy.edit().is_none()) {
            continue;
        }
        for (turn, style) in Style::ALL.into_iter().enumerate() {
            let kind = violation.kinds().nth((index + turn) % violation.kinds().count()).expect("a kind");
            let trial = Trial { violation, kind, container: "spec|containers|0", style };
            let mut bad = kind.object(&workload::template());
            for (path, value) in violation.changes {
                put(&mut bad, &trial.absolute(path), value);
            }
            let text = Written::new(&bad, style).text;
            let options =
                ScanOptions { kubernetes_minor: trial.minor(), profile: Profile::All, ..ScanOptions::default() };
            let found = findings(&trial.path(), &text, &options);
            let edit = found.iter().find(|finding| finding.rule == rule).and_then(|finding| finding.edit.clone());
            let Some(edit) = edit else { panic!("{rule} offers no edit in {style:?}:\n{text}") };
            let edited = edit.apply(&text).expect("an edit that fits");
            let left = answers(&trial.path(), &edited, trial.minor());
            assert!(left.iter().all(|(left, _)| left != violation.rule), "{rule} stays:\n{edited}");
            repaired.insert(violation.rule);
        }
    }
    assert!(repaired.len() > 35, "{repaired:?}");
}

#[test]
fn every_policy_about_workloads_has_a_violation() {
    let known: BTreeSet<&str> = VIOLATIONS.iter().map(|violation| violation.rule).collect();
    let exempt: BTreeSet<&str> = EXEMPT.iter().map(|(rule, _)| *rule).collect();
    let policies = PolicySet::builtin()
        .iter()
        .filter(|policy| is_about_workloads(policy) && policy.target != Target::KubernetesObject);
    let missing: Vec<&str> = policies
        .map(|policy| policy.id.as_str().trim_start_matches("kubernetes/"))
        .filter(|rule| !known.contains(rule) && !exempt.contains(rule))
        .collect();
    assert!(missing.is_empty(), "no violation for {missing:?}");
    let both: Vec<_> = exempt.intersection(&known).collect();
    assert!(both.is_empty(), "{both:?} are exempt and not");
}

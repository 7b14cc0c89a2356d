//! From advisories to vulnerabilities: one for each package and flaw, however many advisories speak of it.
//!
//! Invariant: two advisories are one vulnerability only if one says so of the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::advisory::{Advisory, Statement};
use super::ecosystem::Query;
use super::{Answers, MAX_SUMMARY};
use crate::image::contents::Installed;
use crate::image::rating::Rating;
use crate::image::report::Vulnerability;

/// The vulnerabilities that were found, and how many were left out because their distribution calls them unimportant.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// Sorted by package, then id.
    pub vulnerabilities: Vec<Vulnerability>,
    /// How many are not shown.
    pub unimportant: usize,
}

/// An advisory that affects a package.
struct Match {
    advisory: Arc<Advisory>,
    statement: Statement,
    query: usize,
}

/// Makes vulnerabilities of `answers`. `asked` has, for each package, the numbers of its queries.
pub fn merge(packages: &[Installed], queries: &[Query], asked: &[Vec<usize>], answers: &Answers) -> Merged {
    let mut merged = Merged::default();
    for (installed, numbers) in packages.iter().zip(asked) {
        let matches = numbers.iter().flat_map(|number| matches(*number, queries, answers)).collect();
        for group in groups(matches) {
            if group.iter().all(|one| one.statement.is_unimportant) {
                merged.unimportant += 1;
            } else {
                merged.vulnerabilities.push(vulnerability(installed, &group, queries, answers));
            }
        }
    }
    merged.vulnerabilities.sort_by(|one, other| one.identity().cmp(&other.identity()));
    merged
}

/// What affects the version that query `number` asks for. An advisory that the source matched and whose ranges we can't
/// follow counts.
fn matches(number: usize, queries: &[Query], answers: &Answers) -> Vec<Match> {
    let Some(query) = queries.get(number) else { return Vec::new() };
    let ids = answers.matches.get(number).map(Vec::as_slice).unwrap_or_default();
    let of_id = |id: &String| {
        let advisory = answers.advisories.get(id).cloned().unwrap_or_else(|| Arc::new(Advisory::nameless(id)));
        let unknown = Statement { is_affected: true, fixed: None, is_unimportant: false };
        let statement = advisory.statement(query).unwrap_or(unknown);
        advisory.withdrawn.is_none().then_some(Match { advisory, statement, query: number })
    };
    ids.iter().filter_map(of_id).collect()
}

/// Advisories of one package that are about one flaw.
fn groups(matches: Vec<Match>) -> Vec<Vec<Match>> {
    let mut groups: Vec<(BTreeSet<String>, Vec<Match>)> = Vec::new();
    // What passes on several vulnerabilities, such as a distribution's notice, comes last.
    let (collections, single): (Vec<_>, Vec<_>) =
        matches.into_iter().partition(|one| one.advisory.passed_on().len() > 1);
    for one in single {
        let ids = one.advisory.ids();
        let (same, other): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(known, _)| !known.is_disjoint(&ids));
        groups = other;
        let joined = same.into_iter().fold((ids, vec![one]), |(mut ids, mut matches), (more_ids, more)| {
            ids.extend(more_ids);
            matches.extend(more);
            (ids, matches)
        });
        groups.push(joined);
    }
    for one in collections {
        let covered: Vec<bool> =
            one.advisory.passed_on().iter().map(|id| groups.iter().any(|(known, _)| known.contains(*id))).collect();
        // A notice whose every vulnerability is there already says nothing new.
        if !covered.iter().all(|covered| *covered) {
            groups.push((BTreeSet::from([one.advisory.id.clone()]), vec![one]));
        }
    }
    groups.into_iter().map(|(_, matches)| matches).collect()
}

fn vulnerability(installed: &Installed, group: &[Match], queries: &[Query], answers: &Answers) -> Vulnerability {
    let mut ids: BTreeSet<String> = group.iter().flat_map(|one| one.advisory.ids()).collect();
    ids.extend(group.iter().flat_map(|one| one.advisory.passed_on()).map(ToOwned::to_owned));
    let id = name(group, &ids);
    ids.remove(&id);
    let fixed = group.iter().filter_map(|one| {
        let scheme = queries.get(one.query)?.scheme;
        one.statement.fixed.as_deref().map(|fixed| (scheme, fixed))
    });
    // What mends one advisory of the flaw need not mend the other: the later one does.
    let fixed = fixed.reduce(|one, other| match one.0.compare(one.1, other.1) {
        Some(std::cmp::Ordering::Less) => other,
        _ => one,
    });
    let summary = group.iter().map(|one| one.advisory.summary.trim()).find(|summary| !summary.is_empty());
    Vulnerability {
        rating: rating(group, queries, &ids, &id, answers),
        id,
        aliases: ids.into_iter().collect(),
        summary: summary.unwrap_or_default().chars().filter(|letter| !letter.is_control()).take(MAX_SUMMARY).collect(),
        installed: installed.clone(),
        fixed: fixed.map(|(_, fixed)| fixed.to_owned()),
        is_known_exploited: false,
        exploit_probability: None,
    }
}

/// The CVE when there is one, or GitHub's id, or the first.
fn name(group: &[Match], ids: &BTreeSet<String>) -> String {
    let with = |prefix: &str| {
        let mut found = ids.iter().filter(|id| id.starts_with(prefix));
        found.next().filter(|_| prefix != "CVE-" || found.next().is_none())
    };
    let own = || group.first().map(|one| one.advisory.id.clone());
    with("CVE-").or_else(|| with("GHSA-")).cloned().or_else(own).unwrap_or_default()
}

/// GitHub's word, a vector, a vendor's word: in this order, over all advisories of the flaw and what they are aliases
/// of.
fn rating(group: &[Match], queries: &[Query], ids: &BTreeSet<String>, id: &String, answers: &Answers) -> Rating {
    let aliases = ids.iter().chain([id]).filter_map(|id| answers.advisories.get(id));
    let records: Vec<&Arc<Advisory>> = group.iter().map(|one| &one.advisory).chain(aliases).collect();
    let asked: BTreeMap<&str, &Query> =
        group.iter().filter_map(|one| Some((one.advisory.id.as_str(), queries.get(one.query)?))).collect();
    let github = records.iter().filter_map(|record| record.github_rating()).max();
    let vector =
        || records.iter().filter_map(|record| record.vector_rating(asked.get(record.id.as_str()).copied())).max();
    let vendor = || group.iter().filter_map(|one| one.advisory.vendor_rating(queries.get(one.query)?)).max();
    github.or_else(vector).or_else(vendor).unwrap_or_default()
}

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
#[derive(Clone)]
struct Match {
    advisory: Arc<Advisory>,
    statement: Statement,
    query: usize,
}

/// What is said of one flaw of one package: the flaw's ids, and by whom.
struct Group {
    ids: BTreeSet<String>,
    matches: Vec<Match>,
}

/// Makes vulnerabilities of `answers`. `asked` has, for each package, the numbers of its queries.
pub fn merge(packages: &[Installed], queries: &[Query], asked: &[Vec<usize>], answers: &Answers) -> Merged {
    let mut merged = Merged::default();
    for (installed, numbers) in packages.iter().zip(asked) {
        let matches = numbers.iter().flat_map(|number| matches(*number, queries, answers)).collect();
        for group in groups(matches) {
            if group.matches.iter().all(|one| one.statement.is_unimportant) {
                merged.unimportant += 1;
            } else {
                merged.vulnerabilities.push(vulnerability(installed, group, queries, answers));
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
        let mut statement = advisory.statement(query).unwrap_or(unknown);
        statement.fixed = statement.fixed.filter(|fixed| query.may_have(fixed));
        advisory.withdrawn.is_none().then_some(Match { advisory, statement, query: number })
    };
    ids.iter().filter_map(of_id).collect()
}

/// Advisories of one package that are about one flaw.
fn groups(matches: Vec<Match>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // What passes on several vulnerabilities, such as a distribution's notice, comes last.
    let (collections, single): (Vec<_>, Vec<_>) = matches.into_iter().partition(|one| one.advisory.is_collection());
    for one in single {
        let ids = one.advisory.ids();
        let (same, other): (Vec<_>, Vec<_>) = groups.into_iter().partition(|known| !known.ids.is_disjoint(&ids));
        groups = other;
        let joined = same.into_iter().fold(Group { ids, matches: vec![one] }, |mut joined, more| {
            joined.ids.extend(more.ids);
            joined.matches.extend(more.matches);
            joined
        });
        groups.push(joined);
    }
    // A notice says nothing new of a vulnerability that is there already; each of the others stands alone, so that
    // accepting one says nothing of its neighbours.
    let known: BTreeSet<String> = groups.iter().flat_map(|group| group.ids.iter().cloned()).collect();
    let mut noticed: BTreeMap<String, Group> = BTreeMap::new();
    for one in collections {
        for id in one.advisory.flaws().into_iter().filter(|id| !known.contains(*id)) {
            let empty = || Group { ids: BTreeSet::from([id.to_owned()]), matches: Vec::new() };
            let group = noticed.entry(id.to_owned()).or_insert_with(empty);
            group.ids.insert(one.advisory.id.clone());
            group.matches.push(one.clone());
        }
    }
    groups.extend(noticed.into_values());
    groups
}

fn vulnerability(installed: &Installed, group: Group, queries: &[Query], answers: &Answers) -> Vulnerability {
    let Group { mut ids, matches } = group;
    let id = name(&matches, &ids);
    ids.remove(&id);
    let fixed = matches.iter().filter_map(|one| {
        let scheme = queries.get(one.query)?.scheme;
        one.statement.fixed.as_deref().map(|fixed| (scheme, fixed))
    });
    // What mends one advisory of the flaw need not mend the other: the later one does.
    let fixed = fixed.reduce(|one, other| match one.0.compare(one.1, other.1) {
        Some(std::cmp::Ordering::Less) => other,
        _ => one,
    });
    let summary = matches.iter().map(|one| one.advisory.summary.trim()).find(|summary| !summary.is_empty());
    Vulnerability {
        rating: rating(&matches, queries, &ids, &id, answers),
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

#[cfg(test)]
mod tests;

//! One record of OSV, as much of it as is used.
//!
//! # Source
//! The OSV schema 1.7: fields, and "Evaluation" for what a range affects.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::Value;

use super::ecosystem::Query;
use crate::image::rating::Rating;
use crate::image::version::Scheme;

/// A record.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Advisory {
    /// The id: `DEBIAN-CVE-2024-1`, `GHSA-…`.
    pub id: String,
    /// When it changed last, as RFC 3339.
    #[serde(default)]
    pub modified: String,
    /// When it was withdrawn; such a record says nothing.
    #[serde(default)]
    pub withdrawn: Option<String>,
    /// Other ids of the same vulnerability.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The vulnerabilities that this one passes on.
    #[serde(default)]
    pub upstream: Vec<String>,
    /// Ids that have to do with it; some distributions have their CVEs here alone.
    #[serde(default)]
    pub related: Vec<String>,
    /// One line.
    #[serde(default)]
    pub summary: String,
    /// Severities that hold for every package.
    #[serde(default)]
    severity: Vec<Severity>,
    #[serde(default)]
    affected: Vec<Affected>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Clone, Debug, Deserialize)]
struct Severity {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Affected {
    #[serde(default)]
    package: Option<AffectedPackage>,
    #[serde(default)]
    severity: Vec<Severity>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    ecosystem_specific: Value,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Clone, Debug, Deserialize)]
struct AffectedPackage {
    ecosystem: String,
    name: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Introduced(String),
    Fixed(String),
    LastAffected(String),
    /// Where a range of commits ends.
    Limit(serde::de::IgnoredAny),
}

/// What a record says of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whether the version is affected, as far as versions can be compared.
    pub is_affected: bool,
    /// The first version after it that isn't.
    pub fixed: Option<String>,
    /// Whether its distribution calls it unimportant.
    pub is_unimportant: bool,
}

impl Advisory {
    /// Reads a record.
    ///
    /// # Errors
    /// It is no record, in words.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| format!("line {} column {}", error.line(), error.column()))
    }

    /// A record of which nothing is known but its id.
    pub fn nameless(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// The vulnerabilities that it passes on. `AlmaLinux` has them as related ids alone.
    pub fn passed_on(&self) -> Vec<&str> {
        let is_alma = self.id.starts_with("ALSA-") || self.id.starts_with("ALBA-") || self.id.starts_with("ALEA-");
        let related = self.related.iter().filter(|_| is_alma);
        let all: std::collections::BTreeSet<&str> = self.upstream.iter().chain(related).map(String::as_str).collect();
        all.into_iter().collect()
    }

    /// Whether it passes on several flaws, as a distribution's notice does. One flaw may have an id in each of several
    /// databases, but only one CVE.
    pub fn is_collection(&self) -> bool {
        let passed_on = self.passed_on();
        let cves = passed_on.iter().filter(|id| id.starts_with("CVE-")).count();
        cves > 1 || (cves == 0 && passed_on.len() > 1)
    }

    /// The flaws of which it is a collection, by their CVEs where they have any.
    pub fn flaws(&self) -> Vec<&str> {
        let mut flaws = if self.is_collection() { self.passed_on() } else { Vec::new() };
        if flaws.iter().any(|id| id.starts_with("CVE-")) {
            flaws.retain(|id| id.starts_with("CVE-"));
        }
        flaws
    }

    /// The ids of the flaw: its own, its aliases, and what it passes on when that is one.
    pub fn ids(&self) -> std::collections::BTreeSet<String> {
        let single = Some(self.passed_on()).filter(|_| !self.is_collection()).unwrap_or_default();
        let own = std::iter::once(self.id.as_str()).chain(self.aliases.iter().map(String::as_str));
        own.chain(single).map(ToOwned::to_owned).collect()
    }

    /// The names of the packages that it speaks of, of all ecosystems.
    pub fn package_names(&self) -> impl Iterator<Item = &str> {
        let names: std::collections::BTreeSet<&str> =
            self.affected.iter().filter_map(|one| one.package.as_ref()).map(|package| package.name.as_str()).collect();
        names.into_iter()
    }

    /// Whether the record speaks of a package of this name and ecosystem at all.
    pub fn names(&self, query: &Query) -> bool {
        self.statements_of(query).next().is_some()
    }

    /// What the record says of the version that `query` asks for; `None` when it doesn't name the package.
    pub fn statement(&self, query: &Query) -> Option<Statement> {
        let mut all = self.statements_of(query).map(|affected| affected.statement(query)).peekable();
        all.peek()?;
        let join = |mut one: Statement, other: Statement| {
            one.fixed = earliest(query.scheme, one.fixed.into_iter().chain(other.fixed));
            one.is_affected |= other.is_affected;
            one.is_unimportant &= other.is_unimportant;
            one
        };
        // What affects the version counts; what doesn't has no say about where it is mended.
        let (affecting, other): (Vec<_>, Vec<_>) = all.partition(|statement| statement.is_affected);
        affecting.into_iter().reduce(join).or_else(|| other.into_iter().reduce(join))
    }

    fn statements_of(&self, query: &Query) -> impl Iterator<Item = &Affected> {
        self.affected.iter().filter(|affected| affected.package.as_ref().is_some_and(|package| package.is(query)))
    }

    /// The severity by the advisory's own database's word, when it is GitHub's.
    pub fn github_rating(&self) -> Option<Rating> {
        let word = self.database_specific.get("severity").and_then(Value::as_str);
        word.filter(|_| self.id.starts_with("GHSA-")).and_then(Rating::of_word)
    }

    /// The severity by vectors, of the newest version of CVSS that is there.
    pub fn vector_rating(&self, query: Option<&Query>) -> Option<Rating> {
        let of_package = query.into_iter().flat_map(|query| self.statements_of(query)).flat_map(|one| &one.severity);
        let all: Vec<&Severity> = of_package.chain(&self.severity).collect();
        ["CVSS_V4", "CVSS_V3", "CVSS_V2"].into_iter().find_map(|kind| {
            let of_kind = all.iter().filter(|severity| severity.kind == kind);
            of_kind.filter_map(|severity| Rating::of_vector(&severity.score)).max()
        })
    }

    /// The severity in a distribution's words: its own field, an urgency, or the first word of the summary.
    pub fn vendor_rating(&self, query: &Query) -> Option<Rating> {
        let affected: Vec<&Affected> = self.statements_of(query).collect();
        let fields = affected.iter().flat_map(|one| &one.severity).chain(&self.severity);
        let of_field = fields.filter(|one| one.kind == "Ubuntu").find_map(|one| Rating::of_word(&one.score));
        let urgency = || affected.iter().find_map(|one| Rating::of_word(one.urgency()?));
        let word = || self.database_specific.get("severity").and_then(Value::as_str).and_then(Rating::of_word);
        let summary = || self.summary.split_once(':').and_then(|(word, _)| Rating::of_word(word));
        of_field.or_else(urgency).or_else(word).or_else(summary)
    }
}

impl AffectedPackage {
    fn is(&self, query: &Query) -> bool {
        if self.name != query.name {
            return false;
        }
        if self.ecosystem == query.ecosystem {
            return true;
        }
        // Maven's registries other than the central one are named behind it.
        query.ecosystem == "Maven" && self.ecosystem.starts_with("Maven:")
    }
}

impl Affected {
    fn urgency(&self) -> Option<&str> {
        let of = |value: &Value| value.get("urgency").and_then(Value::as_str).map(str::len);
        let specific =
            if of(&self.ecosystem_specific).is_some() { &self.ecosystem_specific } else { &self.database_specific };
        specific.get("urgency").and_then(Value::as_str)
    }

    fn statement(&self, query: &Query) -> Statement {
        let ranges: Vec<_> = self.ranges.iter().filter_map(|range| range.statement(query)).collect();
        let is_listed = self.versions.contains(&query.version);
        let fixed =
            ranges.iter().filter(|(is_affected, _)| *is_affected || is_listed).filter_map(|(_, fixed)| fixed.clone());
        Statement {
            is_affected: is_listed || ranges.iter().any(|(is_affected, _)| *is_affected),
            fixed: earliest(query.scheme, fixed),
            is_unimportant: self.urgency() == Some("unimportant"),
        }
    }
}

impl Range {
    /// Whether the version is in the range, and the first one after it that mends it. `None` for ranges of commits, and
    /// for versions that can't be compared.
    fn statement(&self, query: &Query) -> Option<(bool, Option<String>)> {
        if self.kind == "GIT" {
            return None;
        }
        let compare = |version: &str| match version {
            "0" => Some(Ordering::Less),
            version => query.scheme.compare(version, &query.version),
        };
        let (mut started, mut ended) = (None::<&str>, None::<&str>);
        let mut fixed = Vec::new();
        for event in &self.events {
            match event {
                Event::Introduced(version) if compare(version)?.is_le() => {
                    started = Some(later(query.scheme, started, version));
                }
                Event::Fixed(version) if compare(version)?.is_le() => ended = Some(later(query.scheme, ended, version)),
                Event::Fixed(version) => fixed.push(version.to_owned()),
                Event::LastAffected(version) if compare(version)?.is_lt() => {
                    ended = Some(later(query.scheme, ended, version));
                }
                _ => {}
            }
        }
        // A range may begin again after it ended.
        let is_affected =
            started.is_some_and(|start| ended.is_none_or(|end| order_events(query.scheme, start, end).is_gt()));
        Some((is_affected, earliest(query.scheme, fixed)))
    }
}

fn order_events(scheme: Scheme, left: &str, right: &str) -> Ordering {
    match (left, right) {
        ("0", "0") => Ordering::Equal,
        ("0", _) => Ordering::Less,
        (_, "0") => Ordering::Greater,
        (left, right) => scheme.compare(left, right).unwrap_or(Ordering::Equal),
    }
}

fn later<'a>(scheme: Scheme, known: Option<&'a str>, version: &'a str) -> &'a str {
    known.filter(|known| order_events(scheme, known, version).is_ge()).unwrap_or(version)
}

fn earliest(scheme: Scheme, versions: impl IntoIterator<Item = String>) -> Option<String> {
    versions.into_iter().reduce(|one, other| match scheme.compare(&one, &other) {
        Some(Ordering::Greater) => other,
        _ => one,
    })
}

#[cfg(test)]
mod tests;

//! Semantic versions.
//!
//! Invariant: ordered as semver.org says; what follows a `+` has no weight.

use std::cmp::Ordering;
use std::fmt;

use super::super::value::Val;
use super::super::{Outcome, error};

/// A version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Semver {
    numbers: [u64; 3],
    before: Vec<String>,
}

pub(super) fn call(name: &str, values: &[Val]) -> Option<Outcome> {
    let read = |text: &str, is_normalised| {
        let version = parse(text, is_normalised);
        version.map_or_else(|| error(format!("{text:?} is no version")), |version| Ok(Val::Semver(version.into())))
    };
    let number = |version: &Semver, at: usize| {
        let number = version.numbers.get(at).copied().unwrap_or_default();
        Ok(Val::Int(i64::try_from(number).unwrap_or(i64::MAX)))
    };
    Some(match (name, values) {
        ("semver", [Val::String(text)]) => read(text, false),
        ("semver", [Val::String(text), Val::Bool(is_normalised)]) => read(text, *is_normalised),
        ("isSemver", [Val::String(text)]) => Ok(Val::Bool(parse(text, false).is_some())),
        ("isSemver", [Val::String(text), Val::Bool(is_normalised)]) => {
            Ok(Val::Bool(parse(text, *is_normalised).is_some()))
        }
        ("major", [Val::Semver(version)]) => number(version, 0),
        ("minor", [Val::Semver(version)]) => number(version, 1),
        ("patch", [Val::Semver(version)]) => number(version, 2),
        ("isGreaterThan", [Val::Semver(one), Val::Semver(other)]) => Ok(Val::Bool(one.order(other).is_gt())),
        ("isLessThan", [Val::Semver(one), Val::Semver(other)]) => Ok(Val::Bool(one.order(other).is_lt())),
        ("compareTo", [Val::Semver(one), Val::Semver(other)]) => Ok(Val::Int(one.order(other) as i64)),
        _ => return None,
    })
}

/// Reads a version; normalised, a `v`, leading zeros and absent parts are allowed.
fn parse(text: &str, is_normalised: bool) -> Option<Semver> {
    let text = if is_normalised { text.strip_prefix('v').unwrap_or(text) } else { text };
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, before) = text.split_once('-').map_or((text, None), |(core, before)| (core, Some(before)));
    let identifiers = |part: &str| -> Option<Vec<String>> {
        let is_good =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        part.split('.').map(|word| is_good(word).then(|| word.to_owned())).collect()
    };
    let mut numbers: Vec<u64> = Vec::new();
    for part in core.split('.') {
        let is_plain = part == "0" || !part.starts_with('0') || is_normalised;
        numbers.push(part.parse().ok().filter(|_| is_plain && part.bytes().all(|byte| byte.is_ascii_digit()))?);
    }
    while is_normalised && numbers.len() < 3 {
        numbers.push(0);
    }
    let before = before.map_or(Some(Vec::new()), identifiers)?;
    build.map_or(Some(Vec::new()), identifiers)?;
    Some(Semver { numbers: numbers.try_into().ok()?, before })
}

impl Semver {
    /// Which of two versions is older.
    pub fn order(&self, other: &Self) -> Ordering {
        let part = |one: &String, other: &String| match (one.parse::<u64>(), other.parse::<u64>()) {
            (Ok(one), Ok(other)) => one.cmp(&other),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => one.cmp(other),
        };
        self.numbers.cmp(&other.numbers).then_with(|| match (self.before.is_empty(), other.before.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let parts = self.before.iter().zip(&other.before).map(|(one, other)| part(one, other));
                let first = parts.into_iter().find(|order| order.is_ne());
                first.unwrap_or_else(|| self.before.len().cmp(&other.before.len()))
            }
        })
    }
}

impl fmt::Display for Semver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(formatter, "{major}.{minor}.{patch}")?;
        if self.before.is_empty() { Ok(()) } else { write!(formatter, "-{}", self.before.join(".")) }
    }
}

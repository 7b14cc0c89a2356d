//! `digits{.digits}…[letter]{_suffix[digits]}…[~hash][-rdigits]`.
//!
//! # Source
//! apk-package(5), "Package version"; apk-tools' version.c for the order of what one version has and the other lacks.

use std::cmp::Ordering;

use super::{compare_digits, split_digits};

/// What comes before a release, oldest first.
const BEFORE: [&str; 4] = ["alpha", "beta", "pre", "rc"];
/// What comes after it.
const AFTER: [&str; 5] = ["cvs", "svn", "git", "hg", "p"];

/// A part of a version. Where two versions part ways, the one whose part has the earlier kind is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    First(&'a str),
    Number(&'a str),
    Letter(char),
    Suffix(isize),
    SuffixNumber(&'a str),
    Hash(&'a str),
    Revision(&'a str),
    End,
}

/// Orders two versions; `None` when one of them isn't one.
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (parts(left.trim())?, parts(right.trim())?);
    let differ = left.iter().zip(&right).find_map(|(left, right)| Some(order(*left, *right)).filter(|o| o.is_ne()));
    Some(differ.unwrap_or(Ordering::Equal))
}

fn order(left: Part<'_>, right: Part<'_>) -> Ordering {
    match (left, right) {
        // A part that begins with 0 is read as what stands behind a decimal point.
        (Part::Number(left), Part::Number(right)) if left.starts_with('0') || right.starts_with('0') => left.cmp(right),
        (Part::First(left), Part::First(right))
        | (Part::Number(left), Part::Number(right))
        | (Part::SuffixNumber(left), Part::SuffixNumber(right))
        | (Part::Revision(left), Part::Revision(right)) => compare_digits(left, right),
        (Part::Letter(left), Part::Letter(right)) => left.cmp(&right),
        (Part::Suffix(left), Part::Suffix(right)) => left.cmp(&right),
        (Part::Hash(left), Part::Hash(right)) => left.cmp(right),
        (Part::Suffix(left), _) if left < 0 => Ordering::Less,
        (_, Part::Suffix(right)) if right < 0 => Ordering::Greater,
        (left, right) => right.kind().cmp(&left.kind()),
    }
}

impl Part<'_> {
    fn kind(self) -> u8 {
        match self {
            Self::First(_) => 0,
            Self::Number(_) => 1,
            Self::Letter(_) => 2,
            Self::Suffix(_) => 3,
            Self::SuffixNumber(_) => 4,
            Self::Hash(_) => 5,
            Self::Revision(_) => 6,
            Self::End => 7,
        }
    }
}

fn parts(version: &str) -> Option<Vec<Part<'_>>> {
    let (first, mut rest) = split_digits(version);
    let mut parts = vec![Part::First(Some(first).filter(|digits| !digits.is_empty())?)];
    while let Some(after) = rest.strip_prefix('.') {
        let (digits, after) = split_digits(after);
        parts.push(Part::Number(Some(digits).filter(|digits| !digits.is_empty())?));
        rest = after;
    }
    if let Some(letter) = rest.chars().next().filter(char::is_ascii_lowercase) {
        parts.push(Part::Letter(letter));
        rest = rest.get(1..)?;
    }
    while let Some(after) = rest.strip_prefix('_') {
        let end = after.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        parts.push(Part::Suffix(suffix(name)?));
        let (digits, after) = split_digits(after);
        if !digits.is_empty() {
            parts.push(Part::SuffixNumber(digits));
        }
        rest = after;
    }
    if let Some(after) = rest.strip_prefix('~') {
        let end = after.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(after.len());
        let (hash, after) = after.split_at(end);
        parts.push(Part::Hash(hash));
        rest = after;
    }
    if let Some(after) = rest.strip_prefix("-r") {
        let (digits, after) = split_digits(after);
        parts.push(Part::Revision(digits));
        rest = after;
    }
    parts.push(Part::End);
    rest.is_empty().then_some(parts)
}

fn suffix(name: &str) -> Option<isize> {
    let place = |names: &[&str]| names.iter().position(|known| *known == name).and_then(|at| isize::try_from(at).ok());
    place(&BEFORE).map(|at| at - 4).or_else(|| place(&AFTER).map(|at| at + 1))
}

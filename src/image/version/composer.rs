//! Versions of PHP packages: numbers and words, of which some come before a release and some after.
//!
//! # Source
//! PHP's `version_compare`; Composer's "Versions and constraints".

use std::cmp::Ordering;

use super::{compare_digits, split_digits};

/// Orders two versions: `dev < alpha < beta < RC < the release < patch`.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (parts(left), parts(right));
    for index in 0..left.len().max(right.len()) {
        let order = match (left.get(index), right.get(index)) {
            (Some(left), Some(right)) if rank(left) == NUMBER && rank(right) == NUMBER => compare_digits(left, right),
            (left, right) => {
                let rank_of = |part: Option<&String>| part.map_or(RELEASE, |part| rank(part));
                rank_of(left).cmp(&rank_of(right))
            }
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Numbers that every version has, once Composer has read it.
const NUMBERS: usize = 4;

const RELEASE: u8 = 5;
const NUMBER: u8 = 6;

fn rank(part: &str) -> u8 {
    match part {
        "dev" => 1,
        "alpha" | "a" => 2,
        "beta" | "b" => 3,
        "rc" | "c" => 4,
        "stable" => RELEASE,
        "patch" | "pl" | "p" => 7,
        part if part.starts_with(|letter: char| letter.is_ascii_digit()) => NUMBER,
        _ => 0,
    }
}

/// Runs of digits and of letters, in lower case; what is behind a `+` says nothing.
fn parts(version: &str) -> Vec<String> {
    let version = version.trim().to_ascii_lowercase();
    let version = version.strip_prefix('v').unwrap_or(&version).split('+').next().unwrap_or_default();
    let mut parts = Vec::new();
    for part in version.split(['.', '-', '_']) {
        let mut rest = part;
        while !rest.is_empty() {
            let (digits, after) = split_digits(rest);
            let end = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
            let (text, after) = if digits.is_empty() { after.split_at(end) } else { (digits, after) };
            parts.push(text.to_owned());
            rest = after;
        }
    }
    let numbers = parts.iter().take_while(|part| rank(part) == NUMBER).count();
    let missing = NUMBERS.saturating_sub(numbers);
    parts.splice(numbers..numbers, std::iter::repeat_n("0".to_owned(), missing));
    parts
}

//! Maven's versions: numbers and qualifiers, parted by `.`, `-` and the change between digits and letters.
//!
//! # Source
//! Maven's "Version Order Specification" in the POM reference. Of it, one thing is left out: that a `-` begins a list
//! of its own matters only between versions that mix `.` and `-` at the same place.

use std::cmp::Ordering;

use super::{compare_digits, split_digits};

const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];

/// Orders two versions.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (parts(left), parts(right));
    for index in 0..left.len().max(right.len()) {
        let order = match (left.get(index), right.get(index)) {
            (Some(left), Some(right)) => order(left, right),
            (Some(left), None) => order(left, padding(left)),
            (None, Some(right)) => order(padding(right), right),
            (None, None) => Ordering::Equal,
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// What a version that ends is taken to go on with.
fn padding(other: &str) -> &'static str {
    if is_number(other) { "0" } else { "" }
}

fn is_number(part: &str) -> bool {
    part.starts_with(|letter: char| letter.is_ascii_digit())
}

fn order(left: &str, right: &str) -> Ordering {
    match (is_number(left), is_number(right)) {
        (true, true) => compare_digits(left, right),
        (false, false) => rank(left).cmp(&rank(right)).then_with(|| match rank(left) {
            7 => left.cmp(right),
            _ => Ordering::Equal,
        }),
        (left, right) => left.cmp(&right),
    }
}

/// Unknown qualifiers come after known ones.
fn rank(qualifier: &str) -> usize {
    QUALIFIERS.iter().position(|known| *known == qualifier).unwrap_or(QUALIFIERS.len())
}

fn parts(version: &str) -> Vec<String> {
    let version = version.trim().to_ascii_lowercase();
    let mut parts = Vec::new();
    for part in version.split(['.', '-', '_']) {
        let mut rest = part;
        while !rest.is_empty() {
            let (digits, after) = split_digits(rest);
            let end = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
            let (text, after) = if digits.is_empty() { after.split_at(end) } else { (digits, after) };
            parts.push(known_name(text, !after.is_empty()).to_owned());
            rest = after;
        }
    }
    while parts.last().is_some_and(|part| part.is_empty() || part.bytes().all(|byte| byte == b'0')) {
        parts.pop();
    }
    parts
}

/// Short names stand for long ones when a number follows.
fn known_name(text: &str, before_number: bool) -> &str {
    match text {
        "a" if before_number => "alpha",
        "b" if before_number => "beta",
        "m" if before_number => "milestone",
        "cr" => "rc",
        "ga" | "final" | "release" => "",
        text => text,
    }
}

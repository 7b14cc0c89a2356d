//! Gem versions: parts of digits or letters.
//!
//! # Source
//! `RubyGems`' `Gem::Version`.

use std::cmp::Ordering;

use super::{compare_digits, split_digits};

/// Orders two versions: letters come before numbers, and zeros at the end say nothing.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (parts(left), parts(right));
    for index in 0..left.len().max(right.len()) {
        let part = |parts: &[String]| parts.get(index).cloned().unwrap_or_else(|| "0".into());
        let (left, right) = (part(&left), part(&right));
        let is_number = |part: &str| part.starts_with(|letter: char| letter.is_ascii_digit());
        let order = match (is_number(&left), is_number(&right)) {
            (true, true) => compare_digits(&left, &right),
            (false, false) => left.cmp(&right),
            (left, right) => left.cmp(&right),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// `-` stands for `.pre.`.
fn parts(version: &str) -> Vec<String> {
    let version = version.trim().replace('-', ".pre.");
    let mut parts = Vec::new();
    for part in version.split('.') {
        let mut rest = part;
        while !rest.is_empty() {
            let (digits, after) = split_digits(rest);
            let end = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
            let (text, after) = if digits.is_empty() { after.split_at(end) } else { (digits, after) };
            parts.push(text.to_owned());
            rest = after;
        }
    }
    parts
}

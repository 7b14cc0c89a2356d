//! `[epoch:]version[-release]`.
//!
//! # Source
//! rpm-version(7); rpm's rpmvercmp.

use std::cmp::Ordering;

use super::{compare_digits, split_digits};

/// Orders two versions. A release that one of them lacks says nothing.
pub fn compare(left: &str, right: &str) -> Ordering {
    let ((left_epoch, left), (right_epoch, right)) = (epoch(left), epoch(right));
    let ((left, left_release), (right, right_release)) = (release(left), release(right));
    let releases = left_release.zip(right_release);
    compare_digits(left_epoch, right_epoch)
        .then_with(|| compare_part(left, right))
        .then_with(|| releases.map_or(Ordering::Equal, |(left, right)| compare_part(left, right)))
}

fn epoch(version: &str) -> (&str, &str) {
    version.trim().split_once(':').unwrap_or(("0", version.trim()))
}

fn release(version: &str) -> (&str, Option<&str>) {
    version.rsplit_once('-').map_or((version, None), |(version, release)| (version, Some(release)))
}

fn compare_part(mut left: &str, mut right: &str) -> Ordering {
    loop {
        let is_separator = |letter: char| !letter.is_ascii_alphanumeric() && letter != '~' && letter != '^';
        (left, right) = (left.trim_start_matches(is_separator), right.trim_start_matches(is_separator));
        // `~` is older than nothing, `^` is newer than nothing and older than anything else.
        for (mark, alone) in [('~', Ordering::Less), ('^', Ordering::Greater)] {
            let (left_rest, right_rest) = (left.strip_prefix(mark), right.strip_prefix(mark));
            match (left_rest, right_rest) {
                (Some(left_rest), Some(right_rest)) => return compare_part(left_rest, right_rest),
                (Some(_), None) if mark == '^' && !right.is_empty() => return Ordering::Less,
                (None, Some(_)) if mark == '^' && !left.is_empty() => return Ordering::Greater,
                (Some(_), None) => return alone,
                (None, Some(_)) => return alone.reverse(),
                (None, None) => {}
            }
        }
        if left.is_empty() || right.is_empty() {
            return left.len().cmp(&right.len());
        }
        let (left_digits, left_rest) = split_digits(left);
        let (right_digits, right_rest) = split_digits(right);
        let order = match (left_digits.is_empty(), right_digits.is_empty()) {
            // Numbers are newer than letters.
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {
                (left, right) = (left_rest, right_rest);
                compare_digits(left_digits, right_digits)
            }
            (true, true) => {
                let (left_letters, left_rest) = split_letters(left);
                let (right_letters, right_rest) = split_letters(right);
                (left, right) = (left_rest, right_rest);
                left_letters.cmp(right_letters)
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn split_letters(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(text.len());
    text.split_at(end)
}

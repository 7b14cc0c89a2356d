//! `[epoch:]upstream[-revision]`.
//!
//! # Source
//! deb-version(7), "Sorting algorithm".

use std::cmp::Ordering;

use super::{compare_digits, split_digits};

/// Orders two versions.
pub fn compare(left: &str, right: &str) -> Ordering {
    let ((left_epoch, left), (right_epoch, right)) = (epoch(left), epoch(right));
    let ((left, left_revision), (right, right_revision)) = (revision(left), revision(right));
    compare_digits(left_epoch, right_epoch)
        .then_with(|| compare_part(left, right))
        .then_with(|| compare_part(left_revision, right_revision))
}

fn epoch(version: &str) -> (&str, &str) {
    version.trim().split_once(':').unwrap_or(("0", version.trim()))
}

fn revision(version: &str) -> (&str, &str) {
    version.rsplit_once('-').unwrap_or((version, "0"))
}

fn compare_part(mut left: &str, mut right: &str) -> Ordering {
    loop {
        let (left_text, left_rest) = split_text(left);
        let (right_text, right_rest) = split_text(right);
        let (left_digits, left_rest) = split_digits(left_rest);
        let (right_digits, right_rest) = split_digits(right_rest);
        let order = compare_text(left_text, right_text).then_with(|| compare_digits(left_digits, right_digits));
        if order.is_ne() || (left_rest.is_empty() && right_rest.is_empty()) {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
}

fn split_text(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| letter.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// Letters come before other characters, and `~` before everything, the end of the text too.
fn compare_text(left: &str, right: &str) -> Ordering {
    let weight = |letter: Option<char>| match letter {
        Some('~') => -1,
        None => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i64::from(u32::from(letter)),
        Some(letter) => i64::from(u32::from(letter)) + 0x11_0000,
    };
    let (mut left, mut right) = (left.chars(), right.chars());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) if weight(left) != weight(right) => return weight(left).cmp(&weight(right)),
            _ => {}
        }
    }
}

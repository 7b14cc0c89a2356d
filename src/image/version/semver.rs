//! `[v]number{.number}…[-pre][+build]`: semantic versions, and those that leave out trailing numbers.
//!
//! # Source
//! Semantic Versioning 2.0.0, 11.

use std::cmp::Ordering;

use super::compare_digits;

/// Orders two versions; `None` when one of them doesn't begin with a number.
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    let ((left, left_pre), (right, right_pre)) = (split(left)?, split(right)?);
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let (left, right) = (left.next(), right.next());
        if left.is_none() && right.is_none() {
            return Some(compare_pre(left_pre, right_pre));
        }
        let order = compare_digits(left.unwrap_or("0"), right.unwrap_or("0"));
        if order.is_ne() {
            return Some(order);
        }
    }
}

fn split(version: &str) -> Option<(&str, Option<&str>)> {
    let version = version.trim().trim_start_matches(['v', 'V', '=']);
    let version = version.split('+').next().unwrap_or_default();
    let (numbers, pre) = version.split_once('-').map_or((version, None), |(numbers, pre)| (numbers, Some(pre)));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    numbers.split('.').all(is_number).then_some((numbers, pre))
}

fn compare_pre(left: Option<&str>, right: Option<&str>) -> Ordering {
    let (mut left, mut right) = match (left, right) {
        (Some(left), Some(right)) => (left.split('.'), right.split('.')),
        (left, right) => return left.is_none().cmp(&right.is_none()),
    };
    loop {
        let (left, right) = match (left.next(), right.next()) {
            (Some(left), Some(right)) => (left, right),
            (left, right) => return left.is_some().cmp(&right.is_some()),
        };
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let order = match (is_number(left), is_number(right)) {
            (true, true) => compare_digits(left, right),
            (false, false) => left.cmp(right),
            (left, right) => right.cmp(&left),
        };
        if order.is_ne() {
            return order;
        }
    }
}

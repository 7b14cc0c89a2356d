//! Versions, compared as each ecosystem compares them.
//!
//! Invariant: comparing is total for every text that an installed package may have; a text that is no version of its
//! scheme gives `None`, never a guess.

mod apk;
mod composer;
mod debian;
mod gem;
mod maven;
mod rpm;
mod semver;

use std::cmp::Ordering;
use std::str::FromStr;

/// How versions of an ecosystem are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// deb-version(7).
    Debian,
    /// apk-tools.
    Apk,
    /// rpmvercmp, with epoch and release.
    Rpm,
    /// PEP 440.
    Python,
    /// Semantic versions, as npm, Go and crates have them.
    Semantic,
    /// Gem versions.
    Gem,
    /// Maven's.
    Maven,
    /// PHP's, as Composer has them.
    Composer,
}

impl Scheme {
    /// How `left` and `right` are ordered; `None` when one of them is no version.
    pub fn compare(self, left: &str, right: &str) -> Option<Ordering> {
        match self {
            Self::Debian => Some(debian::compare(left, right)),
            Self::Apk => apk::compare(left, right),
            Self::Rpm => Some(rpm::compare(left, right)),
            Self::Python => {
                let parse = |text: &str| pep440_rs::Version::from_str(text).ok();
                Some(parse(left)?.cmp(&parse(right)?))
            }
            Self::Semantic => semver::compare(left, right),
            Self::Gem => Some(gem::compare(left, right)),
            Self::Maven => Some(maven::compare(left, right)),
            Self::Composer => Some(composer::compare(left, right)),
        }
    }
}

/// Compares numbers written in digits, of any length.
fn compare_digits(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// Splits off the digits that `text` begins with.
fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests;

//! Newer images of the same line: the same variant, and the same version but for its last part.
//!
//! Invariant: a tag is only ever set beside tags that differ from it in one number.

/// A newer image of the same line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newer {
    /// Its reference.
    pub image: String,
    /// Whether it is one of the image that the scanned one is built on.
    pub is_base: bool,
    /// How many of the fixable vulnerabilities it has too.
    pub left: usize,
    /// How many fixable vulnerabilities there are now.
    pub of: usize,
}

/// The longest number of a version, in digits: longer ones are no versions.
const MAX_DIGITS: usize = 14;
/// From so many digits on a number is a day, and a tag of a day is never the name of a line.
const DAY_DIGITS: usize = 6;

/// A tag in parts: `bookworm-20240101-slim` is `bookworm-`, 20240101, `-slim`.
#[derive(Debug, PartialEq, Eq)]
struct Version<'a> {
    before: &'a str,
    numbers: Vec<u64>,
    after: &'a str,
    is_day: bool,
}

impl<'a> Version<'a> {
    fn parse(tag: &'a str) -> Option<Self> {
        let start = tag.find(|letter: char| letter.is_ascii_digit())?;
        let (before, rest) = tag.split_at(start);
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let (version, after) = rest.split_at(end);
        let number = |part: &str| (part.len() <= MAX_DIGITS).then(|| part.parse::<u64>().ok()).flatten();
        let numbers = version.split('.').map(number).collect::<Option<Vec<_>>>()?;
        let is_day = numbers.len() == 1 && version.len() >= DAY_DIGITS;
        Some(Self { before, numbers, after, is_day })
    }

    /// Whether the tag names a line itself, so that it moves when the line goes on: `12`, `bookworm-slim`.
    fn is_line(&self) -> bool {
        self.numbers.len() == 1 && !self.is_day
    }

    fn is_of_line(&self, other: &Self) -> bool {
        let line = |version: &Self| version.numbers.split_last().map(|(_, line)| line.to_vec());
        self.before == other.before
            && self.after == other.after
            && self.numbers.len() == other.numbers.len()
            && self.is_day == other.is_day
            && line(self) == line(other)
    }
}

/// Whether the tag itself moves when its line goes on, so that no other tag is newer.
pub fn is_line(tag: &str) -> bool {
    Version::parse(tag).is_none_or(|version| version.is_line())
}

/// The newest of `tags` that is of the same line as `tag` and newer.
pub fn newest<'t>(tag: &str, tags: &'t [String]) -> Option<&'t str> {
    let own = Version::parse(tag).filter(|version| !version.is_line())?;
    let of_line = tags.iter().filter_map(|tag| {
        let version = Version::parse(tag)?;
        (own.is_of_line(&version) && version.numbers > own.numbers).then_some((version.numbers, tag.as_str()))
    });
    of_line.max().map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tag: &str, tags: &[&str], expected: Option<&str>) {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        assert_eq!(newest(tag, &tags), expected, "{tag} among {tags:?}");
    }

    #[test]
    fn the_newest_of_the_same_line_and_variant() {
        let python = ["3.12.1", "3.12.9", "3.12.10", "3.12.11-slim", "3.12.12rc1", "3.13.0", "3.12", "latest"];
        check("3.12.1", &python, Some("3.12.10"));
        check("3.12.1-slim", &python, Some("3.12.11-slim"));
        check("3.12.10", &python, None);
        check("1.25", &["1.27", "1.27.3", "2.0", "1.26"], Some("1.27"));
        check("v1.2.3", &["1.2.9", "v1.2.4"], Some("v1.2.4"));
        check(
            "bookworm-20240101-slim",
            &["bookworm-20240301-slim", "bookworm-20240401", "trixie-20240501-slim"],
            Some("bookworm-20240301-slim"),
        );
        check("20240101", &["20240301", "12"], Some("20240301"));
    }

    #[test]
    fn a_tag_that_names_a_line_has_no_newer_tag() {
        for tag in ["12", "bookworm-slim", "latest", "20-alpine"] {
            check(tag, &["13", "21-alpine", "trixie-slim"], None);
            assert!(is_line(tag), "{tag}");
        }
        assert!(!is_line("3.12.1") && !is_line("20240101"));
        check("3.12.99999999999999999999", &["3.12.1"], None);
    }
}

//! What has to stand after a keyword, which a look tells before a pattern is searched: a short keyword is in many words.
//!
//! Invariant: a look reads no more than its bound, however long a line is.

use serde::Deserialize;

/// What has to stand after a keyword; a look at it costs far less than a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "AfterFields")]
pub enum After {
    /// Anything.
    #[default]
    Anything,
    /// At once, at least so many letters, digits and `_`, `-`, `.`, `+`, `/`.
    Run(usize),
    /// That ASCII character, in the same line.
    Line(char),
}

/// As a policy file writes it: `{run: 16}` or `{line: '@'}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AfterFields {
    run: Option<usize>,
    line: Option<char>,
}

impl TryFrom<AfterFields> for After {
    type Error = &'static str;

    fn try_from(fields: AfterFields) -> Result<Self, Self::Error> {
        match (fields.run, fields.line) {
            (Some(length), None) => Ok(Self::Run(length)),
            (None, Some(wanted)) if wanted.is_ascii() => Ok(Self::Line(wanted)),
            _ => Err("`after` needs `run`, a number, or `line`, an ASCII character"),
        }
    }
}

impl After {
    /// How far a line is read.
    const MAX_LINE_BYTES: usize = 2048;

    /// Whether it stands in `text` from `position` on.
    pub fn stands(self, text: &str, position: usize) -> bool {
        let rest = text.as_bytes().get(position..).unwrap_or_default();
        match self {
            Self::Anything => true,
            Self::Run(length) => {
                let is_part =
                    |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/');
                rest.get(..length).is_some_and(|run| run.iter().all(is_part))
            }
            Self::Line(wanted) => {
                let near = rest.get(..Self::MAX_LINE_BYTES).unwrap_or(rest);
                let end = memchr::memchr(b'\n', near);
                let line = end.map_or(near, |end| near.get(..end).unwrap_or_default());
                let is_cut = end.is_none() && near.len() < rest.len();
                is_cut || u8::try_from(wanted).is_ok_and(|wanted| memchr::memchr(wanted, line).is_some())
            }
        }
    }

    /// As `build.rs` writes it: nothing, a number, or the character.
    pub(super) fn written(text: &str) -> Self {
        match (text.parse(), text.chars().next()) {
            (Ok(length), _) => Self::Run(length),
            (Err(_), Some(wanted)) => Self::Line(wanted),
            (Err(_), None) => Self::Anything,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_to_stand_after_a_keyword_is_looked_at_before_the_pattern() {
        let stands = |after: &str, text: &str| serde_yaml::from_str::<After>(after).unwrap().stands(text, 3);
        for (after, text, expected) in [
            ("{run: 4}", "patABC.", true),
            ("{run: 4}", "pathABC", true),
            ("{run: 4}", "path: /", false),
            ("{run: 4}", "patABC", false),
            ("{run: 4}", "pat", false),
            ("{line: '@'}", "://a:b@c", true),
            ("{line: '@'}", "://a:b\n@c", false),
            ("{line: '@'}", "://", false),
        ] {
            assert_eq!(stands(after, text), expected, "{after} {text}");
        }
        assert!(stands("{line: '@'}", &format!("://{}@", "a".repeat(5_000))), "a long line is searched");
        assert!(After::default().stands("pat", 3));
        for wrong in ["{run: 4, line: '@'}", "{}", "{line: ä}", "{walk: 3}"] {
            assert!(serde_yaml::from_str::<After>(wrong).is_err(), "{wrong}");
        }
    }
}

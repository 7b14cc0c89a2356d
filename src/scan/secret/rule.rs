//! What a secret policy says beyond title and texts: the `detect` list of its file.
//!
//! Invariant: a detector without a keyword can't be loaded, so text without keywords is never searched by a regex.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

pub use super::after::After;
use super::checksum::Checksum;
pub use super::pair::PairKind;
use crate::scan::finding::Severity;

/// Largest compiled size of one pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1024 * 1024;

/// Largest compiled size of one pattern of a team, in bytes: at worst a regular expression costs its size for every
/// byte that it reads.
const MAX_TEAM_PATTERN_BYTES: usize = 128 * 1024;
/// Most forms of one secret policy.
const MAX_FORMS: usize = 100;
/// Most keywords of one form.
const MAX_KEYWORDS: usize = 100;

/// What `{start}` stands for in a pattern: no word character before it, or a line break written out.
const START: &str = r"(?:\b|\\[nrt])";
/// What `{assign}` stands for in a pattern: all that may stand between the name of a key and its value, in the formats
/// that configuration has: `NAME=`, `"name": "`, `name => '`, `<name>`, `--name `, a block scalar, and the pair of
/// `name: NAME` and `value:` in the next line or attribute.
const ASSIGN: &str = concat!(
    r#"["'`\])\\]{0,3}"#,
    r"(?:[ \t]*(?:=>|:=|\?=|[:=])[ \t]*(?:[|>][+-]?[ \t]*\r?\n[ \t]*)?|[ \t]+|>",
    r#"|[\s,]{0,80}["'\\]{0,2}(?i:value)["'\\]{0,2}[ \t]*[:=][ \t]*)"#,
    r#"["'`\\]{0,3}"#,
);

/// The part of a policy file that makes it a secret policy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRule {
    /// The forms of the secret that a pattern finds, most specific first.
    #[serde(default)]
    pub detect: Vec<DetectorRule>,
    /// The kinds of secret that are known by the name of a setting, and what a finding calls them.
    #[serde(default)]
    pub pairs: Vec<PairRule>,
    /// Whether a finding of another secret policy at the same place takes this one's.
    #[serde(default)]
    pub yields: bool,
}

/// One kind of secret that is known by the name of a setting.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairRule {
    /// What the finding calls it, such as `password`.
    pub name: String,
    /// The kind.
    pub kind: PairKind,
    /// The severity of this kind, when it is not the policy's.
    pub severity: Option<Severity>,
    /// The severity of a value that is a well-known default.
    pub weaker: Option<Severity>,
}

/// One form of a secret.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorRule {
    /// What the finding calls it, such as `GitHub personal access token`.
    pub name: String,
    /// Texts of three or more ASCII characters, in any case, one of which stands in or near every match.
    pub keywords: Vec<String>,
    /// What has to stand after a keyword for the pattern to be looked for there: a short keyword is in many words.
    #[serde(default)]
    pub after: After,
    /// An ASCII regular expression. The group `secret`, or else the whole match, is the value. `{start}` stands for the
    /// place where a token may begin, `{assign}` for what stands between a key's name and its value.
    pub pattern: String,
    /// What every token begins with and may be shown, such as `ghp_`.
    #[serde(default)]
    pub prefix: String,
    /// Least Shannon entropy of the value after its prefix, in bits per byte.
    pub min_entropy: Option<f64>,
    /// A checksum without which the value is a dummy.
    pub checksum: Option<Checksum>,
    /// A further step that decides about a match.
    pub judge: Option<Judge>,
    /// What the payload of a JSON web token must say, for `judge: jwt`: claims with their texts, `*` for any.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
    /// The severity of this form, when it is not the policy's.
    pub severity: Option<Severity>,
    /// The severity of a value that is encrypted or a well-known default.
    pub weaker: Option<Severity>,
}

/// A judging step that is code; policy files name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judge {
    /// Follows a PEM block to its end; tells encrypted keys and empty bodies apart.
    Pem,
    /// Needs `service_account` near a PEM block.
    GoogleServiceAccount,
    /// The match is an AWS access key id; the secret is a 40-character value within five lines.
    AwsPair,
    /// The value is a password inside a URL; tells references, placeholders and defaults apart.
    UrlPassword,
    /// The match is a JSON web token: its header and claims are read; samples and public ones are silence.
    Jwt,
    /// The value is base64 of `user:password`.
    BasicAuth,
    /// The value is base64 of a password.
    Base64Text,
}

/// Why a detector can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DetectorError {
    /// The detector has no keyword, or one that is too short or not ASCII.
    #[error("detector \"{name}\" needs keywords of at least 3 ASCII characters")]
    Keyword {
        /// The detector.
        name: String,
    },
    /// There are more forms or keywords than any secret needs.
    #[error("{what} \"{name}\" has more than {max}")]
    Many {
        /// What there are too many of.
        what: &'static str,
        /// Where.
        name: String,
        /// The bound.
        max: usize,
    },
    /// The pattern does not compile.
    #[error("read the pattern of detector \"{name}\"")]
    Pattern {
        /// The detector.
        name: String,
        /// The reason.
        source: Box<regex::Error>,
    },
    /// The pattern is so large that hostile text could make it slow.
    #[error(
        "the pattern of detector \"{name}\" takes more than {max_bytes} bytes when compiled, so hostile text could make \
         it slow: write smaller counts, such as {{40,}} in place of {{40,4000}}"
    )]
    Large {
        /// The detector.
        name: String,
        /// The bound.
        max_bytes: usize,
    },
    /// The pattern matches the empty text, hence everywhere.
    #[error("the pattern of detector \"{name}\" matches the empty text, hence everywhere")]
    Empty {
        /// The detector.
        name: String,
    },
    /// The least entropy is one that no text has.
    #[error("min_entropy of detector \"{name}\" must be from 0 to 8 bits per byte")]
    Entropy {
        /// The detector.
        name: String,
    },
}

impl SecretRule {
    /// Checks every detector, for policies that are not built in.
    ///
    /// # Errors
    /// The first detector that can't be used.
    pub fn check(&self) -> Result<(), DetectorError> {
        if self.detect.len() > MAX_FORMS {
            return Err(DetectorError::Many { what: "the list", name: "detect".to_owned(), max: MAX_FORMS });
        }
        self.detect.iter().try_for_each(|form| form.check(MAX_TEAM_PATTERN_BYTES))
    }
}

impl DetectorRule {
    fn check(&self, max_bytes: usize) -> Result<(), DetectorError> {
        let name = || self.name.clone();
        let usable = |keyword: &String| keyword.len() >= 3 && keyword.is_ascii();
        if self.keywords.is_empty() || !self.keywords.iter().all(usable) {
            return Err(DetectorError::Keyword { name: name() });
        }
        if self.keywords.len() > MAX_KEYWORDS {
            return Err(DetectorError::Many { what: "the list of keywords of", name: name(), max: MAX_KEYWORDS });
        }
        if self.min_entropy.is_some_and(|least| !(0.0..=8.0).contains(&least)) {
            return Err(DetectorError::Entropy { name: name() });
        }
        match self.compile_within(max_bytes) {
            Ok(pattern) if pattern.is_match(b"") => Err(DetectorError::Empty { name: name() }),
            Ok(_) => Ok(()),
            Err(regex::Error::CompiledTooBig(_)) => Err(DetectorError::Large { name: name(), max_bytes }),
            Err(source) => Err(DetectorError::Pattern { name: name(), source: Box::new(source) }),
        }
    }

    /// Compiles the pattern: bytes, ASCII classes, bounded size, so that it runs in linear time.
    pub(super) fn compile(&self) -> Result<Regex, regex::Error> {
        self.compile_within(MAX_PATTERN_BYTES)
    }

    fn compile_within(&self, max_bytes: usize) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.expanded()).unicode(false).size_limit(max_bytes).build()
    }

    /// The pattern with `{start}` and `{assign}` written out.
    fn expanded(&self) -> Cow<'_, str> {
        if !self.pattern.contains("{start}") && !self.pattern.contains("{assign}") {
            return Cow::Borrowed(&self.pattern);
        }
        Cow::Owned(self.pattern.replace("{start}", START).replace("{assign}", ASSIGN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keyword: &str, pattern: &str, expected: &str) {
        let yaml = format!("detect: [{{name: n, keywords: [\"{keyword}\"], pattern: '{pattern}'}}]");
        let rule: SecretRule = serde_yaml::from_str(&yaml).unwrap();
        assert_eq!(rule.check().map_err(|error| error.to_string()).err().unwrap_or_default(), expected);
    }

    #[test]
    fn a_key_is_assigned_its_value_in_every_format() {
        let yaml = r"{name: n, keywords: [key], pattern: '(?i:api[_-]?key){assign}(?P<secret>[0-9]{4})\b'}";
        let rule: DetectorRule = serde_yaml::from_str(yaml).unwrap();
        let pattern = rule.compile().unwrap();
        for text in [
            "API_KEY=1234",
            "apiKey: 1234",
            "apiKey: \"1234\"",
            "\"api_key\": \"1234\"",
            "\\\"api_key\\\": \\\"1234\\\"",
            "--api-key 1234",
            "--api-key=1234",
            "ENV API_KEY 1234",
            "config['api_key'] = '1234'",
            "api_key => '1234'",
            "api_key := \"1234\"",
            "<apiKey>1234</apiKey>",
            "<add key=\"ApiKey\" value=\"1234\" />",
            "- name: API_KEY\n  value: 1234",
            "{\"name\": \"API_KEY\", \"value\": \"1234\"}",
            "name  = \"API_KEY\"\n    value = \"1234\"",
            "api_key: |\n    1234",
        ] {
            assert!(pattern.is_match(text.as_bytes()), "{text}");
        }
        for text in ["api_key_id: 1234", "api_key: ${KEY} 1234", "api_keys: 1234", "api_key: 12345", "api_key.1234"] {
            assert!(!pattern.is_match(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn unusable_detectors_are_refused_with_the_reason() {
        check("abc_", "abc_[0-9]{4}", "");
        check("ab", "x", "detector \"n\" needs keywords of at least 3 ASCII characters");
        check("äbc", "x", "detector \"n\" needs keywords of at least 3 ASCII characters");
        check("abc", "a(", "read the pattern of detector \"n\"");
        check(
            "abc",
            "[0-9A-Za-z]{40,4000}",
            "the pattern of detector \"n\" takes more than 131072 bytes when compiled, so hostile text could make it \
             slow: write smaller counts, such as {40,} in place of {40,4000}",
        );
        check("abc", "(?:abc)?", "the pattern of detector \"n\" matches the empty text, hence everywhere");
    }
}

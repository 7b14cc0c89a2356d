//! Judgement of a match: a live secret, a weaker one, or nothing.
//!
//! Invariant: each step looks at a bounded part of the text around the match, or at a list made once per text, so the
//! whole stays linear.

mod aws;
mod encoded;
mod jwt;
mod pem;
mod placeholder;
mod url_password;

use std::cell::OnceCell;

pub(super) use placeholder::is_documented;

use super::decode;
use super::detector::Match;
use super::entropy::shannon_entropy;
use super::pair::Traits;
use super::redacted::Redacted;
use super::rule::{DetectorRule, Judge};
use super::value::{self, Asked, Step};
use crate::scan::span::{LineIndex, Span};

/// A match that is a finding.
#[derive(Debug)]
pub(super) struct Judged {
    /// The place of the value.
    pub span: Span,
    /// The value.
    pub value: Redacted,
    /// The value without its layout, when it has one: what it is known by.
    pub identity: Option<Redacted>,
    /// What the value is.
    pub outcome: Outcome,
    /// More to show, such as `account 1234…12`.
    pub note: Option<String>,
    /// The step that decided, for whoever asks why.
    pub decided_by: &'static str,
}

/// What a value turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Usable as it stands.
    Clear,
    /// Usable with another secret.
    Encrypted,
    /// A password that everybody tries first.
    Default,
    /// A token whose end has passed.
    Expired,
    /// A token that nobody signed.
    Unsigned,
}

/// A text with the lists that some steps need, made when first asked for.
pub(super) struct Scene<'t> {
    /// The text that is searched.
    pub text: &'t str,
    /// The day, written `YYYY-MM-DD`, after which a token has expired.
    pub today: Option<&'t str>,
    /// What kind of file the text is; `None` when it is not known.
    pub traits: Option<Traits>,
    lines: OnceCell<LineIndex>,
    service_accounts: OnceCell<Vec<usize>>,
    aws_secrets: OnceCell<Vec<Span>>,
}

impl<'t> Scene<'t> {
    /// A scene of `text`.
    pub fn new(text: &'t str) -> Self {
        Self {
            text,
            today: None,
            traits: None,
            lines: OnceCell::new(),
            service_accounts: OnceCell::new(),
            aws_secrets: OnceCell::new(),
        }
    }

    /// This scene on a day.
    pub fn on(self, today: Option<&'t str>) -> Self {
        Self { today, ..self }
    }

    /// This scene in a file of this kind.
    pub fn within(self, traits: Option<Traits>) -> Self {
        Self { traits, ..self }
    }

    fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(self.text))
    }

    /// Where `service_account` stands, in order.
    fn service_accounts(&self) -> &[usize] {
        let find = || self.text.match_indices("service_account").map(|(offset, _)| offset).collect();
        self.service_accounts.get_or_init(find)
    }

    /// Values that may be AWS secret access keys, in order.
    fn aws_secrets(&self) -> &[Span] {
        self.aws_secrets.get_or_init(|| aws::secret_candidates(self.text))
    }

    /// Judges a match of `rule`; `None` when it is no secret.
    pub fn judge(&self, rule: &DetectorRule, matched: Match) -> Option<Judged> {
        let value = matched.value.of(self.text);
        if value.is_empty() || !passes(rule, value) {
            return None;
        }
        self.judge_further(rule, matched).map(|judged| Judged { decided_by: decided_by(rule, &judged), ..judged })
    }

    /// The step that only this detector has.
    fn judge_further(&self, rule: &DetectorRule, matched: Match) -> Option<Judged> {
        match rule.judge {
            None if self.is_class(matched.value) => None,
            None => Some(self.clear(matched.value, &rule.prefix)),
            Some(Judge::Pem) => pem::judge(self, matched.value),
            Some(Judge::GoogleServiceAccount) => pem::judge_service_account(self, matched.value),
            Some(Judge::AwsPair) => aws::judge(self, matched.value),
            Some(Judge::UrlPassword) => url_password::judge(self, matched),
            Some(Judge::Jwt) => jwt::judge(self, rule, matched.value),
            Some(Judge::BasicAuth) => encoded::judge_login(self, matched.value),
            Some(Judge::Base64Text) => encoded::judge_text(self, matched.value),
        }
    }

    /// Whether `span` stands in a list of classes of an element: `class="sk-…"`.
    fn is_class(&self, span: Span) -> bool {
        const MAX_BEFORE: usize = 200;
        let floor = self.text.floor_char_boundary(span.start.saturating_sub(MAX_BEFORE));
        let before = self.text.get(floor..span.start).unwrap_or_default();
        let open = before.rfind(['"', '\'']).map(|quote| before.split_at(quote));
        let is_list = |(head, list): (&str, &str)| {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'_');
            list.bytes().skip(1).all(is_part) && (head.ends_with("class=") || head.ends_with("className="))
        };
        open.is_some_and(is_list)
    }

    /// Judges `password`, which stands at `span`: documentation is full of made-up ones, and samples of defaults.
    fn password(&self, span: Span, password: &str, asked: Asked<'_>) -> Option<Judged> {
        let step = value::judge(&decode::unescaped(password), asked);
        let is_strict = self.traits.is_some_and(|traits| traits.is_strict);
        let is_sample = self.traits.is_some_and(|traits| traits.is_sample);
        let outcome = match step {
            Step::Random => Outcome::Clear,
            Step::Human if !is_strict => Outcome::Clear,
            Step::Default if !is_strict && !is_sample => Outcome::Default,
            _ => return None,
        };
        Some(Judged { decided_by: step.name(), ..self.judged(span, "", outcome) })
    }

    fn clear(&self, span: Span, prefix: &str) -> Judged {
        self.judged(span, prefix, Outcome::Clear)
    }

    fn judged(&self, span: Span, prefix: &str, outcome: Outcome) -> Judged {
        Judged {
            span,
            value: Redacted::new(span.of(self.text), prefix),
            identity: None,
            outcome,
            note: None,
            decided_by: "pattern",
        }
    }
}

/// The last step that `rule` asks for; a judge that names its own keeps it.
fn decided_by(rule: &DetectorRule, judged: &Judged) -> &'static str {
    match (rule.judge, rule.checksum, rule.min_entropy) {
        (Some(_), ..) if judged.decided_by != "pattern" => judged.decided_by,
        (Some(_), ..) => "pattern and what stands around it",
        (None, Some(_), _) => "pattern and checksum",
        (None, None, Some(_)) => "pattern and entropy",
        (None, None, None) => "pattern",
    }
}

/// The steps that every detector has: entropy, made-up values, checksum.
fn passes(rule: &DetectorRule, value: &str) -> bool {
    let body = value.strip_prefix(rule.prefix.as_str()).unwrap_or(value);
    if rule.min_entropy.is_some_and(|least| shannon_entropy(body) < least || placeholder::is_made_up(body)) {
        return false;
    }
    let holds = rule.checksum.map_or_else(|| !value::is_dummy_token(value), |checksum| checksum.holds(value));
    holds && !placeholder::is_documented(value)
}

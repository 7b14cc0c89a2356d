//! The forms of the secrets of one policy, which are read when the first keyword of one of them is met.
//!
//! Invariant: the keywords are those of the rule, whether it was read or not.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use super::rule::{After, DetectorRule, PairRule, SecretRule};

type Loader = Box<dyn FnOnce() -> SecretRule + Send + Sync>;

/// What a secret policy looks for. Cloning shares it.
#[derive(Clone)]
pub struct SecretForms {
    rule: Arc<LazyLock<SecretRule, Loader>>,
    /// See [`Self::with_keywords`]; `None` where the rule has to be asked.
    written: Option<&'static str>,
}

impl fmt::Debug for SecretForms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SecretForms").field(self.rule()).finish()
    }
}

impl SecretForms {
    /// The forms of the rule that `load` gives.
    pub fn new(load: impl FnOnce() -> SecretRule + Send + Sync + 'static) -> Self {
        Self { rule: Arc::new(LazyLock::new(Box::new(load))), written: None }
    }

    /// These forms, when there are no pairs beside them, with their keywords, so that they need not be read for those: a
    /// line for each form, with tabs between what has to stand after a keyword and the keywords, in lower case. Nothing
    /// is known of them when there is nothing.
    #[must_use]
    pub fn with_keywords(self, written: &'static str) -> Self {
        Self { written: Some(written).filter(|written| !written.is_empty()), ..self }
    }

    /// The kinds that are known by the name of a setting.
    pub fn pairs(&self) -> &[PairRule] {
        if self.written.is_some() { &[] } else { &self.rule.pairs }
    }

    /// The form at `index`; one that finds nothing when there is none.
    pub fn form(&self, index: usize) -> &DetectorRule {
        static NONE: LazyLock<DetectorRule> = LazyLock::new(DetectorRule::default);
        self.rule.detect.get(index).unwrap_or(&NONE)
    }

    /// The rule, read now if it was not before.
    pub fn rule(&self) -> &SecretRule {
        &self.rule
    }

    /// The keywords of each form, in lower case, with what has to stand after them.
    pub fn keywords(&self) -> Vec<(After, Vec<Cow<'_, str>>)> {
        let known = |line: &'static str| {
            let (after, keywords) = line.split_once('\t').unwrap_or_default();
            (After::written(after), keywords.split('\t').map(Cow::Borrowed).collect())
        };
        let asked = |form: &DetectorRule| {
            let lower = form.keywords.iter().map(|word| Cow::Owned(word.to_ascii_lowercase()));
            (form.after, lower.collect())
        };
        match self.written {
            Some(written) => written.lines().map(known).collect(),
            None => self.rule.detect.iter().map(asked).collect(),
        }
    }
}

//! Policies: judgement as data, one YAML file per rule.
//!
//! Invariant: a policy decides from facts alone. What it can't know is silence, never a finding; what it can't
//! evaluate is a [`Problem`](super::problem::Problem), never a pass.

mod compile;
pub mod condition;
pub mod edit;
pub mod evaluate;
pub mod example;
pub mod fields;
pub mod fix;
pub mod load;
pub mod parameter;
pub mod running;
pub mod set;
pub mod target;
mod template;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::finding::{Category, Severity};
use super::secret::rule::SecretRule;
pub use edit::{EditPart, EditRule};
pub use fields::PolicyError;
use parameter::{Parameter, ParameterValue};
pub use set::PolicySet;
use target::Target;

/// The id of a policy: the path of its file below `policies/`, without the ending, such as
/// `kubernetes/privileged-container`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyId(Cow<'static, str>);

impl PolicyId {
    /// The id written as `id`.
    pub fn new(id: impl Into<String>) -> Self {
        Self(Cow::Owned(id.into()))
    }

    /// The id of a policy that comes with dockgate.
    const fn built_in(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// One rule, as its file says it; [`load`] documents every field.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The path of its file, without the ending.
    pub id: PolicyId,
    /// The file, as errors name it.
    pub file: String,
    /// What is wrong, in a few words, without a full stop.
    pub title: String,
    /// How much it matters, before settings and raises.
    pub severity: Severity,
    /// What it is about.
    pub category: Category,
    /// Whether it runs unless settings say otherwise.
    pub enabled: bool,
    /// Whether it reports only what a change loosens: the base has the same thing without the finding.
    pub only_loosened: bool,
    /// The release that brought it.
    pub since: String,
    /// Which things it judges.
    pub target: Target,
    /// How it decides.
    pub judgement: Judgement,
    /// What a finding says; placeholders are facts.
    pub message: Written,
    /// Why it matters.
    pub why: String,
    /// What an attacker does with it; empty when the file does not say.
    pub attack: String,
    /// How to put it right.
    pub fix: String,
    /// Where to read more.
    pub references: Vec<String>,
    /// The clauses of standards it stands for, such as `pss:baseline`.
    pub standards: Vec<String>,
    /// The names other tools give it: tool, then ids.
    pub aliases: Vec<(String, Vec<String>)>,
    /// What it leaves to its users.
    pub parameters: Vec<Parameter>,
    /// The policies that are silent where this one speaks of the same subject.
    pub supersedes: Vec<PolicyId>,
    /// Whether it comes with dockgate: its examples are read only when asked for, and its patterns compiled only when
    /// used, since the tests prove both.
    built_in: bool,
    examples: Vec<Example>,
}

/// A text of a policy file that is read further, with its place for errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Its line in the file, from 1.
    pub line: usize,
}

impl Policy {
    /// What keeps it silent where others of its kind speak, in a few words.
    pub fn limit(&self) -> Option<&'static str> {
        match (self.enabled, self.only_loosened) {
            (false, _) => Some("off by default"),
            (true, true) => Some("only what a change loosens"),
            (true, false) => None,
        }
    }

    /// How a finding is repaired, when the policy says so.
    pub fn edit(&self) -> Option<&[EditPart]> {
        self.condition().map(|rule| rule.edit.as_slice()).filter(|parts| !parts.is_empty())
    }

    /// What it decides by, when it decides by a condition.
    fn condition(&self) -> Option<&ConditionRule> {
        match &self.judgement {
            Judgement::Condition(rule) => Some(rule),
            Judgement::Secret(_) => None,
        }
    }

    /// Whether it matters more where settings ask for digests, so that it runs there although it is off by itself.
    pub fn asks_for_digests(&self) -> bool {
        match &self.judgement {
            Judgement::Condition(rule) => {
                rule.raise.iter().any(|raise| raise.when.text.contains("settings.images.pin"))
            }
            Judgement::Secret(_) => false,
        }
    }

    /// Whether it comes with dockgate.
    pub fn is_built_in(&self) -> bool {
        self.built_in
    }

    /// The text of its file, when it comes with dockgate.
    fn built_in_text(&self) -> Option<&'static str> {
        set::builtin_text(&self.file).filter(|_| self.built_in)
    }

    /// Its tests.
    pub fn examples(&self) -> Vec<Example> {
        match self.built_in_text() {
            Some(text) => {
                Self::load(self.id.clone(), &self.file, text).map(|policy| policy.examples).unwrap_or_default()
            }
            None => self.examples.clone(),
        }
    }

    /// Whether the policy is one of `standard`, such as `pss:baseline`; `cis-kubernetes` stands for all its clauses, and
    /// the restricted Pod Security Standard holds the baseline one.
    pub fn stands_for(&self, standard: &str) -> bool {
        self.standards.iter().any(|clause| belongs_to(clause, standard))
    }

    /// Whether the policy has that id, or another tool calls it so.
    pub fn is_called(&self, name: &str) -> bool {
        let alias = |ids: &[String]| ids.iter().any(|id| id.eq_ignore_ascii_case(name));
        self.id.as_str() == name || self.aliases.iter().any(|(_, ids)| alias(ids))
    }
}

fn belongs_to(clause: &str, standard: &str) -> bool {
    clause == standard
        || clause.strip_prefix(standard).is_some_and(|rest| rest.starts_with(':'))
        || (standard == "pss:restricted" && clause == "pss:baseline")
}

/// What decides whether a policy runs: known before the policy is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// The policy.
    pub id: PolicyId,
    /// What it is about.
    pub category: Category,
    /// Whether it runs unless settings say otherwise.
    pub enabled: bool,
    /// How much it matters, before settings and raises.
    pub severity: Severity,
    /// As [`Policy::asks_for_digests`].
    pub asks_for_digests: bool,
    /// As [`Policy::only_loosened`].
    pub only_loosened: bool,
    /// The clauses of standards that it stands for, with commas between them.
    standards: Cow<'static, str>,
}

impl Brief {
    fn of(policy: &Policy) -> Self {
        let Policy { id, category, enabled, severity, standards, only_loosened, .. } = policy;
        let standards = standards.join(",").into();
        let asks_for_digests = policy.asks_for_digests();
        Self {
            id: id.clone(),
            category: *category,
            enabled: *enabled,
            severity: *severity,
            asks_for_digests,
            only_loosened: *only_loosened,
            standards,
        }
    }

    /// As [`Policy::stands_for`].
    pub fn stands_for(&self, standard: &str) -> bool {
        self.standards.split(',').any(|clause| belongs_to(clause, standard))
    }
}

/// How a policy decides.
#[derive(Clone, Debug)]
pub enum Judgement {
    /// By a condition on facts.
    Condition(Box<ConditionRule>),
    /// By the text itself.
    Secret(Box<SecretRule>),
}

/// A policy that denies by a condition.
#[derive(Clone, Debug)]
pub struct ConditionRule {
    /// The condition, CEL: `true` is a finding.
    pub deny: Written,
    /// What exactly is objected to, CEL giving a text or a list of texts.
    pub subjects: Option<Written>,
    /// CEL giving the texts of the file that are secret, so that no output shows them.
    pub conceal: Option<Written>,
    /// Where a finding points: a named place of the target or a path from its node.
    pub at: Option<String>,
    /// When the finding matters more.
    pub raise: Vec<Raise>,
    /// How to repair the text: all parts that apply to a finding, in one edit; empty when there is no one right way.
    pub edit: Vec<EditPart>,
}

/// A condition that lifts the severity of a finding.
#[derive(Clone, Debug)]
pub struct Raise {
    /// The condition, CEL, evaluated where `deny` is true.
    pub when: Written,
    /// The severity then; never lowers it.
    pub to: Severity,
}

/// The settings that an example needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExampleSettings {
    /// Whether `images.pin` is `digest`.
    pub pin_digest: bool,
    /// The minor version of the cluster, when not the newest.
    pub kubernetes_minor: Option<u32>,
    /// Values for the parameters.
    pub parameters: BTreeMap<String, ParameterValue>,
}

/// One test of a policy.
#[derive(Clone, Debug)]
pub struct Example {
    /// What it shows.
    pub name: String,
    /// The path that the text is scanned under.
    pub path: String,
    /// The text of the file in the base, when there is one.
    pub before: Option<String>,
    /// Other files of the tree, path and text.
    pub files: Vec<(String, String)>,
    /// The text as written, with its `# deny` lines and `{fake:…}` placeholders.
    pub text: String,
    /// Lines that `deny` names, from 1, of the text without its `# deny` lines.
    pub deny: Vec<usize>,
    /// The settings for this example.
    pub settings: ExampleSettings,
}

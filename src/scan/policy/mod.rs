//! Policies: judgement as data, one YAML file per rule.
//!
//! Invariant: a policy decides from facts alone. What it can't know is silence, never a finding; what it can't
//! evaluate is a [`Problem`](super::problem::Problem), never a pass.

pub mod condition;
pub mod fields;
pub mod load;
pub mod target;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::document::node::Node;
use super::finding::{Category, Severity};
use target::Target;

/// The id of a policy: the path of its file below `policies/`, without the ending, such as
/// `kubernetes/privileged-container`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyId(String);

impl PolicyId {
    /// The id written as `id`.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
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

/// All policies of a run: the built-in ones and a team's own.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {}

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
    /// The release that brought it.
    pub since: String,
    /// Which things it judges.
    pub target: Target,
    /// How it decides.
    pub judgement: Judgement,
    /// What a finding says; placeholders are facts.
    pub message: String,
    /// Why it matters.
    pub why: String,
    /// How to put it right.
    pub fix: String,
    /// Where to read more.
    pub references: Vec<String>,
    /// The clauses of standards it stands for, such as `pss/baseline`.
    pub standards: Vec<String>,
    /// The names other tools give it: tool, then ids.
    pub aliases: Vec<(String, Vec<String>)>,
    /// The policies that are silent where this one speaks of the same subject.
    pub supersedes: Vec<PolicyId>,
    /// Its tests.
    pub examples: Vec<Example>,
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
    pub deny: String,
    /// What exactly is objected to, CEL giving a text or a list of texts.
    pub subjects: Option<String>,
    /// Where a finding points: a named place of the target or a path from its node.
    pub at: Option<String>,
    /// When the finding matters more.
    pub raise: Vec<Raise>,
    /// How to repair the text.
    pub edit: Option<EditRule>,
}

/// A condition that lifts the severity of a finding.
#[derive(Clone, Debug)]
pub struct Raise {
    /// The condition, CEL, evaluated where `deny` is true.
    pub when: String,
    /// The severity then; never lowers it.
    pub to: Severity,
}

/// How to repair the text.
#[derive(Clone, Debug)]
pub enum EditRule {
    /// Gives the key at a path a value, with the maps above it when they are absent.
    Set {
        /// The path, from the target's node.
        path: String,
        /// The value.
        to: Node,
    },
    /// Removes the key at a path.
    Remove {
        /// The path, from the target's node.
        path: String,
    },
    /// Replaces the text of a named place.
    Replace {
        /// The name of the place.
        place: String,
        /// The new text; placeholders are facts.
        with: String,
    },
}

/// A policy that finds secrets.
#[derive(Clone, Debug, Default)]
pub struct SecretRule {
    /// The regular expression; its group `secret`, or its first group, or all of it is the secret.
    pub pattern: String,
    /// Texts of which one must stand near, in any letter case.
    pub keywords: Vec<String>,
    /// The least Shannon entropy of the secret, in bits per character.
    pub min_entropy: Option<f64>,
    /// The name of the checksum that the secret carries.
    pub checksum: Option<String>,
}

/// One test of a policy.
#[derive(Clone, Debug)]
pub struct Example {
    /// What it shows.
    pub name: String,
    /// The path that the text is scanned under.
    pub path: String,
    /// The text, without its `# deny` lines, with its `{fake:…}` placeholders.
    pub text: String,
    /// The lines of `text`, from 1, on which a finding must begin; empty when the policy must be silent.
    pub deny: Vec<usize>,
    /// Whether `images.pin` is `digest` for this example.
    pub pin_digest: bool,
}

//! A finding: one policy says no to one place of one file.
//!
//! Invariant: a finding never holds a secret value; what it shows of one has passed through
//! [`Redacted`](super::secret::redacted::Redacted).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::edit::Edit;
use super::policy::PolicyId;
use super::span::{Position, Span};

/// How much a finding matters. Ordered: `Info < Low < … < Critical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Defence in depth.
    Low,
    /// A weakness that needs another one to hurt.
    Medium,
    /// A weakness that hurts on its own.
    High,
    /// Takes over a node or an account, or is already leaked.
    Critical,
}

impl Severity {
    /// All severities, least first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The lower-case name, as settings and outputs write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A severity name that is none of the five.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown severity \"{0}\"; expected info, low, medium, high or critical")]
pub struct UnknownSeverity(String);

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|severity| severity.name() == name).ok_or_else(|| UnknownSeverity(name.to_owned()))
    }
}

/// What a policy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// A credential in clear text.
    Secret,
    /// A setting or image that weakens isolation or provenance.
    Security,
    /// Something that breaks at run time.
    Reliability,
    /// Good order.
    Hygiene,
}

/// The identity of a finding across commits: it survives moved lines, renamed files and changed image tags.
///
/// 32 lower-case hex digits: the first half of a SHA-256 over the parts that name the finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Hashes `parts`; each part is length-prefixed, so no two lists of parts collide by concatenation.
    pub fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let [high, ..] = digest.as_chunks().0 else { return Self(String::new()) };
        Self(format!("{:032x}", u128::from_be_bytes(*high)))
    }

    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight digits, by which people name a finding of one pull request.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Finding {
    /// The commit that added a secret which is gone from the files.
    pub fn commit(&self) -> Option<&str> {
        self.resource.as_deref()?.strip_prefix("commit ")
    }
}

/// One policy's objection to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The policy.
    pub rule: PolicyId,
    /// The policy's category.
    pub category: Category,
    /// The severity after settings and the policy's own raises.
    pub severity: Severity,
    /// The file, relative to the repository root, with `/`.
    pub path: String,
    /// The bytes the finding points at, in the file's text.
    pub span: Span,
    /// First character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
    /// One sentence, lower case, no full stop; names as the file writes them.
    pub message: String,
    /// What the place belongs to, such as `Deployment/default/api container web`, `stage build`, `service db`.
    pub resource: Option<String>,
    /// The identity across commits.
    pub fingerprint: Fingerprint,
    /// What exactly is objected to, such as the capabilities added. More of them in the head than in the base makes the
    /// finding worse, hence introduced.
    pub subjects: Vec<String>,
    /// A verified replacement that makes the finding go away.
    pub edit: Option<Edit>,
    /// The step that decided that a value is a secret, such as `checksum`; `None` for a condition.
    pub decided_by: Option<&'static str>,
}

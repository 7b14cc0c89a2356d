//! How bad a vulnerability is, by the best word there is.
//!
//! Invariant: a severity that nobody gave is [`Rating::Unknown`], never a guess, and orders below all others.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A vulnerability's severity. Ordered: `Unknown < None < Low < … < Critical`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// Nobody said.
    #[default]
    Unknown,
    /// A score of 0, or a word such as "negligible".
    None,
    /// CVSS below 4.
    Low,
    /// CVSS below 7.
    Medium,
    /// CVSS below 9.
    High,
    /// CVSS 9 and above.
    Critical,
}

/// A word that is no severity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown severity \"{0}\"; expected low, medium, high or critical")]
pub struct UnknownRating(String);

impl Rating {
    /// All of them, worst first.
    pub const ALL: [Self; 6] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::None, Self::Unknown];

    /// The lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of a word that advisories use.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "critical" => Self::Critical,
            "high" | "important" => Self::High,
            "medium" | "moderate" => Self::Medium,
            "low" => Self::Low,
            "none" | "negligible" => Self::None,
            _ => return None,
        })
    }

    /// The severity of a CVSS vector of any version.
    pub fn of_vector(vector: &str) -> Option<Self> {
        let severity = if vector.starts_with("CVSS:4.") {
            cvss::v4::Vector::from_str(vector).ok()?.score().severity()
        } else {
            vector.parse::<cvss::Cvss>().ok()?.severity()
        };
        Some(match severity {
            cvss::Severity::None => Self::None,
            cvss::Severity::Low => Self::Low,
            cvss::Severity::Medium => Self::Medium,
            cvss::Severity::High => Self::High,
            cvss::Severity::Critical => Self::Critical,
        })
    }
}

impl fmt::Display for Rating {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Rating {
    type Err = UnknownRating;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|rating| rating.name() == text && *rating >= Self::Low);
        found.ok_or_else(|| UnknownRating(text.to_owned()))
    }
}

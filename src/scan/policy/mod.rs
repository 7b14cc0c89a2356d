//! Policies: judgement as data, one YAML file per rule.
//!
//! Invariant: a policy decides from facts alone. What it can't know is silence, never a finding; what it can't
//! evaluate is a [`Problem`](super::problem::Problem), never a pass.

pub mod target;

use std::fmt;

use serde::{Deserialize, Serialize};

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

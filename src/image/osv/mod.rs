//! Vulnerabilities of packages, asked of OSV: its API, or a folder of its exports.
//!
//! Packages of distributions are asked for by ecosystem, name and version, never by package URL: the API drops the
//! qualifiers that say which distribution, and answers unknown types with an empty list.
//!
//! Invariant: a package that could not be asked for is named in a problem.

pub mod advisory;
pub mod api;
pub mod ecosystem;
pub mod folder;
pub mod merge;
pub mod order;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::contents::ImageProblem;
use advisory::Advisory;
use ecosystem::Query;

/// The longest text of an advisory that is kept, in characters.
pub const MAX_SUMMARY: usize = 300;

/// What is known of the packages that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// For each query, the ids of the advisories that its version is affected by.
    pub matches: Vec<Vec<String>>,
    /// The advisories, by id, and those that they are aliases of, as far as they were needed.
    pub advisories: BTreeMap<String, Arc<Advisory>>,
    /// What could not be asked or had.
    pub problems: Vec<ImageProblem>,
}

/// Where advisories come from.
#[async_trait]
pub trait AdvisorySource: Send + Sync {
    /// The advisories for `queries`. What could not be had is a problem of the answer.
    async fn ask(&self, queries: &[Query]) -> Answers;
}

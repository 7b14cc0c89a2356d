//! What is exploited comes first: CISA's list and EPSS, when their files are given.
//!
//! Invariant: neither changes a severity, and neither makes anything block.
//!
//! # Source
//! CISA's known exploited vulnerabilities catalogue (JSON); FIRST's EPSS scores (CSV: `cve,epss,percentile`).

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::image::report::Vulnerability;

/// What is known of exploits.
#[derive(Clone, Debug, Default)]
pub struct Exploits {
    known: HashSet<String>,
    probabilities: HashMap<String, f64>,
}

#[derive(Deserialize)]
struct Catalogue {
    vulnerabilities: Vec<CatalogueEntry>,
}

#[derive(Deserialize)]
struct CatalogueEntry {
    #[serde(rename = "cveID")]
    cve: String,
}

impl Exploits {
    /// Adds CISA's catalogue.
    ///
    /// # Errors
    /// It isn't that catalogue, in words.
    pub fn add_catalogue(&mut self, json: &[u8]) -> Result<(), String> {
        let catalogue: Catalogue = serde_json::from_slice(json).map_err(|_| "it is no catalogue of CISA".to_owned())?;
        self.known.extend(catalogue.vulnerabilities.into_iter().map(|entry| entry.cve));
        Ok(())
    }

    /// Adds EPSS scores.
    ///
    /// # Errors
    /// No line has a score, in words.
    pub fn add_probabilities(&mut self, csv: &str) -> Result<(), String> {
        let score = |line: &str| -> Option<(String, f64)> {
            let mut fields = line.split(',');
            let id = fields.next().filter(|id| id.starts_with("CVE-"))?;
            Some((id.to_owned(), fields.next()?.trim().parse().ok().filter(|score| (0.0..=1.0).contains(score))?))
        };
        let before = self.probabilities.len();
        self.probabilities.extend(csv.lines().filter_map(score));
        if self.probabilities.len() == before { Err("it holds no EPSS score".to_owned()) } else { Ok(()) }
    }

    /// Marks and sorts: exploited first, then by severity, then by probability, then by package and id.
    pub fn order(&self, vulnerabilities: &mut [Vulnerability]) {
        for one in vulnerabilities.iter_mut() {
            let ids = || std::iter::once(&one.id).chain(&one.aliases);
            let is_known = ids().any(|id| self.known.contains(id));
            let probability = ids().filter_map(|id| self.probabilities.get(id)).copied().reduce(f64::max);
            (one.is_known_exploited, one.exploit_probability) = (is_known, probability);
        }
        vulnerabilities.sort_by(|one, other| {
            let rank =
                |one: &Vulnerability| (Reverse(one.is_known_exploited), Reverse(one.rating), Reverse(one.is_fixable()));
            let probability = |one: &Vulnerability| one.exploit_probability.unwrap_or(0.0);
            rank(one)
                .cmp(&rank(other))
                .then_with(|| probability(other).total_cmp(&probability(one)))
                .then_with(|| one.identity().cmp(&other.identity()))
        });
    }
}

//! Repository settings: what a team decides in `.github/dockgate.yml`, over its organisation's `dockgate.yml`, over
//! the built-in values.
//!
//! Invariant: settings are read from the base of a change, never from what is proposed, and a file that is unreadable
//! or invalid counts for nothing and is reported; it never lets a change through as clean.

use std::collections::{BTreeMap, BTreeSet};

use super::date::Date;
use super::glob::PathGlobs;
use super::{Origin, Setting};
use crate::scan::ScanOptions;
use crate::scan::finding::{Finding, Severity};
use crate::scan::limits::Limits;
use crate::scan::policy::PolicyId;
use crate::scan::problem::Problem;

/// Where a repository keeps its settings.
pub const REPOSITORY_PATH: &str = ".github/dockgate.yml";

/// Where an organisation keeps its defaults, in its repository named `.github`.
pub const ORGANISATION_PATH: &str = "dockgate.yml";

/// The settings in force for one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositorySettings {
    /// `fail-on`: introduced findings from this severity on block; `None` for `never`.
    pub fail_on: Setting<Option<Severity>>,
    /// `rules`: what is decided about single rules.
    pub rules: BTreeMap<PolicyId, Setting<RuleSetting>>,
    /// `paths.ignore`: files whose findings count for nothing; the organisation's patterns and the repository's.
    pub ignore: Setting<PathGlobs>,
    /// `images.pin`: how firmly images must be pinned.
    pub pin: Setting<ImagePin>,
    /// `comments.max`: most review comments on one change.
    pub max_comments: Setting<usize>,
    /// `suppressions.max-severity`: up to which severity a suppression counts that the change itself adds; `None` for
    /// `never`.
    pub max_suppressed: Setting<Option<Severity>>,
    /// `waivers`: accepted findings; the organisation's and the repository's.
    pub waivers: Vec<Waiver>,
    /// `unjudged`: what a change comes to that brings something which can't be judged.
    pub unjudged: Setting<WhenUnjudged>,
    /// `limits.max-file-bytes`: largest file that is judged, in bytes.
    pub max_file_bytes: Setting<usize>,
    /// What is wrong with the settings files themselves.
    pub problems: Vec<Problem>,
}

/// What settings decide about one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleSetting {
    /// The rule is not applied.
    Off,
    /// The rule has this severity.
    Severity(Severity),
}

/// How firmly images must be pinned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImagePin {
    /// A version tag is enough.
    #[default]
    Tag,
    /// Only a digest is enough.
    Digest,
}

/// What a change comes to that brings something which can't be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenUnjudged {
    /// It does not block, and it is not called clean.
    #[default]
    Neutral,
    /// It blocks.
    Fail,
    /// It passes; the report still names what was not judged.
    Pass,
}

/// Accepted findings: a rule under some paths until a day, with somebody who answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The rule.
    pub rule: PolicyId,
    /// The files.
    pub paths: PathGlobs,
    /// The last day on which it holds.
    pub until: Date,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Whose settings hold it.
    pub origin: Origin,
}

impl Default for RepositorySettings {
    fn default() -> Self {
        Self {
            fail_on: Setting::built_in(Some(Severity::High)),
            rules: BTreeMap::new(),
            ignore: Setting::default(),
            pin: Setting::default(),
            max_comments: Setting::built_in(20),
            max_suppressed: Setting::built_in(Some(Severity::Medium)),
            waivers: Vec::new(),
            unjudged: Setting::default(),
            max_file_bytes: Setting::built_in(Limits::default().max_file_bytes),
            problems: Vec::new(),
        }
    }
}

impl RepositorySettings {
    /// What the engine needs to know of the settings.
    pub fn scan_options(&self) -> ScanOptions {
        let severities = self.rules.iter().filter_map(|(rule, setting)| match setting.value {
            RuleSetting::Severity(severity) => Some((rule.clone(), severity)),
            RuleSetting::Off => None,
        });
        ScanOptions {
            limits: self.limits(),
            pin_digest: self.pin.value == ImagePin::Digest,
            severities: severities.collect(),
            ..ScanOptions::default()
        }
    }

    /// The bounds of reading, for sources.
    pub fn limits(&self) -> Limits {
        Limits { max_file_bytes: self.max_file_bytes.value, ..Limits::default() }
    }

    /// The rules that are switched off.
    pub fn disabled_rules(&self) -> BTreeSet<PolicyId> {
        let off = self.rules.iter().filter(|(_, setting)| setting.value == RuleSetting::Off);
        off.map(|(rule, _)| rule.clone()).collect()
    }

    /// Whether an introduced finding of `severity` blocks.
    pub fn blocks(&self, severity: Severity) -> bool {
        self.fail_on.value.is_some_and(|threshold| severity >= threshold)
    }
}

impl Waiver {
    /// Whether the waiver is about `finding`, expired or not.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule && self.paths.matches(&finding.path)
    }

    /// Whether the waiver no longer holds on `today`.
    pub fn is_expired(&self, today: Date) -> bool {
        today > self.until
    }
}

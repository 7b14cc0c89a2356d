//! Repository settings: what a team decides in `.github/dockgate.yml`, over its organisation's `dockgate.yml`, over
//! the built-in values.
//!
//! Invariant: settings are read from the base of a change, never from what is proposed, and a file that is unreadable
//! or invalid counts for nothing and is reported; it never lets a change through as clean.

pub mod conversation;
pub mod images;
mod read;
#[cfg(test)]
mod tests;
mod waiver;

use std::collections::{BTreeMap, BTreeSet};

use super::baseline::Baseline;
use super::{Origin, Setting, SettingsError};
use crate::scan::ScanOptions;
use crate::scan::finding::Severity;
use crate::scan::glob::PathGlobs;
use crate::scan::limits::Limits;
use crate::scan::options::{NEWEST_KUBERNETES_MINOR, Profile, RuleSetting, Scope};
use crate::scan::policy::PolicyId;
use crate::scan::policy::parameter::ParameterValue;
use crate::scan::problem::{Cause, Problem};
use conversation::Conversation;
use images::ImageRules;
use read::Patch;
pub use waiver::{WaivedFinding, Waiver};

/// Where a repository keeps its settings.
pub const REPOSITORY_PATH: &str = ".github/dockgate.yml";

/// Where an organisation keeps its defaults, in its repository named `.github`.
pub const ORGANISATION_PATH: &str = "dockgate.yml";

/// The settings in force for one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositorySettings {
    /// `fail-on`: introduced findings from this severity on block; `None` for `never`.
    pub fail_on: Setting<Option<Severity>>,
    /// `profile`: which rules are applied that nothing else names.
    pub profile: Setting<Profile>,
    /// `kubernetes.version`: the minor version of the cluster's Kubernetes 1.
    pub kubernetes_minor: Setting<u32>,
    /// `rules`: what is decided about single rules.
    pub rules: BTreeMap<PolicyId, Setting<RuleSetting>>,
    /// `rules.ID.parameters`: what is given to a rule.
    pub parameters: BTreeMap<PolicyId, Setting<BTreeMap<String, ParameterValue>>>,
    /// `scopes`: rules for a part of the files and objects; the organisation's, then the repository's.
    pub scopes: Vec<(Scope, Origin)>,
    /// `paths.ignore`: files whose findings count for nothing; the organisation's patterns and the repository's.
    pub ignore: Setting<PathGlobs>,
    /// `images.pin`: how firmly images must be pinned.
    pub pin: Setting<ImagePin>,
    /// `images.fail-on`: vulnerabilities that a change brings in and that a newer version fixes block from this severity
    /// on; `None` for `never`.
    pub images_fail_on: Setting<Option<Severity>>,
    /// The other settings below `images`.
    pub images: ImageRules,
    /// `comments.max`: most review comments on one change.
    pub max_comments: Setting<usize>,
    /// `suppressions.max-severity`: up to which severity a suppression counts that the change itself adds; `None` for
    /// `never`.
    pub max_suppressed: Setting<Option<Severity>>,
    /// `waivers`: accepted findings; the organisation's and the repository's.
    pub waivers: Vec<Waiver>,
    /// What is decided about the conversation in a pull request.
    pub conversation: Conversation,
    /// Old findings that block nothing.
    pub baseline: Baseline,
    /// `unjudged`: what a change comes to that brings something which can't be judged.
    pub unjudged: Setting<WhenUnjudged>,
    /// `limits.max-file-bytes`: largest file that is judged, in bytes.
    pub max_file_bytes: Setting<usize>,
    /// `admission.paths`: files and folders, besides `.github/dockgate`, that hold the cluster's own policies.
    pub admission_paths: Setting<Vec<String>>,
    /// What came of the organisation's file.
    pub organisation: SettingsSource,
    /// What came of the repository's file.
    pub repository: SettingsSource,
    /// What is wrong with the settings files themselves.
    pub problems: Vec<Problem>,
}

/// A settings file as a source hands it over.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingsFile {
    /// There is no such file.
    #[default]
    Absent,
    /// There may be one, and it could not be read.
    Unreadable {
        /// Why, in a few words.
        why: String,
    },
    /// The text of the file.
    Text(String),
}

/// What came of a settings file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SettingsSource {
    /// There is no such file.
    #[default]
    Absent,
    /// It could not be read, for this reason; it counts for nothing.
    Unreadable(String),
    /// It holds mistakes; it counts for nothing.
    Invalid(Vec<SettingsError>),
    /// It is in force.
    Parsed,
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

impl Default for RepositorySettings {
    fn default() -> Self {
        Self {
            fail_on: Setting::built_in(Some(Severity::High)),
            profile: Setting::default(),
            kubernetes_minor: Setting::built_in(NEWEST_KUBERNETES_MINOR),
            rules: BTreeMap::new(),
            parameters: BTreeMap::new(),
            scopes: Vec::new(),
            ignore: Setting::default(),
            pin: Setting::default(),
            images_fail_on: Setting::built_in(Some(Severity::High)),
            images: ImageRules::default(),
            max_comments: Setting::built_in(20),
            max_suppressed: Setting::built_in(Some(Severity::Medium)),
            waivers: Vec::new(),
            conversation: Conversation::default(),
            baseline: Baseline::default(),
            unjudged: Setting::default(),
            max_file_bytes: Setting::built_in(Limits::default().max_file_bytes),
            admission_paths: Setting::default(),
            organisation: SettingsSource::Absent,
            repository: SettingsSource::Absent,
            problems: Vec::new(),
        }
    }
}

/// The `admission.paths` of a repository's settings; none when the text is wrong, which [`RepositorySettings`] tells.
pub fn admission_paths(text: &str) -> Vec<String> {
    read::read(REPOSITORY_PATH, text).ok().and_then(|patch| patch.admission_paths).unwrap_or_default()
}

/// The `images.vex` of a repository's settings; none when the text is wrong.
pub fn vex_paths(text: &str) -> Vec<String> {
    read::read(REPOSITORY_PATH, text).ok().and_then(|patch| patch.images.vex).unwrap_or_default()
}

/// Paths are those of one repository, so an organisation has none to give.
fn stray_paths(patch: &Patch, path: &str, origin: Origin) -> Vec<Problem> {
    let given = [("admission.paths", patch.admission_paths.is_some()), ("images.vex", patch.images.vex.is_some())];
    let stray = given.into_iter().filter(|(_, is_given)| *is_given && origin == Origin::Organisation);
    let problem = |(name, _)| {
        let message = format!("\"{name}\": counts in a repository's own settings only, so it is not applied");
        SettingsError::File { file: path.to_owned(), line: 1, message }.problem(path, origin)
    };
    stray.map(problem).collect()
}

impl RepositorySettings {
    /// The settings of the organisation's and the repository's file over the built-in ones.
    ///
    /// A file that is unreadable or invalid counts for nothing and leaves a problem. `known_rules` are the ids of all
    /// policies, or empty to take any id: a rule of the repository's file that is none of them leaves a problem.
    pub fn resolve(organisation: &SettingsFile, repository: &SettingsFile, known_rules: &[&str]) -> Self {
        let mut settings = Self::default();
        settings.organisation = settings.merge(organisation, ORGANISATION_PATH, Origin::Organisation, &[]);
        settings.repository = settings.merge(repository, REPOSITORY_PATH, Origin::Repository, known_rules);
        settings
    }

    fn merge(&mut self, file: &SettingsFile, path: &str, origin: Origin, known_rules: &[&str]) -> SettingsSource {
        match file {
            SettingsFile::Absent => SettingsSource::Absent,
            SettingsFile::Unreadable { why } => {
                let message = format!("could not be read: {why}");
                let error = SettingsError::File { file: path.to_owned(), line: 1, message };
                self.problems.push(error.problem(path, origin));
                SettingsSource::Unreadable(why.clone())
            }
            SettingsFile::Text(text) => match read::read(path, text) {
                Ok(patch) => {
                    self.problems.extend(unknown_rules(&patch, path, known_rules));
                    self.problems.extend(stray_paths(&patch, path, origin));
                    self.apply(patch, origin);
                    SettingsSource::Parsed
                }
                Err(errors) => {
                    self.problems.extend(errors.iter().map(|error| error.problem(path, origin)));
                    SettingsSource::Invalid(errors)
                }
            },
        }
    }

    fn apply(&mut self, patch: Patch, origin: Origin) {
        self.fail_on.set(patch.fail_on, origin);
        self.pin.set(patch.pin, origin);
        self.images_fail_on.set(patch.images_fail_on, origin);
        self.images.apply(patch.images, origin);
        self.profile.set(patch.profile, origin);
        self.kubernetes_minor.set(patch.kubernetes_minor, origin);
        self.max_comments.set(patch.max_comments, origin);
        self.max_suppressed.set(patch.max_suppressed, origin);
        self.unjudged.set(patch.unjudged, origin);
        self.max_file_bytes.set(patch.max_file_bytes, origin);
        self.admission_paths.set(patch.admission_paths.filter(|_| origin == Origin::Repository), origin);
        for (rule, value, _) in patch.rules {
            self.rules.insert(PolicyId::new(rule), Setting { value, origin });
        }
        for (rule, value, _) in patch.parameters {
            self.parameters.insert(PolicyId::new(rule), Setting { value, origin });
        }
        self.scopes.extend(patch.scopes.into_iter().map(|(scope, _)| (scope, origin)));
        self.conversation.apply(patch.conversation, origin);
        let ignore = patch.ignore.and_then(|more| PathGlobs::new(&[self.ignore.value.patterns(), &more].concat()).ok());
        self.ignore.set(ignore, origin);
        self.waivers.extend(patch.waivers.into_iter().map(|waiver| Waiver {
            rule: PolicyId::new(waiver.rule),
            paths: waiver.paths,
            finding: None,
            until: waiver.until,
            owner: waiver.owner,
            reason: waiver.reason,
            origin,
        }));
    }

    /// Every setting in force as key, value and origin, in the order of the documentation.
    pub fn effective(&self) -> Vec<(String, String, Origin)> {
        let threshold = |value: Option<Severity>| value.map_or("never", Severity::name).to_owned();
        let mut rows = vec![
            ("fail-on".to_owned(), threshold(self.fail_on.value), self.fail_on.origin),
            ("profile".to_owned(), self.profile.value.name().to_owned(), self.profile.origin),
            (
                "kubernetes.version".to_owned(),
                format!("1.{}", self.kubernetes_minor.value),
                self.kubernetes_minor.origin,
            ),
            ("paths.ignore".to_owned(), self.ignore.value.patterns().join(", "), self.ignore.origin),
            ("images.pin".to_owned(), self.pin.value.name().to_owned(), self.pin.origin),
            ("images.fail-on".to_owned(), threshold(self.images_fail_on.value), self.images_fail_on.origin),
            ("comments.max".to_owned(), self.max_comments.value.to_string(), self.max_comments.origin),
            ("suppressions.max-severity".to_owned(), threshold(self.max_suppressed.value), self.max_suppressed.origin),
            ("unjudged".to_owned(), self.unjudged.value.name().to_owned(), self.unjudged.origin),
            ("limits.max-file-bytes".to_owned(), self.max_file_bytes.value.to_string(), self.max_file_bytes.origin),
            ("admission.paths".to_owned(), self.admission_paths.value.join(", "), self.admission_paths.origin),
        ];
        rows.extend(self.images.effective());
        rows.extend(self.conversation.effective());
        rows.extend(
            self.rules
                .iter()
                .map(|(rule, setting)| (format!("rules.{rule}"), setting.value.name().to_owned(), setting.origin)),
        );
        rows.extend(self.parameters.iter().flat_map(|(rule, given)| {
            let row = move |(name, value): (&String, &ParameterValue)| {
                (format!("rules.{rule}.parameters.{name}"), value.to_string(), given.origin)
            };
            given.value.iter().map(row)
        }));
        rows.extend((1..).zip(&self.scopes).flat_map(|(number, (scope, origin))| {
            let row = move |(rule, setting): (&PolicyId, &RuleSetting)| {
                (format!("scopes.{number}.rules.{rule}"), format!("{} {}", setting.name(), scope.described()), *origin)
            };
            scope.rules.iter().map(row)
        }));
        rows.extend(self.waivers.iter().map(|waiver| {
            let paths = waiver.paths.patterns().join(", ");
            (
                format!("waivers.{}", waiver.rule),
                format!("{paths} until {} ({})", waiver.until, waiver.owner),
                waiver.origin,
            )
        }));
        rows
    }

    /// What the engine needs to know of the settings.
    pub fn scan_options(&self) -> ScanOptions {
        let severities = self.rules.iter().filter_map(|(rule, setting)| match setting.value {
            RuleSetting::Severity(severity) => Some((rule.clone(), severity)),
            RuleSetting::Off => None,
        });
        ScanOptions {
            limits: self.limits(),
            pin_digest: self.pin.value == ImagePin::Digest,
            kubernetes_minor: self.kubernetes_minor.value,
            profile: self.profile.value,
            parameters: self.parameters.iter().map(|(rule, given)| (rule.clone(), given.value.clone())).collect(),
            scopes: self.scopes(),
            severities: severities.collect(),
            ..ScanOptions::default()
        }
    }

    /// The bounds of reading, for sources.
    pub fn limits(&self) -> Limits {
        Limits { max_file_bytes: self.max_file_bytes.value, ..Limits::default() }
    }

    /// The rules that are switched off everywhere.
    pub fn disabled_rules(&self) -> BTreeSet<PolicyId> {
        self.off().filter(|rule| !self.is_on_somewhere(rule)).cloned().collect()
    }

    fn off(&self) -> impl Iterator<Item = &PolicyId> {
        self.rules.iter().filter(|(_, setting)| setting.value == RuleSetting::Off).map(|(rule, _)| rule)
    }

    fn is_on_somewhere(&self, rule: &PolicyId) -> bool {
        self.scopes.iter().any(|(scope, _)| matches!(scope.rules.get(rule), Some(RuleSetting::Severity(_))))
    }

    /// The scopes, after one for the whole repository that holds the rules which are off but for a scope.
    fn scopes(&self) -> Vec<Scope> {
        let off = self.off().filter(|rule| self.is_on_somewhere(rule)).map(|rule| (rule.clone(), RuleSetting::Off));
        let everywhere = Scope { rules: off.collect(), ..Scope::default() };
        let own = self.scopes.iter().map(|(scope, _)| scope.clone());
        std::iter::once(everywhere).filter(|scope| !scope.rules.is_empty()).chain(own).collect()
    }

    /// Whether an introduced finding of `severity` blocks.
    pub fn blocks(&self, severity: Severity) -> bool {
        self.fail_on.value.is_some_and(|threshold| severity >= threshold)
    }
}

fn unknown_rules(patch: &Patch, path: &str, known: &[&str]) -> Vec<Problem> {
    let named = patch.rules.iter().map(|(rule, _, line)| (rule, *line));
    let given = patch.parameters.iter().map(|(rule, _, line)| (rule, *line));
    let scoped = patch.scopes.iter().flat_map(|(_, rules)| rules).map(|(rule, line)| (rule, *line));
    let waived = patch.waivers.iter().map(|waiver| (&waiver.rule, waiver.line));
    let unknown = named
        .chain(given)
        .chain(scoped)
        .chain(waived)
        .filter(|(rule, _)| !known.is_empty() && !known.contains(&rule.as_str()));
    let problem = |(rule, line): (&String, usize)| {
        let near = read::nearest(rule, known.iter().copied());
        let advice =
            near.map_or_else(|| "see `dockgate rules`".to_owned(), |known| format!("did you mean \"{known}\"?"));
        let message = format!("unknown rule \"{rule}\"; {advice}");
        Problem { line: Some(line), introduced: false, ..Problem::of_file(path, Cause::Settings, message) }
    };
    unknown.map(problem).collect()
}

impl ImagePin {
    /// The name, as settings write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Digest => "digest",
        }
    }
}

impl WhenUnjudged {
    /// The name, as settings write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Fail => "fail",
            Self::Pass => "pass",
        }
    }
}

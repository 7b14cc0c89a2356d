//! From a change to its verdict: the one path that the command line and the server share.
//!
//! Invariant: settings and policies are those of the base. What is wrong with them becomes a problem of the verdict,
//! and no file that can't be read loosens anything.

use std::fmt;
use std::str::FromStr;

use crate::scan::admission::{AdmissionSet, holds_objects};
use crate::scan::finding::{Severity, UnknownSeverity};
use crate::scan::history;
use crate::scan::image_reference::ImageReference;
use crate::scan::image_use::{Digests, ImageChange};
use crate::scan::limits::Limits;
use crate::scan::options::Profile;
use crate::scan::policy::PolicyId;
use crate::scan::policy::parameter;
use crate::scan::policy::set::PolicySet;
use crate::scan::problem::{Cause, Problem};
use crate::scan::snapshot::{Content, Snapshot};
use crate::scan::{Helper, ScanOptions, SecretKey, scan_with};
use crate::settings::Origin;
use crate::settings::baseline::Baseline;
use crate::settings::date::Date;
use crate::settings::repository::{RepositorySettings, SettingsFile, Waiver};
use crate::settings::vex::{VexDocuments, VexStatement};
use crate::source::{Change, SETTINGS_PATH, TeamFile, TeamFiles};
use crate::verdict::{Verdict, decide};

/// What judging needs besides the change.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The organisation's defaults.
    pub organisation: SettingsFile,
    /// The key of the secrets' fingerprints.
    pub secret_key: SecretKey,
    /// The day, for waivers that end.
    pub today: Date,
    /// What the command line says, over the settings.
    pub flags: Flags,
    /// Whether anybody asks for the edits of findings.
    pub edits: bool,
    /// What the tags of images name, as far as their registries were asked.
    pub digests: Digests,
    /// Whether the images that the change brings in are listed.
    pub images: bool,
    /// Waivers that people gave by command, beside those of the settings.
    pub waivers: Vec<Waiver>,
}

/// What a command line may say over the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// From which severity on introduced findings block.
    pub fail_on: Option<Threshold>,
    /// Which policies run.
    pub profile: Option<Profile>,
    /// Judge by this standard alone.
    pub standard: Option<String>,
}

/// From which severity on introduced findings block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// From this severity on.
    From(Severity),
    /// Nothing blocks.
    Never,
}

/// A verdict with what it was made from.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The change.
    pub snapshot: Snapshot,
    /// The policies that were applied.
    pub policies: PolicySet,
    /// The settings in force.
    pub settings: RepositorySettings,
    /// Images whose digests would make edits: when they are put into [`Circumstances::digests`], judging again gives
    /// the same verdict with those edits.
    pub unpinned: Vec<ImageReference>,
    /// The images that the change brings in, when [`Circumstances::images`] asks for them.
    pub images: Vec<ImageChange>,
    /// What the team's `OpenVEX` documents state.
    pub vex: Vec<VexStatement>,
}

/// Judges `change`.
pub fn run(change: Change, circumstances: &Circumstances) -> Judgement {
    run_with(change, circumstances, &mut Helper { read: &|_| Content::Unread, tell: &mut |_| {} })
}

/// Judges `change` with someone to give what its snapshot does not hold, and to hear how far it is.
pub fn run_with(change: Change, circumstances: &Circumstances, helper: &mut Helper<'_>) -> Judgement {
    let Change { mut snapshot, team, history } = change;
    let (own, mut problems) = readable(&team.policies);
    let (mut admission, unread) = admission(&team);
    let (vex, unread_vex) = vex(&team);
    problems.extend(unread_vex);
    problems.extend(unread);
    let (policies, broken) = PolicySet::builtin().with_team(&own);
    problems.extend(broken);
    let known: Vec<&str> = policies.known().into_iter().chain(admission.ids().map(PolicyId::as_str)).collect();
    let mut settings = RepositorySettings::resolve(&circumstances.organisation, &team.settings, &known);
    let lists = team.baselines.iter().map(|file| (file.path.as_str(), &file.text));
    let (baseline, unreadable) = Baseline::read(lists);
    settings.baseline = baseline;
    problems.extend(unreadable);
    let flags = &circumstances.flags;
    settings.waivers.extend(circumstances.waivers.iter().cloned());
    settings.fail_on.set(flags.fail_on.map(Threshold::severity), Origin::Flag);
    settings.profile.set(flags.profile, Origin::Flag);
    let disabled = settings.disabled_rules();
    let policies = policies.without(|id| disabled.contains(id));
    admission.retain(|id| !disabled.contains(id));
    problems.extend(empty_paths(&settings, &team));
    let mut options = ScanOptions {
        secret_key: circumstances.secret_key.clone(),
        today: Some(circumstances.today.to_string()),
        standard: flags.standard.clone(),
        admission,
        edits: circumstances.edits,
        digests: circumstances.digests.clone(),
        images: circumstances.images,
        ..settings.scan_options()
    };
    let mistakes = parameter::settle(&policies, &mut options.parameters);
    let mistake = |message| Problem { introduced: false, ..Problem::general(Cause::Settings, message) };
    settings.problems.extend(problems.into_iter().chain(mistakes.into_iter().map(mistake)));
    let mut found = scan_with(&snapshot, &policies, &options, helper);
    for file in &mut snapshot.files {
        if let Some(content) = found.read.remove(&file.path) {
            file.head = content;
        }
    }
    let gone = history::gone(&history.added, &snapshot, &found, &policies, &options);
    found.head.findings.extend(gone);
    found.head.problems.extend(history.unread.into_iter().map(|why| {
        let message = format!("not all commits of the change could be judged one by one: {why}");
        Problem::general(Cause::Unavailable, message)
    }));
    let unpinned = std::mem::take(&mut found.head.unpinned);
    let images = std::mem::take(&mut found.images);
    let verdict = decide(found, &snapshot, &settings, circumstances.today);
    Judgement { verdict, snapshot, policies, settings, unpinned, images, vex }
}

/// The built-in policies and the team's own, as far as those can be read.
pub fn policies(team: &TeamFiles) -> PolicySet {
    PolicySet::builtin().with_team(&readable(&team.policies).0).0
}

/// The cluster's own policies among the team's files, and what is wrong with them.
fn admission(team: &TeamFiles) -> (AdmissionSet, Vec<Problem>) {
    let (own, _) = readable(&team.policies);
    let files = team.admission_files();
    let (named, mut problems) = readable(&files);
    let own = own.into_iter().filter(|(_, text)| holds_objects(text));
    let (set, broken) = AdmissionSet::load(&own.chain(named).collect::<Vec<_>>(), &Limits::default());
    problems.extend(broken);
    (set, problems)
}

/// What the team's `OpenVEX` documents state, and what is wrong with them.
fn vex(team: &TeamFiles) -> (Vec<VexStatement>, Vec<Problem>) {
    let mut documents = VexDocuments::default();
    for file in team.vex_files() {
        match &file.text {
            SettingsFile::Text(text) => documents.add(&file.path, text),
            SettingsFile::Unreadable { why } => documents.refuse(&file.path, &format!("could not be read: {why}")),
            SettingsFile::Absent => {}
        }
    }
    let problem = |(path, why): (String, String)| Problem {
        introduced: false,
        ..Problem::of_file(&path, Cause::Settings, format!("{why}; it counts for nothing"))
    };
    let (statements, refused) = documents.finish();
    (statements, refused.into_iter().map(problem).collect())
}

/// A problem for each of `admission.paths` and `images.vex` at which there is nothing.
fn empty_paths(settings: &RepositorySettings, team: &TeamFiles) -> Vec<Problem> {
    let is_at = |path: &str, file: &TeamFile| {
        file.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let files = || team.admission.iter().chain(&team.policies);
    let of = |name: &'static str, paths: &[String]| -> Vec<Problem> {
        let empty = paths.iter().filter(|path| !files().any(|file| is_at(path, file)));
        let problem = |path: &String| {
            let message = format!("\"{name}\": the base has no YAML or JSON file at \"{path}\"");
            Problem { introduced: false, ..Problem::of_file(SETTINGS_PATH, Cause::Settings, message) }
        };
        empty.map(problem).collect()
    };
    [of("admission.paths", &settings.admission_paths.value), of("images.vex", &settings.images.vex.value)].concat()
}

/// The policy files that could be read, and a problem for each of the others.
fn readable(files: &[TeamFile]) -> (Vec<(&str, &str)>, Vec<Problem>) {
    let (mut texts, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        match &file.text {
            SettingsFile::Text(text) => texts.push((file.path.as_str(), text.as_str())),
            SettingsFile::Unreadable { why } => {
                let message = format!("policy could not be read: {why}; the built-in policies are used");
                problems.push(Problem::of_file(&file.path, Cause::Settings, message));
            }
            SettingsFile::Absent => {}
        }
    }
    (texts, problems)
}

impl Threshold {
    fn severity(self) -> Option<Severity> {
        match self {
            Self::From(severity) => Some(severity),
            Self::Never => None,
        }
    }
}

impl FromStr for Threshold {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "never" { Ok(Self::Never) } else { text.parse().map(Self::From) }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.severity().map_or("never", Severity::name))
    }
}

//! All policies of a run: the built-in ones and a team's own.
//!
//! Invariant: a policy file that does not load is a problem, and never takes another policy away.

mod builtin;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use super::super::ScanOptions;
use super::super::admission::holds_objects;
use super::super::problem::{Cause, Problem};
use super::super::secret::DetectorSet;
use super::super::secret::forms::SecretForms;
use super::compile::{self, Details};
use super::condition::{Condition, Role};
use super::fields::PolicyError;
use super::target::Target;
use super::{Brief, Judgement, Policy, PolicyId};

/// Where a team keeps its own policies.
pub const TEAM_DIRECTORY: &str = ".github/dockgate/";

/// All policies of a run. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    /// By id.
    entries: Vec<Arc<Entry>>,
    /// The indexes of the policies of each target.
    by_target: BTreeMap<Target, Vec<usize>>,
    off: BTreeSet<PolicyId>,
    /// The detectors of the policies that are on by themselves.
    detectors: Arc<OnceLock<Arc<DetectorSet>>>,
}

type Loader = Box<dyn FnOnce() -> Box<Policy> + Send + Sync>;

/// One policy of a set: small, as most are never read.
pub(in super::super) struct Entry {
    target: Target,
    /// What decides whether it runs.
    pub(super) brief: Brief,
    /// Whether it leaves anything to its users.
    pub(super) has_parameters: bool,
    /// Read when it is first looked at.
    pub(super) policy: LazyLock<Box<Policy>, Loader>,
    /// What a secret policy looks for, which is read without the rest of it.
    secret: Option<SecretForms>,
    /// The condition of a built-in policy, which is compiled without the rest of it.
    deny: Option<&'static str>,
    condition: OnceLock<Box<Result<Condition, PolicyError>>>,
    details: OnceLock<Box<Result<Details, PolicyError>>>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Entry").field("brief", &self.brief).finish_non_exhaustive()
    }
}

impl Entry {
    fn new(policy: Policy) -> Self {
        let secret = match &policy.judgement {
            Judgement::Secret(rule) => Some((**rule).clone()),
            Judgement::Condition(_) => None,
        };
        let secret = secret.map(|rule| SecretForms::new(move || rule));
        let (brief, has_parameters) = (Brief::of(&policy), !policy.parameters.is_empty());
        Self { has_parameters, ..Self::lazy(policy.target, brief, secret, None, move || Box::new(policy)) }
    }

    fn lazy(
        target: Target,
        brief: Brief,
        secret: Option<SecretForms>,
        deny: Option<&'static str>,
        load: impl FnOnce() -> Box<Policy> + Send + Sync + 'static,
    ) -> Self {
        let policy = LazyLock::<_, Loader>::new(Box::new(load));
        let has_parameters = false;
        Self {
            target,
            brief,
            has_parameters,
            policy,
            secret,
            deny,
            condition: OnceLock::new(),
            details: OnceLock::new(),
        }
    }

    /// The condition, compiled now if it was not before; `None` for a secret policy.
    pub(super) fn condition(&self) -> Option<Result<&Condition, &PolicyError>> {
        if self.secret.is_some() {
            return None;
        }
        let compiled = self.condition.get_or_init(|| {
            let alone = self.deny.and_then(|deny| Condition::compile_unchecked(deny, Role::Condition).ok());
            Box::new(alone.map_or_else(|| compile::deny(&self.policy), Ok))
        });
        Some((**compiled).as_ref())
    }

    /// What a finding needs beside the condition, compiled now if it was not before; `None` for a secret policy.
    pub(super) fn details(&self) -> Option<Result<&Details, &PolicyError>> {
        let rule = self.policy.condition()?;
        let details = self.details.get_or_init(|| Box::new(Details::new(&self.policy, rule)));
        Some((**details).as_ref())
    }

    /// Whether the policy, on objects that belong together, may ask for more than accounts, their roles and bindings.
    pub(in super::super) fn asks_all_objects(&self) -> bool {
        const FEW: [&str; 3] = [".roles", ".bindings", ".service_accounts"];
        let Some(rule) = self.policy.condition() else { return false };
        let texts = [Some(&rule.deny), rule.subjects.as_ref(), rule.conceal.as_ref(), Some(&self.policy.message)];
        let raises = rule.raise.iter().map(|raise| &raise.when);
        texts.into_iter().flatten().chain(raises).any(|written| {
            let is_name = |next: Option<char>| next.is_some_and(|next| next.is_alphanumeric() || next == '_');
            written.text.match_indices("set").any(|(at, word)| {
                let (before, after) = (written.text.get(..at), written.text.get(at + word.len()..).unwrap_or_default());
                let is_word =
                    !is_name(before.and_then(|text| text.chars().next_back())) && !is_name(after.chars().next());
                is_word && !FEW.iter().any(|list| after.starts_with(list))
            })
        })
    }

    /// What is wrong with the expressions of the policy.
    fn mistake(&self) -> Option<PolicyError> {
        let condition = self.condition()?.err();
        condition.or_else(|| self.details()?.err()).cloned()
    }
}

impl PolicySet {
    /// The policies that come with dockgate, read once.
    pub fn builtin() -> &'static Self {
        static SET: OnceLock<PolicySet> = OnceLock::new();
        SET.get_or_init(|| {
            let mut entries = builtin::entries();
            entries.sort_by(|one, other| one.brief.id.cmp(&other.brief.id));
            Self::of_entries(entries)
        })
    }

    /// The set of exactly `policies`; of two with the same id the last one stands.
    pub fn of(policies: impl IntoIterator<Item = Policy>) -> Self {
        let by_id: BTreeMap<PolicyId, Arc<Entry>> =
            policies.into_iter().map(|policy| (policy.id.clone(), Arc::new(Entry::new(policy)))).collect();
        Self::of_entries(by_id.into_values().collect())
    }

    fn of_entries(entries: Vec<Arc<Entry>>) -> Self {
        let mut by_target: BTreeMap<Target, Vec<usize>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            by_target.entry(entry.target).or_default().push(index);
        }
        Self { entries, by_target, ..Self::default() }
    }

    /// This set with a team's own policies, from files below [`TEAM_DIRECTORY`]; others are passed over. A policy with
    /// the id of another one takes its place.
    ///
    /// The problems are the files that do not load; the policy they would replace stays.
    pub fn with_team<P: AsRef<str>, T: AsRef<str>>(&self, files: &[(P, T)]) -> (Self, Vec<Problem>) {
        // A cluster's own policies may lie beside them.
        let is_own = |path: &str, text: &str| is_team_policy(path) && !holds_objects(text);
        let texts = files.iter().filter(|(path, text)| is_own(path.as_ref(), text.as_ref()));
        let (own, problems) = load_team(texts.map(|(path, text)| (path.as_ref(), text.as_ref())));
        let mut problems = problems;
        let mut by_id: BTreeMap<&PolicyId, Arc<Entry>> =
            self.entries.iter().map(|entry| (&entry.brief.id, Arc::clone(entry))).collect();
        let own: Vec<Arc<Entry>> = own.into_iter().map(|policy| Arc::new(Entry::new(policy))).collect();
        for entry in &own {
            match entry.mistake() {
                Some(error) => problems.push(problem(&error)),
                None => drop(by_id.insert(&entry.brief.id, Arc::clone(entry))),
            }
        }
        let set = Self::of_entries(by_id.into_values().collect());
        (Self { off: self.off.clone(), ..set }, problems)
    }

    /// This set with the policies switched off that `is_off` names. They are still known by name.
    #[must_use]
    pub fn without(&self, is_off: impl Fn(&PolicyId) -> bool) -> Self {
        let off = self.entries.iter().map(|entry| &entry.brief.id).filter(|id| is_off(id)).cloned();
        let off: BTreeSet<PolicyId> = off.chain(self.off.iter().cloned()).collect();
        Self { off, detectors: Arc::default(), ..self.clone() }
    }

    /// The ids of all policies, those that are off included.
    pub fn known(&self) -> BTreeSet<&str> {
        self.entries.iter().map(|entry| entry.brief.id.as_str()).collect()
    }

    /// The policies by id.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.entries.iter().map(|entry| &**entry.policy)
    }

    /// The policy of that id.
    pub fn get(&self, id: &PolicyId) -> Option<&Policy> {
        self.entry(id).map(|entry| &**entry.policy)
    }

    /// What decides whether the policy of that id runs.
    pub(in super::super) fn brief(&self, id: &PolicyId) -> Option<&Brief> {
        self.entry(id).map(|entry| &entry.brief)
    }

    /// What the policy of that id judges.
    pub(super) fn target(&self, id: &PolicyId) -> Option<Target> {
        self.entry(id).map(|entry| entry.target)
    }

    fn entry(&self, id: &PolicyId) -> Option<&Entry> {
        let index = self.entries.binary_search_by(|entry| entry.brief.id.cmp(id)).ok()?;
        self.entries.get(index).map(|entry| &**entry)
    }

    /// The policies of that id, or that another tool calls so, such as `KSV-0017`.
    pub fn find<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Policy> {
        self.iter().filter(move |policy| policy.is_called(name))
    }

    /// The detectors of the secret policies that run; kept where those are the ones that are on by themselves.
    pub(in super::super) fn detectors(&self, runs: impl Fn(&Brief) -> bool) -> Arc<DetectorSet> {
        let differs = self.of_target(Target::Secret).any(|entry| runs(&entry.brief) != entry.brief.enabled);
        let make = || {
            let entries = self.of_target(Target::Secret).filter(|entry| runs(&entry.brief));
            Arc::new(DetectorSet::new(
                entries.filter_map(|entry| Some((&entry.brief.id, entry.brief.severity, entry.secret.clone()?))),
            ))
        };
        if differs { make() } else { Arc::clone(self.detectors.get_or_init(make)) }
    }

    /// The policies of a target that run anywhere, by id.
    pub(in super::super) fn running(&self, target: Target, options: &ScanOptions) -> Vec<&Entry> {
        self.of_target(target).filter(|entry| options.may_run(&entry.brief)).collect()
    }

    /// The policies of a target that are not switched off, by id.
    fn of_target(&self, target: Target) -> impl Iterator<Item = &Entry> {
        let indexes = self.by_target.get(&target).map_or(&[][..], Vec::as_slice);
        let entries = indexes.iter().filter_map(|index| self.entries.get(*index)).map(|entry| &**entry);
        entries.filter(|entry| !self.off.contains(&entry.brief.id))
    }

    /// Reads and compiles every policy whole, built-in ones with their examples and patterns.
    ///
    /// # Errors
    ///
    /// The mistakes of all policies.
    pub fn check(&self) -> Result<(), Vec<PolicyError>> {
        let mistake = |entry: &Arc<Entry>| {
            let Policy { id, file, .. } = &**entry.policy;
            let Some(text) = entry.policy.built_in_text() else { return entry.mistake() };
            match Policy::load(id.clone(), file, text) {
                Ok(whole) => Entry::new(whole).mistake(),
                Err(error) => Some(error),
            }
        };
        let errors: Vec<_> = self.entries.iter().filter_map(mistake).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// The text of the file of a built-in policy.
pub(super) fn builtin_text(file: &str) -> Option<&'static str> {
    builtin::text(file)
}

/// Whether the file at `path` is a team's own policy.
pub fn is_team_policy(path: &str) -> bool {
    path.starts_with(TEAM_DIRECTORY) && without_ending(path).is_some()
}

fn without_ending(path: &str) -> Option<&str> {
    path.strip_suffix(".yaml").or_else(|| path.strip_suffix(".yml"))
}

/// The team's own policies.
fn load_team<'p, 't>(files: impl Iterator<Item = (&'p str, &'t str)>) -> (Vec<Policy>, Vec<Problem>) {
    let (mut policies, mut problems) = (Vec::new(), Vec::new());
    for (path, text) in files {
        let Some(id) = without_ending(path) else { continue };
        match Policy::load(PolicyId::new(id.strip_prefix(TEAM_DIRECTORY).unwrap_or(id)), path, text) {
            Ok(policy) => policies.push(policy),
            Err(error) => problems.push(problem(&error)),
        }
    }
    (policies, problems)
}

fn problem(error: &PolicyError) -> Problem {
    let mut problem =
        Problem::of_file(&error.file, Cause::Settings, format!("{}; the policy is left out", error.mistake));
    problem.line = Some(error.line);
    problem
}

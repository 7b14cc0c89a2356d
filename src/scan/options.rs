//! What settings tell the engine: which policies run where, how severe they are, and what they allow.
//!
//! Invariant: of several scopes that cover a thing and name a policy the last one decides, then the settings for the
//! whole repository, then the policy itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::admission::AdmissionSet;
use super::document::node::{Node, Value};
use super::finding::{Category, Severity};
use super::glob::PathGlobs;
use super::image_use::Digests;
use super::limits::Limits;
use super::policy::parameter::ParameterValue;
use super::policy::{Brief, PolicyId};

/// The newest minor version of Kubernetes 1 that the policies know.
pub const NEWEST_KUBERNETES_MINOR: u32 = 37;

/// What settings tell the engine.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// The bounds.
    pub limits: Limits,
    /// Whether a tag without a digest is as bad as no tag.
    pub pin_digest: bool,
    /// The minor version of the cluster's Kubernetes 1.
    pub kubernetes_minor: u32,
    /// Which policies run that nothing else names.
    pub profile: Profile,
    /// Judge by the policies of this standard alone, such as `pss:restricted`.
    pub standard: Option<String>,
    /// Judge by the policies of this category alone.
    pub only: Option<Category>,
    /// Severity by rule, in place of the policy's own.
    pub severities: BTreeMap<PolicyId, Severity>,
    /// Values for parameters of policies, in place of their defaults.
    pub parameters: BTreeMap<PolicyId, BTreeMap<String, ParameterValue>>,
    /// What holds for a part of the repository or the cluster only.
    pub scopes: Vec<Scope>,
    /// The cluster's own policies.
    pub admission: AdmissionSet,
    /// Whether findings that the change brings get their edits. Each is verified by judging the file again.
    pub edits: bool,
    /// Whether the images that the change brings in are listed.
    pub images: bool,
    /// What the tags of images name, for the edits that write it beside them.
    pub digests: Digests,
    /// Key of the secrets' fingerprints, so that nobody guesses a weak password back from one.
    pub secret_key: SecretKey,
    /// The day, written `YYYY-MM-DD`: a token whose end is before it has expired. When absent none has.
    pub today: Option<String>,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            pin_digest: false,
            kubernetes_minor: NEWEST_KUBERNETES_MINOR,
            profile: Profile::default(),
            standard: None,
            only: None,
            severities: BTreeMap::new(),
            parameters: BTreeMap::new(),
            scopes: Vec::new(),
            admission: AdmissionSet::default(),
            edits: true,
            images: false,
            digests: Digests::default(),
            secret_key: SecretKey::default(),
            today: None,
        }
    }
}

/// Which policies run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Those that are on by themselves: what a good team would block or want to know.
    #[default]
    Default,
    /// All that are about security or secrets.
    Strict,
    /// All.
    All,
}

impl Profile {
    /// All profiles, the smallest first.
    pub const ALL: [Self; 3] = [Self::Default, Self::Strict, Self::All];

    /// The name, as settings write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Strict => "strict",
            Self::All => "all",
        }
    }

    /// The profile of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// Whether `policy` is in it.
    pub fn holds(self, policy: &Brief) -> bool {
        match self {
            Self::Default => policy.enabled,
            Self::Strict => policy.enabled || matches!(policy.category, Category::Security | Category::Secret),
            Self::All => true,
        }
    }
}

/// What settings decide about one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleSetting {
    /// The rule is not applied.
    Off,
    /// The rule has this severity.
    Severity(Severity),
}

impl RuleSetting {
    /// The name, as settings write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Severity(severity) => severity.name(),
        }
    }
}

/// Rules for a part of the files and objects. What is empty covers everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The files.
    pub paths: PathGlobs,
    /// The namespaces that objects name, with `*` for any characters.
    pub namespaces: Vec<String>,
    /// Labels that objects carry, every one of them.
    pub labels: BTreeMap<String, String>,
    /// What holds there.
    pub rules: BTreeMap<PolicyId, RuleSetting>,
}

impl Scope {
    /// Whether it covers a thing in the file at `path` that belongs to `object`: facts with `namespace` and `labels`.
    fn covers(&self, path: &str, object: Option<&Node>) -> bool {
        let of_object = |key: &str| object.and_then(|object| object.get(key));
        let in_path = self.paths.patterns().is_empty() || self.paths.matches(path);
        let in_namespace = self.namespaces.is_empty() || {
            let namespace = of_object("namespace").and_then(Node::as_str);
            namespace.is_some_and(|namespace| self.namespaces.iter().any(|pattern| fits(pattern, namespace)))
        };
        let has_label = |(key, value): (&String, &String)| {
            let label = of_object("labels").and_then(|labels| labels.get(key));
            label.is_some_and(|label| matches!(label.value(), Value::String(text) if **text == **value))
        };
        in_path && in_namespace && self.labels.iter().all(has_label)
    }
}

impl Scope {
    /// What it covers, in words.
    pub fn described(&self) -> String {
        let labels: Vec<String> = self.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let parts = [("paths", self.paths.patterns()), ("namespaces", &self.namespaces), ("labels", &labels)];
        let named = parts.into_iter().filter(|(_, items)| !items.is_empty());
        format!(
            "in {}",
            named.map(|(name, items)| format!("{name} {}", items.join(", "))).collect::<Vec<_>>().join(", ")
        )
    }
}

/// Whether `text` fits a pattern of literals and `*`.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, mut pattern)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(start) else { return false };
    while let Some((piece, more)) = pattern.split_once('*') {
        let Some(found) = rest.find(piece) else { return false };
        (rest, pattern) = (rest.get(found + piece.len()..).unwrap_or_default(), more);
    }
    rest.ends_with(pattern)
}

impl ScanOptions {
    /// Whether `policy` runs where no scope says otherwise.
    pub fn runs(&self, policy: &Brief) -> bool {
        if let Some(standard) = &self.standard {
            return policy.stands_for(standard);
        }
        let is_asked_for = self.pin_digest && policy.asks_for_digests;
        self.profile.holds(policy) || is_asked_for || self.severities.contains_key(&policy.id)
    }

    /// Whether `policy` runs anywhere.
    pub fn may_run(&self, policy: &Brief) -> bool {
        if self.only.is_some_and(|only| policy.category != only) {
            return false;
        }
        let turns_on = |scope: &Scope| matches!(scope.rules.get(&policy.id), Some(RuleSetting::Severity(_)));
        self.runs(policy) || (self.standard.is_none() && self.scopes.iter().any(turns_on))
    }

    /// Whether `policy` runs for a thing in the file at `path` that belongs to `object`.
    pub fn runs_at(&self, policy: &Brief, path: &str, object: Option<&Node>) -> bool {
        match self.scoped(&policy.id, path, object) {
            Some(setting) => setting != RuleSetting::Off,
            None => self.runs(policy),
        }
    }

    /// The severity that settings give `rule` for that thing.
    pub fn severity_at(&self, rule: &PolicyId, path: &str, object: Option<&Node>) -> Option<Severity> {
        match self.scoped(rule, path, object) {
            Some(RuleSetting::Severity(severity)) => Some(severity),
            Some(RuleSetting::Off) | None => self.severities.get(rule).copied(),
        }
    }

    /// What the last scope that covers the thing says of `rule`.
    pub fn scoped(&self, rule: &PolicyId, path: &str, object: Option<&Node>) -> Option<RuleSetting> {
        let named = |scope: &&Scope| scope.rules.contains_key(rule) && scope.covers(path, object);
        self.scopes.iter().rev().find(named)?.rules.get(rule).copied()
    }
}

/// The key under which secrets are fingerprinted: 32 bytes.
#[derive(Clone, Default)]
pub struct SecretKey(pub [u8; 32]);

impl SecretKey {
    /// The key that stands for `passphrase`: its SHA-256.
    pub fn derived(passphrase: &str) -> Self {
        Self(Sha256::digest(passphrase.as_bytes()).into())
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_fit_patterns() {
        for (pattern, text, expected) in [
            ("team-a", "team-a", true),
            ("team-a", "team-ab", false),
            ("team-*", "team-", true),
            ("*-system", "kube-system", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXcYb", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}

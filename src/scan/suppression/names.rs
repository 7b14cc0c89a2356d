//! The rules that a suppression may name: ours, and what other tools call them.
//!
//! Invariant: the names of other tools are looked up by tool, since two tools may use one id for different things.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::super::admission::AdmissionSet;
use super::super::policy::{PolicyId, PolicySet};

/// The names of all rules.
#[derive(Debug)]
pub struct Names<'p> {
    policies: &'p PolicySet,
    admission: &'p AdmissionSet,
    /// Made when the first suppression is met, and so are those of other tools.
    known: OnceCell<BTreeSet<&'p str>>,
    aliases: OnceCell<BTreeMap<String, Vec<&'p str>>>,
}

impl<'p> Names<'p> {
    /// The names of `policies` and of the cluster's own.
    pub fn new(policies: &'p PolicySet, admission: &'p AdmissionSet) -> Self {
        Self { policies, admission, known: OnceCell::new(), aliases: OnceCell::new() }
    }

    /// The ids of all rules, those that are off included.
    pub fn known(&self) -> &BTreeSet<&'p str> {
        self.known.get_or_init(|| {
            let mut known = self.policies.known();
            known.extend(self.admission.ids().map(PolicyId::as_str));
            known
        })
    }

    /// The rules that `tool` calls `id`; none when it names nothing of ours.
    pub fn of(&self, tool: &str, id: &str) -> &[&'p str] {
        let aliases = self.aliases.get_or_init(|| self.collect());
        aliases.get(&key(tool, id)).map_or(&[], Vec::as_slice)
    }

    fn collect(&self) -> BTreeMap<String, Vec<&'p str>> {
        let mut names: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for policy in self.policies.iter() {
            for (tool, ids) in &policy.aliases {
                for id in ids {
                    names.entry(key(tool, id)).or_default().push(policy.id.as_str());
                }
            }
        }
        names
    }
}

fn key(tool: &str, id: &str) -> String {
    format!("{tool} {}", normal(tool, id))
}

/// The id in lower case, and of the several ways in which Trivy wrote its ids the present one: `AVD-DS-0001`, `DS001`
/// and `DS-0001` are one.
fn normal(tool: &str, id: &str) -> String {
    let id = id.to_ascii_lowercase();
    if tool != "trivy" {
        return id;
    }
    let short = id.strip_prefix("avd-").unwrap_or(&id);
    let digits = short.trim_start_matches(|next: char| !next.is_ascii_digit());
    let letters = short.strip_suffix(digits).unwrap_or(short).trim_end_matches('-');
    match digits.parse::<u32>() {
        Ok(number) if digits.len() <= 6 => format!("{letters}-{number:04}"),
        _ => short.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_trivy_have_one_form() {
        for id in ["AVD-KSV-0017", "KSV017", "ksv-0017", "AVD-KSV-017"] {
            assert_eq!(normal("trivy", id), "ksv-0017", "{id}");
        }
        assert_eq!(normal("trivy", "private-key"), "private-key");
        assert_eq!(normal("hadolint", "DL3006"), "dl3006");
    }

    #[test]
    fn a_tool_knows_its_own_ids_only() {
        let admission = AdmissionSet::default();
        let names = Names::new(PolicySet::builtin(), &admission);
        assert_eq!(names.of("trivy", "KSV017"), ["kubernetes/privileged-container"]);
        assert_eq!(names.of("hadolint", "KSV-0017"), Vec::<&str>::new());
    }
}

//! A cluster's own `ValidatingAdmissionPolicy` objects, judged before the merge.
//!
//! Invariant: for each policy and each object there is a finding, silence because the cluster would admit it or because
//! the answer hangs on what is templated, or a [`Problem`] with the policy's file and line.
//!
//! # Source
//! Kubernetes, "Validating Admission Policy"; API reference of `admissionregistration.k8s.io/v1`.

mod binding;
pub mod cel;
mod defaults;
mod judge;
mod matching;
mod place;
mod policy;
#[cfg(test)]
mod tests;

use super::document;
use super::document::kubernetes::{Object, objects};
use super::limits::Limits;
use super::policy::PolicyId;
use super::problem::{Cause, Problem};
use super::span::LineIndex;
use binding::Binding;
use policy::AdmissionPolicy;

/// The group of the objects that this is about.
const GROUP: &str = "admissionregistration.k8s.io";

/// Policies, their bindings, and the objects of the tree that they may refer to.
#[derive(Clone, Debug, Default)]
pub struct AdmissionSet {
    policies: Vec<AdmissionPolicy>,
    bindings: Vec<Binding>,
    references: Vec<Object>,
}

/// Whether a file of a team holds Kubernetes objects, not policies of dockgate's own form.
pub fn holds_objects(text: &str) -> bool {
    let is_json = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']).starts_with('{');
    let has = |key: &str| {
        let line = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        text.trim_start_matches('\u{feff}').lines().any(line) || (is_json && text.contains(&format!("\"{key}\"")))
    };
    has("apiVersion") && has("kind")
}

impl AdmissionSet {
    /// Reads `files`, each with its path and text, and says what is wrong with them.
    pub fn load(files: &[(&str, &str)], limits: &Limits) -> (Self, Vec<Problem>) {
        let (mut set, mut problems) = (Self::default(), Vec::new());
        for (path, text) in files {
            let parsed = document::parse(path, text, limits);
            problems.extend(parsed.problems.iter().filter(|problem| problem.cause.leaves_unjudged()).cloned());
            let lines = LineIndex::new(text);
            for object in parsed.documents.iter().filter_map(|document| document.tree()).flat_map(objects) {
                let source = policy::Source { file: path, lines: &lines };
                match (object.group(), object.kind.as_str()) {
                    (Some(GROUP), "ValidatingAdmissionPolicy") => match AdmissionPolicy::read(&object, source) {
                        Ok(policy) => set.policies.push(policy),
                        Err(mistakes) => problems.extend(mistakes),
                    },
                    (Some(GROUP), "ValidatingAdmissionPolicyBinding") => {
                        set.bindings.push(Binding::read(&object, source));
                    }
                    _ => set.references.push(object),
                }
            }
        }
        problems.extend(set.unbound());
        for problem in &mut problems {
            // The policies are the base's: the change has no part in it.
            problem.introduced = false;
        }
        (set, problems)
    }

    /// Bindings whose policy is nowhere.
    fn unbound(&self) -> Vec<Problem> {
        let is_there = |binding: &&Binding| self.policies.iter().any(|policy| policy.name == binding.policy);
        let lost = self.bindings.iter().filter(|binding| !is_there(binding));
        lost.map(|binding| {
            let message = format!("binds the policy \"{}\", which is not in the tree or can't be read", binding.policy);
            Problem { line: Some(binding.line), ..Problem::of_file(&binding.file, Cause::Policy, message) }
        })
        .collect()
    }

    /// The ids under which the policies report.
    pub fn ids(&self) -> impl Iterator<Item = &PolicyId> {
        self.policies.iter().map(|policy| &policy.id)
    }

    /// Leaves out the policies that `is_off` says.
    pub fn retain(&mut self, is_on: impl Fn(&PolicyId) -> bool) {
        self.policies.retain(|policy| is_on(&policy.id));
    }

    /// Whether there is nothing to judge by.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }
}

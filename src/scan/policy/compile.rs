//! A policy that is ready to judge. Compiled when its target first occurs, so a change pays only for what it holds;
//! what only a finding needs, when there is one.
//!
//! Invariant: a policy of a team is compiled whole when it is loaded, so its mistakes are reported even when nothing in
//! the change would be judged by it. Of a built-in one the tests prove that there is none.

use super::super::finding::Severity;
use super::condition::{Condition, ConditionError, Role, check_fact};
use super::fields::{Mistake, PolicyError};
use super::template::Template;
use super::{ConditionRule, EditPart, Policy, Raise, Written};

/// What a finding needs beside the condition.
#[derive(Debug)]
pub(super) struct Details {
    pub(super) subjects: Option<Condition>,
    pub(super) conceal: Option<Condition>,
    pub(super) raise: Vec<(Condition, Severity)>,
    pub(super) message: Template,
    pub(super) edit: Vec<EditDetails>,
}

/// What a part of an edit needs beside its rule.
#[derive(Debug)]
pub(super) struct EditDetails {
    pub(super) when: Option<Condition>,
    /// The text with placeholders.
    pub(super) text: Option<Template>,
}

/// Compiles the condition of `policy`; a secret policy has none, and denies nothing.
///
/// # Errors
///
/// Its mistake, with the line of the field.
pub(super) fn deny(policy: &Policy) -> Result<Condition, PolicyError> {
    let none = Written { text: "false".to_owned(), line: 1 };
    condition(policy, policy.condition().map_or(&none, |rule| &rule.deny), "deny", Role::Condition)
}

impl Details {
    /// Compiles the other expressions and the templates of `policy`.
    ///
    /// # Errors
    ///
    /// The first mistake, with the line of its field.
    pub(super) fn new(policy: &Policy, rule: &ConditionRule) -> Result<Self, PolicyError> {
        let texts = |written: &Option<Written>, field: &str| {
            written.as_ref().map(|written| condition(policy, written, field, Role::Texts)).transpose()
        };
        let template = |written: &Written, field: &str| {
            Template::parse(&written.text, policy.target.facts(), &policy.parameters)
                .map_err(|error| mistake(policy, written, field, error))
        };
        let raise = |raise: &Raise| Ok((condition(policy, &raise.when, "raise.when", Role::Condition)?, raise.to));
        let edit = |part: &EditPart| {
            if let Some(fact) = part.within.as_ref().filter(|_| !policy.built_in) {
                let line = Written { text: fact.clone(), line: rule.deny.line };
                check_fact(fact, policy.target.facts(), &policy.parameters)
                    .map_err(|error| mistake(policy, &line, "edit.in", error))?;
            }
            let when = part.when.as_ref();
            let text = part.rule.template();
            Ok(EditDetails {
                when: when.map(|when| condition(policy, when, "edit.when", Role::Condition)).transpose()?,
                text: text.map(|(written, field)| template(written, field)).transpose()?,
            })
        };
        Ok(Self {
            conceal: texts(&rule.conceal, "conceal")?,
            subjects: texts(&rule.subjects, "subjects")?,
            raise: rule.raise.iter().map(raise).collect::<Result<_, PolicyError>>()?,
            message: template(&policy.message, "message")?,
            edit: rule.edit.iter().map(edit).collect::<Result<_, PolicyError>>()?,
        })
    }
}

fn condition(policy: &Policy, written: &Written, field: &str, role: Role) -> Result<Condition, PolicyError> {
    let compiled = || {
        if policy.built_in {
            return Condition::compile_unchecked(&written.text, role);
        }
        let condition = Condition::compile(&written.text, role, policy.target.facts(), &policy.parameters)?;
        condition.check_patterns()?;
        Ok(condition)
    };
    compiled().map_err(|error| mistake(policy, written, field, error))
}

fn mistake(policy: &Policy, written: &Written, field: &str, error: ConditionError) -> PolicyError {
    let ConditionError { found, expected, nearest } = error;
    let expected = expected.replace("the target", policy.target.name());
    PolicyError {
        file: policy.file.clone(),
        line: written.line,
        mistake: Box::new(Mistake::Value { field: field.to_owned(), found, expected, nearest }),
    }
}

//! A policy that is ready to judge. Compiled when its target first occurs, so a change pays only for what it holds.
//!
//! Invariant: a policy of a team is compiled when it is loaded, so its mistakes are reported even when nothing in the
//! change would be judged by it.

use super::super::finding::Severity;
use super::condition::{Condition, ConditionError, Role};
use super::fields::{Mistake, PolicyError};
use super::template::Template;
use super::{ConditionRule, EditRule, Policy, Written};

/// The parts of a policy that are read further.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) deny: Condition,
    pub(super) subjects: Option<Condition>,
    pub(super) conceal: Option<Condition>,
    pub(super) raise: Vec<(Condition, Severity)>,
    pub(super) message: Template,
    pub(super) replacement: Option<Template>,
}

impl Compiled {
    /// Compiles the expressions and templates of `policy`.
    ///
    /// # Errors
    ///
    /// The first mistake, with the line of its field.
    pub(super) fn new(policy: &Policy, rule: &ConditionRule) -> Result<Self, PolicyError> {
        let (facts, parameters) = (policy.target.facts(), policy.parameters.as_slice());
        let condition = |written: &Written, field: &str, role| {
            let compiled = Condition::compile(&written.text, role, facts, parameters).and_then(|condition| {
                if !policy.built_in {
                    condition.check_patterns()?;
                }
                Ok(condition)
            });
            compiled.map_err(|error| mistake(policy, written, field, error))
        };
        let template = |written: &Written, field: &str| {
            Template::parse(&written.text, facts, parameters).map_err(|error| mistake(policy, written, field, error))
        };
        let raise = |raise: &super::Raise| Ok((condition(&raise.when, "raise.when", Role::Condition)?, raise.to));
        Ok(Self {
            deny: condition(&rule.deny, "deny", Role::Condition)?,
            conceal: rule.conceal.as_ref().map(|written| condition(written, "conceal", Role::Texts)).transpose()?,
            subjects: rule.subjects.as_ref().map(|written| condition(written, "subjects", Role::Texts)).transpose()?,
            raise: rule.raise.iter().map(raise).collect::<Result<_, PolicyError>>()?,
            message: template(&policy.message, "message")?,
            replacement: match &rule.edit {
                Some(EditRule::Replace { with, .. }) => Some(template(with, "edit.with")?),
                Some(
                    EditRule::Set { .. }
                    | EditRule::Remove { .. }
                    | EditRule::RemoveItems { .. }
                    | EditRule::Append { .. },
                )
                | None => None,
            },
        })
    }
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

//! Parameters: what a policy leaves to its users, such as the registries they trust.
//!
//! Invariant: a value has the kind that its policy declares; any other is reported and the default stands.

use std::collections::BTreeMap;

use super::super::document::node::{Node, Value};
use super::fields::{nearest, scalar_text};
use super::{Policy, PolicyId, PolicySet};

/// A parameter as a policy declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name; conditions write `parameters.name`.
    pub name: String,
    /// The kind of its values.
    pub kind: ParameterKind,
    /// The value when settings give none.
    pub default: ParameterValue,
    /// What it means, one sentence.
    pub doc: String,
}

/// The kind of a parameter's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// `strings`: a list of texts.
    Strings,
    /// `string`: a text.
    String,
    /// `integer`: a whole number.
    Integer,
    /// `boolean`: `true` or `false`.
    Boolean,
}

impl ParameterKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Strings, Self::String, Self::Integer, Self::Boolean];

    /// The name, as policies write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strings => "strings",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
        }
    }

    /// The value of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// `value` as one of this kind, `None` when it is of another. A single text is a list of one.
    pub fn take(self, value: ParameterValue) -> Option<ParameterValue> {
        match (self, value) {
            (Self::Strings, ParameterValue::String(text)) => Some(ParameterValue::Strings(vec![text])),
            (Self::Strings, value @ ParameterValue::Strings(_))
            | (Self::String, value @ ParameterValue::String(_))
            | (Self::Integer, value @ ParameterValue::Integer(_))
            | (Self::Boolean, value @ ParameterValue::Boolean(_)) => Some(value),
            _ => None,
        }
    }
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterValue {
    /// A list of texts.
    Strings(Vec<String>),
    /// A text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
}

impl ParameterValue {
    /// The value that `node` holds; `None` for a map, a fraction, nothing, or a list of anything but scalars.
    pub fn read(node: &Node) -> Option<Self> {
        match node.value() {
            Value::Sequence(items) => Some(Self::Strings(items.iter().map(scalar_text).collect::<Option<_>>()?)),
            Value::Int(number) => Some(Self::Integer(*number)),
            Value::Bool(value) => Some(Self::Boolean(*value)),
            Value::String(text) | Value::Unknown(text) => Some(Self::String(text.to_string())),
            Value::Null | Value::Float(_) | Value::Mapping(_) => None,
        }
    }

    /// The value as conditions see it.
    pub fn node(&self) -> Node {
        Node::computed(match self {
            Self::Strings(texts) => {
                Value::Sequence(texts.iter().map(|text| Node::computed(text.as_str().into())).collect())
            }
            Self::String(text) => text.as_str().into(),
            Self::Integer(number) => Value::Int(*number),
            Self::Boolean(value) => Value::Bool(*value),
        })
    }
}

impl std::fmt::Display for ParameterValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Strings(texts) => write!(formatter, "[{}]", texts.join(", ")),
            Self::String(text) => formatter.write_str(text),
            Self::Integer(number) => number.fmt(formatter),
            Self::Boolean(value) => value.fmt(formatter),
        }
    }
}

/// Brings the values that settings give to the kinds that their policies declare, and takes out those that do not fit.
/// Policies that are not known are passed over: whoever read the settings has named them.
///
/// Gives what is wrong, one sentence for each value.
pub fn settle(policies: &PolicySet, given: &mut BTreeMap<PolicyId, BTreeMap<String, ParameterValue>>) -> Vec<String> {
    let mut mistakes = Vec::new();
    for (id, values) in given {
        let Some(policy) = policies.get(id) else { continue };
        let settled = std::mem::take(values).into_iter().filter_map(|(name, value)| {
            settled(policy, &name, value).map_err(|mistake| mistakes.push(mistake)).ok().map(|value| (name, value))
        });
        *values = settled.collect();
    }
    mistakes
}

fn settled(policy: &Policy, name: &str, value: ParameterValue) -> Result<ParameterValue, String> {
    let names = || policy.parameters.iter().map(|parameter| parameter.name.as_str());
    let Some(parameter) = policy.parameters.iter().find(|parameter| parameter.name == name) else {
        let advice = match (nearest(name, names()), policy.parameters.is_empty()) {
            (Some(near), _) => format!("did you mean \"{near}\"?"),
            (None, true) => "it has none".to_owned(),
            (None, false) => format!("it has {}", names().collect::<Vec<_>>().join(", ")),
        };
        return Err(format!("rules.{}.parameters: unknown parameter \"{name}\"; {advice}", policy.id));
    };
    let expected = parameter.kind.name();
    let mistake = || {
        let default = &parameter.default;
        format!("rules.{}.parameters.{name}: not of type {expected}; the default {default} is used", policy.id)
    };
    parameter.kind.take(value).ok_or_else(mistake)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "\
title: t
severity: low
target: kubernetes.container
parameters:
  registries: {type: strings, default: [ghcr.io], doc: trusted registries}
  limit: {type: integer, default: 3, doc: how many}
deny: container.name in parameters.registries
message: \"{container.name} is one of {parameters.registries}\"
why: w
fix: f
examples: [{name: denied, deny: [1], text: x}, {name: fine, text: x}]
";

    fn check(given: &[(&str, ParameterValue)], expected: &[(&str, ParameterValue)], mistakes: &[&str]) {
        let policy = Policy::load(PolicyId::new("k/p"), "p.yaml", POLICY).unwrap();
        let set = PolicySet::of([policy]);
        let own = |values: &[(&str, ParameterValue)]| {
            values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<BTreeMap<_, _>>()
        };
        let mut all = [(PolicyId::new("k/p"), own(given))].into();
        assert_eq!(settle(&set, &mut all), mistakes);
        assert_eq!(all, [(PolicyId::new("k/p"), own(expected))].into());
    }

    #[test]
    fn values_take_the_declared_kind_or_are_named() {
        let list = ParameterValue::Strings(vec!["a".into()]);
        check(&[("registries", ParameterValue::String("a".into()))], &[("registries", list.clone())], &[]);
        check(&[("registries", list.clone())], &[("registries", list)], &[]);
        check(
            &[("limit", ParameterValue::Boolean(true))],
            &[],
            &["rules.k/p.parameters.limit: not of type integer; the default 3 is used"],
        );
        check(
            &[("limits", ParameterValue::Integer(1))],
            &[],
            &["rules.k/p.parameters: unknown parameter \"limits\"; did you mean \"limit\"?"],
        );
    }

    #[test]
    fn a_default_of_another_kind_and_an_undeclared_name_are_mistakes() {
        let bad = POLICY.replace("default: 3", "default: many");
        let error = Policy::load(PolicyId::new("k/p"), "p.yaml", &bad).unwrap_err().to_string();
        assert_eq!(error, "p.yaml:6: \"parameters.default\": found \"many\", expected a value of type integer");
        let bad = POLICY.replace("in parameters.registries", "in parameters.registry");
        let team = [(".github/dockgate/p.yaml", bad.as_str())];
        let (_, problems) = PolicySet::default().with_team(&team);
        let message = problems.first().map(|problem| problem.message.as_str()).unwrap_or_default();
        assert!(message.contains("did you mean \"registries\"?"), "{message}");
    }
}

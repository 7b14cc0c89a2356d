//! The policies that come with dockgate.
//!
//! Invariant: what a policy says is read when it is first asked for; its id, its target and what decides whether it
//! runs are known before.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::super::super::document::node::{Entry as NodeEntry, Mapping, Node, Value};
use super::super::super::finding::{Category, Severity};
use super::super::super::span::Span;
use super::super::load::category_named;
use super::super::target::Target;
use super::super::{Brief, Policy, PolicyId};
use super::Entry;
use crate::scan::secret::forms::SecretForms;

/// The files, for their examples.
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");

const FOLDER: &str = "policies/";

/// What the build made of them: a line for each, and what the lines speak of.
static INDEX: &str = include_str!(concat!(env!("OUT_DIR"), "/policies.index"));
static TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/policies.text"));

/// All of them, not read yet.
pub(super) fn entries() -> Vec<Arc<Entry>> {
    let mut rest = TEXT;
    INDEX.lines().filter_map(|line| entry(line, &mut rest)).map(Arc::new).collect()
}

/// The entry of a line of the index, which `build.rs` writes, with its parts of the text at the beginning of `rest`.
/// What is wrong in a file is refused when the policy is read whole, which its tests do.
fn entry(line: &'static str, rest: &mut &'static str) -> Option<Entry> {
    let mut fields = Fields(line);
    let id = PolicyId::built_in(fields.next()?);
    let target = Target::from_name(fields.next()?).unwrap_or(Target::Secret);
    let category = category_named(fields.next()?).unwrap_or(Category::Security);
    let severity = fields.next()?.parse().unwrap_or(Severity::Info);
    let mut flags = fields.next()?.bytes().map(|flag| flag == b'+');
    let brief = Brief {
        id,
        category,
        severity,
        enabled: flags.next()?,
        asks_for_digests: flags.next()?,
        only_loosened: flags.next()?,
        standards: fields.next()?.into(),
    };
    let has_parameters = flags.next()?;
    let mut part = || {
        let (part, after) = rest.split_at_checked(fields.next()?.parse().ok()?)?;
        *rest = after;
        Some(part)
    };
    let (decides, secret, json) = (part()?, part()?, part()?);
    let secret = (target == Target::Secret).then(|| {
        let rule = move || serde_json::from_str(secret).unwrap_or_default();
        SecretForms::new(rule).with_keywords(decides)
    });
    let deny = secret.is_none().then_some(decides);
    let id = brief.id.clone();
    let entry = Entry::lazy(target, brief, secret, deny, move || Box::new(policy(id, json)));
    Some(Entry { has_parameters, ..entry })
}

/// What tabs separate in a line.
struct Fields(&'static str);

impl Iterator for Fields {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        let end = memchr::memchr(b'\t', self.0.as_bytes()).unwrap_or(self.0.len());
        let (field, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.get(1..).unwrap_or_default();
        Some(field)
    }
}

/// A policy that does not load speaks of it whenever it is asked; the tests load every one.
fn policy(id: PolicyId, json: &'static str) -> Policy {
    let path = &format!("{FOLDER}{id}.yaml");
    let root = serde_json::from_str(json).map_or_else(|_| Node::computed(Value::Null), |Tree(root)| root);
    let loaded = Policy::load_builtin(id.clone(), path, &root);
    loaded.unwrap_or_else(|error| Policy::broken(id, path, &error))
}

/// The text of the file at `path`.
pub(super) fn text(path: &str) -> Option<&'static str> {
    FILES.get_file(path.strip_prefix(FOLDER)?)?.contents_utf8()
}

/// A tree read from JSON.
struct Tree(Node);

impl<'de: 'static> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(TreeVisitor).map(|value| Self(Node::computed(value)))
    }
}

struct TreeVisitor;

impl<'de: 'static> Visitor<'de> for TreeVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        i64::try_from(number).map(Value::Int).map_err(E::custom)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Tree(item)) = list.next_element()? {
            items.push(item);
        }
        Ok(Value::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, Tree(value))) = map.next_entry::<Cow<'static, str>, Tree>()? {
            entries.push(NodeEntry { key, key_span: Span::default(), value });
        }
        Ok(Value::Mapping(Mapping::new(entries)))
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::super::super::Judgement;
    use super::super::PolicySet;
    use super::*;

    /// What a policy says, without the places where its file says it.
    fn said(policy: &Policy) -> String {
        let shown = format!("{:?}", Policy { built_in: false, examples: Vec::new(), ..policy.clone() });
        let places = Regex::new(r"span: Span \{ start: \d+, end: \d+ \}|line: \d+").unwrap();
        places.replace_all(&shown, "").replace("Unknown(", "String(")
    }

    #[test]
    fn the_build_changes_nothing_of_what_a_policy_says() {
        let mut count = 0;
        let entries = entries();
        for policy in PolicySet::builtin().iter() {
            let text = text(&policy.file).unwrap();
            let whole = Policy::load(policy.id.clone(), &policy.file, text).unwrap();
            assert_eq!(said(policy), said(&whole), "{}", policy.id);
            let entry = entries.iter().find(|entry| entry.brief.id == policy.id).unwrap();
            assert_eq!((&entry.brief, entry.target), (&Brief::of(policy), policy.target));
            assert_eq!(entry.has_parameters, !policy.parameters.is_empty(), "{}", policy.id);
            match &policy.judgement {
                Judgement::Secret(rule) => {
                    let forms = entry.secret.as_ref().unwrap();
                    assert_eq!(format!("{:?}", forms.rule()), format!("{rule:?}"), "{}", policy.id);
                    let asked = SecretForms::new({
                        let rule = (**rule).clone();
                        move || rule
                    });
                    assert_eq!(forms.keywords(), asked.keywords(), "{}", policy.id);
                }
                Judgement::Condition(rule) => assert_eq!(entry.deny, Some(rule.deny.text.as_str()), "{}", policy.id),
            }
            count += 1;
        }
        assert!(count > 300, "{count} policies");
    }
}

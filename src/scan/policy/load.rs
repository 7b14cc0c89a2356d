//! A policy file becomes a [`Policy`].
//!
//! The id of a policy is the path of its file below `policies/` (a team's: below `.github/dockgate/`), without `.yaml`.
//! Fields, all of one file:
//!
//! | field | meaning |
//! |---|---|
//! | `title` | what is wrong, in a few words; required |
//! | `severity` | `info`, `low`, `medium`, `high` or `critical`; required |
//! | `category` | `secret`, `security`, `reliability` or `hygiene`; when absent `secret` for target `secret`, else `security` |
//! | `only` | `loosened`: the finding is reported only when a change brings it to a thing that the base has in the same file without it, such as a revision that was pinned and no longer is. A scan without a base never shows it |
//! | `enabled` | `false`: runs only when settings say so; when absent `true` |
//! | `since` | the release that brought it, such as `0.1.0` |
//! | `target` | which things it judges, a name of [`Target`]; required |
//! | `deny` | a CEL condition on the facts of the target: `true` is a finding; required but for `secret`. Absent facts are `null`; a templated one makes the condition unknown, hence silent; `has()` is refused |
//! | `subjects` | CEL giving a text or a list of texts: what exactly is objected to, such as the capabilities added |
//! | `conceal` | CEL giving a text or a list of texts of the file that are secret: no output shows them |
//! | `at` | where the finding points: a place that the target names, or a dotted path from the target's node. The deepest part of the path that exists is taken. When `at` is absent or nothing of it exists: the first of `subjects` that stands in the text, else the whole thing |
//! | `message` | one sentence, lower case, no full stop; `{container.name}` is replaced by that fact; required. `{subjects}` is the list of `subjects` |
//! | `raise` | `{when: CEL, to: severity}`, or a list of them: lifts the severity, such as `{when: settings.images.pin == "digest", to: high}` |
//! | `why` | why it matters, for a person whose merge is blocked; required |
//! | `attack` | what an attacker does with it, one or two sentences |
//! | `fix` | how to put it right; required |
//! | `parameters` | what is left to settings (`rules: {ID: {parameters: {…}}}`): a map from a name to `{type: strings, string, integer or boolean, default, doc}`; conditions read `parameters.name` |
//! | `references` | a list of URLs |
//! | `standards` | a list of clauses, such as `pss:baseline`, `cis-kubernetes:5.2.2` |
//! | `aliases` | a map from another tool to its id or ids, such as `trivy: KSV-0017` |
//! | `supersedes` | a list of ids of policies that say the same of the same thing less exactly: they are silent where this one speaks |
//! | `edit` | how a finding is put right: an edit, or a list of them that are made together; see [`super::edit`] |
//! | `examples` | its tests; at least one with and one without a finding |
//!
//! A policy of target `secret` has, in place of `deny`, `subjects`, `at`, `raise` and `edit`, the fields of
//! [`SecretRule`]: `detect` or `pairs` or both, and `yields`; `message` may be absent.
//!
//! An example has `name` and `text` (required), `path` (when absent one that fits the target), `before` (the text of
//! the file in the base, for `only: loosened`), `files` (other files of the tree, a map from path to text), `settings`
//! (`images.pin`, `kubernetes.version`, `parameters`), and marks the lines of its findings: a line that is `# deny` and
//! nothing else means that a finding begins on the next line. Such lines are taken out before the text is scanned, so
//! they work in any kind of file; where they would spoil the text to read, `deny: [3, 7]` names the lines instead. A
//! placeholder `{fake:alnum:36}` stands for made-up text of that alphabet and length; see `example`.
//!
//! A condition, a message or a fact name that needs `: ` or begins with `{`, `"`, `!` or `[` must be quoted or written
//! as a block (`deny: >-`), as in any YAML.
//!
//! Invariant: a policy that loads has a denied and a passing example, and every mistake is named with file, line,
//! field, what was found, what was expected and the nearest valid name.

mod edit;
mod example;

use serde::de::DeserializeOwned;

use super::super::document::node::{Entry, Node, Value};
use super::super::document::yaml;
use super::super::finding::{Category, Severity};
use super::fields::{Fields, Mistake, PolicyError, Source, scalar_text};
use super::parameter::{Parameter, ParameterKind, ParameterValue};
use super::target::Target;
use super::{ConditionRule, Judgement, Policy, PolicyId, Raise, Written};
use crate::scan::limits::Limits;
use crate::scan::secret::rule::SecretRule;
use crate::scan::span::{LineIndex, Span};

const CATEGORIES: [(&str, Category); 4] = [
    ("secret", Category::Secret),
    ("security", Category::Security),
    ("reliability", Category::Reliability),
    ("hygiene", Category::Hygiene),
];

impl Policy {
    /// Reads the policy `id` from the text of `file`.
    ///
    /// # Errors
    ///
    /// The first [`Mistake`] of the file, with its line.
    pub fn load(id: PolicyId, file: &str, text: &str) -> Result<Self, PolicyError> {
        let source = Source { file, lines: LineIndex::new(text), checks_patterns: true };
        let root = read_tree(&source, text)?;
        let (policy, mut fields) = Self::read(id, &source, &root)?;
        let policy = Self { examples: example::read(&source, &mut fields, policy.target)?, ..policy };
        fields.finish()?;
        Ok(policy)
    }

    /// Makes a built-in policy of its tree, which ends where the examples begin; the tests run those.
    pub(super) fn load_builtin(id: PolicyId, file: &str, root: &Node) -> Result<Self, PolicyError> {
        let source = Source { file, lines: LineIndex::new(""), checks_patterns: false };
        let (policy, _) = Self::read(id, &source, root)?;
        Ok(Self { built_in: true, ..policy })
    }

    /// Stands for a built-in policy that does not load: it can't be evaluated, and says why.
    pub(super) fn broken(id: PolicyId, file: &str, error: &PolicyError) -> Self {
        let text = |text: String| Written { text, line: 1 };
        let rule = ConditionRule {
            deny: text(format!("\"{error}\"")),
            subjects: None,
            conceal: None,
            at: None,
            raise: Vec::new(),
            edit: Vec::new(),
        };
        Self {
            title: id.to_string(),
            id,
            file: file.to_owned(),
            severity: Severity::Info,
            category: Category::Security,
            enabled: true,
            only_loosened: false,
            since: String::new(),
            target: Target::KubernetesObject,
            judgement: Judgement::Condition(Box::new(rule)),
            message: text(error.to_string()),
            why: error.to_string(),
            attack: String::new(),
            fix: error.to_string(),
            references: Vec::new(),
            standards: Vec::new(),
            aliases: Vec::new(),
            parameters: Vec::new(),
            supersedes: Vec::new(),
            built_in: false,
            examples: Vec::new(),
        }
    }

    fn read<'s>(id: PolicyId, source: &'s Source<'s>, root: &'s Node) -> Result<(Self, Fields<'s>), PolicyError> {
        let mut fields = Fields::new(source, root, "")?;
        let target = required_target(&mut fields)?;
        let default_category = if target == Target::Secret { Category::Secret } else { Category::Security };
        let policy = Self {
            id,
            file: source.file.to_owned(),
            title: fields.required_text("title")?,
            severity: severity(&mut fields, "severity")?.ok_or_else(|| fields.missing("severity"))?,
            category: category(&mut fields)?.unwrap_or(default_category),
            enabled: fields.boolean("enabled")?.unwrap_or(true),
            only_loosened: fields.named("only", &["loosened"], |text| (text == "loosened").then_some(()))?.is_some(),
            since: fields.text("since")?.unwrap_or_default(),
            target,
            judgement: judgement(source, &mut fields, target)?,
            message: message(&mut fields, target)?,
            why: fields.required_text("why")?,
            attack: fields.text("attack")?.unwrap_or_default(),
            fix: fields.required_text("fix")?,
            references: fields.texts("references")?,
            standards: fields.texts("standards")?,
            aliases: aliases(&mut fields)?,
            parameters: parameters(source, &mut fields)?,
            supersedes: fields.texts("supersedes")?.into_iter().map(PolicyId::new).collect(),
            built_in: false,
            examples: Vec::new(),
        };
        Ok((policy, fields))
    }
}

fn read_tree(source: &Source<'_>, text: &str) -> Result<Node, PolicyError> {
    yaml::parse_one(text, &Limits::default())
        .map_err(|fault| source.error(Span::new(fault.offset, fault.offset), Mistake::Syntax(fault.message)))
}

/// The message of a secret is made of its kind.
fn message(fields: &mut Fields<'_>, target: Target) -> Result<Written, PolicyError> {
    if target == Target::Secret {
        return Ok(fields.written("message")?.unwrap_or_default());
    }
    fields.required_written("message")
}

fn required_target(fields: &mut Fields<'_>) -> Result<Target, PolicyError> {
    let names = Target::ALL.map(Target::name);
    fields.named("target", &names, Target::from_name)?.ok_or_else(|| fields.missing("target"))
}

fn severity(fields: &mut Fields<'_>, name: &'static str) -> Result<Option<Severity>, PolicyError> {
    fields.named(name, &Severity::ALL.map(Severity::name), |text| text.parse().ok())
}

/// The category of that name.
pub(super) fn category_named(name: &str) -> Option<Category> {
    CATEGORIES.iter().find(|(known, _)| *known == name).map(|(_, category)| *category)
}

fn category(fields: &mut Fields<'_>) -> Result<Option<Category>, PolicyError> {
    let names = CATEGORIES.map(|(name, _)| name);
    fields.named("category", &names, category_named)
}

fn judgement(source: &Source<'_>, fields: &mut Fields<'_>, target: Target) -> Result<Judgement, PolicyError> {
    if target == Target::Secret {
        return secret_rule(fields).map(|rule| Judgement::Secret(Box::new(rule)));
    }
    let rule = ConditionRule {
        deny: fields.required_written("deny")?,
        subjects: fields.written("subjects")?,
        conceal: fields.written("conceal")?,
        at: fields.text("at")?,
        raise: raises(source, fields)?,
        edit: edit::parts(source, fields)?,
    };
    Ok(Judgement::Condition(Box::new(rule)))
}

/// Reads the fields that only secret policies have; their names are those of [`SecretRule`].
fn secret_rule(fields: &mut Fields<'_>) -> Result<SecretRule, PolicyError> {
    let pairs = forms(fields, "pairs")?;
    let entry = fields.entry("detect");
    let detect = entry.or(pairs.as_ref().map(|(entry, _)| *entry)).ok_or_else(|| fields.missing("detect"))?;
    let yields = fields.boolean("yields")?.unwrap_or_default();
    let pairs = pairs.map(|(_, pairs)| pairs).unwrap_or_default();
    let rule =
        SecretRule { detect: forms(fields, "detect")?.map(|(_, forms)| forms).unwrap_or_default(), pairs, yields };
    let checked = if fields.checks_patterns() { rule.check() } else { Ok(()) };
    match checked {
        Ok(()) => Ok(rule),
        Err(error) => {
            let found = chain(&error);
            Err(fields.value_error(detect.key_span, "detect", found, "usable detectors".to_owned(), None))
        }
    }
}

/// The list of the field `name`, when it is there.
fn forms<'s, T: DeserializeOwned>(
    fields: &mut Fields<'s>,
    name: &'static str,
) -> Result<Option<(&'s Entry, Vec<T>)>, PolicyError> {
    let Some(entry) = fields.entry(name) else { return Ok(None) };
    let Value::Sequence(items) = entry.value.value() else {
        return Err(fields.wrong(entry, name, "a list of forms"));
    };
    let form = |item: &Node| {
        serde_json::from_value(json_of(item)).map_err(|error| {
            let expected = "a form of a secret".to_owned();
            fields.value_error(item.span(), name, error.to_string(), expected, None)
        })
    };
    Ok(Some((entry, items.iter().map(form).collect::<Result<_, _>>()?)))
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn json_of(node: &Node) -> serde_json::Value {
    match node.value() {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::String(text) | Value::Unknown(text) => (&**text).into(),
        Value::Sequence(items) => items.iter().map(json_of).collect(),
        Value::Mapping(map) => {
            map.entries().iter().map(|entry| (entry.key.to_string(), json_of(&entry.value))).collect()
        }
    }
}

fn raises(source: &Source<'_>, fields: &mut Fields<'_>) -> Result<Vec<Raise>, PolicyError> {
    let Some(entry) = fields.entry("raise") else { return Ok(Vec::new()) };
    let items = match entry.value.value() {
        Value::Sequence(items) => items.as_slice(),
        _ => std::slice::from_ref(&entry.value),
    };
    items.iter().map(|item| raise(source, item)).collect()
}

fn raise(source: &Source<'_>, node: &Node) -> Result<Raise, PolicyError> {
    let mut fields = Fields::new(source, node, "raise")?;
    let when = fields.required_written("when")?;
    let to = severity(&mut fields, "to")?.ok_or_else(|| fields.missing("to"))?;
    fields.finish()?;
    Ok(Raise { when, to })
}

fn aliases(fields: &mut Fields<'_>) -> Result<Vec<(String, Vec<String>)>, PolicyError> {
    let Some(entry) = fields.entry("aliases") else { return Ok(Vec::new()) };
    let expected = "a map from a tool to its ids";
    let Some(map) = entry.value.as_mapping() else { return Err(fields.wrong(entry, "aliases", expected)) };
    let ids_of = |tool: &Entry| -> Option<Vec<String>> {
        match tool.value.value() {
            Value::Sequence(items) => items.iter().map(scalar_text).collect(),
            _ => Some(vec![scalar_text(&tool.value)?]),
        }
    };
    let read = |tool: &Entry| Some((tool.key.to_string(), ids_of(tool)?));
    map.entries().iter().map(|tool| read(tool).ok_or_else(|| fields.wrong(tool, "aliases", expected))).collect()
}

fn parameters(source: &Source<'_>, fields: &mut Fields<'_>) -> Result<Vec<Parameter>, PolicyError> {
    let Some(entry) = fields.entry("parameters") else { return Ok(Vec::new()) };
    let expected = "a map from a name to its type, default and doc";
    let Some(map) = entry.value.as_mapping() else { return Err(fields.wrong(entry, "parameters", expected)) };
    map.entries().iter().map(|entry| parameter(source, entry)).collect()
}

fn parameter(source: &Source<'_>, entry: &Entry) -> Result<Parameter, PolicyError> {
    let mut fields = Fields::new(source, &entry.value, "parameters")?;
    let names = ParameterKind::ALL.map(ParameterKind::name);
    let kind = fields.named("type", &names, ParameterKind::from_name)?.ok_or_else(|| fields.missing("type"))?;
    let default = fields.entry("default").ok_or_else(|| fields.missing("default"))?;
    let value = ParameterValue::read(&default.value).and_then(|value| kind.take(value));
    let value = value.ok_or_else(|| fields.wrong(default, "default", &format!("a value of type {}", kind.name())))?;
    let doc = fields.required_text("doc")?;
    fields.finish()?;
    Ok(Parameter { name: entry.key.to_string(), kind, default: value, doc })
}

/// The minor version of `1.37` or `v1.37`; `None` when the text is no version of Kubernetes 1.
pub fn kubernetes_minor_of(text: &str) -> Option<u32> {
    let minor = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.")?;
    let is_number = minor.len() <= 3 && minor.bytes().all(|byte| byte.is_ascii_digit());
    minor.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests;

//! Policies against the objects of one file.
//!
//! Invariant: the cost is that of objects times expressions, each within its budget.

use std::collections::BTreeMap;

use super::binding::Binding;
use super::cel::{Evaluator, Stop, Val, Variables};
use super::matching::{Match, Operation, is_cluster_wide, matches, plural, selects};
use super::policy::{AdmissionPolicy, Validation};
use super::{AdmissionSet, place};
use crate::scan::document::ParsedFile;
use crate::scan::document::kubernetes::{Object, objects};
use crate::scan::document::node::Node;
use crate::scan::finding::{Category, Finding, Fingerprint, Severity};
use crate::scan::policy::evaluate::FileView;
use crate::scan::problem::{Cause, Problem};
use crate::scan::span::Span;

/// Most steps of one expression.
const MAX_STEPS: u32 = 200_000;
/// Most findings in one file.
const MAX_FINDINGS: usize = 1_000;
/// Longest message of a finding, in characters.
const MAX_MESSAGE: usize = 1_000;

impl AdmissionSet {
    /// Judges the objects of a file; `old` is the file before the change, when there was one.
    pub fn judge(&self, file: FileView<'_>, old: Option<&ParsedFile>) -> (Vec<Finding>, Vec<Problem>) {
        let mut judge = Judge { set: self, file, findings: BTreeMap::new(), problems: Vec::new() };
        let before: Vec<Object> = old.map(all_objects).unwrap_or_default();
        for object in all_objects(file.parsed) {
            let is_same =
                |old: &&Object| old.kind == object.kind && old.name == object.name && old.namespace == object.namespace;
            let old = before.iter().find(is_same).filter(|_| !object.name.is_empty());
            for policy in &self.policies {
                judge.policy(policy, &object, old);
            }
        }
        judge.problems.sort();
        judge.problems.dedup();
        (judge.findings.into_values().take(MAX_FINDINGS).collect(), judge.problems)
    }

    /// The objects in the tree that `reference`, a `paramRef`, names.
    fn parameters<'s>(&'s self, policy: &AdmissionPolicy, reference: &Node, object: &Object) -> Vec<&'s Object> {
        let Some((version, kind)) = &policy.parameters else { return Vec::new() };
        let text = |key: &str| reference.get(key).and_then(Node::as_str);
        let namespace = text("namespace").or(object.namespace.as_deref());
        let fits = |found: &&Object| {
            let is_named = text("name").is_none_or(|name| found.name == name);
            let is_near = namespace.is_none() || found.namespace.is_none() || found.namespace.as_deref() == namespace;
            let is_selected = reference.get("selector").is_none_or(|selector| {
                let labels = found.node.at("metadata.labels");
                let label = |key: &str| Some(labels.and_then(|labels| labels.get(key)?.as_str().map(str::to_owned)));
                selects(selector, label) == Some(true)
            });
            found.api_version == *version && found.kind == *kind && is_named && is_near && is_selected
        };
        self.references.iter().filter(fits).collect()
    }

    fn namespace(&self, name: Option<&str>) -> Option<&Node> {
        let found =
            self.references.iter().find(|object| object.kind == "Namespace" && Some(object.name.as_str()) == name);
        found.map(|object| &object.node)
    }
}

fn all_objects(file: &ParsedFile) -> Vec<Object> {
    // A cluster judges what a patch makes, not the patch.
    let trees = file.documents.iter().filter_map(|document| document.tree()).filter(|tree| !tree.is_patch());
    trees.flat_map(objects).collect()
}

struct Judge<'s> {
    set: &'s AdmissionSet,
    file: FileView<'s>,
    findings: BTreeMap<Fingerprint, Finding>,
    problems: Vec<Problem>,
}

/// One policy on one object, under one binding.
struct Case<'c> {
    policy: &'c AdmissionPolicy,
    object: &'c Object,
    severity: Severity,
    roots: Variables,
}

impl Judge<'_> {
    fn policy(&mut self, policy: &AdmissionPolicy, object: &Object, old: Option<&Object>) {
        let operation = if old.is_some() { Operation::Update } else { Operation::Create };
        let namespace = self.set.namespace(object.namespace.as_deref());
        let about = |constraints: Option<&Node>| {
            constraints.map_or(Match::Yes, |constraints| matches(constraints, object, operation, namespace))
        };
        let applies = about(policy.constraints.as_ref());
        if applies == Match::No {
            return;
        }
        let bindings: Vec<&Binding> = self.set.bindings.iter().filter(|bound| bound.policy == policy.name).collect();
        let roots = roots(object, old, operation, namespace);
        if bindings.is_empty() {
            if let Some((_, kind)) = &policy.parameters {
                let why = format!("no binding in the tree names its parameters, a {kind}");
                return self.unjudged(policy, policy.line, &why);
            }
            let case = Case { policy, object, severity: Severity::High, roots };
            return self.matched(&case, applies);
        }
        for binding in bindings {
            let applies = applies.and(about(binding.constraints.as_ref()));
            if applies == Match::No {
                continue;
            }
            for parameters in self.parameters(policy, binding, object) {
                let mut roots = roots.clone();
                roots.insert("params".to_owned(), Ok(parameters));
                self.matched(&Case { policy, object, severity: binding.severity, roots }, applies);
            }
        }
    }

    /// The parameters of a binding; one `null` when the policy takes none.
    fn parameters(&mut self, policy: &AdmissionPolicy, binding: &Binding, object: &Object) -> Vec<Val> {
        let (Some((_, kind)), Some(reference)) = (&policy.parameters, &binding.parameters) else {
            return vec![Val::Null];
        };
        let found = self.set.parameters(policy, reference, object);
        if found.is_empty() {
            let name = reference
                .get("name")
                .and_then(Node::as_str)
                .map_or_else(|| "its selector".to_owned(), |name| format!("\"{name}\""));
            let message = format!("{} is not judged: its {kind} {name} is not in the tree", policy.id);
            let problem = Problem::of_file(&binding.file, Cause::Policy, message);
            self.problems.push(Problem { line: Some(binding.line), ..problem });
        }
        found.into_iter().map(|object| Val::Node(object.node.clone())).collect()
    }

    fn matched(&mut self, case: &Case<'_>, applies: Match) {
        if applies == Match::Unknown {
            let message = format!(
                "whether {} is about {} hangs on labels that are templated or those of a namespace that is not in the tree",
                case.policy.id,
                case.object.title()
            );
            self.note(case.object.node.span(), message);
            return;
        }
        let mut roots = case.roots.clone();
        for variable in &case.policy.variables {
            let value = Evaluator::new(&roots, MAX_STEPS).value(&variable.expression);
            roots.insert(format!("variables.{}", variable.name), value);
        }
        for condition in &case.policy.conditions {
            match Evaluator::new(&roots, MAX_STEPS).value(&condition.expression) {
                Ok(Val::Bool(true)) => {}
                Ok(Val::Bool(false)) => return,
                Ok(other) => return self.unjudged(case.policy, condition.line, &not_bool(&other)),
                Err(Stop::Error(why)) => {
                    if case.policy.fails_closed {
                        let message =
                            format!("its condition \"{}\" fails ({why}), so the cluster refuses it", condition.name);
                        let place = place::of(case.policy, &condition.expression, &case.object.node, None);
                        self.deny(case, &condition.name, place, &message);
                    }
                    return;
                }
                Err(stop) => return self.stopped(case, condition.line, stop),
            }
        }
        for validation in &case.policy.validations {
            self.validation(case, validation, &roots);
        }
    }

    fn validation(&mut self, case: &Case<'_>, validation: &Validation, roots: &Variables) {
        let mut evaluator = Evaluator::new(roots, MAX_STEPS);
        let outcome = evaluator.value(&validation.expression);
        let place = || place::of(case.policy, &validation.expression, &case.object.node, evaluator.culprit.as_ref());
        match outcome {
            Ok(Val::Bool(true)) => {}
            Ok(Val::Bool(false)) => self.deny(case, &validation.source, place(), &message(validation, roots)),
            Ok(other) => self.unjudged(case.policy, validation.line, &not_bool(&other)),
            Err(Stop::Error(why)) if case.policy.fails_closed => {
                let said =
                    format!("{}: its expression fails ({why}), so the cluster refuses it", message(validation, roots));
                self.deny(case, &validation.source, place(), &said);
            }
            Err(Stop::Error(_)) => {}
            Err(stop) => self.stopped(case, validation.line, stop),
        }
    }

    fn deny(&mut self, case: &Case<'_>, source: &str, span: Span, message: &str) {
        let (rule, title) = (case.policy.id.clone(), case.object.title());
        let parts = [rule.as_str(), self.file.identity_path, &title, source];
        let fingerprint = Fingerprint::of(&parts);
        let position = |offset| self.file.lines.position(self.file.text, offset);
        let finding = Finding {
            rule,
            category: Category::Security,
            severity: case.severity,
            path: self.file.path.to_owned(),
            span,
            start: position(span.start),
            end: position(span.end),
            message: message.chars().take(MAX_MESSAGE).collect(),
            resource: Some(title.clone()),
            fingerprint: fingerprint.clone(),
            subjects: Vec::new(),
            edit: None,
            decided_by: None,
        };
        // Of several bindings the strictest one counts.
        let known = self.findings.get(&fingerprint);
        if known.is_none_or(|known| known.severity < finding.severity) {
            self.findings.insert(fingerprint, finding);
        }
    }

    fn stopped(&mut self, case: &Case<'_>, line: usize, stop: Stop) {
        match stop {
            Stop::Unsupported(what) => {
                self.unjudged(case.policy, line, &format!("it needs {what}, which only a cluster has"));
            }
            Stop::Budget => self.unjudged(case.policy, line, "it takes too many steps"),
            Stop::Error(why) => self.unjudged(case.policy, line, &why),
            // The place of what is unknown may be in another file, such as that of the parameters.
            Stop::Unknown(_) => {
                let (id, title) = (&case.policy.id, case.object.title());
                let message = format!("{id} on {title} hangs on a value that is templated or filled in by the cluster");
                self.note(case.object.node.span(), message);
            }
        }
    }

    fn unjudged(&mut self, policy: &AdmissionPolicy, line: usize, why: &str) {
        let message = format!("{} is not judged: {why}", policy.id);
        self.problems.push(Problem { line: Some(line), ..Problem::of_file(&policy.file, Cause::Policy, message) });
    }

    fn note(&mut self, span: Span, message: String) {
        let position = self.file.lines.position(self.file.text, span.start);
        self.problems.push(Problem::of_file(self.file.path, Cause::Templated, message).at(position));
    }
}

fn not_bool(value: &Val) -> String {
    format!("its expression gives a {}, not true or false", value.type_name())
}

/// What a refusal says: the computed message, the plain one, or the expression.
fn message(validation: &Validation, roots: &Variables) -> String {
    let computed =
        validation.message_expression.as_ref().map(|expression| Evaluator::new(roots, MAX_STEPS).value(expression));
    match computed {
        Some(Ok(Val::String(text))) if !text.trim().is_empty() && !text.contains('\n') => text.trim().to_owned(),
        _ => validation.message.clone().filter(|message| !message.is_empty()).unwrap_or_else(|| {
            let words: Vec<&str> = validation.source.split_whitespace().collect();
            format!("failed expression: {}", words.join(" "))
        }),
    }
}

fn roots(object: &Object, old: Option<&Object>, operation: Operation, namespace: Option<&Node>) -> Variables {
    let text = |text: &str| Val::text(text);
    let group = object.group().unwrap_or_default();
    let version = object.api_version.rsplit('/').next().unwrap_or_default();
    let named = |key: &str, value: &str| {
        let entries = [("group", group), ("version", version), (key, value)];
        Val::Map(entries.into_iter().map(|(name, value)| (text(name), text(value))).collect::<Vec<_>>().into())
    };
    let unknown = || Err(Stop::Unknown(Span::default()));
    let namespace_object = match namespace {
        Some(namespace) => Ok(Val::Node(namespace.clone())),
        None if is_cluster_wide(&object.kind) => Ok(Val::Null),
        None => unknown(),
    };
    let namespace_name = match &object.namespace {
        Some(name) => Ok(text(name)),
        None if is_cluster_wide(&object.kind) => Ok(text("")),
        None => unknown(),
    };
    let roots = [
        ("object", Ok(Val::Node(object.node.clone()))),
        ("oldObject", Ok(old.map_or(Val::Null, |old| Val::Node(old.node.clone())))),
        ("params", Ok(Val::Null)),
        ("namespaceObject", namespace_object),
        ("authorizer", Err(Stop::Unsupported("the authorizer".into()))),
        ("request.operation", Ok(text(operation.name()))),
        ("request.name", Ok(text(&object.name))),
        ("request.namespace", namespace_name),
        ("request.kind", Ok(named("kind", &object.kind))),
        ("request.requestKind", Ok(named("kind", &object.kind))),
        ("request.resource", Ok(named("resource", &plural(&object.kind)))),
        ("request.requestResource", Ok(named("resource", &plural(&object.kind)))),
        ("request.subResource", Ok(text(""))),
        ("request.dryRun", Ok(Val::Bool(false))),
        ("request.userInfo", unknown()),
        ("request.options", unknown()),
        ("request.uid", unknown()),
    ];
    roots.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

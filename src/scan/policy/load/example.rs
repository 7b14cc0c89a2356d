//! The field `examples` of a policy file.

use std::collections::BTreeMap;

use super::super::fields::{Fields, PolicyError, Source, scalar_text};
use super::super::parameter::ParameterValue;
use super::super::target::Target;
use super::super::{Example, ExampleSettings};
use super::kubernetes_minor_of;
use crate::scan::document::node::{Entry, Node, Value};

/// The examples of the policy: its tests.
pub(super) fn read(source: &Source<'_>, fields: &mut Fields<'_>, target: Target) -> Result<Vec<Example>, PolicyError> {
    let entry = fields.entry("examples").ok_or_else(|| fields.missing("examples"))?;
    let one = |node| example(source, node, target);
    let examples = entry.value.items().iter().map(one).collect::<Result<Vec<_>, _>>()?;
    let denied = examples.iter().filter(|example| example.is_denied()).count();
    if denied == 0 || denied == examples.len() {
        let found = format!("{denied} with and {} without a finding", examples.len() - denied);
        let expected = "at least one of each (a line `# deny` marks the next one)".to_owned();
        return Err(fields.value_error(entry.key_span, "examples", found, expected, None));
    }
    Ok(examples)
}

fn example(source: &Source<'_>, node: &Node, target: Target) -> Result<Example, PolicyError> {
    let mut fields = Fields::new(source, node, "examples")?;
    let written = fields.entry("text").and_then(|entry| scalar_text(&entry.value));
    let example = Example {
        name: fields.required_text("name")?,
        path: fields.text("path")?.unwrap_or_else(|| target.example_path().to_owned()),
        before: fields.text("before")?,
        files: other_files(&mut fields)?,
        text: written.ok_or_else(|| fields.missing("text"))?,
        deny: denied_lines(&mut fields)?,
        settings: example_settings(source, &mut fields)?,
    };
    fields.finish()?;
    Ok(example)
}

fn other_files(fields: &mut Fields<'_>) -> Result<Vec<(String, String)>, PolicyError> {
    let Some(entry) = fields.entry("files") else { return Ok(Vec::new()) };
    let file = |file: &Entry| Some((file.key.to_string(), file.value.as_str()?.to_owned()));
    let files: Option<_> = entry.value.entries().iter().map(file).collect();
    files.ok_or_else(|| fields.wrong(entry, "files", "a map from paths to texts"))
}

fn denied_lines(fields: &mut Fields<'_>) -> Result<Vec<usize>, PolicyError> {
    let Some(entry) = fields.entry("deny") else { return Ok(Vec::new()) };
    let line = |node: &Node| usize::try_from(node.as_int()?).ok().filter(|line| *line > 0);
    let lines: Option<Vec<usize>> = match entry.value.value() {
        Value::Sequence(items) => items.iter().map(line).collect(),
        _ => None,
    };
    lines.ok_or_else(|| fields.wrong(entry, "deny", "a list of line numbers, from 1"))
}

fn example_settings(source: &Source<'_>, fields: &mut Fields<'_>) -> Result<ExampleSettings, PolicyError> {
    let Some(entry) = fields.entry("settings") else { return Ok(ExampleSettings::default()) };
    let mut fields = Fields::new(source, &entry.value, "settings")?;
    let settings = ExampleSettings {
        pin_digest: pin_digest(source, &mut fields)?,
        kubernetes_minor: kubernetes_minor(source, &mut fields)?,
        parameters: parameter_values(&mut fields)?,
    };
    fields.finish()?;
    Ok(settings)
}

fn pin_digest(source: &Source<'_>, fields: &mut Fields<'_>) -> Result<bool, PolicyError> {
    let Some(images) = fields.entry("images") else { return Ok(false) };
    let mut images = Fields::new(source, &images.value, "settings.images")?;
    let pin = images.named("pin", &["tag", "digest"], |text| match text {
        "tag" => Some(false),
        "digest" => Some(true),
        _ => None,
    })?;
    images.finish()?;
    Ok(pin.unwrap_or(false))
}

fn kubernetes_minor(source: &Source<'_>, fields: &mut Fields<'_>) -> Result<Option<u32>, PolicyError> {
    let Some(kubernetes) = fields.entry("kubernetes") else { return Ok(None) };
    let mut kubernetes = Fields::new(source, &kubernetes.value, "settings.kubernetes")?;
    let minor = kubernetes.named("version", &["\"1.37\""], kubernetes_minor_of)?;
    kubernetes.finish()?;
    Ok(minor)
}

fn parameter_values(fields: &mut Fields<'_>) -> Result<BTreeMap<String, ParameterValue>, PolicyError> {
    let Some(entry) = fields.entry("parameters") else { return Ok(BTreeMap::new()) };
    let value = |given: &Entry| Some((given.key.to_string(), ParameterValue::read(&given.value)?));
    let values: Option<_> = entry.value.entries().iter().map(value).collect();
    values.ok_or_else(|| fields.wrong(entry, "parameters", "a map from names to values"))
}

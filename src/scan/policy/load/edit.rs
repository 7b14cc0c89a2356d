//! The field `edit` of a policy file.

use super::super::edit::{EditPart, EditRule, Rewrite};
use super::super::fields::{Fields, PolicyError, Source};
use crate::scan::document::node::{Node, Value};

/// What an edit may be.
const KINDS: &str = "one of set and to, remove, remove_items, append and value, rename and to, remove_words and from, \
                     replace and with, then, rewrite, pin";

/// The parts of the edit; none when there is no such field.
pub(super) fn parts(source: &Source<'_>, fields: &mut Fields<'_>) -> Result<Vec<EditPart>, PolicyError> {
    let Some(entry) = fields.entry("edit") else { return Ok(Vec::new()) };
    let nodes = match entry.value.value() {
        Value::Sequence(items) if !items.is_empty() => items.as_slice(),
        _ => std::slice::from_ref(&entry.value),
    };
    nodes.iter().map(|node| part(node, Fields::new(source, node, "edit")?)).collect()
}

fn part(node: &Node, mut fields: Fields<'_>) -> Result<EditPart, PolicyError> {
    let within = fields.text("in")?;
    let when = fields.written("when")?;
    let found: Vec<EditRule> =
        KNOWN.iter().filter_map(|read| read(&mut fields).transpose()).collect::<Result<_, _>>()?;
    let error = fields.value_error(node.span(), "edit", format!("{} of them", found.len()), KINDS.to_owned(), None);
    fields.finish()?;
    match found.as_slice() {
        [rule] => Ok(EditPart { rule: rule.clone(), when, within }),
        _ => Err(error),
    }
}

type Read = fn(&mut Fields<'_>) -> Result<Option<EditRule>, PolicyError>;

/// How each kind is read.
const KNOWN: [Read; 10] = [set, remove, remove_items, append, rename, remove_words, replace, then, rewrite, pin];

fn set(fields: &mut Fields<'_>) -> Result<Option<EditRule>, PolicyError> {
    let Some(path) = fields.text("set")? else { return Ok(None) };
    let to = fields.entry("to").ok_or_else(|| fields.missing("to"))?.value.clone();
    Ok(Some(EditRule::Set { path, to }))
}

fn remove(fields: &mut Fields<'_>) -> Result<Option<EditRule>, PolicyError> {
    let paths = fields.texts("remove")?;
    Ok((!paths.is_empty()).then_some(EditRule::Remove { paths }))
}

fn remove_items(fields: &mut Fields<'_>) -> Result<Option<EditRule>, PolicyError> {
    let paths = fields.texts("remove_items")?;
    Ok((!paths.is_empty()).then_some(EditRule::RemoveItems { paths }))
}

fn append(fields: &mut Fields<'_>) -> Result<Option<EditRule>, PolicyError> {
    let Some(path) = fields.text("append")? else { return Ok(None) };
    let value = fields.entry("value").ok_or_else(|| fields.missing("value"))?.value.clone();
    Ok(Some(EditRule::Append { path, value }))
}

fn rename(fields: &mut Fields<'_>) -> Result<Option<EditRule>, PolicyError> {
    let Some(path) = fields.text("rename")? else { return Ok(None) };
    Ok(Some(EditRule::Rename { path, to: fields.required_text("to")? }))
}

fn remove_words(fields: &mut Fields<'_>) -> Result<Option<EditRule>, PolicyError> {
    let words = fields.texts("remove_words")?;
    if words.is_empty() {
        return Ok(None);
    }
    Ok(Some(EditRule::RemoveWords { path: fields.required_text("from")?, words }))
}

fn replace(fields: &mut Fields<'_>) -> Result<Option<EditRule>, PolicyError> {
    let Some(place) = fields.text("replace")? else { return Ok(None) };
    let with = fields.verbatim("with")?.ok_or_else(|| fields.missing("with"))?;
    Ok(Some(EditRule::Replace { place, with }))
}

fn then(fields: &mut Fields<'_>) -> Result<Option<EditRule>, PolicyError> {
    Ok(fields.written("then")?.map(|command| EditRule::Then { command }))
}

fn rewrite(fields: &mut Fields<'_>) -> Result<Option<EditRule>, PolicyError> {
    let form = fields.named("rewrite", &Rewrite::ALL.map(Rewrite::name), Rewrite::from_name)?;
    Ok(form.map(|form| EditRule::Rewrite { form }))
}

fn pin(fields: &mut Fields<'_>) -> Result<Option<EditRule>, PolicyError> {
    Ok((fields.boolean("pin")? == Some(true)).then_some(EditRule::Pin))
}

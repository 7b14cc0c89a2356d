//! What the actions of a chart's template call.
//!
//! **Invariant**: only a call is named, never a word of a text or a comment.

use crate::scan::document::node::{Node, Value};
use crate::scan::document::{DocumentKind, ParsedFile};
use crate::scan::span::Span;

use super::super::Subject;
use super::super::facts::{list, map, truth};

/// Calls of one file that are listed.
const MAX_CALLS: usize = 1_000;

/// Functions that give something else each time.
const RANDOM: [&str; 10] = [
    "randAlphaNum",
    "randAlpha",
    "randNumeric",
    "randAscii",
    "randBytes",
    "randInt",
    "genPrivateKey",
    "genCA",
    "genSelfSignedCert",
    "genSignedCert",
];

pub(super) fn subjects(file: &ParsedFile, text: &str) -> Vec<Subject> {
    if file.kind != DocumentKind::HelmTemplate {
        return Vec::new();
    }
    let calls = calls(text);
    let random = calls.iter().filter(|(name, _)| RANDOM.contains(name));
    let random = random.map(|(name, place)| Node::new(*place, Value::String((*name).into())));
    let facts = map(vec![
        ("random_values", list(random)),
        ("looks_up", truth(calls.iter().any(|(name, _)| matches!(*name, "lookup" | "IsInstall" | "IsUpgrade")))),
        ("is_hook", truth(text.contains("helm.sh/hook\"") || text.contains("helm.sh/hook:"))),
    ]);
    vec![Subject {
        facts: map(vec![("template", facts)]),
        node: None,
        places: Vec::new(),
        span: Span::new(0, text.find('\n').unwrap_or(text.len())),
        resource: None,
        identity: vec!["template".to_owned()],
    }]
}

/// The names that actions call or ask for, with their places.
fn calls(text: &str) -> Vec<(&str, Span)> {
    let (mut found, mut offset) = (Vec::new(), 0);
    while let Some(start) = text.get(offset..).and_then(|rest| rest.find("{{")).map(|at| offset + at + 2) {
        let end = text.get(start..).and_then(|rest| rest.find("}}")).map_or(text.len(), |at| start + at);
        let action = text.get(start..end).unwrap_or_default();
        if !action.trim_start_matches(['-', ' ', '\n']).starts_with("/*") {
            names(action, start, &mut found);
        }
        offset = end;
    }
    found
}

fn names<'t>(action: &'t str, start: usize, found: &mut Vec<(&'t str, Span)>) {
    let mut quote = None;
    let mut word: Option<usize> = None;
    for (at, letter) in action.char_indices().chain([(action.len(), ' ')]) {
        let is_inside = quote.is_some();
        match quote {
            Some(open) if letter == open => quote = None,
            None if matches!(letter, '"' | '`') => quote = Some(letter),
            _ => {}
        }
        if !is_inside && (letter.is_ascii_alphanumeric() || letter == '_') {
            word.get_or_insert(at);
        } else if let Some(begin) = word.take()
            && found.len() < MAX_CALLS
        {
            found.push((action.get(begin..at).unwrap_or_default(), Span::new(start + begin, start + at)));
        }
    }
}

//! The words that every report shares, so that the same thing is called the same everywhere.
//!
//! Invariant: text that comes from a change is shown in one line, without characters that act on a terminal or hide
//! what stands there.

use std::fmt::Write as _;

use crate::scan::finding::Severity;
use crate::scan::problem::{Cause, Problem};
use crate::scan::suppression::Suppression;
use crate::verdict::{Judged, Verdict};

/// Longest name or message that is shown, in characters.
const MAX_SHOWN: usize = 300;

/// `1 file`, `2 files`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// What a verdict comes to, in parts such as `2 block`, `3 to know`, `1 could not be judged`.
pub fn parts(verdict: &Verdict) -> Vec<String> {
    let numbers = [
        (verdict.blocking().count(), "block", "blocks"),
        (verdict.to_know().count(), "to know", "to know"),
        (verdict.unjudged().count(), "could not be judged", "could not be judged"),
        (verdict.settings_mistakes().count(), "mistakes in the settings", "mistake in the settings"),
    ];
    let told = numbers.into_iter().filter(|(number, ..)| *number > 0);
    let parts: Vec<String> =
        told.map(|(number, many, one)| format!("{number} {}", if number == 1 { one } else { many })).collect();
    if parts.is_empty() { vec!["nothing found".to_owned()] } else { parts }
}

/// How many of `findings` have each severity, most severe first: `1 critical, 2 high`.
pub fn by_severity<'a>(findings: impl Iterator<Item = &'a Judged>) -> String {
    let severities: Vec<Severity> = findings.map(|judged| judged.finding.severity).collect();
    let told = Severity::ALL.into_iter().rev().filter_map(|severity| {
        let number = severities.iter().filter(|other| **other == severity).count();
        (number > 0).then(|| format!("{number} {severity}"))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// What a cause is called.
pub fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Settings => "settings",
        Cause::Syntax => "syntax",
        Cause::DuplicateKey => "duplicate key",
        Cause::NotUtf8 => "not UTF-8",
        Cause::Limit => "over a limit",
        Cause::Unavailable => "unavailable",
        Cause::Policy => "policy",
        Cause::Suppression => "suppression",
        Cause::LfsPointer => "Git LFS pointer",
        Cause::Symlink => "symbolic link",
        Cause::Submodule => "submodule",
        Cause::Binary => "binary",
        Cause::Templated => "templated",
    }
}

/// `path:line:column` as far as the problem knows them, on one line; empty for the change as a whole.
pub fn place(problem: &Problem) -> String {
    let Some(path) = &problem.path else { return String::new() };
    let mut place = inert(path);
    for number in [problem.line, problem.line.and(problem.column)].into_iter().flatten() {
        let _ = write!(place, ":{number}");
    }
    place
}

/// The problems of each cause in numbers: `3 binary, 1 symbolic link`.
pub fn by_cause<'a>(problems: impl Iterator<Item = &'a Problem>) -> String {
    let mut numbers = std::collections::BTreeMap::<Cause, usize>::new();
    for problem in problems {
        *numbers.entry(problem.cause).or_default() += 1;
    }
    let told = numbers.into_iter().map(|(kind, number)| format!("{number} {}", cause(kind)));
    told.collect::<Vec<_>>().join(", ")
}

/// The messages of an error and its sources, joined by colons. What a message ends with already is not said again.
pub fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).fold(String::new(), |said, message| {
        if said.is_empty() {
            message
        } else if said.ends_with(&message) {
            said
        } else {
            format!("{said}: {message}")
        }
    })
}

/// `text` on one line, at most 300 characters, with characters that act or hide written as `\u{…}`.
pub fn inert(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(MAX_SHOWN * 4));
    for (index, character) in text.chars().enumerate() {
        if index == MAX_SHOWN {
            shown.push('…');
            break;
        }
        push_inert(&mut shown, character);
    }
    shown
}

/// `text` as [`inert`] shows it, in full.
pub fn inert_in_full(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        push_inert(&mut shown, character);
    }
    shown
}

/// Appends `character`, or its escape when it would act on the reader's screen.
pub fn push_inert(shown: &mut String, character: char) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        _ if acts(character) => {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        }
        _ => shown.push(character),
    }
}

/// Whether a character moves the cursor, turns the direction of the text, or can't be seen.
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What reports add to the line of a suppression: whose comment it is, and whether the change brings it.
pub(super) fn suppressed_by(suppression: &Suppression, introduced: bool) -> String {
    let tool = suppression.tool.map(|tool| format!(", a comment for {tool}")).unwrap_or_default();
    let added = if introduced { ", added by this change" } else { "" };
    format!("{tool}{added}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Told(&'static str, #[source] Option<Box<Self>>);

    #[test]
    fn a_cause_is_told_once() {
        let refused = || Some(Box::new(Told("connection refused", None)));
        let error = Told("no database", Some(Box::new(Told("can't connect: connection refused", refused()))));
        assert_eq!(describe(&error), "no database: can't connect: connection refused");
        assert_eq!(describe(&Told("no database", refused())), "no database: connection refused");
    }

    #[test]
    fn text_of_a_change_can_not_act_on_a_terminal() {
        for (text, expected) in [
            ("plain/ä.yaml", "plain/ä.yaml"),
            ("a\u{1b}[31m", "a\\u{1b}[31m"),
            ("a\nb\t", "a\\nb\\t"),
            ("a\u{202e}b\u{200b}", "a\\u{202e}b\\u{200b}"),
            ("a\u{9b}b", "a\\u{9b}b"),
        ] {
            assert_eq!(inert(text), expected, "{text:?}");
        }
        assert_eq!(inert(&"x".repeat(400)).chars().count(), 301);
    }
}

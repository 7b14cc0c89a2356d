//! Code frames: the lines around a finding, without secrets.
//!
//! Invariant: the characters of every secret that the verdict knows are replaced before a line is shown.

use serde::{Deserialize, Serialize};

use crate::scan::finding::Finding;
use crate::scan::span::{LineIndex, Span};
use crate::verdict::Verdict;

use super::words;

/// Lines shown before the marked one.
const LINES_BEFORE: usize = 2;

/// Longest line that is shown, in characters.
const MAX_WIDTH: usize = 160;

/// What stands for each character of a secret.
const MASK: char = '•';

/// One shown line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameLine {
    /// Line, from 1.
    pub number: usize,
    /// What stands there, ready to be shown.
    pub text: String,
    /// The marked part, as the number of characters before it and in it, in `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked: Option<(usize, usize)>,
}

/// The parts of the file at `path` that hold a secret.
pub fn secrets<'v>(verdict: &'v Verdict, path: &str) -> &'v [Span] {
    verdict.secrets.get(path).map_or(&[], Vec::as_slice)
}

/// The frame of `finding` in `text`, the file's head.
pub fn frame(finding: &Finding, text: &str, secrets: &[Span]) -> Vec<FrameLine> {
    let lines = LineIndex::new(text);
    let marked = finding.start.line;
    let first = marked.saturating_sub(LINES_BEFORE).max(1);
    let shown = (first..=marked).map(|number| {
        let span = lines.line_span(text, number);
        if number == marked {
            marked_line(finding, text, span, number, secrets)
        } else {
            line(text, span, number, secrets)
        }
    });
    shown.collect()
}

fn line(text: &str, span: Span, number: usize, secrets: &[Span]) -> FrameLine {
    FrameLine { number, text: show(text, span, secrets, MAX_WIDTH), marked: None }
}

/// The line of the finding, from further right when the marked part would not be seen.
fn marked_line(finding: &Finding, text: &str, span: Span, number: usize, secrets: &[Span]) -> FrameLine {
    let start = finding.span.start.clamp(span.start, span.end);
    let end = finding.span.end.clamp(start, span.end);
    let full = show(text, Span::new(span.start, start), secrets, usize::MAX);
    let width = full.chars().count();
    let before = if width > MAX_WIDTH / 2 {
        let kept: String = full.chars().skip(width - MAX_WIDTH / 4).collect();
        format!("…{kept}")
    } else {
        full
    };
    let offset = before.chars().count();
    let room = MAX_WIDTH.saturating_sub(offset);
    let mark = show(text, Span::new(start, end), secrets, room);
    let length = mark.chars().count();
    let after = show(text, Span::new(end, span.end), secrets, room.saturating_sub(length));
    FrameLine { number, text: format!("{before}{mark}{after}"), marked: Some((offset, length.max(1))) }
}

/// At most `max_width` characters of `span`: tabs as spaces, secrets masked, nothing that acts on a terminal.
fn show(text: &str, span: Span, secrets: &[Span], max_width: usize) -> String {
    let near: Vec<&Span> = secrets.iter().filter(|secret| secret.start < span.end && span.start < secret.end).collect();
    let mut shown = String::new();
    let mut width = 0;
    for (offset, character) in span.of(text).char_indices() {
        if width >= max_width {
            shown.push('…');
            break;
        }
        let place = span.start + offset;
        let before = shown.len();
        match character {
            _ if near.iter().any(|secret| (secret.start..secret.end).contains(&place)) => shown.push(MASK),
            '\t' => shown.push_str("    "),
            '\u{feff}' => {}
            _ => words::push_inert(&mut shown, character),
        }
        width += shown.get(before..).map_or(0, |added| added.chars().count());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn check(text: &str, marked: &str, secret: &str, expected: &[&str]) {
        let finding = sample::finding_at("a.yaml", text, marked);
        let secrets: Vec<Span> = text.find(secret).map(|at| Span::new(at, at + secret.len())).into_iter().collect();
        let shown: Vec<String> = frame(&finding, text, &secrets)
            .into_iter()
            .map(|line| {
                let mark = line.marked.map_or(String::new(), |(at, length)| format!(" [{at}+{length}]"));
                format!("{} {}{mark}", line.number, line.text)
            })
            .collect();
        assert_eq!(shown, expected, "{text:?}");
    }

    #[test]
    fn frames_show_the_line_and_two_before() {
        check("a\nb\nc\nd: e\n", "d: e", "", &["2 b", "3 c", "4 d: e [0+4]"]);
        check("\tkey: value", "value", "", &["1     key: value [9+5]"]);
        check("ü: wert", "wert", "", &["1 ü: wert [3+4]"]);
    }

    #[test]
    fn frames_hide_secrets_and_control_characters() {
        check("p: hunter2\nq: x", "x", "hunter2", &["1 p: •••••••", "2 q: x [3+1]"]);
        check("p: hunter2", "hunter2", "hunter2", &["1 p: ••••••• [3+7]"]);
        check("a\u{1b}b: x", "x", "", &["1 a\\u{1b}b: x [10+1]"]);
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let text = format!("{}MARK{}", "x".repeat(5_000), "y".repeat(5_000));
        let finding = sample::finding_at("a", &text, "MARK");
        let line = frame(&finding, &text, &[]).remove(0);
        assert!(line.text.chars().count() <= MAX_WIDTH + 2 && line.text.contains("MARK"), "{}", line.text);
    }
}

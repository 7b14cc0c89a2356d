//! The report as workflow commands, which GitHub Actions turns into annotations.
//!
//! Invariant: a value of the change can't end its command or begin another one.
//!
//! # Source
//! GitHub Actions, workflow commands: `::error file=…,line=…::message`.

use std::fmt::Write as _;

use super::{ReportInput, place, words};
use crate::scan::finding::Severity;
use crate::scan::problem::Problem;
use crate::verdict::{Judged, Standing};

/// Renders one command for each finding that the change introduces and for what could not be judged.
pub fn render(input: &ReportInput<'_>) -> String {
    let verdict = input.verdict;
    let mut out = String::new();
    for judged in verdict.blocking().chain(verdict.to_know()) {
        out.push_str(&finding(judged, input));
    }
    for problem in verdict.unjudged() {
        let level = if verdict.unjudged_blocks { "error" } else { "warning" };
        out.push_str(&remark(problem, level, "could not be judged"));
    }
    for problem in verdict.settings_mistakes() {
        out.push_str(&remark(problem, "warning", "mistake in the settings"));
    }
    let _ = writeln!(out, "{} · {}", words::parts(verdict).join(", "), words::count(verdict.files, "file"));
    out
}

fn finding(judged: &Judged, input: &ReportInput<'_>) -> String {
    let found = &judged.finding;
    let level = match (&judged.standing, found.severity) {
        (Standing::Blocks, _) => "error",
        (_, Severity::Critical | Severity::High | Severity::Medium) => "warning",
        _ => "notice",
    };
    let last = place::last_line(found);
    let mut properties = format!("file={},line={}", property(&words::inert_in_full(&found.path)), found.start.line);
    if last > found.start.line {
        let _ = write!(properties, ",endLine={last}");
    } else {
        let _ = write!(properties, ",col={},endColumn={}", found.start.column, found.end.column);
    }
    let title = format!("{} {}", found.severity, found.rule);
    let fix =
        input.policies.get(&found.rule).map_or_else(String::new, |policy| format!("\nfix: {}", policy.fix.trim()));
    let message = format!("{}{fix}", words::inert(&found.message));
    format!("::{level} {properties},title={}::{}\n", property(&title), data(&message))
}

fn remark(problem: &Problem, level: &str, title: &str) -> String {
    let mut properties = Vec::new();
    properties.extend(problem.path.as_ref().map(|path| format!("file={}", property(&words::inert_in_full(path)))));
    properties.extend(problem.line.map(|line| format!("line={line}")));
    properties.push(format!("title={}", property(title)));
    let message = format!("{}: {}", words::cause(problem.cause), words::inert(&problem.message));
    format!("::{level} {}::{}\n", properties.join(","), data(&message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_inside_their_command() {
        for (text, expected) in [("a,b:c%\n::error::x", "a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax"), ("plain", "plain")] {
            assert_eq!(property(text), expected);
            assert!(!data(text).contains('\n'));
        }
    }
}

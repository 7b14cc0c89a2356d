//! The report for a terminal.
//!
//! Invariant: nothing from the change acts on the terminal, and colours appear only when they were asked for.

use std::fmt::Write as _;

use super::{ReportInput, frame, place, words};
use crate::scan::finding::Severity;
use crate::scan::problem::Problem;
use crate::verdict::{Judged, Standing, Verdict};

/// Most notes that are listed one by one.
const MAX_NOTES: usize = 10;

const RESET: &str = "\u{1b}[0m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";

/// Renders the report.
pub fn render(input: &ReportInput<'_>) -> String {
    let mut out = String::new();
    let verdict = input.verdict;
    for judged in verdict.blocking().chain(verdict.to_know()) {
        finding(&mut out, judged, input);
    }
    for judged in verdict.accepted() {
        accepted(&mut out, judged);
    }
    for problem in verdict.unjudged() {
        let _ = writeln!(out, "{}", problem_line(problem, "could not be judged"));
    }
    for problem in verdict.settings_mistakes() {
        let _ = writeln!(out, "{}: {}", words::place(problem), words::inert(&problem.message));
    }
    notes(&mut out, verdict);
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
    out.push_str(&summary(input));
    out
}

fn finding(out: &mut String, judged: &Judged, input: &ReportInput<'_>) {
    let finding = &judged.finding;
    let paint = Paint { on: input.colour };
    let position = format!("{}:{}:{}", words::inert(&finding.path), finding.start.line, finding.start.column);
    let severity = paint.with(colour(finding.severity), finding.severity.name());
    let blocks = if judged.standing == Standing::Blocks { "" } else { " (does not block)" };
    let _ = writeln!(out, "{} {severity} {}{blocks}", paint.with(BOLD, &position), finding.rule);
    let message = words::inert(&finding.message);
    match place::text_of(input.snapshot, finding) {
        Some(text) => code(out, judged, text, input, &message),
        None => {
            let _ = writeln!(out, "   {message}");
        }
    }
    if let Some(policy) = input.policies.get(&finding.rule) {
        let _ = writeln!(out, "   why: {}", one_line(&policy.why));
        let page = paint.with(DIM, &format!("dockgate rules {}", finding.rule));
        let _ = writeln!(out, "   fix: {}          {page}", one_line(&policy.fix));
    }
    if let Some(step) = finding.decided_by.filter(|_| input.explain) {
        let _ = writeln!(out, "   decided by: {step}");
    }
    if let Some(note) = &judged.note {
        let _ = writeln!(out, "   note: {}", words::inert(note));
    }
    out.push('\n');
}

fn code(out: &mut String, judged: &Judged, text: &str, input: &ReportInput<'_>, message: &str) {
    let finding = &judged.finding;
    let paint = Paint { on: input.colour };
    let lines = frame::frame(finding, text, frame::secrets(input.verdict, &finding.path));
    let width = finding.start.line.to_string().len().max(4);
    for line in lines {
        let bar = paint.with(DIM, &format!("{:>width$} |", line.number));
        let _ = writeln!(out, "{}", format!("{bar} {}", line.text).trim_end());
        if let Some((offset, length)) = line.marked {
            let carets = paint.with(colour(finding.severity), &"^".repeat(length));
            let bar = paint.with(DIM, &format!("{:>width$} |", ""));
            let _ = writeln!(out, "{bar} {}{carets} {message}", " ".repeat(offset));
        }
    }
}

fn accepted(out: &mut String, judged: &Judged) {
    let finding = &judged.finding;
    let how = match &judged.standing {
        Standing::Suppressed { suppression, introduced } => {
            let by = words::suppressed_by(suppression, *introduced);
            format!("suppressed on line {}{by}: {}", suppression.line, words::inert(&suppression.reason))
        }
        Standing::Waived(waiver) => {
            format!(
                "waived until {} by {}: {}",
                waiver.until,
                words::inert(&waiver.owner),
                words::inert(&waiver.reason)
            )
        }
        _ => return,
    };
    let place = format!("{}:{}", words::inert(&finding.path), finding.start.line);
    let _ = writeln!(out, "{place} {} {} {how}", finding.severity, finding.rule);
}

fn problem_line(problem: &Problem, prefix: &str) -> String {
    let place = words::place(problem);
    let place = if place.is_empty() { String::new() } else { format!("{place} ") };
    format!("{place}{prefix} ({}): {}", words::cause(problem.cause), words::inert(&problem.message))
}

fn notes(out: &mut String, verdict: &Verdict) {
    let number = verdict.notes().count();
    if number <= MAX_NOTES {
        for problem in verdict.notes() {
            let _ = writeln!(out, "{}", problem_line(problem, "note"));
        }
    } else {
        let by_cause = words::by_cause(verdict.notes());
        let _ = writeln!(out, "{number} notes ({by_cause}); --format json lists them");
    }
}

fn summary(input: &ReportInput<'_>) -> String {
    let verdict = input.verdict;
    let mut line = format!("{} · {}", words::parts(verdict).join(", "), words::count(verdict.files, "file"));
    if let Some(elapsed) = input.elapsed {
        let _ = write!(line, " in {} ms", elapsed.as_millis());
    }
    for (number, told) in [
        (verdict.existing().count(), "not from this change"),
        (verdict.resolved, "gone with this change"),
        (verdict.ignored, "left out by paths.ignore"),
    ] {
        if number > 0 {
            let _ = write!(line, " · {number} {told}");
        }
    }
    if verdict.unjudged_blocks {
        line.push_str("\nwhat could not be judged blocks: the settings say unjudged: fail");
    }
    line.push('\n');
    line
}

/// Prose of a policy, its line breaks taken as spaces.
fn one_line(prose: &str) -> String {
    words::inert(&prose.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "\u{1b}[1;31m",
        Severity::High => "\u{1b}[31m",
        Severity::Medium => "\u{1b}[33m",
        Severity::Low => "\u{1b}[36m",
        Severity::Info => DIM,
    }
}

struct Paint {
    on: bool,
}

impl Paint {
    fn with(&self, colour: &str, text: &str) -> String {
        if self.on { format!("{colour}{text}{RESET}") } else { text.to_owned() }
    }
}

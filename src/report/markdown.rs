//! Markdown for GitHub, and the escaping that keeps a change's own text from being more than text.
//!
//! Invariant: whatever a file name, a value or a message holds, it shows as itself: no link, mention, markup or HTML
//! comes of it.

use std::fmt::Write as _;

use super::budget::Budget;
use super::{ReportInput, waiving, words};
use crate::scan::finding::Finding;
use crate::scan::problem::Problem;
use crate::verdict::{Judged, Standing, Verdict};

/// Most bytes of a report in Markdown.
const MAX_BYTES: usize = 1_000_000;

/// Renders the whole report, as for a comment or a job summary.
pub fn render(input: &ReportInput<'_>) -> String {
    let mut budget = Budget::new(MAX_BYTES);
    body(input, &mut budget);
    existing(input, &mut budget);
    budget.finish()
}

/// Writes what a change brings: what blocks, what is worth knowing, what could not be judged and what was accepted.
pub fn body(input: &ReportInput<'_>, budget: &mut Budget) {
    budget.line(&headline(input));
    budget.line("");
    blocking(input, budget);
    let ending = waiving::ending(input);
    if !ending.is_empty() {
        budget.line("**Waivers that end soon**");
        budget.list(&ending, |left| format!("- {}", left_out(left)));
        budget.line("");
    }
    let verdict = input.verdict;
    let to_know: Vec<String> = verdict.to_know().map(|judged| bullet(judged, input)).collect();
    let verb = if to_know.len() == 1 { "does" } else { "do" };
    budget.folded(&format!("{} to know ({verb} not block)", to_know.len()), &to_know);
    let settings: Vec<String> = verdict.settings_mistakes().map(problem).collect();
    budget.folded(&format!("{} in the settings", words::count(settings.len(), "mistake")), &settings);
    let unjudged: Vec<String> = verdict.unjudged().map(problem).collect();
    budget.folded(&format!("{} could not be judged", unjudged.len()), &unjudged);
    let accepted: Vec<String> = verdict.accepted().map(|judged| bullet(judged, input)).collect();
    budget.folded(&format!("{} accepted by a suppression or waiver", accepted.len()), &accepted);
    let notes: Vec<String> = verdict.notes().map(problem).collect();
    budget.folded(&format!("{} ({})", words::count(notes.len(), "note"), words::by_cause(verdict.notes())), &notes);
    for line in closing(verdict) {
        budget.line("");
        budget.line(&line);
    }
}

/// Writes the findings that stand in the base as well.
pub fn existing(input: &ReportInput<'_>, budget: &mut Budget) {
    let older: Vec<String> = input.verdict.existing().map(|judged| bullet(judged, input)).collect();
    budget.folded(&words::count(older.len(), "older finding"), &older);
}

/// `**2 block · 3 to know** — 6 files, settings from main@4f1c2e9`.
fn headline(input: &ReportInput<'_>) -> String {
    let verdict = input.verdict;
    let mut line = format!("**{}** — {}", words::parts(verdict).join(" · "), words::count(verdict.files, "file"));
    let _ = write!(line, ", settings from {}", code(input.settings_from));
    if verdict.ignored > 0 {
        let _ = write!(line, ", {} left out by `paths.ignore`", words::count(verdict.ignored, "file"));
    }
    line
}

fn blocking(input: &ReportInput<'_>, budget: &mut Budget) {
    let rows: Vec<String> = input.verdict.blocking().map(|judged| row(judged, input)).collect();
    if rows.is_empty() {
        return;
    }
    budget.line("| blocks | where | what to do |");
    budget.line("|---|---|---|");
    budget.list(&rows, |left| format!("| | {} | |", left_out(left)));
    budget.line("");
    if let Some(line) = waiving::line(input) {
        budget.line(&line);
        budget.line("");
    }
}

/// What stands where `left` entries did not fit.
pub fn left_out(left: usize) -> String {
    format!("{left} more did not fit here; `dockgate scan --format json` lists all")
}

fn row(judged: &Judged, input: &ReportInput<'_>) -> String {
    let finding = &judged.finding;
    let fix = match finding.commit() {
        Some(commit) => history_fix(commit, finding, input),
        None => input.policies.get(&finding.rule).map_or_else(String::new, |policy| message(&policy.fix)),
    };
    let note = judged.note.as_deref().map_or_else(String::new, |note| format!("<br>{}", text(note)));
    let id = waiving::id(finding, input).map_or_else(String::new, |id| format!(" · {id}"));
    let (place, message) = (place(finding, input), message(&finding.message));
    let what = format!("{place} {message}{note}<br>{}{id}", rule(finding, input));
    format!("| {} | {} | {} |", finding.severity, cell(&what), cell(&fix))
}

/// What to do about a secret that stands in the history only.
fn history_fix(commit: &str, finding: &Finding, input: &ReportInput<'_>) -> String {
    let page = input.policies.get(&finding.rule).and_then(|policy| policy.references.first());
    let page = page.map_or_else(String::new, |page| format!(": [how]({page})"));
    format!(
        "Removing the line is not enough: whoever can read the repository has it. 1. Revoke it now{page}. 2. Then \
         rewrite the branch without {} and push it with `--force-with-lease`.",
        code(commit)
    )
}

/// The rule, with a link to its page when there is one.
pub fn rule(finding: &Finding, input: &ReportInput<'_>) -> String {
    let id = code(finding.rule.as_str());
    input.rule_url(&finding.rule).map_or_else(|| id.clone(), |url| format!("[{id}]({url})"))
}

fn bullet(judged: &Judged, input: &ReportInput<'_>) -> String {
    let finding = &judged.finding;
    let mut line = format!(
        "- {} {} {} · {}",
        finding.severity,
        place(finding, input),
        message(&finding.message),
        rule(finding, input)
    );
    let accepted = match &judged.standing {
        Standing::Suppressed { suppression, introduced } => {
            let by = words::suppressed_by(suppression, *introduced);
            format!(" — suppressed on line {}{by}: {}", suppression.line, text(&suppression.reason))
        }
        Standing::Waived(waiver) => {
            format!(" — waived until {} by {}: {}", waiver.until, text(&waiver.owner), text(&waiver.reason))
        }
        _ => String::new(),
    };
    line.push_str(&accepted);
    if let Some(note) = &judged.note {
        let _ = write!(line, " — {}", text(note));
    }
    line
}

fn problem(problem: &Problem) -> String {
    let place = words::place(problem);
    let place = if place.is_empty() { String::new() } else { format!("{} ", code(&place)) };
    format!("- {place}{}: {}", words::cause(problem.cause), message(&problem.message))
}

fn closing(verdict: &Verdict) -> Vec<String> {
    let mut lines = Vec::new();
    let older = verdict.existing().count();
    if older > 0 {
        lines.push(format!("Not from this change: {} in these files.", words::count(older, "older finding")));
    }
    if verdict.resolved > 0 {
        lines.push(format!("Gone with this change: {}.", words::count(verdict.resolved, "finding")));
    }
    if verdict.unjudged_blocks {
        lines.push("What could not be judged blocks here: the settings say `unjudged: fail`.".to_owned());
    }
    lines
}

/// `path:line` as code, linked to the source when it is known where that is.
pub fn place(finding: &Finding, input: &ReportInput<'_>) -> String {
    let shown = code(&format!("{}:{}", finding.path, finding.start.line));
    // A line of the history is shown at its commit.
    let base = input.source_url.map(|base| match (finding.commit(), input.head) {
        (Some(commit), Some(head)) => base.replace(head, commit),
        _ => base.to_owned(),
    });
    match base {
        Some(base) => format!("[{shown}]({base}/{}#L{})", percent(&finding.path), finding.start.line),
        None => shown,
    }
}

/// `path` with all but unreserved characters percent-encoded, `/` kept.
///
/// # Source
/// RFC 3986 §2.3 and §3.3.
pub fn percent(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// `text` as plain text: markup escaped, mentions and references broken, one line.
pub fn text(text: &str) -> String {
    let shown = words::inert(text);
    let mut escaped = String::with_capacity(shown.len() + 16);
    let mut characters = shown.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '@' | '#' => {
                escaped.push(character);
                escaped.push('\u{200b}');
            }
            // With what follows it, a colon makes a link or an emoji.
            ':' if characters.peek().is_some_and(|next| !next.is_whitespace()) => escaped.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    break_links(&escaped)
}

/// Breaks `www.`, which GitHub links without a scheme.
fn break_links(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.get(..).and_then(|rest| rest.to_ascii_lowercase().find("www.")) {
        let (before, after) = rest.split_at(found + 3);
        broken.push_str(before);
        broken.push('\u{200b}');
        rest = after;
    }
    broken.push_str(rest);
    broken
}

/// `text` as a code span, one line.
pub fn code(text: &str) -> String {
    let shown = words::inert(text);
    if shown.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&shown) + 1);
    let padded = fence.len() > 1 || shown.starts_with(' ') || shown.ends_with(' ');
    let space = if padded { " " } else { "" };
    format!("{fence}{space}{shown}{space}{fence}")
}

/// A message, whose parts between backticks are code.
pub fn message(message: &str) -> String {
    let flat: String = message.chars().map(|character| if character == '\n' { ' ' } else { character }).collect();
    let parts: Vec<&str> = flat.trim().split('`').collect();
    let last = parts.len() - 1;
    let shown = parts.iter().enumerate().map(|(index, part)| match index % 2 {
        0 => text(part),
        // The last backtick has no partner.
        _ if index == last => format!("\\`{}", text(part)),
        _ => code(part),
    });
    shown.collect()
}

/// `markdown` as the content of a table's cell.
pub fn cell(markdown: &str) -> String {
    let mut escaped = String::with_capacity(markdown.len());
    let mut backslashes = 0;
    for character in markdown.chars() {
        if character == '|' && backslashes % 2 == 0 {
            escaped.push('\\');
        }
        backslashes = if character == '\\' { backslashes + 1 } else { 0 };
        escaped.push(character);
    }
    escaped
}

/// `content` as a fenced block of `language`; the fence is longer than any in the content.
pub fn fenced(language: &str, content: &str) -> String {
    let fence = "`".repeat(longest_run(content).max(2) + 1);
    let end = if content.is_empty() || content.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{content}{end}{fence}\n")
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(render: fn(&str) -> String, input: &str, expected: &str) {
        assert_eq!(render(input), expected, "{input:?}");
    }

    #[test]
    fn text_of_a_change_stays_text() {
        check(text, "@octocat see #1", "@\u{200b}octocat see #\u{200b}1");
        check(text, "<img src=x>", "&lt;img src=x&gt;");
        check(text, "[a](https://x.y)", "\\[a\\](https&#58;//x.y)");
        check(text, "a|b\n# c", "a\\|b\\\\n#\u{200b} c");
        check(text, "see WWW.x.y", "see WWW\u{200b}.x.y");
        check(text, "**b** `c`", "\\*\\*b\\*\\* \\`c\\`");
    }

    #[test]
    fn code_spans_can_not_be_left() {
        check(code, "a`b", "`` a`b ``");
        check(code, "a", "`a`");
        check(code, "", "");
        check(message, "container `web` runs as @root", "container `web` runs as @\u{200b}root");
        check(message, "name `a`b` is <odd>", "name `a`b\\` is &lt;odd&gt;");
        check(cell, "a|b\\|c", "a\\|b\\|c");
    }

    #[test]
    fn fences_are_longer_than_what_they_hold() {
        assert_eq!(fenced("suggestion", "a"), "```suggestion\na\n```\n");
        assert_eq!(fenced("", "````x"), "`````\n````x\n`````\n");
        assert_eq!(fenced("suggestion", ""), "```suggestion\n```\n");
    }

    #[test]
    fn paths_in_links_are_encoded() {
        check(percent, "a b/ü)(#.yaml", "a%20b/%C3%BC%29%28%23.yaml");
    }
}

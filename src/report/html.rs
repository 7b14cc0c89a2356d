//! The report as one static page.
//!
//! Invariant: the page loads nothing and runs nothing, and text of the change can't become markup.

use std::fmt::Write as _;

use super::{ReportInput, check_run, frame, place, words};
use crate::scan::finding::Finding;
use crate::scan::problem::Problem;
use crate::verdict::{Judged, Standing};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--faint:#888}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
article{border:1px solid var(--line);border-radius:6px;padding:.75rem 1rem;margin:1rem 0}
article.blocks{border-left:5px solid #d33}
pre{overflow-x:auto;font:14px/1.4 ui-monospace,monospace;background:#8881;padding:.5rem}
code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}
mark{background:#fd06;color:inherit}
.number,.rule{color:var(--faint)}summary{cursor:pointer}
";

/// Renders the page.
pub fn render(input: &ReportInput<'_>) -> String {
    let verdict = input.verdict;
    let title = escape(&check_run::title(verdict));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    let _ = writeln!(page, "<p>{}</p>", escape(&facts(input)));
    let blocking: Vec<&Judged> = verdict.blocking().collect();
    for judged in &blocking {
        article(&mut page, judged, input);
    }
    for (heading, findings, open) in [
        ("to know (does not block)", verdict.to_know().collect::<Vec<_>>(), blocking.is_empty()),
        ("accepted by a suppression or waiver", verdict.accepted().collect(), false),
        ("not from this change", verdict.existing().collect(), false),
    ] {
        section(&mut page, heading, &findings, open, input);
    }
    problems(&mut page, "could not be judged", verdict.unjudged().collect());
    problems(&mut page, "wrong in the settings", verdict.settings_mistakes().collect());
    problems(&mut page, "worth a note", verdict.notes().collect());
    page.push_str("</body>\n</html>\n");
    page
}

fn facts(input: &ReportInput<'_>) -> String {
    let verdict = input.verdict;
    let mut facts = vec![words::parts(verdict).join(", "), words::count(verdict.files, "file")];
    facts.push(format!("settings from {}", words::inert(input.settings_from)));
    facts.extend(input.head.map(|head| format!("commit {}", words::inert(head))));
    if verdict.resolved > 0 {
        facts.push(format!("{} gone with this change", verdict.resolved));
    }
    if verdict.ignored > 0 {
        facts.push(format!("{} left out by paths.ignore", verdict.ignored));
    }
    facts.join(" · ")
}

fn section(page: &mut String, heading: &str, findings: &[&Judged], open: bool, input: &ReportInput<'_>) {
    if findings.is_empty() {
        return;
    }
    let open = if open { " open" } else { "" };
    let _ = writeln!(page, "<details{open}>\n<summary>{} {heading}</summary>", findings.len());
    for judged in findings {
        article(page, judged, input);
    }
    page.push_str("</details>\n");
}

fn article(page: &mut String, judged: &Judged, input: &ReportInput<'_>) {
    let finding = &judged.finding;
    let class = if judged.standing == Standing::Blocks { " class=\"blocks\"" } else { "" };
    let _ = writeln!(page, "<article{class}>");
    let _ = writeln!(
        page,
        "<h2>{} · {}</h2>\n<p><code>{}:{}</code> <code class=\"rule\">{}</code></p>",
        finding.severity,
        escape(&words::inert(&finding.message)),
        escape(&words::inert(&finding.path)),
        finding.start.line,
        rule(finding, input)
    );
    if let Some(text) = place::text_of(input.snapshot, finding) {
        code(page, judged, text, input);
    }
    if let Some(policy) = input.policies.get(&finding.rule) {
        let _ = writeln!(page, "<p>{}</p>\n<p>Fix: {}</p>", escape(policy.why.trim()), escape(policy.fix.trim()));
    }
    for remark in remarks(judged) {
        let _ = writeln!(page, "<p>{}</p>", escape(&words::inert(&remark)));
    }
    page.push_str("</article>\n");
}

/// The rule, with a link to its page when there is one.
fn rule(finding: &Finding, input: &ReportInput<'_>) -> String {
    let id = escape(&words::inert(finding.rule.as_str()));
    input.rule_url(&finding.rule).map_or_else(|| id.clone(), |url| format!("<a href=\"{}\">{id}</a>", escape(&url)))
}

fn code(page: &mut String, judged: &Judged, text: &str, input: &ReportInput<'_>) {
    page.push_str("<pre>");
    for line in frame::frame(&judged.finding, text, frame::secrets(input.verdict, &judged.finding.path)) {
        let _ = write!(page, "<span class=\"number\">{:>5} </span>", line.number);
        let (offset, length) = line.marked.unwrap_or((0, 0));
        let part = |from: usize, many: usize| escape(&line.text.chars().skip(from).take(many).collect::<String>());
        let marked = if length > 0 { format!("<mark>{}</mark>", part(offset, length)) } else { String::new() };
        let _ = writeln!(page, "{}{marked}{}", part(0, offset), part(offset + length, usize::MAX));
    }
    page.push_str("</pre>\n");
}

fn remarks(judged: &Judged) -> Vec<String> {
    let mut remarks: Vec<String> = judged.note.iter().cloned().collect();
    match &judged.standing {
        Standing::Suppressed { suppression, introduced } => {
            let by = words::suppressed_by(suppression, *introduced);
            remarks.push(format!("suppressed on line {}{by}: {}", suppression.line, suppression.reason));
        }
        Standing::Waived(waiver) => {
            remarks.push(format!("waived until {} by {}: {}", waiver.until, waiver.owner, waiver.reason));
        }
        Standing::Blocks | Standing::Introduced | Standing::Existing => {}
    }
    remarks
}

fn problems(page: &mut String, heading: &str, problems: Vec<&Problem>) {
    if problems.is_empty() {
        return;
    }
    let _ = writeln!(page, "<details>\n<summary>{} {heading}</summary>\n<ul>", problems.len());
    for problem in problems {
        let (place, message) = (words::place(problem), words::inert(&problem.message));
        let cause = words::cause(problem.cause);
        let _ = writeln!(page, "<li><code>{}</code> {cause}: {}</li>", escape(&place), escape(&message));
    }
    page.push_str("</ul>\n</details>\n");
}

/// `text` as it stands in a page or in an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

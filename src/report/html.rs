//! The report as one static page.
//!
//! Invariant: the page loads nothing and runs nothing, and text of the change can't become markup.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::frame::FrameLine;
use super::markdown::percent;
use super::record::{Entry, Record, RuleText};
use super::{ReportInput, words};

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
    let record = Record::of(input);
    let title = escape(&record.title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    let _ = writeln!(page, "<p>{}</p>", escape(&record.facts.join(" · ")));
    let links = Links { rules: input.rules_url, source: None };
    let of = |standings: &[&str]| -> Vec<&Entry> {
        record.findings.iter().filter(|finding| standings.contains(&finding.standing.as_str())).collect()
    };
    let blocking = of(&["blocks"]);
    for finding in &blocking {
        article(&mut page, finding, &record.rules, links);
    }
    for (heading, findings, open) in [
        ("to know (does not block)", of(&["introduced"]), blocking.is_empty()),
        ("accepted by a suppression or waiver", of(&["suppressed", "waived"]), false),
        ("not from this change", of(&["existing"]), false),
    ] {
        section(&mut page, heading, &findings, open, &record.rules, links);
    }
    for (group, heading) in PROBLEM_GROUPS {
        problems(&mut page, heading, &record, group);
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// The groups of problems with their headings.
pub(super) const PROBLEM_GROUPS: [(&str, &str); 3] =
    [("unjudged", "could not be judged"), ("settings", "wrong in the settings"), ("note", "worth a note")];

/// Where a page may lead.
#[derive(Clone, Copy, Debug, Default)]
pub struct Links<'a> {
    /// The pages of the rules, without a `/` at its end.
    pub rules: Option<&'a str>,
    /// Files of the repository, to be followed by `/COMMIT/PATH`.
    pub source: Option<Source<'a>>,
}

/// Where files of the repository can be seen.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Such as `https://github.com/o/r/blob`.
    pub root: &'a str,
    /// The commit that was judged.
    pub head: &'a str,
}

type Rules = BTreeMap<String, RuleText>;

fn section(page: &mut String, heading: &str, findings: &[&Entry], open: bool, rules: &Rules, links: Links<'_>) {
    if findings.is_empty() {
        return;
    }
    let open = if open { " open" } else { "" };
    let _ = writeln!(page, "<details{open}>\n<summary>{} {heading}</summary>", findings.len());
    for finding in findings {
        article(page, finding, rules, links);
    }
    page.push_str("</details>\n");
}

/// One finding.
pub(super) fn article(page: &mut String, finding: &Entry, rules: &Rules, links: Links<'_>) {
    let class = if finding.blocks() { " class=\"blocks\"" } else { "" };
    let _ = writeln!(page, "<article{class}>");
    let text = rules.get(&finding.rule);
    let _ = writeln!(
        page,
        "<h2>{} · {}</h2>\n<p>{} <code class=\"rule\">{}</code></p>",
        escape(&finding.severity),
        escape(&finding.message),
        place(finding, links.source),
        rule(finding, text, links.rules)
    );
    if !finding.frame.is_empty() {
        code(page, &finding.frame);
    }
    if let Some(text) = text {
        let _ = writeln!(page, "<p>{}</p>\n<p>Fix: {}</p>", escape(&text.why), escape(&text.fix));
    }
    for remark in &finding.remarks {
        let _ = writeln!(page, "<p>{}</p>", escape(remark));
    }
    page.push_str("</article>\n");
}

/// `path:line`, with a link to the line where files can be seen.
fn place(finding: &Entry, source: Option<Source<'_>>) -> String {
    let shown = format!("<code>{}:{}</code>", escape(&words::inert(&finding.path)), finding.line);
    let Some(Source { root, head }) = source else { return shown };
    let commit = finding.commit.as_deref().unwrap_or(head);
    let url = format!("{root}/{commit}/{}#L{}", percent(&finding.path), finding.line);
    format!("<a href=\"{}\">{shown}</a>", escape(&url))
}

/// The rule, with a link to its page when there is one.
fn rule(finding: &Entry, text: Option<&RuleText>, rules_url: Option<&str>) -> String {
    let id = escape(&words::inert(&finding.rule));
    match rules_url.filter(|_| text.is_some_and(|text| text.built_in)) {
        Some(url) => format!("<a href=\"{}\">{id}</a>", escape(&format!("{url}/{}.html", finding.rule))),
        None => id,
    }
}

fn code(page: &mut String, lines: &[FrameLine]) {
    page.push_str("<pre>");
    for line in lines {
        let _ = write!(page, "<span class=\"number\">{:>5} </span>", line.number);
        let (offset, length) = line.marked.unwrap_or((0, 0));
        let part = |from: usize, many: usize| escape(&line.text.chars().skip(from).take(many).collect::<String>());
        let marked = if length > 0 { format!("<mark>{}</mark>", part(offset, length)) } else { String::new() };
        let _ = writeln!(page, "{}{marked}{}", part(0, offset), part(offset + length, usize::MAX));
    }
    page.push_str("</pre>\n");
}

/// The problems of a group, folded.
pub(super) fn problems(page: &mut String, heading: &str, record: &Record, group: &str) {
    let problems: Vec<_> = record.problems.iter().filter(|problem| problem.group == group).collect();
    if problems.is_empty() {
        return;
    }
    let _ = writeln!(page, "<details>\n<summary>{} {heading}</summary>\n<ul>", problems.len());
    for problem in problems {
        let (place, message) = (escape(&problem.place), escape(&problem.message));
        let _ = writeln!(page, "<li><code>{place}</code> {}: {message}</li>", escape(&problem.cause));
    }
    page.push_str("</ul>\n</details>\n");
}

/// `text` as it stands in a page or in an attribute.
pub fn escape(text: &str) -> String {
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

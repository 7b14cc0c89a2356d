//! The page of one decision record, on dockgate's own server.
//!
//! Invariant: works without scripts, loads one stylesheet and runs nothing; text of the change can't become markup, and
//! every finding of the record can be reached.

mod parts;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use super::html::{self, Links, PROBLEM_GROUPS, escape};
use super::record::{Entry, Record};
use super::words;
use crate::scan::finding::Severity;

/// The stylesheet of all pages that a server shows.
pub const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8886;--faint:#595959;--link:#0550ae;--bad:#b42318}
@media (prefers-color-scheme:dark){:root{--faint:#b3b3b3;--link:#79b8ff;--bad:#ff8078}}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
a{color:var(--link)}
h1{font-size:1.4rem;margin:.25rem 0}h2{font-size:1.1rem}
article,form.box{border:1px solid var(--line);border-radius:6px;padding:.25rem 1rem;margin:1rem 0}
article.blocks{border-left:5px solid var(--bad)}
pre{overflow-x:auto;font:14px/1.4 ui-monospace,monospace;background:#8881;padding:.5rem}
code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}
mark{background:#fd06;color:inherit}
.number,.rule,.faint{color:var(--faint)}summary{cursor:pointer}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line)}
input,select,button{font:inherit;padding:.3rem .5rem;max-width:100%;box-sizing:border-box}
label{display:inline-block;margin:.25rem 1rem .25rem 0}form.box p label{display:block}
nav a,nav strong{margin-right:1rem}
";

/// Findings on one page.
const PER_PAGE: usize = 200;

/// Longest text of a filter, in bytes.
const MAX_FILTER_BYTES: usize = 300;

/// The groups of findings, with the word of the address and the heading.
const GROUPS: [(&str, &str, &[&str]); 4] = [
    ("blocks", "Blocks", &["blocks"]),
    ("introduced", "To know", &["introduced"]),
    ("accepted", "Accepted", &["suppressed", "waived"]),
    ("existing", "Not from this change", &["existing"]),
];

/// Which findings are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    group: Option<&'static str>,
    severity: Option<Severity>,
    rule: String,
    path: String,
    page: usize,
}

impl Filter {
    /// Reads the parameters of an address; what means nothing is passed over.
    pub fn read<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut filter = Self::default();
        for (name, value) in parameters.filter(|(_, value)| value.len() <= MAX_FILTER_BYTES) {
            match name {
                "show" => filter.group = GROUPS.iter().map(|group| group.0).find(|word| *word == value),
                "severity" => filter.severity = value.parse().ok(),
                "rule" => value.clone_into(&mut filter.rule),
                "path" => value.trim().clone_into(&mut filter.path),
                "page" => filter.page = value.parse::<usize>().unwrap_or(1).saturating_sub(1),
                _ => {}
            }
        }
        filter
    }

    fn fits(&self, finding: &Entry) -> bool {
        let group = |word| GROUPS.iter().find(|group| group.0 == word).map_or(&[][..], |group| group.2);
        self.group.is_none_or(|word| group(word).contains(&finding.standing.as_str()))
            && self.severity.is_none_or(|severity| finding.severity == severity.name())
            && (self.rule.is_empty() || finding.rule == self.rule)
            && finding.path.contains(&self.path)
    }

    /// The filter as parameters, to be added to those of the address.
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = Vec::new();
        parameters.extend(self.group.map(|word| ("show", word.to_owned())));
        parameters.extend(self.severity.map(|severity| ("severity", severity.name().to_owned())));
        parameters.extend((!self.rule.is_empty()).then(|| ("rule", self.rule.clone())));
        parameters.extend((!self.path.is_empty()).then(|| ("path", self.path.clone())));
        parameters.extend((self.page > 0).then(|| ("page", (self.page + 1).to_string())));
        parameters
    }
}

/// What a page is made from.
#[derive(Clone, Copy, Debug)]
pub struct DetailsInput<'a> {
    /// The record.
    pub record: &'a Record,
    /// Which record of its check it is, from 1, and when it was made, in milliseconds since 1970.
    pub revision: (u32, i64),
    /// Which findings are shown.
    pub filter: &'a Filter,
    /// The parameters that make the address hold.
    pub signed: &'a [(&'a str, &'a str)],
    /// Where the page leads.
    pub links: Links<'a>,
    /// The root of the repository's pages, such as `https://github.com/acme/shop`.
    pub repository_url: &'a str,
}

impl DetailsInput<'_> {
    /// The address of this report with another filter.
    fn address(&self, filter: &Filter) -> String {
        let own = filter.parameters();
        let all = self.signed.iter().map(|(name, value)| (*name, *value));
        let all = all.chain(own.iter().map(|(name, value)| (*name, value.as_str())));
        let pairs: Vec<String> =
            all.map(|(name, value)| format!("{name}={}", super::markdown::percent(value))).collect();
        escape(&format!("?{}", pairs.join("&")))
    }
}

/// What stands between the body's tags.
pub fn body(input: &DetailsInput<'_>) -> String {
    let record = input.record;
    let mut page = String::new();
    parts::head(&mut page, input);
    if let Some(cause) = &record.could_not_finish {
        let _ = writeln!(
            page,
            "<p>Nothing was judged, so nothing is let through.</p>\n<pre>{}</pre>\n<p>Use \"Re-run\" once the cause is \
             gone, or push again.</p>",
            escape(cause)
        );
    }
    if !record.findings.is_empty() || record.left_out > 0 {
        findings(&mut page, input);
    }
    for (group, heading) in PROBLEM_GROUPS {
        html::problems(&mut page, heading, record, group);
    }
    if record.problems_left_out > 0 {
        let _ = writeln!(page, "<p>{} more of these had no room.</p>", record.problems_left_out);
    }
    parts::images(&mut page, record);
    parts::settings(&mut page, record);
    parts::timeline(&mut page, record);
    let _ = writeln!(
        page,
        "<footer class=\"faint\"><p>Judged by dockgate {} and its policies · record {} of this check</p></footer>",
        escape(&record.dockgate),
        input.revision.0
    );
    page
}

fn findings(page: &mut String, input: &DetailsInput<'_>) {
    let record = input.record;
    navigation(page, input);
    form(page, input);
    let shown: Vec<&Entry> = record.findings.iter().filter(|finding| input.filter.fits(finding)).collect();
    let first = input.filter.page.saturating_mul(PER_PAGE).min(shown.len());
    let part = &shown.get(first..).unwrap_or_default();
    let part = part.get(..PER_PAGE).unwrap_or(part);
    let left_out = if record.left_out > 0 {
        format!(", {} more had no room in the record", record.left_out)
    } else {
        String::new()
    };
    let _ = match part.len() {
        0 => writeln!(page, "<p role=\"status\">No finding fits this filter{left_out}.</p>"),
        many => writeln!(
            page,
            "<p role=\"status\">{} to {} of {}{left_out}</p>",
            first + 1,
            first + many,
            words::count(shown.len(), "finding")
        ),
    };
    for finding in part {
        html::article(page, finding, &record.rules, input.links);
    }
    let (page_number, more) = (input.filter.page, first + part.len() < shown.len());
    if page_number > 0 || more {
        let to = |number: usize| input.address(&Filter { page: number, ..input.filter.clone() });
        page.push_str("<nav aria-label=\"Pages\">");
        if page_number > 0 {
            let _ = write!(page, "<a rel=\"prev\" href=\"{}\">Page before</a>", to(page_number - 1));
        }
        if more {
            let _ = write!(page, "<a rel=\"next\" href=\"{}\">Next page</a>", to(page_number + 1));
        }
        page.push_str("</nav>\n");
    }
}

/// A link to each group that is not empty, with its count.
fn navigation(page: &mut String, input: &DetailsInput<'_>) {
    let record = input.record;
    page.push_str("<nav aria-label=\"Findings\">");
    let mut link = |word: Option<&'static str>, heading: &str, count: usize| {
        let text = format!("{heading} ({count})");
        let _ = if input.filter.group == word {
            write!(page, "<strong aria-current=\"true\">{text}</strong>")
        } else {
            let filter = Filter { group: word, page: 0, ..input.filter.clone() };
            write!(page, "<a href=\"{}\">{text}</a>", input.address(&filter))
        };
    };
    link(None, "All", record.findings.len());
    for (word, heading, standings) in GROUPS {
        let count = record.findings.iter().filter(|finding| standings.contains(&finding.standing.as_str())).count();
        if count > 0 {
            link(Some(word), heading, count);
        }
    }
    page.push_str("</nav>\n");
}

/// The filters as a form, which works without scripts.
fn form(page: &mut String, input: &DetailsInput<'_>) {
    let record = input.record;
    page.push_str("<form class=\"box\" method=\"get\">\n");
    for (name, value) in input.signed {
        parts::hidden(page, name, value);
    }
    if let Some(group) = input.filter.group {
        parts::hidden(page, "show", group);
    }
    let severities: Vec<&str> = Severity::ALL.iter().rev().map(|severity| severity.name()).collect();
    parts::select(page, "severity", "Severity", &severities, input.filter.severity.map_or("", Severity::name));
    let mut rules: Vec<&str> = record.findings.iter().map(|finding| finding.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    parts::select(page, "rule", "Rule", &rules, &input.filter.rule);
    let _ = writeln!(
        page,
        "<label>Path holds <input name=\"path\" value=\"{}\"></label>\n<button>Show</button>\n</form>",
        escape(&input.filter.path)
    );
}

//! The rules as a small static site: a page for each, and a list with a search.
//!
//! Invariant: the only script is the search of the list, named by its hash, and it works without a server.

mod standard;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::html::escape;
use crate::scan::policy::{Example, Policy, PolicySet};

/// The name of the list's page.
pub const INDEX: &str = "index.html";

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--faint:#888}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:.25rem}h2{font-size:1.1rem;margin-top:2rem}
pre{overflow-x:auto;font:14px/1.4 ui-monospace,monospace;background:#8881;padding:.5rem}
code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}
mark{background:#d333;color:inherit}
input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin:1rem 0}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line)}
.faint{color:var(--faint)}
";

/// Shows the rows that hold every word of the search, and keeps the search in the address.
const SEARCH: &str = "\
const field=document.querySelector('input'),rows=[...document.querySelectorAll('tbody tr')],count=document.querySelector('output');
function search(){const words=field.value.toLowerCase().split(/\\s+/).filter(Boolean);let shown=0;
for(const row of rows){const text=row.dataset.text;row.hidden=!words.every(word=>text.includes(word));shown+=row.hidden?0:1}
count.textContent=shown+' of '+rows.length}
field.value=decodeURIComponent(location.hash.slice(1));field.oninput=()=>{history.replaceState(null,'','#'+encodeURIComponent(field.value));search()};
window.onhashchange=()=>{field.value=decodeURIComponent(location.hash.slice(1));search()};search();
";

/// Every page with its path.
pub fn site(policies: &PolicySet) -> Vec<(String, String)> {
    let page = |policy: &Policy| (path(policy), rule_page(policy));
    std::iter::once((INDEX.to_owned(), index(policies))).chain(policies.iter().map(page)).collect()
}

/// The page at `path`, when there is one.
pub fn page(policies: &PolicySet, path: &str) -> Option<String> {
    if path == INDEX {
        return Some(index(policies));
    }
    let id = path.strip_suffix(".html")?;
    policies.iter().find(|policy| policy.id.as_str() == id).map(rule_page)
}

fn path(policy: &Policy) -> String {
    format!("{}.html", policy.id)
}

fn index(policies: &PolicySet) -> String {
    let hash = STANDARD.encode(Sha256::digest(SEARCH.as_bytes()));
    let mut page = head("Rules", &format!("script-src 'sha256-{hash}'; "));
    let _ = writeln!(
        page,
        "<h1>Rules</h1>\n<p>Search by name, by words, by a standard, or by what another tool calls a rule, such as \
         KSV-0017 or DL3006.</p>\n<input type=\"search\" placeholder=\"Search\" aria-label=\"Search\" autofocus>\n\
         <p class=\"faint\"><output>{}</output></p>\n<table>\n<thead><tr><th>Rule</th><th>Severity</th><th>What is \
         wrong</th></tr></thead>\n<tbody>",
        policies.iter().count()
    );
    for policy in policies.iter() {
        let off = policy.limit().map(|limit| format!("<br><span class=\"faint\">{limit}</span>")).unwrap_or_default();
        let _ = writeln!(
            page,
            "<tr data-text=\"{}\"><td><a href=\"{}\"><code>{}</code></a></td><td>{}{off}</td><td>{}</td></tr>",
            escape(&searched(policy)),
            escape(&path(policy)),
            escape(policy.id.as_str()),
            policy.severity,
            inline(&policy.title)
        );
    }
    let _ = write!(page, "</tbody>\n</table>\n<script>{SEARCH}</script>\n</body>\n</html>\n");
    page
}

/// What the search looks through, in lower case.
fn searched(policy: &Policy) -> String {
    let mut texts = vec![policy.id.as_str(), policy.title.as_str(), policy.severity.name()];
    texts.extend(policy.standards.iter().map(String::as_str));
    texts.extend(policy.aliases.iter().flat_map(|(tool, ids)| std::iter::once(tool).chain(ids)).map(String::as_str));
    texts.join(" ").to_lowercase()
}

fn rule_page(policy: &Policy) -> String {
    let mut page = head(&policy.title, "");
    let up = "../".repeat(policy.id.as_str().matches('/').count());
    let off = policy.limit().map(|limit| format!(" · {limit}")).unwrap_or_default();
    let _ = writeln!(
        page,
        "<p><a href=\"{up}{INDEX}\">All rules</a></p>\n<h1>{}</h1>\n<p><code>{}</code> · {}{off}</p>",
        inline(&policy.title),
        escape(policy.id.as_str()),
        policy.severity
    );
    section(&mut page, "Why it matters", &policy.why);
    section(&mut page, "What an attacker does with it", &policy.attack);
    section(&mut page, "How to fix it", &policy.fix);
    examples(&mut page, &policy.examples());
    parameters(&mut page, policy);
    standards(&mut page, policy);
    aliases(&mut page, policy);
    references(&mut page, policy);
    page.push_str("</body>\n</html>\n");
    page
}

fn head(title: &str, scripts: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; {scripts}style-src 'unsafe-inline'\">\n\
         <title>{} · dockgate</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escape(title)
    )
}

fn section(page: &mut String, heading: &str, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(page, "<h2>{heading}</h2>\n<p>{}</p>", inline(text));
    }
}

/// The first bad and the first good example; they are the tests of the rule.
fn examples(page: &mut String, examples: &[Example]) {
    let bad = examples.iter().find(|example| example.is_denied());
    let good = examples.iter().find(|example| !example.is_denied());
    for (heading, example) in [("Bad", bad), ("Good", good)] {
        let Some(example) = example else { continue };
        let _ = writeln!(
            page,
            "<h2>{heading}: {}</h2>\n<p><code>{}</code></p>",
            inline(&example.name),
            escape(&example.path)
        );
        if let Some(before) = &example.before {
            let _ = writeln!(page, "<p>Before</p>\n<pre>{}</pre>\n<p>After</p>", escape(before));
        }
        let (text, lines) = example.unmarked();
        page.push_str("<pre>");
        for (number, line) in (1..).zip(text.lines()) {
            let line = escape(line);
            let _ =
                if lines.contains(&number) { writeln!(page, "<mark>{line}</mark>") } else { writeln!(page, "{line}") };
        }
        page.push_str("</pre>\n");
    }
}

fn parameters(page: &mut String, policy: &Policy) {
    if policy.parameters.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Parameters</h2>\n<table>\n<tr><th>Name</th><th>Type</th><th>Default</th><th>Meaning</th></tr>\n",
    );
    for parameter in &policy.parameters {
        let _ = writeln!(
            page,
            "<tr><td><code>{}</code></td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
            escape(&parameter.name),
            parameter.kind.name(),
            escape(&parameter.default.to_string()),
            inline(&parameter.doc)
        );
    }
    let _ = writeln!(
        page,
        "</table>\n<p>Set them in <code>.github/dockgate.yml</code>, under <code>rules: {{{}: {{parameters: {{…}}}}}}</code>.</p>",
        escape(policy.id.as_str())
    );
}

fn standards(page: &mut String, policy: &Policy) {
    if policy.standards.is_empty() {
        return;
    }
    page.push_str("<h2>Standards</h2>\n<ul>\n");
    for clause in &policy.standards {
        let _ = writeln!(page, "<li>{} <code>{}</code></li>", escape(&standard::name(clause)), escape(clause));
    }
    page.push_str("</ul>\n");
}

fn aliases(page: &mut String, policy: &Policy) {
    if policy.aliases.is_empty() {
        return;
    }
    page.push_str("<h2>What other tools call it</h2>\n<table>\n");
    for (tool, ids) in &policy.aliases {
        let ids: Vec<String> = ids.iter().map(|id| format!("<code>{}</code>", escape(id))).collect();
        let _ = writeln!(page, "<tr><th>{}</th><td>{}</td></tr>", escape(tool), ids.join(", "));
    }
    page.push_str("</table>\n");
}

fn references(page: &mut String, policy: &Policy) {
    if policy.references.is_empty() {
        return;
    }
    page.push_str("<h2>Read more</h2>\n<ul>\n");
    for reference in &policy.references {
        let url = escape(reference);
        // A team's file may hold anything; only a web address becomes a link.
        let is_web = reference.starts_with("https://") || reference.starts_with("http://");
        let _ = if is_web {
            writeln!(page, "<li><a href=\"{url}\" rel=\"noreferrer\">{url}</a></li>")
        } else {
            writeln!(page, "<li>{url}</li>")
        };
    }
    page.push_str("</ul>\n");
}

/// Text with its `code` marked up.
fn inline(text: &str) -> String {
    let mut parts = text.trim().split('`');
    let mut out = escape(parts.next().unwrap_or_default());
    while let Some(code) = parts.next() {
        match parts.next() {
            Some(after) => {
                let _ = write!(out, "<code>{}</code>{}", escape(code), escape(after));
            }
            None => {
                let _ = write!(out, "`{}", escape(code));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;

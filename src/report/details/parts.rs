//! The parts of the page around its findings.

use std::fmt::Write as _;

use super::DetailsInput;
use crate::report::html::escape;
use crate::report::record::{ImageEntry, Record};
use crate::report::words;

/// What was judged, and what it came to.
pub(super) fn head(page: &mut String, input: &DetailsInput<'_>) {
    let record = input.record;
    let (url, name) = (escape(input.repository_url), escape(&record.repository));
    let place = match record.pull_request {
        Some(number) => format!("<a href=\"{url}/pull/{number}\">{name}#{number}</a>"),
        None => format!("<a href=\"{url}\">{name}</a>"),
    };
    let head = escape(&record.head);
    let _ = writeln!(
        page,
        "<header>\n<p class=\"faint\">{place} · <code>{}</code> on <a href=\"{url}/commit/{head}\"><code>{}</code></a> · \
         {} · {}</p>\n<h1>{}</h1>\n<p>{}</p>\n</header>",
        escape(&record.check),
        head.get(..7).unwrap_or(&head),
        escape(&record.conclusion),
        time(input.revision.1),
        escape(&record.title),
        escape(&record.facts.join(" · "))
    );
}

/// The images that the change brings in.
pub(super) fn images(page: &mut String, record: &Record) {
    if record.images.is_empty() {
        return;
    }
    page.push_str(
        "<section>\n<h2>Images</h2>\n<table>\n<thead><tr><th scope=\"col\">Image</th><th scope=\"col\">Was</th>\
         <th scope=\"col\">Named in</th></tr></thead>\n<tbody>\n",
    );
    for image in &record.images {
        let before = image.before.as_deref().map_or_else(|| "new".to_owned(), code);
        let place = code(&format!("{}:{}", image.path, image.line));
        let _ = writeln!(page, "<tr><td>{}</td><td>{before}</td><td>{place}</td></tr>", code(&image.after));
    }
    page.push_str("</tbody>\n</table>\n");
    for image in &record.images {
        vulnerabilities(page, image);
    }
    page.push_str("</section>\n");
}

fn vulnerabilities(page: &mut String, image: &ImageEntry) {
    if image.unjudged.is_empty() && image.vulnerabilities.is_empty() {
        return;
    }
    let _ = writeln!(page, "<h3>{}</h3>", code(&image.after));
    for why in &image.unjudged {
        let _ = writeln!(page, "<p><strong>Not judged:</strong> {}</p>", escape(&words::inert(why)));
    }
    for (standing, heading, open) in [
        ("blocks", "block", true),
        ("introduced", "come in with this change, not blocking", false),
        ("accepted", "are accepted", false),
        ("existing", "were there before", false),
        ("gone", "are gone with this change", false),
    ] {
        let found: Vec<_> = image.vulnerabilities.iter().filter(|one| one.standing == standing).collect();
        if found.is_empty() {
            continue;
        }
        let open = if open { " open" } else { "" };
        let _ = writeln!(
            page,
            "<details{open}>\n<summary>{} {heading}</summary>\n<table>\n<thead><tr><th scope=\"col\">Severity</th>\
             <th scope=\"col\">Vulnerability</th><th scope=\"col\">Package</th><th scope=\"col\">Installed</th>\
             <th scope=\"col\">Fixed in</th></tr></thead>\n<tbody>",
            found.len()
        );
        for one in found {
            let cells = [&one.id, &one.package, &one.version].map(|text| code(text));
            let [id, package, version] = cells;
            let fixed = one.fixed.as_deref().map(code).unwrap_or_default();
            let remark = escape(one.remark.as_deref().unwrap_or_default());
            let severity = escape(&one.severity);
            let _ = writeln!(
                page,
                "<tr><td>{severity}</td><td>{id}</td><td>{package}</td><td>{version}</td><td>{fixed} {remark}</td></tr>"
            );
        }
        page.push_str("</tbody>\n</table>\n</details>\n");
    }
    if image.left_out > 0 {
        let _ = writeln!(page, "<p>{} more had no room in the record.</p>", image.left_out);
    }
}

/// The settings in force, with their origin.
pub(super) fn settings(page: &mut String, record: &Record) {
    if record.settings.is_empty() {
        return;
    }
    let _ = writeln!(
        page,
        "<details>\n<summary>Settings in force, from {}</summary>\n<table>\n<thead><tr><th scope=\"col\">Setting</th>\
         <th scope=\"col\">Value</th><th scope=\"col\">From</th></tr></thead>\n<tbody>",
        escape(&words::inert(&record.settings_from))
    );
    for setting in &record.settings {
        let (name, value) = (code(&setting.name), code(&setting.value));
        let _ = writeln!(page, "<tr><td>{name}</td><td>{value}</td><td>{}</td></tr>", escape(&setting.origin));
    }
    page.push_str("</tbody>\n</table>\n</details>\n");
}

/// What happened when.
pub(super) fn timeline(page: &mut String, record: &Record) {
    let Some(first) = record.timeline.first() else { return };
    page.push_str("<section>\n<h2>Timeline</h2>\n<ol>\n");
    for step in &record.timeline {
        let after = step.at.saturating_sub(first.at);
        let _ = writeln!(page, "<li>{} · {} (+{after} ms)</li>", time(step.at), escape(&words::inert(&step.what)));
    }
    page.push_str("</ol>\n</section>\n");
}

/// A choice with a first option that chooses nothing.
pub(super) fn select(page: &mut String, name: &str, label: &str, options: &[&str], chosen: &str) {
    let _ = writeln!(page, "<label>{label} <select name=\"{name}\">\n<option value=\"\">any</option>");
    for option in options {
        let selected = if *option == chosen { " selected" } else { "" };
        let _ = writeln!(page, "<option{selected}>{}</option>", escape(option));
    }
    page.push_str("</select></label>\n");
}

pub(super) fn hidden(page: &mut String, name: &str, value: &str) {
    let _ = writeln!(page, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value));
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(&words::inert(text)))
}

/// `2026-11-25 12:00:00 UTC`, of milliseconds since 1970.
pub(super) fn time(millis: i64) -> String {
    let seconds = u64::try_from(millis / 1000).unwrap_or_default();
    let day = crate::settings::date::Date::from_unix_seconds(seconds);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("<time>{day} {hour:02}:{minute:02}:{second:02} UTC</time>")
}

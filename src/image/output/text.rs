//! The report for people.

use std::fmt::Write as _;

use super::OutputInput;
use crate::image::rating::Rating;
use crate::image::report::{ImageReport, Vulnerability};
use crate::report::words::count;

/// The most remarks of one kind that are listed.
const MAX_LINES: usize = 20;

/// Renders the report: what it is, what is wrong, what could not be judged, the sum.
pub fn render(input: &OutputInput<'_>) -> String {
    let report = input.report;
    let mut text = String::new();
    head(&mut text, report);
    let comparison = input.comparison();
    let introduced = |one: &&&Vulnerability| one.is_fixable() || input.lists_unfixed;
    let listed: Vec<&&Vulnerability> = comparison.introduced.iter().filter(introduced).collect();
    if !listed.is_empty() {
        table(&mut text, &listed);
    }
    unfixed(&mut text, input);
    if input.old.is_some() {
        let (same, fixed) = (comparison.same.len(), comparison.fixed.len());
        let _ = writeln!(text, "compared to what it replaces: {fixed} gone, {same} as before\n");
    }
    let problems = report.problems.iter().take(MAX_LINES);
    for problem in problems {
        let what = if problem.leaves_unjudged { "could not be judged" } else { "note" };
        let path = problem.path.as_ref().map(|path| format!("{}: ", inert(path))).unwrap_or_default();
        let _ = writeln!(text, "{what}: {path}{}", inert(&problem.message));
    }
    let more = report.problems.len().saturating_sub(MAX_LINES);
    if more > 0 {
        let _ = writeln!(text, "and {more} more");
    }
    sum(&mut text, input, comparison.introduced.len());
    text
}

fn head(text: &mut String, report: &ImageReport) {
    let distribution = report.distribution.as_ref().map_or("no distribution", |one| one.title.as_str());
    let _ = writeln!(text, "{} · {} · {}", inert(&report.image), inert(&report.platform), inert(distribution));
    let _ = writeln!(text, "{}", report.digest);
    let set_id = match report.set_id_files.len() {
        0 => String::new(),
        1 => " · 1 program runs as its owner or group".to_owned(),
        number => format!(" · {number} programs run as their owner or group"),
    };
    let (packages, layers) = (count(report.packages.len(), "package"), count(report.diff_ids.len(), "layer"));
    let _ = writeln!(text, "{packages} in {layers}{set_id}");
    for remark in &report.configuration {
        let _ = writeln!(text, "{}", inert(&remark.message));
    }
    for one in report.secrets.iter().take(MAX_LINES) {
        let (secret, layer) = (&one.secret, one.layer);
        let hidden = if one.is_hidden { ", removed by a later one" } else { "" };
        let (place, what) = (inert(&secret.path), inert(&secret.message));
        let _ =
            writeln!(text, "{} secret in {place} line {}, layer {layer}{hidden}: {what}", secret.severity, secret.line);
    }
    let more = report.secrets.len().saturating_sub(MAX_LINES);
    if more > 0 {
        let _ = writeln!(text, "and {more} more secrets in files");
    }
    text.push('\n');
}

fn table(text: &mut String, listed: &[&&Vulnerability]) {
    let rows: Vec<[String; 5]> = listed.iter().map(|one| row(one)).collect();
    let width = |column: usize| {
        let widths = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        widths.max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2), width(3)];
    for [severity, id, package, version, layer] in &rows {
        let [w0, w1, w2, w3] = widths;
        let _ = writeln!(text, "{severity:w0$}  {id:w1$}  {package:w2$}  {version:w3$}  {layer}");
    }
    text.push('\n');
}

fn row(one: &Vulnerability) -> [String; 5] {
    let package = &one.installed.package;
    let version = match &one.fixed {
        Some(fixed) => format!("{} → {}", package.version, fixed),
        None => format!("{} (no fix)", package.version),
    };
    let exploited = if one.is_known_exploited { " (exploited)" } else { "" };
    [
        format!("{}{exploited}", one.rating),
        inert(&one.id),
        inert(&package.name),
        inert(&version),
        format!("layer {}", one.installed.layer),
    ]
}

/// Counts what no version mends; it is listed only when asked for.
fn unfixed(text: &mut String, input: &OutputInput<'_>) {
    let mut counts = Vec::new();
    for rating in Rating::ALL {
        let (all, fixable) = input.report.count(rating);
        if all > fixable {
            counts.push(format!("{} {rating}", all - fixable));
        }
    }
    if input.report.unimportant > 0 {
        counts.push(format!("{} unimportant", input.report.unimportant));
    }
    if !counts.is_empty() {
        let _ = writeln!(text, "no fix yet: {}\n", counts.join(", "));
    }
}

fn sum(text: &mut String, input: &OutputInput<'_>, introduced: usize) {
    let unjudged = input.report.problems.iter().filter(|problem| problem.leaves_unjudged).count();
    let blocking = input.blocking();
    let _ = write!(text, "{blocking} block, {} to know", introduced - blocking);
    if unjudged > 0 {
        let _ = write!(text, ", {unjudged} could not be judged: this image is not known to be clean");
    }
    text.push('\n');
}

/// The text without control characters.
fn inert(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

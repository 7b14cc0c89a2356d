//! `dockgate rules`: the rules as a table, as JSON, as pages, or one of them whole; and the facts they may ask.

mod facts;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{Exit, Surroundings, team};
use crate::report::rule_site;
use crate::scan::policy::parameter::{Parameter, ParameterValue};
use crate::scan::policy::set::PolicySet;
use crate::scan::policy::{Policy, PolicyId};

/// Arguments of `dockgate rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// A rule, or the name another tool gives it, such as KSV-0017
    id: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = RulesFormat::Human)]
    format: RulesFormat,
    /// The facts that a team's own rules may ask, of each target
    #[arg(long, conflicts_with_all = ["id", "standard"])]
    facts: bool,
    /// The folder that the pages of `--format html` are written to
    #[arg(long, value_name = "DIR", required_if_eq("format", "html"))]
    out: Option<PathBuf>,
    /// Only the rules of a standard, such as pss:baseline
    #[arg(long)]
    standard: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RulesFormat {
    Human,
    Json,
    Html,
}

/// Prints the rules.
///
/// # Errors
/// No rule has that name.
pub fn run(args: &RulesArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    if args.facts {
        return print_facts(args, surroundings);
    }
    let (policies, problems) = team::policies_here();
    for problem in &problems {
        writeln!(surroundings.err, "{}: {}", problem.path.as_deref().unwrap_or_default(), problem.message)?;
    }
    let of_standard = |policy: &&Policy| args.standard.as_ref().is_none_or(|standard| policy.stands_for(standard));
    if let Some(standard) = &args.standard {
        team::require_standard(&policies, standard)?;
    }
    let chosen: Vec<&Policy> = match &args.id {
        Some(name) => policies.find(name).filter(of_standard).collect(),
        None => policies.iter().filter(of_standard).collect(),
    };
    if let (Some(name), true) = (&args.id, chosen.is_empty()) {
        bail!("no rule is called \"{name}\"{}", nearest(&policies, name));
    }
    match (args.format, args.id.is_some()) {
        (RulesFormat::Json, _) => {
            let list: Vec<Value> = chosen.into_iter().map(as_json).collect();
            writeln!(surroundings.out, "{}", serde_json::to_string_pretty(&list)?)?;
        }
        (RulesFormat::Html, _) => {
            let site = rule_site::site(&PolicySet::of(chosen.into_iter().cloned()));
            write_site(&site, args.out.as_deref().unwrap_or(Path::new(".")))?;
            writeln!(surroundings.out, "{} pages", site.len())?;
        }
        (RulesFormat::Human, false) => print_table(&chosen, surroundings)?,
        (RulesFormat::Human, true) => {
            for policy in chosen {
                print_page(policy, surroundings)?;
            }
        }
    }
    Ok(if problems.is_empty() { Exit::Clean } else { Exit::Unjudged })
}

fn print_facts(args: &RulesArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    let targets: Vec<_> = facts::targets().collect();
    match args.format {
        RulesFormat::Json => {
            writeln!(surroundings.out, "{}", serde_json::to_string_pretty(&facts::as_json(&targets))?)?;
        }
        RulesFormat::Human => facts::print(&targets, surroundings)?,
        RulesFormat::Html => bail!("facts have no pages; use --format human or json"),
    }
    Ok(Exit::Clean)
}

fn write_site(site: &[(String, String)], folder: &Path) -> anyhow::Result<()> {
    for (path, page) in site {
        let file = folder.join(path);
        let name = || format!("write {}", file.display());
        std::fs::create_dir_all(file.parent().unwrap_or(folder)).with_context(name)?;
        std::fs::write(&file, page).with_context(name)?;
    }
    Ok(())
}

fn nearest(policies: &PolicySet, name: &str) -> String {
    let score = |id: &PolicyId| {
        let last = id.as_str().rsplit('/').next().unwrap_or_default();
        strsim::jaro_winkler(id.as_str(), name).max(strsim::jaro_winkler(last, name))
    };
    let best = policies.iter().map(|policy| (score(&policy.id), &policy.id)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((score, id)) if score > 0.7 => format!("; did you mean \"{id}\"?"),
        _ => "; `dockgate rules` lists them".into(),
    }
}

fn as_json(policy: &Policy) -> Value {
    json!({
        "id": policy.id.as_str(),
        "title": policy.title,
        "category": policy.category,
        "severity": policy.severity,
        "target": policy.target.name(),
        "enabled": policy.enabled,
        "only_loosened": policy.only_loosened,
        "since": policy.since,
        "standards": policy.standards,
        "aliases": policy.aliases.iter().map(|(tool, ids)| (tool.clone(), json!(ids))).collect::<serde_json::Map<_, _>>(),
        "why": policy.why,
        "attack": policy.attack,
        "parameters": policy.parameters.iter().map(parameter_as_json).collect::<Vec<_>>(),
        "fix": policy.fix,
        "references": policy.references,
        "has_edit": policy.edit().is_some(),
    })
}

fn parameter_as_json(parameter: &Parameter) -> Value {
    let default = match &parameter.default {
        ParameterValue::Strings(texts) => json!(texts),
        ParameterValue::String(text) => json!(text),
        ParameterValue::Integer(number) => json!(number),
        ParameterValue::Boolean(value) => json!(value),
    };
    json!({"name": parameter.name, "type": parameter.kind.name(), "default": default, "doc": parameter.doc})
}

fn print_table(policies: &[&Policy], surroundings: &mut Surroundings<'_>) -> anyhow::Result<()> {
    let width = policies.iter().map(|policy| policy.id.as_str().len()).max().unwrap_or_default();
    for policy in policies {
        let off = policy.limit().map(|limit| format!(" ({limit})")).unwrap_or_default();
        writeln!(surroundings.out, "{:<width$}  {:<8}  {}{off}", policy.id, policy.severity, policy.title)?;
    }
    writeln!(surroundings.out, "\n{} rules; `dockgate rules ID` explains one", policies.len())?;
    Ok(())
}

fn print_page(policy: &Policy, surroundings: &mut Surroundings<'_>) -> anyhow::Result<()> {
    let out = &mut surroundings.out;
    let off = policy.limit().map(|limit| format!(" · {limit}")).unwrap_or_default();
    writeln!(out, "{}\n{}\n", policy.id, policy.title)?;
    writeln!(out, "severity   {}{off}", policy.severity)?;
    writeln!(out, "judges     {}", policy.target.name())?;
    if !policy.standards.is_empty() {
        writeln!(out, "standards  {}", policy.standards.join(", "))?;
    }
    for (tool, ids) in &policy.aliases {
        writeln!(out, "{tool:<10} {}", ids.join(", "))?;
    }
    writeln!(out, "\nWhy\n{}", indented(&policy.why))?;
    if !policy.attack.is_empty() {
        writeln!(out, "\nAttack\n{}", indented(&policy.attack))?;
    }
    writeln!(out, "\nFix\n{}", indented(&policy.fix))?;
    if !policy.parameters.is_empty() {
        writeln!(out, "\nParameters")?;
    }
    for Parameter { name, kind, default, doc } in &policy.parameters {
        writeln!(out, "  {name} ({}, default {default}): {doc}", kind.name())?;
    }
    for example in policy.examples() {
        let kind = if example.is_denied() { "bad" } else { "good" };
        let (text, lines) = example.rendered();
        writeln!(out, "\nExample ({kind}): {}", example.name)?;
        if let Some(before) = &example.before {
            writeln!(out, "  before:\n{}\n  after:", indented(&indented(before)))?;
        }
        for (number, line) in (1..).zip(text.lines()) {
            writeln!(out, "  {} {line}", if lines.contains(&number) { ">" } else { " " })?;
        }
    }
    for reference in &policy.references {
        writeln!(out, "\n{reference}")?;
    }
    Ok(())
}

fn indented(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

//! `dockgate audit`: the audit log of a server's database, a line for each thing that happened.
//!
//! Invariant: nothing is written, and every line that fits is printed, however many there are.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{Exit, Surroundings};
use crate::github::identity::{PullRequestNumber, RepositoryName};
use crate::report::words::inert_in_full;
use crate::settings::date::Date;
use crate::settings::process::ProcessSettings;
use crate::store::{self, AuditEntry, AuditLine, AuditQuery, Store, UnixMillis};

/// How many lines are read at once.
const PAGE: u32 = 500;

/// Arguments of `dockgate audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only this repository
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<RepositoryName>,
    /// Only this pull request
    #[arg(long, value_name = "NUMBER", requires = "repository")]
    pull_request: Option<u64>,
    /// Only from this day on (UTC)
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<Date>,
    /// How to print: lines for people, or a JSON object on each line
    #[arg(long, value_enum, default_value_t = AuditFormat::Human)]
    format: AuditFormat,
    /// Database (or `DOCKGATE_DATABASE_URL`)
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AuditFormat {
    Human,
    Json,
}

/// Prints the log, oldest first.
///
/// # Errors
/// The database can't be opened or read.
pub fn run(args: &AuditArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    let flag = args.database_url.iter().map(|url| ("DOCKGATE_DATABASE_URL".to_owned(), url.clone()));
    let read_file = |path: &str| std::fs::read_to_string(path).map_err(|error| error.to_string());
    let settings = ProcessSettings::read(&flag.collect(), &surroundings.environment, read_file)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        let store = store::open(settings.database.url.value.expose()).await?;
        let printed = print(&store, args, surroundings.out).await;
        store.close().await;
        printed
    })?;
    Ok(Exit::Clean)
}

async fn print(store: &Arc<dyn Store>, args: &AuditArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut query = AuditQuery {
        repository: args.repository.clone(),
        pull_request: args.pull_request.map(PullRequestNumber),
        after: 0,
        since: args.since.map(start_of),
        limit: PAGE,
    };
    loop {
        let lines = store.audit(&query).await?;
        for line in &lines {
            let text = match args.format {
                AuditFormat::Json => as_json(line).to_string(),
                AuditFormat::Human => as_text(&line.entry),
            };
            writeln!(out, "{text}")?;
        }
        match lines.last() {
            Some(last) if lines.len() >= PAGE as usize => query.after = last.id,
            _ => return Ok(()),
        }
    }
}

fn start_of(day: Date) -> UnixMillis {
    let days = u64::try_from(day.days_since_epoch()).unwrap_or_default();
    UnixMillis::default().plus(Duration::from_secs(days * 86_400))
}

/// `2026-11-25T22:43:46Z`.
fn moment(at: UnixMillis) -> String {
    let seconds = at.since(UnixMillis::default()).as_secs();
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{}T{hours:02}:{minutes:02}:{:02}Z", Date::from_unix_seconds(seconds), seconds % 60)
}

fn detail(entry: &AuditEntry) -> Value {
    serde_json::from_str(&entry.detail).unwrap_or_else(|_| json!(entry.detail))
}

fn as_json(line: &AuditLine) -> Value {
    let entry = &line.entry;
    json!({
        "id": line.id,
        "at": moment(entry.at),
        "repository": entry.repository,
        "pull_request": entry.pull_request,
        "head": entry.head,
        "event": entry.event,
        "actor": entry.actor,
        "detail": detail(entry),
    })
}

/// One line: when, where, what, by whom, and what matters of it.
fn as_text(entry: &AuditEntry) -> String {
    let mut parts = vec![moment(entry.at), entry.repository.to_string()];
    if let Some(number) = entry.pull_request {
        parts.push(format!("#{number}"));
    }
    parts.extend(entry.head.as_ref().map(|head| head.short().to_owned()));
    parts.push(entry.event.clone());
    parts.extend(entry.actor.as_ref().map(|actor| format!("by {actor}")));
    parts.push(told(&detail(entry)));
    inert_in_full(parts.join("  ").trim_end())
}

/// What matters of a detail, for people; JSON has all of it.
fn told(detail: &Value) -> String {
    let text = |key: &str| detail.get(key).and_then(Value::as_str);
    let number = |key: &str| detail.get(key).and_then(Value::as_u64);
    let mut parts = Vec::new();
    parts.extend(text("conclusion").map(str::to_owned));
    let counts = [("blocking", "block"), ("to_know", "to know"), ("accepted", "accepted"), ("unjudged", "not judged")];
    for (key, word) in counts {
        parts.extend(number(key).filter(|number| *number > 0).map(|number| format!("{number} {word}")));
    }
    for key in ["rule", "finding", "path", "commit", "cause"] {
        parts.extend(text(key).map(|value| format!("{key} {value}")));
    }
    parts.extend(text("until").map(|until| format!("until {until}")));
    parts.extend(text("reason").map(|reason| format!("because {reason}")));
    parts.extend(text("settings_from").map(|from| format!("settings from {from}")));
    parts.extend(detail.pointer("/rules/version").and_then(Value::as_str).map(|version| format!("rules {version}")));
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_happened_and_can_not_act_on_a_terminal() {
        let entry = AuditEntry {
            at: UnixMillis(1_764_110_626_000),
            repository: "acme/shop".parse().unwrap(),
            pull_request: Some(PullRequestNumber(12)),
            head: Some("a".repeat(40).parse().unwrap()),
            event: "waived".into(),
            actor: Some("ada".into()),
            detail: json!({"rule": "a/b", "until": "2026-12-25", "reason": "x\u{1b}[31m"}).to_string(),
        };
        let expected = "2025-11-25T22:43:46Z  acme/shop  #12  aaaaaaa  waived  by ada  \
                        rule a/b, until 2026-12-25, because x\\u{1b}[31m";
        assert_eq!(as_text(&entry), expected);
    }
}

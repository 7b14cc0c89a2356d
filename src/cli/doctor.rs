//! `dockgate doctor`: what works, what does not, and what to do about it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Args;

use super::serve::{self, ServeArgs};
use super::{Exit, Surroundings};
use crate::github::client::AppInfo;
use crate::github::client::NoObserver;
use crate::github::registration::{self, EVENTS};
use crate::registry::{MemoryManifests, RegistryClient, RegistryOptions};
use crate::report::words::describe;
use crate::scan::limits::Limits;
use crate::scan::policy::set::PolicySet;
use crate::settings::process::ProcessSettings;
use crate::settings::repository::{RepositorySettings, SettingsFile};
use crate::source::directory::DirectorySource;
use crate::store;

/// The longest that one answer of GitHub may take.
const LIMIT: Duration = Duration::from_secs(15);

/// How far our clock may be from GitHub's: the app's tokens are dated.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(30);

/// Arguments of `dockgate doctor`; the same settings as `dockgate serve`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    serve: ServeArgs,
}

/// Checks everything and prints a line for each.
///
/// # Errors
/// Standard output is closed.
pub fn run(args: &DoctorArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    let mut report = Report { out: &mut *surroundings.out, failed: 0 };
    repository(&mut report)?;
    match args.serve.settings(&surroundings.environment) {
        Ok(settings) => server(&settings, &surroundings.environment, &mut report)?,
        Err(error) => report.failed("settings", &describe(&*error))?,
    }
    let failed = report.failed;
    writeln!(
        surroundings.out,
        "\n{}",
        if failed == 0 { "all is well".into() } else { format!("{failed} to put right") }
    )?;
    Ok(if failed == 0 { Exit::Clean } else { Exit::Unjudged })
}

struct Report<'a> {
    out: &'a mut dyn std::io::Write,
    failed: usize,
}

impl Report<'_> {
    fn title(&mut self, title: &str) -> std::io::Result<()> {
        writeln!(self.out, "\n{title}")
    }

    fn ok(&mut self, what: &str, detail: &str) -> std::io::Result<()> {
        writeln!(self.out, "  ok    {what}: {detail}")
    }

    fn note(&mut self, what: &str, detail: &str) -> std::io::Result<()> {
        writeln!(self.out, "  note  {what}: {detail}")
    }

    fn failed(&mut self, what: &str, detail: &str) -> std::io::Result<()> {
        self.failed += 1;
        writeln!(self.out, "  FAIL  {what}: {detail}")
    }

    fn value(&mut self, name: &str, value: &str, origin: &str) -> std::io::Result<()> {
        writeln!(self.out, "  {name} = {value}  ({origin})")
    }
}

/// The rules and the settings of the folder it stands in.
fn repository(report: &mut Report<'_>) -> std::io::Result<()> {
    let team = DirectorySource::new(Path::new("."), Vec::new(), Limits::default()).team();
    let texts: Vec<(&str, &str)> = team
        .policies
        .iter()
        .filter_map(|file| match &file.text {
            SettingsFile::Text(text) => Some((file.path.as_str(), text.as_str())),
            SettingsFile::Absent | SettingsFile::Unreadable { .. } => None,
        })
        .collect();
    let (policies, problems) = PolicySet::builtin().with_team(&texts);
    let known: Vec<&str> = policies.known().into_iter().collect();
    let settings = RepositorySettings::resolve(&SettingsFile::Absent, &team.settings, &known);
    report.title("Settings of the repository in this folder")?;
    for (name, value, origin) in settings.effective() {
        report.value(&name, &value, origin.name())?;
    }
    report.ok("rules", &format!("{} in force, {} files of your own", policies.iter().count(), texts.len()))?;
    for problem in problems.iter().chain(&settings.problems) {
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        report.failed(&format!("{}{line}", problem.path.as_deref().unwrap_or("settings")), &problem.message)?;
    }
    Ok(())
}

/// What `dockgate serve` needs.
fn server(
    settings: &ProcessSettings,
    environment: &BTreeMap<String, String>,
    report: &mut Report<'_>,
) -> anyhow::Result<()> {
    report.title("Settings of the server")?;
    for (name, value, origin) in settings.effective() {
        report.value(name, &value, origin.name())?;
    }
    for name in &settings.unknown {
        report.note("unknown variable", name)?;
    }
    report.title("Server")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    git(report)?;
    registries(settings, environment, report)?;
    let missing = settings.missing();
    if !missing.is_empty() {
        report.note(
            "GitHub App",
            &format!("not set up here: {} not set; `dockgate serve` helps to make one", missing.join(", ")),
        )?;
        return Ok(());
    }
    let database = &settings.database.url.value;
    match runtime.block_on(store::open(database.expose())) {
        Ok(_) => report.ok("database", &format!("{}, opened and up to date", database.kind()))?,
        Err(error) => report.failed("database", &describe(&error))?,
    }
    runtime.block_on(github(settings, report))
}

fn registries(
    settings: &ProcessSettings,
    environment: &BTreeMap<String, String>,
    report: &mut Report<'_>,
) -> std::io::Result<()> {
    let read_file = |path: &str| std::fs::read(path).map_err(|error| error.to_string());
    let options = RegistryOptions::configure(&settings.registry, environment, read_file);
    let checked = options.and_then(|options| {
        let keys: Vec<String> = options.credentials.keys().map(ToString::to_string).collect();
        let (more, private) = (options.allowed.len(), options.private.len());
        RegistryClient::new(options, Arc::new(MemoryManifests::default())).map(|_| (more, private, keys))
    });
    let (more, private, keys) = match checked {
        Ok(checked) => checked,
        Err(error) => return report.failed("registries", &describe(&error)),
    };
    let credentials = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
    let counts = format!("the known ones, {more} more, {private} in private networks");
    report.ok("registries", &format!("{counts}; credentials for: {credentials}"))
}

fn git(report: &mut Report<'_>) -> std::io::Result<()> {
    match std::process::Command::new("git").arg("--version").output() {
        Ok(output) => report.ok("git", String::from_utf8_lossy(&output.stdout).trim()),
        Err(error) => report.failed("git", &format!("{error}; without it large pull requests can't be read whole")),
    }
}

async fn github(settings: &ProcessSettings, report: &mut Report<'_>) -> anyhow::Result<()> {
    let client = match serve::client(settings, Arc::new(NoObserver)) {
        Ok(client) => client,
        Err(error) => return Ok(report.failed("private key", &describe(&*error))?),
    };
    match tokio::time::timeout(LIMIT, client.app()).await {
        Err(_) => report.failed("GitHub", &format!("no answer within {} s", LIMIT.as_secs()))?,
        Ok(Err(error)) => report.failed("GitHub", &describe(&error))?,
        Ok(Ok(app)) => {
            report.ok("GitHub", &format!("knows the app `{}` (number {})", app.slug.escape_debug(), app.id))?;
            clock(&app, report)?;
            permissions(&app, settings, report)?;
            review_threads(&app, settings, report)?;
            conversation(&app, settings, report)?;
        }
    }
    Ok(())
}

fn clock(app: &AppInfo, report: &mut Report<'_>) -> std::io::Result<()> {
    let Some(theirs) = app.answered_at else { return report.note("clock", "GitHub did not tell its time") };
    let now = SystemTime::now();
    let skew = now.duration_since(theirs).or_else(|_| theirs.duration_since(now)).unwrap_or_default();
    let detail = format!("{} s from GitHub's", skew.as_secs());
    if skew <= MAX_CLOCK_SKEW {
        report.ok("clock", &detail)
    } else {
        report.failed("clock", &format!("{detail}; set it right, or the app's tokens are refused"))
    }
}

fn permissions(app: &AppInfo, settings: &ProcessSettings, report: &mut Report<'_>) -> std::io::Result<()> {
    for (name, level, why) in registration::permissions(!settings.images.watch.value.is_zero()) {
        let granted = app.permissions.get(name).map_or("none", String::as_str);
        if granted == level || granted == "write" {
            report.ok("permission", &format!("{name}: {granted}"))?;
        } else {
            report.failed("permission", &format!("{name}: {granted}, needs {level} {why}"))?;
        }
    }
    for (event, why) in EVENTS {
        if app.events.iter().any(|known| known == event) {
            report.ok("event", event)?;
        } else {
            report.failed("event", &format!("{event} is not subscribed; it is needed {why}"))?;
        }
    }
    Ok(())
}

/// Whether commands are heard, and whether "Fix all" can commit.
fn conversation(app: &AppInfo, settings: &ProcessSettings, report: &mut Report<'_>) -> std::io::Result<()> {
    let hears = |event: &str| app.events.iter().any(|known| known == event);
    if hears("issue_comment") && hears("pull_request_review_comment") {
        report.ok("commands", "read in comments")?;
    } else {
        let needed = "the app needs the events issue_comment and pull_request_review_comment, and issues: read";
        report.note("commands", &format!("not all are read: {needed}"))?;
    }
    let may_commit = app.permissions.get("contents").map(String::as_str) == Some("write");
    match (settings.fix.value, may_commit) {
        (true, true) => report.ok("fix all", "offered where there is something to fix"),
        (true, false) => {
            report.failed("fix all", "DOCKGATE_FIX is true, but without contents: write nothing is committed")
        }
        (false, _) => report.note("fix all", "not offered; DOCKGATE_FIX=true with contents: write does"),
    }
}

/// Whether threads of fixed findings are resolved, and what keeps it from that.
fn review_threads(app: &AppInfo, settings: &ProcessSettings, report: &mut Report<'_>) -> std::io::Result<()> {
    let may_resolve = app.permissions.get("contents").map(String::as_str) == Some("write");
    match (settings.resolve_threads.value, may_resolve) {
        (true, true) => report.ok("review threads", "resolved when what they are about is fixed"),
        (true, false) => report.failed(
            "review threads",
            "DOCKGATE_RESOLVE_THREADS is true, but without contents: write GitHub lets no app resolve them",
        ),
        (false, _) => report.note(
            "review threads",
            "not resolved, comments that are fixed are hidden; DOCKGATE_RESOLVE_THREADS=true with contents: write does",
        ),
    }
}

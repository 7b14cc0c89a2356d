//! `dockgate scan`: judges files, a folder, or a change of a git repository.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::progress::Progress;
use super::{Exit, Surroundings, fix, registry, team};
use crate::pipeline::{self, Circumstances, Flags, Judgement, Threshold};
use crate::report::{self, Format, ReportInput};
use crate::scan::image_use::Digests;
use crate::scan::limits::Limits;
use crate::scan::options::Profile;
use crate::scan::snapshot::Content;
use crate::scan::{Helper, SecretKey};
use crate::settings::date::Date;
use crate::settings::repository::SettingsFile;
use crate::source::directory::DirectorySource;
use crate::source::git::{GitDiffSource, GitRange};
use crate::source::saved::SavedChange;
use crate::source::{Change, Source};
use crate::verdict::{Conclusion, Verdict};

/// Arguments of `dockgate scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// Files and folders; when absent the current folder. With --base or --staged: only these of the change
    paths: Vec<PathBuf>,
    /// Judge only what changed since the common commit with this revision
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Judge this revision, not the files as they stand (with --base)
    #[arg(long, value_name = "REV", requires = "base")]
    head: Option<String>,
    /// Judge what is staged for the next commit, as a pre-commit hook does
    #[arg(long, conflicts_with = "head")]
    staged: bool,
    /// How to print
    #[arg(long, default_value = "human", value_parser = format_parser())]
    format: Format,
    /// Introduced findings from this severity on block: info, low, medium, high, critical or never
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Threshold>,
    /// Which rules: default, strict (all that are about security) or all
    #[arg(long, value_parser = profile_parser())]
    profile: Option<Profile>,
    /// Judge by the rules of this standard alone, such as pss:restricted
    #[arg(long, conflicts_with = "profile")]
    standard: Option<String>,
    /// Apply the safe edits to the files, then judge again; registries are asked for the digests of images
    #[arg(long, conflicts_with_all = ["head", "staged", "save"])]
    fix: bool,
    /// Say which step decided that a value is a secret
    #[arg(long)]
    explain: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    color: Colour,
    /// Also write the change to this file, for `dockgate replay` (it holds the files' text)
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

fn profile_parser() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name)).map(|name| Profile::from_name(&name).unwrap_or_default())
}

/// Reads the name of a report format.
pub fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(|(name, _)| name))
        .map(|name| Format::from_name(&name).unwrap_or(Format::Human))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

/// Judges and prints.
///
/// # Errors
/// The files or the repository can't be read.
pub fn run(args: &ScanArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let mut circumstances = Circumstances {
        edits: args.fix || args.format.shows_edits(),
        ..circumstances(flags(args)?, &surroundings.environment)
    };
    let folder = folder(args)?;
    // What is saved or written again is held; a folder that is only judged is read file by file.
    let change = match &folder {
        Some(folder) if args.save.is_none() && !args.fix => folder.list()?,
        _ => read(args)?,
    };
    if let Some(file) = &args.save {
        save(&change, &circumstances, file)?;
    }
    let mut judgement = judge(change, &circumstances, folder.as_ref(), surroundings);
    if args.fix {
        circumstances.digests = registry::digests(&judgement.unpinned, surroundings)?;
        if !circumstances.digests.is_empty() {
            judgement = pipeline::run(read(args)?, &circumstances);
        }
        let fixed = fix::apply(&mut judgement, &root(args)?, || Ok(pipeline::run(read(args)?, &circumstances)))?;
        writeln!(surroundings.err, "{fixed}")?;
    }
    let settings_from = args.base.clone().unwrap_or_else(|| "this folder".into());
    let input = ReportInput {
        elapsed: Some(started.elapsed()),
        colour: colour(args, surroundings),
        explain: args.explain,
        ..plain_input(&judgement, &settings_from)
    };
    surroundings.out.write_all(report::render(args.format, &input).as_bytes())?;
    Ok(exit(&judgement.verdict))
}

fn flags(args: &ScanArgs) -> anyhow::Result<Flags> {
    if let Some(standard) = &args.standard {
        let policies = team::policies_here().0;
        team::require_standard(&policies, standard)?;
    }
    Ok(Flags { fail_on: args.fail_on, profile: args.profile, standard: args.standard.clone() })
}

fn judge(
    change: Change,
    circumstances: &Circumstances,
    folder: Option<&DirectorySource>,
    surroundings: &mut Surroundings<'_>,
) -> Judgement {
    let out: Option<&mut dyn Write> = if surroundings.err_is_terminal { Some(&mut *surroundings.err) } else { None };
    let mut progress = Progress::new(out, change.snapshot.files.len(), Instant::now());
    let read = |name: &str| folder.map_or(Content::Unread, |folder| folder.read_file(name));
    let tell = &mut |done| progress.tell(done, Instant::now());
    pipeline::run_with(change, circumstances, &mut Helper { read: &read, tell })
}

fn save(change: &Change, circumstances: &Circumstances, file: &Path) -> anyhow::Result<()> {
    let mut saved = SavedChange::new(change, circumstances.today.to_string(), circumstances.organisation.clone());
    let Flags { fail_on, profile, standard } = circumstances.flags.clone();
    saved.fail_on = fail_on.map(|threshold| threshold.to_string());
    (saved.profile, saved.standard) = (profile, standard);
    std::fs::write(file, saved.to_json()?).with_context(|| format!("write {}", file.display()))
}

/// What a report shows of `judgement` when the same judgement must give the same text.
pub fn plain_input<'a>(judgement: &'a Judgement, settings_from: &'a str) -> ReportInput<'a> {
    ReportInput {
        verdict: &judgement.verdict,
        policies: &judgement.policies,
        snapshot: &judgement.snapshot,
        settings: &judgement.settings,
        elapsed: None,
        settings_from,
        head: None,
        details_url: None,
        source_url: None,
        rules_url: None,
        waive_until: None,
        colour: false,
        explain: false,
    }
}

/// How a command ends that came to `verdict`.
pub fn exit(verdict: &Verdict) -> Exit {
    match verdict.conclusion {
        Conclusion::Success => Exit::Clean,
        Conclusion::Failure => Exit::Blocked,
        Conclusion::Neutral => Exit::Unjudged,
    }
}

/// What judging needs besides the files, from the process.
pub fn circumstances(flags: Flags, environment: &BTreeMap<String, String>) -> Circumstances {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Circumstances {
        organisation: SettingsFile::Absent,
        secret_key: environment
            .get("DOCKGATE_FINGERPRINT_KEY")
            .map(|text| SecretKey::derived(text))
            .unwrap_or_default(),
        today: Date::from_unix_seconds(seconds),
        flags,
        edits: true,
        digests: Digests::default(),
        images: false,
        waivers: Vec::new(),
    }
}

fn colour(args: &ScanArgs, surroundings: &Surroundings<'_>) -> bool {
    match args.color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => surroundings.out_is_terminal && !surroundings.environment.contains_key("NO_COLOR"),
    }
}

fn read(args: &ScanArgs) -> anyhow::Result<Change> {
    if let Some(folder) = folder(args)? {
        return Ok(folder.read_now()?);
    }
    let range = range(args).context("a range of commits")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let mut change = runtime.block_on(GitDiffSource::new(".", range, Limits::default()).read())?;
    keep_only(&mut change, &args.paths)?;
    Ok(change)
}

/// The files as they stand, unless it is a change of a repository that is meant.
fn folder(args: &ScanArgs) -> anyhow::Result<Option<DirectorySource>> {
    if range(args).is_some() {
        return Ok(None);
    }
    let (root, paths) = root_and_paths(&args.paths)?;
    Ok(Some(DirectorySource::new(root, paths, Limits::default())))
}

fn range(args: &ScanArgs) -> Option<GitRange> {
    match (&args.base, &args.head) {
        (base, _) if args.staged => Some(GitRange::Staged { base: base.clone() }),
        (Some(base), Some(head)) => Some(GitRange::Commits { base: base.clone(), head: head.clone() }),
        (Some(base), None) => Some(GitRange::WorkingTree { base: base.clone() }),
        (None, _) => None,
    }
}

/// The folder that paths are named from: here, unless a path lies outside; then the one folder that was given.
pub fn root_and_paths(paths: &[PathBuf]) -> anyhow::Result<(PathBuf, Vec<PathBuf>)> {
    let here = Path::new(".").canonicalize().context("find the current folder")?;
    let real = |path: &PathBuf| path.canonicalize().with_context(|| format!("read {}", path.display()));
    let inside: Vec<bool> =
        paths.iter().map(|path| Ok(real(path)?.starts_with(&here))).collect::<anyhow::Result<_>>()?;
    match paths {
        [folder] if !inside.iter().all(|inside| *inside) && folder.is_dir() => Ok((real(folder)?, Vec::new())),
        [file] if !inside.iter().all(|inside| *inside) => {
            let file = real(file)?;
            let folder = file.parent().context("find the folder of the file")?.to_path_buf();
            Ok((folder, vec![file]))
        }
        _ => Ok((here, paths.iter().map(real).collect::<anyhow::Result<_>>()?)),
    }
}

/// Leaves out of a change what lies below none of `paths`, which are relative to the current folder.
fn keep_only(change: &mut Change, paths: &[PathBuf]) -> anyhow::Result<()> {
    if paths.is_empty() {
        return Ok(());
    }
    let top = repository_root()?;
    let here = Path::new(".").canonicalize().context("find the current folder")?;
    let mut prefixes = Vec::new();
    for path in paths {
        let Ok(inside) = here.join(path).strip_prefix(&top).map(clean) else {
            bail!("{} is outside the repository {}", path.display(), top.display());
        };
        prefixes.push(inside);
    }
    let is_meant = |path: &str| prefixes.iter().any(|prefix| Path::new(path).starts_with(prefix));
    change.snapshot.files.retain(|file| is_meant(&file.path));
    change.history.added.retain(|added| is_meant(&added.path));
    Ok(())
}

/// The path without its `.` parts, and with each `..` taking away the part before it.
fn clean(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts
}

/// The top folder of the git repository that holds the current one.
fn repository_root() -> anyhow::Result<PathBuf> {
    let here = Path::new(".").canonicalize().context("find the current folder")?;
    let top = here.ancestors().find(|folder| folder.join(".git").exists());
    top.map(Path::to_path_buf).context("find the git repository: this folder is in none")
}

/// The folder that the paths of findings start from.
fn root(args: &ScanArgs) -> anyhow::Result<PathBuf> {
    if args.base.is_some() { repository_root() } else { Ok(root_and_paths(&args.paths)?.0) }
}

//! Judging, apart from the tasks that wait for the network.
//!
//! Invariant: judging again with digests changes which edits are offered, never the verdict that was told.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tracing::debug;

use super::JobError;
use super::met::Met;
use super::organisation::Organisations;
use super::record::Records;
use super::subject::Subject;
use crate::github::app::Clock;
use crate::github::client::RepositoryClient;
use crate::github::identity::CommitSha;
use crate::pipeline::{self, Circumstances, Flags, Judgement};
use crate::registry::RegistryClient;
use crate::registry::resolve::resolve_all;
use crate::report::words::describe;
use crate::scan::SecretKey;
use crate::scan::image_reference::ImageReference;
use crate::scan::image_use::Digests;
use crate::scan::limits::Limits;
use crate::settings::date::Date;
use crate::settings::repository::{SettingsFile, Waiver};
use crate::source::Change;
use crate::source::pull_request::{FetchOptions, PullRequestSource, Target};

/// Settings of the checks, the same for all repositories.
#[derive(Clone)]
pub struct CheckOptions {
    /// How changes are fetched.
    pub fetch: FetchOptions,
    /// The bounds of reading; a repository's own may be lower.
    pub limits: Limits,
    /// The key of the secrets' fingerprints.
    pub secret_key: SecretKey,
    /// Where people reach the pages of the rules.
    pub rules_url: Option<String>,
    /// Asks registries for digests, so that images can be pinned by a suggestion; nobody is asked without it.
    pub registry: Option<RegistryClient>,
    /// Whether the images that a change brings in are scanned, by a job of their own.
    pub image_scans: bool,
    /// Remembers what was met before; without it nothing is new and nothing is quiet.
    pub met: Option<Met>,
    /// Where decision records are kept; nowhere without it.
    pub records: Option<Records>,
    /// Tells the time.
    pub clock: Clock,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            fetch: FetchOptions::default(),
            limits: Limits::default(),
            secret_key: SecretKey::default(),
            rules_url: None,
            registry: None,
            image_scans: false,
            met: None,
            records: None,
            clock: Arc::new(SystemTime::now),
        }
    }
}

/// A judged change.
pub struct Judged {
    /// The verdict and what it was made from.
    pub judgement: Judgement,
    /// Where the settings are from, for people.
    pub settings_from: String,
    /// By what it was judged.
    pub rules: Rules,
    /// How long judging took.
    pub scan: Duration,
    /// What judging again needs, when digests of images would make suggestions.
    pub again: Option<Again>,
}

/// A change before it is judged.
pub struct Prepared {
    /// The change.
    pub change: Change,
    /// By what it is judged.
    pub circumstances: Circumstances,
    /// Where the settings are from, for people.
    pub settings_from: String,
    /// The same as it can be named afterwards.
    pub rules: Rules,
}

/// By what a change was judged, as far as it can be named afterwards.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Rules {
    /// The version of dockgate, which the built-in rules belong to.
    pub version: &'static str,
    /// The commit of the base whose settings and policies counted.
    pub base: CommitSha,
    /// SHA-256 of the organisation's defaults; `None` when there are none.
    pub organisation: Option<String>,
    /// SHA-256 of the repository's settings; `None` when there are none.
    pub settings: Option<String>,
    /// SHA-256 over the team's own policies; `None` when there are none.
    pub policies: Option<String>,
}

impl Rules {
    fn of(change: &Change, organisation: &SettingsFile, base: CommitSha) -> Self {
        let own = change.team.policies.iter().chain(&change.team.admission).chain(&change.team.baselines);
        let own: Vec<String> = own.map(|file| format!("{} {:?}", file.path, text_of(&file.text))).collect();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            base,
            organisation: text_of(organisation).map(digest),
            settings: text_of(&change.team.settings).map(digest),
            policies: (!own.is_empty()).then(|| digest(&own.join("\n"))),
        }
    }
}

fn text_of(file: &SettingsFile) -> Option<&str> {
    match file {
        SettingsFile::Text(text) => Some(text),
        SettingsFile::Unreadable { why } => Some(why),
        SettingsFile::Absent => None,
    }
}

fn digest(text: &str) -> String {
    use std::fmt::Write as _;

    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Reads changes and judges them.
pub struct Judge {
    /// How.
    pub options: CheckOptions,
    organisations: Organisations,
}

impl Judge {
    /// Judges as `options` say.
    pub fn new(options: CheckOptions) -> Self {
        Self { options, organisations: Organisations::default() }
    }

    /// The day.
    pub fn today(&self) -> Date {
        let since = (self.options.clock)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Date::from_unix_seconds(since.as_secs())
    }

    /// The defaults of the organisation of `client`'s repository.
    ///
    /// # Errors
    /// Any [`GitHubError`](crate::github::GitHubError) that trying again may mend.
    pub async fn organisation(&self, client: &RepositoryClient) -> Result<SettingsFile, JobError> {
        Ok(self.organisations.of(client).await?)
    }

    /// Reads a change and judges it, with the `waivers` that people gave by command.
    ///
    /// # Errors
    /// [`JobError`] when the change can't be read.
    pub async fn judge(
        &self,
        client: &RepositoryClient,
        subject: &Subject,
        waivers: Vec<Waiver>,
    ) -> Result<Judged, JobError> {
        let Prepared { change, circumstances, settings_from, rules } = self.prepare(client, subject, waivers).await?;
        let start = Instant::now();
        let again = self.options.registry.clone().map(|registry| Again {
            registry,
            change: change.clone(),
            circumstances: circumstances.clone(),
        });
        let judgement = judge(change, circumstances).await?;
        let again = again.filter(|_| !judgement.unpinned.is_empty());
        Ok(Judged { judgement, settings_from, rules, scan: start.elapsed(), again })
    }

    /// Reads a change and by what it is judged.
    ///
    /// # Errors
    /// [`JobError`] when the change can't be read.
    pub async fn prepare(
        &self,
        client: &RepositoryClient,
        subject: &Subject,
        waivers: Vec<Waiver>,
    ) -> Result<Prepared, JobError> {
        let target = Target {
            base: subject.base.clone(),
            head: subject.head.clone(),
            pull_request: subject.pull_request,
            changed_files: subject.changed_files,
        };
        let source =
            PullRequestSource::new(client.clone(), target, self.options.limits.clone(), self.options.fetch.clone());
        let (change, base) = source.read_with_base().await?;
        let organisation = self.organisations.of(client).await?;
        let settings_from = settings_from(&change, &organisation, subject, &base);
        let rules = Rules::of(&change, &organisation, base);
        let circumstances = Circumstances {
            organisation,
            secret_key: self.options.secret_key.clone(),
            today: self.today(),
            waivers,
            flags: Flags::default(),
            edits: true,
            digests: Digests::default(),
            images: self.options.image_scans || self.options.records.is_some(),
        };
        Ok(Prepared { change, circumstances, settings_from, rules })
    }

    /// The digests that registries tell of images, within the time that a suggestion may take.
    pub async fn digests(&self, unpinned: &[ImageReference]) -> Option<Digests> {
        let registry = self.options.registry.as_ref().filter(|_| !unpinned.is_empty())?;
        digests(registry, unpinned).await
    }
}

fn settings_from(change: &Change, organisation: &SettingsFile, subject: &Subject, base: &CommitSha) -> String {
    let is_absent = change.team.settings == SettingsFile::Absent && *organisation == SettingsFile::Absent;
    match (is_absent, subject.pull_request) {
        (true, _) => "defaults".into(),
        (false, Some(_)) => format!("{}@{}", subject.base, base.short()),
        (false, None) => base.short().to_owned(),
    }
}

/// How long registries may take to tell the digests for suggestions, and for how many images they are asked.
const PIN_TIME: Duration = Duration::from_secs(5);
const MOST_PINNED: usize = 50;

/// What judging again with digests needs.
pub struct Again {
    /// Asks for digests.
    pub registry: RegistryClient,
    /// The change.
    pub change: Change,
    /// What it was judged by.
    pub circumstances: Circumstances,
}

impl Again {
    /// The same judgement with the digests of images that could be pinned; `None` when there are none.
    pub async fn pinned(mut self, unpinned: &[ImageReference], is_fork: bool) -> Option<Judgement> {
        let registry = if is_fork { self.registry.for_forks() } else { self.registry };
        self.circumstances.digests = digests(&registry, unpinned).await?;
        judge(self.change, self.circumstances).await.ok()
    }
}

/// The digests that registries tell in time; `None` when there are none.
async fn digests(registry: &RegistryClient, unpinned: &[ImageReference]) -> Option<Digests> {
    let asked = resolve_all(registry, unpinned, MOST_PINNED);
    // A suggestion is a kindness: comments do not wait for it long.
    let resolved = tokio::time::timeout(PIN_TIME, asked).await.ok()?;
    for (image, error) in &resolved.failed {
        debug!(%image, error = describe(error), "no digest, so no suggestion");
    }
    (!resolved.digests.is_empty()).then_some(resolved.digests)
}

/// Judges on a thread for such work.
///
/// # Errors
/// [`JobError::Permanent`] when judging broke off.
pub async fn judge(change: Change, circumstances: Circumstances) -> Result<Judgement, JobError> {
    on_thread(move || pipeline::run(change, &circumstances)).await
}

/// Runs `work` on a thread for such work. What a panic says is told to nobody: it may quote the file it choked on.
pub(super) async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JobError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        let message = if error.is_panic() { "an internal error ended the judging" } else { "judging was broken off" };
        JobError::Permanent { message: message.into(), source: None }
    })
}

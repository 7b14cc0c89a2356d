//! `dockgate serve`: the GitHub App.

mod images;
mod pages;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow, bail};
use async_trait::async_trait;
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Exit, Surroundings};
use crate::github::app::{AppCredentials, Clock};
use crate::github::client::Observer;
use crate::github::client::{Client, ClientConfig};
use crate::github::rate_limit::{RateLimitConfig, SharedLimits};
use crate::image::kept::KeptImages;
use crate::report::link::ReportLinks;
use crate::server::{self, Metrics, Probe, ServerConfig};
use crate::settings::process::images::ImageWork;
use crate::settings::process::web::StoredCredentials;
use crate::settings::process::{ProcessSettings, SecretText};
use crate::store::{self, Store};
use crate::telemetry;
use crate::worker::await_images;
use crate::worker::check_images::CheckImages;
use crate::worker::check_pull_request::CheckPullRequest;
use crate::worker::commands::Commands;
use crate::worker::fix_all::FixAll;
use crate::worker::handlers::Handlers;
use crate::worker::judge::{CheckOptions, Judge};
use crate::worker::ledger::Ledger;
use crate::worker::limits::StoredLimits;
use crate::worker::met::Met;
use crate::worker::record::Records;
use crate::worker::recovery::RecoverySettings;
use crate::worker::{RetryPolicy, WorkerSettings};

/// How often replicas look for due jobs that nobody told them of: those of a replica that died.
const SHARED_POLL: Duration = Duration::from_secs(5);

/// Arguments of `dockgate serve`; each stands over the environment variable of its name.
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// Address to listen on (or `DOCKGATE_LISTEN`)
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// GitHub's API, for GitHub Enterprise Server `https://HOST/api/v3` (or `DOCKGATE_GITHUB_API_URL`)
    #[arg(long, value_name = "URL")]
    github_api_url: Option<String>,
    /// Number of the GitHub App (or `DOCKGATE_APP_ID`)
    #[arg(long, value_name = "NUMBER")]
    app_id: Option<String>,
    /// File with the app's private key (or `DOCKGATE_PRIVATE_KEY_FILE`)
    #[arg(long, value_name = "FILE")]
    private_key_file: Option<String>,
    /// File with the webhook secret (or `DOCKGATE_WEBHOOK_SECRET_FILE`)
    #[arg(long, value_name = "FILE")]
    webhook_secret_file: Option<String>,
    /// Database, `sqlite:///path` or `postgres://…` (or `DOCKGATE_DATABASE_URL`, which hides a password from `ps`)
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

/// Serves until the process is told to stop.
///
/// # Errors
/// A setting is missing or wrong, the database can't be opened, or the address is taken.
pub fn run(args: &ServeArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    let settings = args.settings(&surroundings.environment)?;
    let missing = settings.missing();
    if !missing.is_empty() && !settings.names_no_app() {
        bail!("not set: {}; see `dockgate doctor`", missing.join(", "));
    }
    telemetry::init(settings.log_format.value, &settings.log.value).context("set up logging")?;
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    runtime.block_on(start(settings, surroundings))?;
    Ok(Exit::Clean)
}

impl ServeArgs {
    /// The settings of the process: flags over environment over built-in values.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn settings(&self, environment: &BTreeMap<String, String>) -> anyhow::Result<ProcessSettings> {
        let flags = [
            ("DOCKGATE_LISTEN", &self.listen),
            ("DOCKGATE_GITHUB_API_URL", &self.github_api_url),
            ("DOCKGATE_APP_ID", &self.app_id),
            ("DOCKGATE_PRIVATE_KEY_FILE", &self.private_key_file),
            ("DOCKGATE_WEBHOOK_SECRET_FILE", &self.webhook_secret_file),
            ("DOCKGATE_DATABASE_URL", &self.database_url),
        ];
        let given = flags.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        let read_file = |path: &str| std::fs::read_to_string(path).map_err(|error| error.to_string());
        let mut settings = ProcessSettings::read(&given.collect(), environment, read_file)?;
        if settings.names_no_app() {
            let path = settings.web.credentials_file.value.clone();
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    let stored = StoredCredentials::from_json(&text);
                    settings.complete(stored.map_err(|place| anyhow!("{path} holds no credentials: {place}"))?);
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("read {path}")),
            }
        }
        Ok(settings)
    }
}

/// The client of the app that `settings` name.
///
/// # Errors
/// The key does not sign, or the address is none.
pub fn client(settings: &ProcessSettings, observer: Arc<dyn Observer>) -> anyhow::Result<Client> {
    client_with(settings, observer, None, None)
}

fn client_with(
    settings: &ProcessSettings,
    observer: Arc<dyn Observer>,
    shared_limits: Option<Arc<dyn SharedLimits>>,
    report_links: Option<ReportLinks>,
) -> anyhow::Result<Client> {
    let key = settings.private_key.value.as_ref().map(SecretText::expose).unwrap_or_default();
    let credentials = AppCredentials::new(settings.app_id.value.unwrap_or_default(), key)?;
    let config = ClientConfig {
        address: settings.github_api_url.value.clone(),
        web_address: settings.github_url.value.clone(),
        resolves_threads: settings.resolve_threads.value,
        timeout: settings.recovery.request.value,
        rate_limit: RateLimitConfig {
            write_interval: settings.recovery.write.value,
            comments_per_hour: u32::try_from(settings.recovery.comments.value).unwrap_or(u32::MAX),
            ..RateLimitConfig::default()
        },
        shared_limits,
        report_links,
        commits: settings.fix.value,
        ..ClientConfig::default()
    };
    Ok(Client::new(config, credentials, observer)?)
}

/// Makes the app first when there is none, then serves as it.
async fn start(mut settings: ProcessSettings, surroundings: &mut Surroundings<'_>) -> anyhow::Result<()> {
    let store = store::open(settings.database.url.value.expose()).await?;
    let listener = server::listen(settings.listen.value)?;
    let shutdown = CancellationToken::new();
    tokio::spawn(stop_on_signal(shutdown.clone()));
    let is_set_up = !settings.names_no_app()
        || pages::set_up(&mut settings, &listener, &store, &shutdown, surroundings.err).await?;
    if is_set_up {
        let listener = TcpListener::from_std(listener)?;
        serve(settings, &surroundings.environment, store, listener, shutdown).await?;
    }
    Ok(())
}

async fn serve(
    settings: ProcessSettings,
    environment: &BTreeMap<String, String>,
    store: Arc<dyn Store>,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let secret_key = store.secret_key().await?;
    let metrics = Metrics::new()?;
    let limits: Arc<dyn SharedLimits> = Arc::new(StoredLimits(Arc::clone(&store)));
    let links = pages::report_links(&settings, &secret_key);
    let client = client_with(&settings, metrics.clone(), Some(limits), links)?;
    let reports = pages::reports(&settings, &secret_key, metrics.clone())?;
    let clock: Clock = Arc::new(SystemTime::now);
    let records = Records::new(Arc::clone(&store), Arc::clone(&clock));
    let kept = Arc::new(KeptImages::new(Arc::clone(&store), Arc::clone(&clock)));
    let images = images::Images::new(&settings, environment, kept)?;
    let options = CheckOptions {
        registry: images.registry.clone(),
        image_scans: images.scans.is_some(),
        secret_key,
        rules_url: pages::rules_url(&settings),
        met: Some(Met::new(Arc::clone(&store))),
        records: Some(records.clone()),
        ..CheckOptions::default()
    };
    remove_abandoned(&options);
    let recovery = recovery(&settings, images.scans.is_some());
    let ledger = Ledger::new(Arc::clone(&store), Arc::clone(&options.clock));
    let judge = Arc::new(Judge::new(options));
    let watch = images::watch(&settings, &client, &store, &judge, images.scans.clone());
    let handlers = Handlers {
        client: client.clone(),
        change: CheckPullRequest::new(client.clone(), Arc::clone(&judge), Some(ledger.clone())),
        commands: Commands::new(client.clone(), Arc::clone(&judge), ledger.clone()),
        fix_all: FixAll::new(client.clone(), judge, ledger.clone()),
        images: images.scans.map(|scans| {
            CheckImages::new(client.clone(), scans, Arc::clone(&store), Arc::clone(&clock), Some(records))
        }),
    };
    let secret = settings.webhook_secret.value.as_ref().map(SecretText::expose).unwrap_or_default();
    let config = ServerConfig {
        listen: settings.listen.value,
        webhook_secrets: vec![secret.to_owned().into()],
        worker: worker(&settings),
        probes: vec![Arc::new(Credentials(client.clone()))],
        uploads: images::uploads(&settings)?,
        metrics,
        recovery: Some((client.clone(), recovery)),
        reports: reports.map(Arc::new),
    };
    for name in &settings.unknown {
        warn!(name, "unknown variable; it means nothing");
    }
    info!(version = env!("CARGO_PKG_VERSION"), app = client.app_id(), "starting");
    if settings.images.work.value == ImageWork::Scan {
        tokio::spawn(await_images::run(Arc::clone(&store), clock, shutdown.clone()));
    }
    if let Some(watch) = watch {
        tokio::spawn(watch.run(shutdown.clone()));
    }
    tokio::spawn(ledger.end_waivers(shutdown.clone()));
    server::serve_on(listener, config, store, Arc::new(handlers), shutdown).await?;
    Ok(())
}

/// How the worker behaves.
fn worker(settings: &ProcessSettings) -> WorkerSettings {
    WorkerSettings {
        concurrency: settings.workers.value,
        max_running_per_installation: settings.database.jobs_per_installation(settings.workers.value),
        lease: settings.lease.value,
        time_limit: settings.run.value,
        retention: settings.database.retention.value,
        poll: if settings.database.url.value.is_shared() { SHARED_POLL } else { WorkerSettings::default().poll },
        retry: RetryPolicy { base: settings.recovery.retry.value, ..RetryPolicy::default() },
        check: settings.recovery.check.value,
        ..WorkerSettings::default()
    }
}

/// Removes what killed processes left in the temporary folder.
fn remove_abandoned(options: &CheckOptions) {
    let removed = options.fetch.remove_abandoned(SystemTime::now());
    if removed > 0 {
        info!(removed, "removed repositories that a killed process had left in the temporary folder");
    }
}

fn recovery(settings: &ProcessSettings, images: bool) -> RecoverySettings {
    let set = &settings.recovery;
    RecoverySettings {
        recover: set.recover.value,
        reconcile: set.reconcile.value,
        share: set.share.value as u64,
        check: set.check.value,
        heal: set.heal.value,
        lease: settings.lease.value,
        images,
    }
}

/// Fires `shutdown` when the process is asked to stop.
async fn stop_on_signal(shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    info!("stopping");
    shutdown.cancel();
}

/// Whether GitHub still knows the app by its key.
struct Credentials(Client);

#[async_trait]
impl Probe for Credentials {
    fn name(&self) -> &'static str {
        "credentials"
    }

    async fn check(&self) -> Result<(), String> {
        const LIMIT: Duration = Duration::from_secs(5);
        match tokio::time::timeout(LIMIT, self.0.app()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", LIMIT.as_secs())),
        }
    }
}

//! What the pages of the server are made from, and the set-up of a server that has no app yet.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::github::client::Observer;
use crate::github::sign_in::SignIn;
use crate::report::link::ReportLinks;
use crate::scan::SecretKey;
use crate::server::setup::{self, SetupConfig};
use crate::server::{ReportPages, SignInPages};
use crate::settings::process::ProcessSettings;
use crate::settings::process::web::keeps_cookies;
use crate::store::{Shelf, Store, UnixMillis};

/// The addresses of reports, when people can reach this server.
pub fn report_links(settings: &ProcessSettings, key: &SecretKey) -> Option<ReportLinks> {
    let life = Duration::from_hours(24 * u64::from(settings.web.report_days.value));
    settings.web.public_url.value.as_ref().map(|url| ReportLinks::new(url, key, life))
}

/// Where the pages of the rules are: where the settings say, else on this server.
pub fn rules_url(settings: &ProcessSettings) -> Option<String> {
    let own = settings.web.public_url.value.as_ref().map(|url| format!("{url}/rules"));
    settings.rules_url.value.clone().or(own)
}

/// The pages of reports, when people can reach this server.
///
/// # Errors
/// GitHub's address is none.
pub fn reports(
    settings: &ProcessSettings,
    key: &SecretKey,
    observer: Arc<dyn Observer>,
) -> anyhow::Result<Option<ReportPages>> {
    let (Some(links), Some(url)) = (report_links(settings, key), &settings.web.public_url.value) else {
        return Ok(None);
    };
    let prefix = url::Url::parse(url).context("DOCKGATE_PUBLIC_URL")?.path().trim_end_matches('/').to_owned();
    let sign_in = match settings.web.sign_in() {
        None => None,
        // Browsers would go round in circles.
        Some(_) if !keeps_cookies(url) => bail!("sign-in takes an https:// address, but DOCKGATE_PUBLIC_URL is {url}"),
        Some((id, secret)) => {
            let (web, api) = (&settings.github_url.value, &settings.github_api_url.value);
            let github = SignIn::new(id, secret.expose().to_owned().into(), web, api, observer)?;
            Some(SignInPages::new(github, url, &prefix, key))
        }
    };
    let github_url = settings.github_url.value.clone();
    Ok(Some(ReportPages { links, prefix, github_url, rules_url: rules_url(settings).unwrap_or_default(), sign_in }))
}

/// Lets an operator make the app, and takes what came of it into `settings`; `false` when the process was told to stop
/// before. `tell` hears the address that opens the set-up.
///
/// # Errors
/// The set-up is closed, or accepting connections failed.
pub async fn set_up(
    settings: &mut ProcessSettings,
    listener: &std::net::TcpListener,
    store: &Arc<dyn Store>,
    shutdown: &CancellationToken,
    tell: &mut dyn Write,
) -> anyhow::Result<bool> {
    let now = UnixMillis::from(SystemTime::now());
    let file = &settings.web.credentials_file.value;
    if store.kept(Shelf::Setup, setup::CLAIM, now).await?.is_some() {
        bail!(
            "this server was set up before, but {file} is not there; put it back, or set {}",
            settings.missing().join(", ")
        );
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).context("make the token")?;
    let config = SetupConfig {
        public_url: settings.web.public_url.value.clone(),
        github_url: settings.github_url.value.clone(),
        github_api_url: settings.github_api_url.value.clone(),
        watches: !settings.images.watch.value.is_zero(),
        credentials_file: PathBuf::from(file),
        key,
    };
    let local = || {
        let mut address = settings.listen.value;
        if address.ip().is_unspecified() {
            address.set_ip([127, 0, 0, 1].into());
        }
        format!("http://{address}")
    };
    let base = config.public_url.clone().unwrap_or_else(local);
    let token = config.token();
    writeln!(tell, "dockgate has no GitHub App yet. Open this address to make one:\n  {base}/setup?token={token}")?;
    tell.flush()?;
    let listener = TcpListener::from_std(listener.try_clone().context("share the socket")?)?;
    let Some(made) = setup::run(listener, config, Arc::clone(store), shutdown).await? else { return Ok(false) };
    settings.complete(made);
    Ok(true)
}

//! `/setup`: makes the GitHub App, for a server that has none yet.
//!
//! The operator opens an address with a token that only their terminal shows, names an owner, and is sent to GitHub
//! with a manifest of exactly what is needed. GitHub comes back with a code, which is traded for the app's credentials;
//! they go into a file of mode 600, and the server goes on as the app.
//!
//! Invariant: without the token nothing is shown, and once an app is made the set-up is closed for ever.

mod pages;
#[cfg(test)]
mod tests;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::TimeoutLayer;
use tracing::{info, warn};

use super::page;
use super::{REQUEST_LIMIT, ServerError};
use crate::github::registration::{self, NewApp};
use crate::report::link::Seal;
use crate::report::words::describe;
use crate::settings::process::SecretText;
use crate::settings::process::web::StoredCredentials;
use crate::store::{Shelf, Store, UnixMillis};

/// The name under which the app is kept on [`Shelf::Setup`].
pub const CLAIM: &str = "app";

/// How long GitHub may take to come back, and how long a set-up that broke off keeps others out, in milliseconds.
const STATE_MILLIS: i64 = 60 * 60 * 1000;
const CLAIM_MILLIS: i64 = 60 * 1000;

/// What the set-up needs to know.
pub struct SetupConfig {
    /// Where people and GitHub reach this server, when that is set.
    pub public_url: Option<String>,
    /// GitHub's pages, without a `/` at its end.
    pub github_url: String,
    /// GitHub's API, without a `/` at its end.
    pub github_api_url: String,
    /// Whether the images of default branches are watched.
    pub watches: bool,
    /// Where the credentials go.
    pub credentials_file: PathBuf,
    /// 32 random bytes, which the token and the states are made from.
    pub key: [u8; 32],
}

impl SetupConfig {
    /// The token that opens the set-up.
    pub fn token(&self) -> String {
        Seal::new(self.key).sign(&["token"])
    }
}

#[derive(Clone)]
struct SetupState(Arc<Shared>);

struct Shared {
    config: SetupConfig,
    seal: Seal,
    store: Arc<dyn Store>,
    /// The manifest that GitHub was sent last.
    pending: Mutex<Option<Pending>>,
    made: Mutex<Option<StoredCredentials>>,
    done: CancellationToken,
}

/// What GitHub may come back for.
#[derive(Clone)]
struct Pending {
    nonce: String,
    expires: i64,
    public_url: String,
}

/// Serves the set-up until an app is made, or `shutdown` fires; `None` when it was not.
///
/// # Errors
/// [`ServerError::Accept`].
pub async fn run(
    listener: TcpListener,
    config: SetupConfig,
    store: Arc<dyn Store>,
    shutdown: &CancellationToken,
) -> Result<Option<StoredCredentials>, ServerError> {
    let done = shutdown.child_token();
    let shared = Arc::new(Shared {
        seal: Seal::new(config.key),
        config,
        store,
        pending: Mutex::default(),
        made: Mutex::default(),
        done: done.clone(),
    });
    super::accept(listener, router(SetupState(Arc::clone(&shared))), done).await.map_err(ServerError::Accept)?;
    let made = shared.made.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(made)
}

fn router(state: SetupState) -> Router {
    Router::new()
        .route("/setup", get(start))
        .route("/setup/callback", get(callback))
        .route("/setup/style.css", get(page::style))
        .route("/healthz", get(super::health::healthz))
        .route("/readyz", get(not_ready))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_LIMIT))
        .with_state(state)
}

async fn not_ready() -> Response {
    let check = json!({"name": "setup", "ok": false, "why": "no GitHub App yet: open the address in the log"});
    super::json(StatusCode::SERVICE_UNAVAILABLE, &json!({"ready": false, "checks": [check]}))
}

/// `GET /setup`: the questions, then the form that goes to GitHub.
async fn start(State(state): State<SetupState>, RawQuery(query): RawQuery) -> Response {
    let shared = &state.0;
    let parameters = page::parameters(query.as_deref());
    let token = page::value(&parameters, "token");
    if !shared.seal.holds(&["token"], token) {
        return page::hidden();
    }
    if matches!(shared.store.kept(Shelf::Setup, CLAIM, now()).await, Ok(Some(_))) {
        let text = "Another process of this server was set up. Start this one again, with the credentials' file or the variables.";
        return pages::say(StatusCode::CONFLICT, "The set-up is closed", text);
    }
    if !parameters.iter().any(|(name, _)| name == "name") {
        return pages::questions(&shared.config, token, &pages::Answers::first(&shared.config), "");
    }
    let answers = pages::Answers::read(&parameters);
    let wrong = answers.wrong().or_else(|| not_writable(&shared.config.credentials_file));
    if let Some(wrong) = wrong {
        return pages::questions(&shared.config, token, &answers, &wrong);
    }
    let Ok(nonce) = page::random::<16>() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let nonce = URL_SAFE_NO_PAD.encode(nonce);
    let given = shared.seal.sign(&["state", &nonce]);
    let pending = Pending { nonce, expires: now().0 + STATE_MILLIS, public_url: answers.public_url.clone() };
    *shared.pending.lock().unwrap_or_else(PoisonError::into_inner) = Some(pending);
    pages::manifest_form(&shared.config, &answers, &given)
}

/// `GET /setup/callback`: GitHub made the app.
async fn callback(State(state): State<SetupState>, RawQuery(query): RawQuery) -> Response {
    let shared = &state.0;
    let parameters = page::parameters(query.as_deref());
    let (code, given) = (page::value(&parameters, "code"), page::value(&parameters, "state"));
    let Some(pending) = shared.take_pending(given).filter(|_| !code.is_empty()) else {
        let text = "This answer of GitHub belongs to no set-up that was begun here, or came too late. Open the address \
                    that the terminal shows again.";
        return pages::say(StatusCode::BAD_REQUEST, "Nothing was set up", text);
    };
    let (claimed, until) = (now(), UnixMillis(now().0 + CLAIM_MILLIS));
    match shared.store.claim(Shelf::Setup, CLAIM, "{}", claimed, Some(until)).await {
        Ok(true) => {}
        Ok(false) => {
            let text = "Another process of this server was set up, or is being set up now.";
            return pages::say(StatusCode::CONFLICT, "Nothing was set up", text);
        }
        Err(error) => return pages::failed(&format!("The database failed: {}.", describe(&error))),
    }
    match make(shared, code, &pending.public_url).await {
        Ok((app, stored)) => {
            info!(app = app.id, slug = app.slug, "the GitHub App is set up");
            let page = pages::done(&shared.config, &app);
            *shared.made.lock().unwrap_or_else(PoisonError::into_inner) = Some(stored);
            shared.done.cancel();
            page
        }
        Err(why) => {
            warn!(why, "the set-up failed");
            if let Err(error) = shared.store.forget(Shelf::Setup, CLAIM).await {
                warn!(error = describe(&error), "the set-up stays closed for a minute");
            }
            pages::failed(&why)
        }
    }
}

impl Shared {
    /// What was begun under the state `given`; it counts once.
    fn take_pending(&self, given: &str) -> Option<Pending> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |begun: &mut Pending| self.seal.holds(&["state", &begun.nonce], given) && now().0 < begun.expires;
        pending.take_if(fits)
    }
}

/// Trades the code, keeps what came of it, and closes the set-up.
async fn make(shared: &Shared, code: &str, public_url: &str) -> Result<(NewApp, StoredCredentials), String> {
    let app = registration::convert(&shared.config.github_api_url, code).await;
    let app = app.map_err(|error| format!("GitHub did not hand out the credentials: {}.", describe(&error)))?;
    let undo = format!("Delete the app at {} and begin again.", app.html_url);
    let secret = app.webhook_secret.clone().filter(|secret| !secret.is_empty());
    let secret = secret.ok_or_else(|| format!("GitHub made no webhook secret. {undo}"))?;
    let stored = StoredCredentials {
        app_id: app.id,
        private_key: SecretText::new(app.pem.clone()),
        webhook_secret: SecretText::new(secret),
        client_id: app.client_id.clone(),
        client_secret: SecretText::new(app.client_secret.clone()),
        public_url: public_url.to_owned(),
    };
    let (path, copy) = (shared.config.credentials_file.clone(), stored.clone());
    let written = tokio::task::spawn_blocking(move || write(&path, &copy)).await;
    let written = written.map_err(std::io::Error::other).flatten();
    let path = shared.config.credentials_file.display();
    written.map_err(|error| format!("The credentials could not be written to {path}: {error}. {undo}"))?;
    let body = json!({"app_id": app.id, "slug": app.slug}).to_string();
    // The file stands, so the next start finds it whatever comes of this.
    if let Err(error) = shared.store.keep(Shelf::Setup, CLAIM, &body, None).await {
        warn!(error = describe(&error), "the set-up could not be closed in the database");
    }
    Ok((app, stored))
}

/// Writes the file whole or not at all, for nobody else to read.
fn write(path: &Path, stored: &StoredCredentials) -> std::io::Result<()> {
    // Such files are made with mode 600.
    let mut file = tempfile::NamedTempFile::new_in(folder(path))?;
    serde_json::to_writer_pretty(&mut file, stored)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

/// Why the credentials could not be kept, before an app is made in vain.
fn not_writable(path: &Path) -> Option<String> {
    let made = tempfile::NamedTempFile::new_in(folder(path));
    let why = made.err()?;
    Some(format!("{} can't be written ({why}): set DOCKGATE_CREDENTIALS_FILE to a place that can", path.display()))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn now() -> UnixMillis {
    SystemTime::now().into()
}

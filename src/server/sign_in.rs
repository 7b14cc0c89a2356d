//! Who may read reports: people sign in at GitHub, and GitHub says whether they may read the repository.
//!
//! Nothing is kept here: the answer is a signed cookie that holds for one repository and a quarter of an hour; after
//! that GitHub is asked again, which a signed-in person does not notice.
//!
//! Invariant: a cookie lets in only where GitHub said yes, and an answer of GitHub counts only in the browser that was
//! sent there.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tracing::{info, warn};

use super::report::ReportPages;
use super::{AppState, page};
use crate::github::GitHubError;
use crate::github::identity::RepositoryName;
use crate::github::sign_in::SignIn;
use crate::report::html::escape;
use crate::report::link::Seal;
use crate::report::words::describe;
use crate::scan::SecretKey;

/// How long GitHub's yes holds, and how long signing in may take, in seconds.
const READ_SECONDS: u64 = 15 * 60;
const STATE_SECONDS: u64 = 10 * 60;

/// The longest address that signing in comes back to, in bytes.
const MAX_RETURN_BYTES: usize = 2_000;

const READ_COOKIE: &str = "__Secure-dockgate-read";
const STATE_COOKIE: &str = "__Secure-dockgate-state";

/// Sign-in, as the pages use it.
pub struct SignInPages {
    github: SignIn,
    /// Where GitHub sends people back to.
    redirect_url: String,
    prefix: String,
    seal: Seal,
}

impl SignInPages {
    /// Sign-in at `github` for the server that people reach at `public_url`, whose path is `prefix`.
    pub fn new(github: SignIn, public_url: &str, prefix: &str, key: &SecretKey) -> Self {
        let redirect_url = format!("{public_url}/signin/callback");
        Self { github, redirect_url, prefix: prefix.to_owned(), seal: Seal::of(key, "sign-in") }
    }

    /// Whether the browser was let in to `repository` a short while ago.
    pub(super) fn lets_in(&self, headers: &HeaderMap, repository: &RepositoryName, now: u64) -> bool {
        let Some((expires, signature)) = cookie(headers, READ_COOKIE).and_then(|value| value.split_once('.')) else {
            return false;
        };
        self.seal.holds(&["read", &repository.to_string(), expires], signature) && is_before(now, expires)
    }

    /// Sends the browser to GitHub, to come back to `uri`.
    pub(super) fn ask(&self, repository: &RepositoryName, uri: &Uri, now: u64) -> Response {
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        let (Ok(nonce), true) = (page::random::<16>(), path.len() <= MAX_RETURN_BYTES) else { return page::hidden() };
        let nonce = URL_SAFE_NO_PAD.encode(nonce);
        let expires = now.saturating_add(STATE_SECONDS).to_string();
        let back = URL_SAFE_NO_PAD.encode(format!("{repository} {path}"));
        let signature = self.seal.sign(&["state", &nonce, &expires, &back]);
        let state = format!("{expires}.{back}.{signature}");
        let to = self.github.authorize_url(&self.redirect_url, &state);
        redirect(&to, &[self.cookie(STATE_COOKIE, &nonce, "/signin", STATE_SECONDS)])
    }

    /// The repository and the address that an answer of GitHub is about, when this browser was sent there for it.
    fn returned(&self, headers: &HeaderMap, state: &str, now: u64) -> Option<(RepositoryName, String)> {
        let nonce = cookie(headers, STATE_COOKIE)?;
        let (expires, rest) = state.split_once('.')?;
        let (back, signature) = rest.split_once('.')?;
        if !self.seal.holds(&["state", nonce, expires, back], signature) || !is_before(now, expires) {
            return None;
        }
        let back = String::from_utf8(URL_SAFE_NO_PAD.decode(back).ok()?).ok()?;
        let (repository, path) = back.split_once(' ')?;
        Some((repository.parse().ok()?, path.to_owned()))
    }

    fn let_in(&self, repository: &RepositoryName, path: &str, now: u64) -> Response {
        let repository = repository.to_string();
        let expires = now.saturating_add(READ_SECONDS).to_string();
        let value = format!("{expires}.{}", self.seal.sign(&["read", &repository, &expires]));
        let cookies = [
            self.cookie(READ_COOKIE, &value, &format!("/report/{repository}"), READ_SECONDS),
            self.cookie(STATE_COOKIE, "", "/signin", 0),
        ];
        redirect(&format!("{}{path}", self.prefix), &cookies)
    }

    fn cookie(&self, name: &str, value: &str, path: &str, seconds: u64) -> String {
        let prefix = &self.prefix;
        format!("{name}={value}; Path={prefix}{path}; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax")
    }
}

/// `GET /signin/callback`: GitHub sends a browser back.
pub(super) async fn callback(State(state): State<AppState>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let Some(pages) = &state.0.reports else { return page::hidden() };
    let Some(sign_in) = &pages.sign_in else { return page::hidden() };
    let parameters = page::parameters(query.as_deref());
    let returned = sign_in.returned(&headers, page::value(&parameters, "state"), state.seconds());
    let Some((repository, path)) = returned else {
        return refused(
            pages,
            "Open the report's address again: this answer of GitHub belongs to no request of yours.",
        );
    };
    let code = page::value(&parameters, "code");
    if code.is_empty() {
        return refused(pages, "GitHub was told not to sign you in. Open the report's address again to try once more.");
    }
    match sign_in.github.may_read(code, &sign_in.redirect_url, &repository).await {
        Ok(true) => sign_in.let_in(&repository, &path, state.seconds()),
        Ok(false) => {
            info!(repo = %repository, "a person who may not read the repository asked for a report");
            let name = escape(&repository.to_string());
            refused(pages, &format!("GitHub says that you may not read {name}, or the app is not installed there."))
        }
        Err(GitHubError::Refused { status: 400..=499, .. }) => {
            refused(pages, "GitHub did not take the sign-in. Open the report's address again.")
        }
        Err(error) => {
            warn!(error = describe(&error), "sign-in failed");
            let text = "GitHub does not answer. Open the report's address again in a moment.";
            pages.say(StatusCode::BAD_GATEWAY, "You could not be signed in", text)
        }
    }
}

fn refused(pages: &ReportPages, text: &str) -> Response {
    pages.say(StatusCode::FORBIDDEN, "You were not let in", text)
}

fn redirect(to: &str, cookies: &[String]) -> Response {
    let Ok(to) = HeaderValue::from_str(to) else { return page::hidden() };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, to);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    for cookie in cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// The value of a cookie.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(own, _)| *own == name).map(|(_, value)| value)
}

fn is_before(now: u64, expires: &str) -> bool {
    expires.parse().is_ok_and(|end: u64| now < end)
}

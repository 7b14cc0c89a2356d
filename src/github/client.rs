//! The calls we make to GitHub, no more.
//!
//! Invariant: every request of a repository goes through [`RepositoryClient::send`]: limits obeyed, token narrowed and
//! shared, failure named; every write is made only while its [`fence`] holds. Lists are followed to their end or the end
//! is an error, never cut in silence.

mod check_run;
mod commit;
mod content;
mod content_rest;
mod conversation;
mod installations;
mod issue;
mod lists;
mod pull_request;
mod review;
mod review_rest;
mod review_threads;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use secrecy::SecretString;
use serde::Deserialize;
use tracing::Instrument;

pub use check_run::{ANNOTATIONS_PER_REQUEST, CheckRun, CheckRunState, NewCheckRun};
pub use commit::{CommitObject, NewCommit};
pub use content::{GRAPHQL_BATCH, PathEntry, PathObject};
pub use conversation::{OwnComment, Reaction};
pub use installations::{HookDelivery, Installation, Reached};
pub use issue::{Issue, Issues};
pub use pull_request::{ApiFile, Comparison, OpenPullRequest, OwnCommit, PatchedFile, PullRequest};
pub use review::{NewComment, PullRequestState, ReviewThread, ThreadComment};

use super::GitHubError;
use super::app::{self, AppCredentials, Clock, FRESH, InstallationToken, TokenCache};
use super::fence;
use super::identity::{CommitSha, InstallationId, RepositoryName};
use super::rate_limit::{Account, Kind, Quota, RateLimitConfig, RateLimits, SharedLimits, number};
use super::timestamp;
use super::transport::{Answer, Call, Transport};
pub use super::transport::{NoObserver, Observer};
use crate::report::link::{ReportLinks, Subject};

/// Where GitHub is and how we treat it.
#[derive(Clone)]
pub struct ClientConfig {
    /// Root of the REST API: `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise Server.
    pub address: String,
    /// The longest that one request may take.
    pub timeout: Duration,
    /// How limits are obeyed.
    pub rate_limit: RateLimitConfig,
    /// The root of the web pages and of `git`; the same host as `address` when empty.
    pub web_address: String,
    /// The wait before a refused fresh token is tried once more.
    pub fresh_token_wait: Duration,
    /// Whether tokens may also write contents, which GitHub wants for resolving review threads.
    pub resolves_threads: bool,
    /// Where processes tell each other of refusals; each knows only its own without it.
    pub shared_limits: Option<Arc<dyn SharedLimits>>,
    /// Where check runs lead for the whole report, when there is such a place.
    pub report_links: Option<ReportLinks>,
    /// Whether tokens may also write contents for the commits that people ask for.
    pub commits: bool,
    /// Tells the time.
    pub clock: Clock,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            address: "https://api.github.com".into(),
            timeout: Duration::from_secs(30),
            rate_limit: RateLimitConfig::default(),
            web_address: String::new(),
            fresh_token_wait: Duration::from_secs(1),
            resolves_threads: false,
            shared_limits: None,
            report_links: None,
            commits: false,
            clock: Arc::new(SystemTime::now),
        }
    }
}

/// GitHub, as the app sees it. Clones share tokens, limits and connections.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    transport: Transport,
    credentials: AppCredentials,
    tokens: TokenCache,
    limits: RateLimits,
    own_login: tokio::sync::OnceCell<String>,
    /// By how many seconds GitHub's clock is ahead of ours, as it said last.
    skew: AtomicI64,
    config: ClientConfig,
}

/// A difference of the clocks, in seconds, that tokens allow for.
const MOST_DRIFT: u64 = 30;

/// What GitHub says about the app itself.
#[derive(Clone, Debug, Deserialize)]
pub struct AppInfo {
    /// The app's number.
    pub id: u64,
    /// Its name in URLs; its comments are by `SLUG[bot]`.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub slug: String,
    /// Its name.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub name: String,
    /// The permissions it asks for, and at which level.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub permissions: std::collections::BTreeMap<String, String>,
    /// The events it subscribes to.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub events: Vec<String>,
    /// GitHub's time when it answered.
    #[serde(skip)]
    pub answered_at: Option<SystemTime>,
}

impl Client {
    /// A client of the app. Needs a running tokio runtime.
    ///
    /// # Errors
    /// [`GitHubError::Address`] when the configured address is none.
    pub fn new(
        config: ClientConfig,
        credentials: AppCredentials,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, GitHubError> {
        let transport = Transport::new(&config.address, config.timeout, observer)?;
        let limits =
            RateLimits::new(config.rate_limit.clone(), config.clock.clone()).shared_by(config.shared_limits.clone());
        let (tokens, own_login) = (TokenCache::default(), tokio::sync::OnceCell::new());
        let skew = AtomicI64::new(0);
        Ok(Self(Arc::new(Shared { transport, credentials, tokens, limits, own_login, skew, config })))
    }

    /// The app's number.
    pub fn app_id(&self) -> u64 {
        self.0.credentials.app_id()
    }

    /// The client for one repository, as one installation.
    pub fn repository(&self, installation: InstallationId, repository: RepositoryName) -> RepositoryClient {
        RepositoryClient { client: self.clone(), installation, repository }
    }

    /// What GitHub says about the app: its permissions and events. For `doctor`.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn app(&self) -> Result<AppInfo, GitHubError> {
        let call = Call::get("read app", self.app_id().to_string(), "/app");
        let answer = self.as_app(&call).await?;
        let date = answer.headers.get("date").and_then(|date| date.to_str().ok());
        Ok(AppInfo { answered_at: date.and_then(timestamp::parse_header), ..answer.json(&call)? })
    }

    /// What is left of an installation's quota, as far as GitHub has said so.
    pub fn quota(&self, installation: InstallationId) -> Option<Quota> {
        self.0.limits.quota(Some(installation))
    }

    /// The login that our comments carry.
    async fn own_login(&self) -> Result<String, GitHubError> {
        let ask = || async { Ok(format!("{}[bot]", self.app().await?.slug)) };
        self.0.own_login.get_or_try_init(ask).await.cloned()
    }

    /// Sends a call as the app itself. Where our clock is wrong by minutes GitHub refuses what we sign; its answer tells
    /// the time, and the call is made once more by that.
    async fn as_app(&self, call: &Call) -> Result<Answer, GitHubError> {
        let by = self.0.skew.load(Ordering::Relaxed);
        let outcome = self.checked(call, None, &self.jwt(by)?).await;
        let learnt = self.0.skew.load(Ordering::Relaxed);
        if outcome.as_ref().is_err_and(|error| error.status() == Some(401)) && learnt.abs_diff(by) > MOST_DRIFT {
            return self.checked(call, None, &self.jwt(learnt)?).await;
        }
        outcome
    }

    /// A token for the app itself, made as if our clock showed so many seconds more.
    fn jwt(&self, by: i64) -> Result<SecretString, GitHubError> {
        let (now, by) = ((self.0.config.clock)(), (by.is_positive(), Duration::from_secs(by.unsigned_abs())));
        let now = if by.0 { now.checked_add(by.1) } else { now.checked_sub(by.1) }.unwrap_or(now);
        self.0.credentials.jwt(now)
    }

    /// Learns how far GitHub's clock is ahead of ours.
    fn learn_skew(&self, answer: &Answer) {
        let date = answer.headers.get("date").and_then(|date| timestamp::parse_header(date.to_str().ok()?));
        let Some(date) = date else { return };
        let ahead = match date.duration_since((self.0.config.clock)()) {
            Ok(ahead) => i64::try_from(ahead.as_secs()).unwrap_or_default(),
            Err(behind) => -i64::try_from(behind.duration().as_secs()).unwrap_or_default(),
        };
        self.0.skew.store(ahead, Ordering::Relaxed);
    }

    /// Sends a call within the limits of `account`, and turns a refusal into an error.
    async fn checked(&self, call: &Call, account: Account, bearer: &SecretString) -> Result<Answer, GitHubError> {
        let limited = |retry_after| GitHubError::RateLimited {
            operation: call.operation,
            subject: call.subject.clone(),
            retry_after,
        };
        self.0.limits.admit(account, call.kind()).await.map_err(limited)?;
        // Right before it is sent: pacing may have taken a while.
        if call.kind() != Kind::Read && !fence::may_write().await {
            return Err(GitHubError::Fenced { operation: call.operation, subject: call.subject.clone() });
        }
        let (client, sent, bearer) = (self.clone(), call.clone(), bearer.clone());
        // Whoever waits for the answer may stop waiting; what it says of the limits is learnt all the same.
        let exchange = async move { client.exchange(&sent, account, &bearer).await };
        let exchanged = tokio::spawn(exchange.in_current_span()).await;
        let (answer, retry_after) = exchanged.map_err(|_| call.unreachable("the request was broken off".into()))??;
        if let Some(retry_after) = retry_after {
            return Err(limited(retry_after));
        }
        answer.successful(call)
    }

    /// Sends a call; with the answer comes how long to wait when it is a refusal because of a limit.
    async fn exchange(
        &self,
        call: &Call,
        account: Account,
        bearer: &SecretString,
    ) -> Result<(Answer, Option<Duration>), GitHubError> {
        let answer = self.0.transport.send(call, bearer).await?;
        self.learn_skew(&answer);
        if let Some(remaining) = number(&answer.headers, "x-ratelimit-remaining") {
            let resource = answer.headers.get("x-ratelimit-resource").and_then(|value| value.to_str().ok());
            let resource = resource.unwrap_or("core");
            self.0.transport.observer.remaining(account.map(|id| id.0), resource, remaining);
        }
        let retry_after = self.0.limits.observe(account, &answer);
        if retry_after.is_some() {
            self.0.limits.share(account).await;
        }
        Ok((answer, retry_after))
    }
}

/// GitHub, as one installation sees one repository. Clones share everything.
#[derive(Clone)]
pub struct RepositoryClient {
    client: Client,
    installation: InstallationId,
    repository: RepositoryName,
}

impl RepositoryClient {
    /// The repository.
    pub fn name(&self) -> &RepositoryName {
        &self.repository
    }

    /// The installation.
    pub fn installation(&self) -> InstallationId {
        self.installation
    }

    /// The app's number.
    pub fn app_id(&self) -> u64 {
        self.client.app_id()
    }

    /// Another repository of the same installation.
    #[must_use]
    pub fn sibling(&self, repository: RepositoryName) -> Self {
        self.client.repository(self.installation, repository)
    }

    /// Whether tokens may resolve review threads.
    pub fn resolves_threads(&self) -> bool {
        self.client.0.config.resolves_threads
    }

    /// The root of the web pages and of `git` for this GitHub: `https://github.com` or `https://HOST`.
    pub fn web_root(&self) -> String {
        let config = &self.client.0.config;
        if !config.web_address.is_empty() {
            return config.web_address.trim_end_matches('/').into();
        }
        let address = config.address.trim_end_matches('/');
        if address == "https://api.github.com" {
            return "https://github.com".into();
        }
        address.strip_suffix("/api/v3").unwrap_or(address).into()
    }

    /// Where the whole report of a check on `head` is to be read, when there is such a place.
    pub fn details_url(&self, head: &CommitSha, check: &str) -> Option<String> {
        let config = &self.client.0.config;
        let repository = self.repository.to_string();
        let subject = Subject { repository: &repository, head: head.as_str(), check };
        let now = (config.clock)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        config.report_links.as_ref().map(|links| links.address(subject, now.as_secs()))
    }

    /// A token that is good for at least five minutes, for `git`.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn token(&self) -> Result<InstallationToken, GitHubError> {
        let shared = &self.client.0;
        let slot = shared.tokens.slot(self.installation, &self.repository);
        let now = (shared.config.clock)();
        app::token_of(&slot, now, async {
            let mint = |with_contents| app::mint_call(self.installation, &self.repository, with_contents);
            let with_contents = shared.config.resolves_threads || shared.config.commits;
            let mut call = mint(with_contents);
            let mut answer = self.client.as_app(&call).await;
            if with_contents && answer.as_ref().is_err_and(|error| error.status() == Some(422)) {
                // The installation does not grant to write contents: judging goes on, threads are hidden
                // instead, and nothing is committed.
                call = mint(false);
                answer = self.client.as_app(&call).await;
            }
            app::minted(&call, &answer?, now)
        })
        .await
    }

    /// Sends a call as the installation. A token that is refused is tried once more if fresh, replaced once if not.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, GitHubError> {
        let token = self.token().await?;
        let account = Some(self.installation);
        match self.client.checked(call, account, &token.secret).await {
            Err(GitHubError::Refused { status: 401, .. }) => {}
            outcome => return outcome,
        }
        let config = &self.client.0.config;
        let age = (config.clock)().duration_since(token.minted).unwrap_or_default();
        if age < FRESH {
            tokio::time::sleep(config.fresh_token_wait).await;
            return self.client.checked(call, account, &token.secret).await;
        }
        self.forget(&token).await;
        let token = self.token().await?;
        self.client.checked(call, account, &token.secret).await
    }

    async fn forget(&self, refused: &InstallationToken) {
        let slot = self.client.0.tokens.slot(self.installation, &self.repository);
        let mut held = slot.lock().await;
        // Another task may have replaced it already.
        if held.as_ref().is_some_and(|token| token.minted == refused.minted) {
            *held = None;
        }
    }

    /// `/repos/OWNER/NAME` followed by `rest`.
    fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", self.repository)
    }
}

/// `text` as one segment of a path: everything but letters, digits, `-`, `.`, `_` and `~` is percent-encoded.
pub(super) fn segment(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests;
